"""What every part may use: settings, errors, clock, keys, text. Imports nothing else of the project."""
