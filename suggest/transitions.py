"""What players ask after an answer: counts of what was asked next, smoothed with the order that the library suggests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: How many transitions the library's own order is worth.
PRIOR_WORTH = 20.0


def chances(structure: Sequence[str], counts: Mapping[str, float]) -> dict[str, float]:
    """How likely each entry is asked next; sums to 1.

    `structure`: entries in the order in which the library suggests them (the rest of the flow, the scenario, what the
    message came close to), each as likely as 1 / its place; `counts`: decayed transitions from the answered entry. An entry
    that stands only in the counts has no prior.
    """
    places = {entry: 1 / place for place, entry in enumerate(dict.fromkeys(structure), 1)}
    whole, total = sum(places.values()), sum(counts.values())
    worth = PRIOR_WORTH if places else 0.0
    if not worth + total:
        return {}
    return {
        entry: (counts.get(entry, 0.0) + worth * places.get(entry, 0.0) / (whole or 1)) / (worth + total)
        for entry in dict.fromkeys((*places, *counts))
    }


def next_entries(structure: Sequence[str], counts: Mapping[str, float]) -> list[str]:
    """The entries of `chances`, likeliest first; without counts the order of `structure`."""
    likely = chances(structure, counts)
    return sorted(likely, key=lambda entry: -likely[entry])
