"""猜你想问: what to offer before the player types and after an answer. Pure logic over small ports."""
