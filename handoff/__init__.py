"""Conversations, their ownership, and the way from the bot to a person and back."""
