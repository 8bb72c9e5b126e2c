"""Labelled texts that are no utterances of a scenario: emotions (data/tone/emotion.tsv) and fraud (data/tone/fraud.tsv).

A line is `label TAB author TAB text`; `#` begins a comment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.yaml_items import Place, Problem

EMOTIONS = ("angry", "anxious", "sad", "neutral", "positive")
#: `none` is a look-alike: it speaks of codes, links or trades, and nobody is about to be cheated.
RISKS = ("none", "phishing", "fake_staff", "code_begging", "low_price_recharge", "off_platform")

EMOTION_TEXTS = Path("data/tone/emotion.tsv")
FRAUD_TEXTS = Path("data/tone/fraud.tsv")


@dataclass(frozen=True)
class LabelledText:
    """A text and what it is an example of."""

    label: str
    author: str
    text: str
    place: Place


def load_labelled(root: Path, path: Path, labels: Sequence[str], problems: list[Problem]) -> list[LabelledText]:
    """The texts of `root / path`, each with one of `labels`; none when there is no such file."""
    if not (root / path).exists():
        return []
    found = []
    for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        place = Place(path.as_posix(), number)
        columns = line.split("\t")
        if len(columns) != 3 or not all(column.strip() for column in columns):
            problems.append(Problem(place, "expected three columns parted by tabs: label, author, text"))
        elif columns[0] not in labels:
            problems.append(Problem(place, f"unknown label {columns[0]} (known: {', '.join(labels)})"))
        else:
            found.append(LabelledText(columns[0], columns[1], columns[2], place))
    return found
