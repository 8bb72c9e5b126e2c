"""Rasa graph components: each translates between a message and one function of bot.logic."""
