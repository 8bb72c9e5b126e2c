"""How good the bot is, on text that it was not trained on."""
