"""The front door: sockets of players and agents, the HTTP API, the pages. Holds nothing; any number may run."""
