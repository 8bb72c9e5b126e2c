"""The bot's custom actions, run inside the bot worker or by a stock `rasa run actions`.

One module a topic, flat: rasa-sdk imports every module here and registers every `Action` it finds.
"""
