"""How well two readers agree on what a message is about: the ceiling of any classifier.

Two sources, both read blind (the reader saw the texts and the scenarios' definitions, not the labels):

    evals/sets/scenarios.*.jsonl     each message was read by two readers who did not write it
    evals/readings/utterances.tsv    training utterances: writer's label, second reader's, the one that stands, text
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.held_out import SETS, load_held_out
from common.yaml_items import Problem

READINGS = Path("evals/readings/utterances.tsv")
_WORST = 12


@dataclass(frozen=True)
class Reading:
    """One text, read twice."""

    text: str
    first: str
    second: str
    #: What it counts as in the end.
    settled: tuple[str, ...]

    @property
    def agreed(self) -> bool:
        """Whether both readers say the same."""
        return self.first == self.second


def agreement(readings: Sequence[Reading]) -> float:
    """The share of texts on which both readers say the same."""
    return sum(reading.agreed for reading in readings) / max(len(readings), 1)


def kappa(readings: Sequence[Reading]) -> float:
    """Agreement beyond chance (Cohen 1960): 1 is perfect, 0 what chance gives."""
    total = max(len(readings), 1)
    first, second = Counter(r.first for r in readings), Counter(r.second for r in readings)
    chance = sum(first[label] * second[label] for label in first) / total**2
    return 1.0 if chance == 1 else (agreement(readings) - chance) / (1 - chance)


def held_out_readings(root: Path) -> list[Reading]:
    """The held-out messages with both readings."""
    problems: list[Problem] = []
    paths = sorted(path.relative_to(root) for path in (root / SETS).glob("scenarios.*.jsonl"))
    items = [item for path in paths for item in load_held_out(root, path, problems)]
    pairs = [(item, item.fields["readings"]) for item in items]
    return [Reading(item.text, first, second, tuple(item.fields["scenarios"])) for item, (first, second) in pairs]


def utterance_readings(root: Path) -> list[Reading]:
    """The training utterances that were read a second time, those that were taken out because of it included."""
    lines = (root / READINGS).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [Reading(text, first, second, (settled,)) for first, second, settled, text in rows]


def report(root: Path) -> Iterator[str]:
    """The lines of the report."""
    for name, readings in (("held-out messages", held_out_readings(root)), ("utterances", utterance_readings(root))):
        yield (
            f"{len(readings)} {name} read twice: agreement {agreement(readings):.1%}, kappa {kappa(readings):.3f}, "
            f"{sum(not reading.agreed for reading in readings)} read differently"
        )
        yield from _by_scenario(readings)
        yield from _confusions(readings)


def _by_scenario(readings: Sequence[Reading]) -> Iterator[str]:
    total, agreed = Counter(r.first for r in readings), Counter(r.first for r in readings if r.agreed)
    ranked = sorted(total, key=lambda label: (agreed[label] / total[label], label))
    perfect = sum(agreed[label] == total[label] for label in total)
    yield f"  {perfect} of {len(total)} labels without any disagreement; the lowest:"
    for label in ranked[:_WORST]:
        yield f"    {label:32} {agreed[label]:4} of {total[label]:4}  {agreed[label] / total[label]:6.1%}"


def _confusions(readings: Sequence[Reading]) -> Iterator[str]:
    pairs = Counter(tuple(sorted((r.first, r.second))) for r in readings if not r.agreed)
    yield "  most often read one way and the other:"
    for (left, right), count in pairs.most_common(_WORST):
        example = next(r.text for r in readings if {r.first, r.second} == {left, right})
        yield f"    {count:4}  {left} / {right}   e.g. “{example}”"
