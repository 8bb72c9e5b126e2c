"""A day of the handoff engine on virtual time, with faults and an oracle; `python -m handoff.simulate` runs it."""
