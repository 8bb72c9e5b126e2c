"""Chaos on the real processes: kills, freezes and cuts them under real clients, and checks what the clients were told."""
