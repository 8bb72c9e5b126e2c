"""Speed and memory of the real stack: its own processes, Redis and SQLite in a temporary folder."""
