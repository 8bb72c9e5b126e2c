"""How much content a library wants to have: an operator sets it in data/targets.yml, the content check holds it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from common.yaml_items import Item, Place, Problem, Refused, pairs_of, place_of, read_yaml

TARGETS = Path("data/targets.yml")
_MOST = 1_000_000


@dataclass(frozen=True)
class Targets:
    """The least of everything; the defaults are what a library needs to be trained at all."""

    #: Of each scenario.
    utterances: int = 12
    #: Of each scenario in each style (common.content.STYLES) but `border`.
    utterances_per_style: int = 0
    #: Of each scenario at its border to each neighbour of `not_this`.
    utterances_per_border: int = 0
    #: Of each dialogue act.
    utterances_per_act: int = 12
    out_of_scope: int = 12
    #: Of each scenario.
    entries: int = 2
    #: Similar questions of each entry.
    similar: int = 3
    #: Entries with an English version.
    english: int = 0
    #: Characters of the longest answer.
    longest_answer: int = 800
    #: Texts of each emotion (data/tone/emotion.tsv).
    per_emotion: int = 0
    #: Texts of each side (data/tone/fraud.tsv).
    per_fraud_side: int = 0
    concepts: int = 0
    expressions: int = 0


def load_targets(root: Path, problems: list[Problem]) -> Targets:
    """The targets under `root`; the defaults where there is no file."""
    if not (root / TARGETS).exists():
        return Targets()
    node = read_yaml(root, TARGETS, problems)
    places = {key.value: place_of(TARGETS.as_posix(), key) for key, _ in pairs_of(node)}
    item = Item(Place(TARGETS.as_posix(), 1), {key.value: _number(value.value) for key, value in pairs_of(node)})
    known = {field.name for field in fields(Targets)}
    found: dict[str, int] = {}
    for key, place in places.items():
        if key not in known:
            problems.append(Problem(place, f"unknown target {key} (known: {', '.join(sorted(known))})"))
            continue
        try:
            found[key] = item.number(key, 0, _MOST)
        except Refused as refused:
            problems.append(Problem(place, str(refused)))
    return Targets(**found)


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdigit() else value
