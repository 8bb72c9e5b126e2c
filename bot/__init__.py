"""The bot: understanding (components over pure logic), dialogue, releases."""
