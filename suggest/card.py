"""The card: one need that is so near certain that it is shown large, with the event's own data."""

from __future__ import annotations

from suggest.features import View
from suggest.moment import GameEvent, Moment
from suggest.popularity import Floats, Numbers
from suggest.rules import Rules

#: How likely it must be that the player wants something of the entry's scenario.
BAR = 0.6


def card(
    view: View, chances: Floats, allowed: Floats, scenario: Numbers, moment: Moment, rules: Rules
) -> tuple[int, GameEvent] | None:
    """The row to show large and the event behind it; None when nothing is certain enough.

    `chances` are the model's, by the means of its weights [entries]; `allowed` says which entries may be shown;
    `scenario` numbers each entry's scenario.
    """
    fresh = [row for row, event in view.events.items() if allowed[row] and _is_fresh(event, moment, rules)]
    if not fresh:
        return None
    best = max(fresh, key=lambda row: (chances[row], -row))
    together = float(chances[scenario == scenario[best]].sum())
    return (best, view.events[best]) if together >= BAR else None


def _is_fresh(event: GameEvent, moment: Moment, rules: Rules) -> bool:
    card_ms = rules.events[event.kind].card_ms
    return bool(card_ms) and moment.now - event.at <= card_ms
