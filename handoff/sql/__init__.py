"""The SQL archive and the agents' accounts on SQLite or PostgreSQL."""
