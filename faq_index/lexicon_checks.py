"""What can be wrong with the lexicons: rows of the wrong shape, names and expressions that stand twice, too few."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from common.content import LEXICON
from common.targets import Targets
from common.yaml_items import Place, Problem
from faq_index.lexicon import ALIASES, CONCEPTS, SYNONYMS

_ID = re.compile(r"[a-z][a-z0-9_]*")
_SEPARATOR = "|"


def check_lexicons(root: Path, targets: Targets) -> Iterator[Problem]:
    """Everything that is wrong with aliases, concepts and synonym groups."""
    yield from _aliases(root)
    yield from _concepts(root, targets)
    yield from _synonyms(root)


def _aliases(root: Path) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for place, columns in _rows(root, LEXICON / ALIASES):
        if len(columns) != 2 or not all(columns):
            yield Problem(place, "expected two columns parted by a tab: alias, standard word")
            continue
        if columns[0] in first:
            yield Problem(place, f"alias {columns[0]} stands already at {first[columns[0]]}")
        first.setdefault(columns[0], place)


def _concepts(root: Path, targets: Targets) -> Iterator[Problem]:
    path = LEXICON / CONCEPTS
    concepts: dict[str, Place] = {}
    expressions = 0
    for place, columns in _rows(root, path):
        if len(columns) != 3 or not all(_ID.fullmatch(name) for name in columns[:2]):
            yield Problem(place, "expected three columns parted by tabs: group, concept, expressions parted by |")
            continue
        if columns[1] in concepts:
            yield Problem(place, f"concept {columns[1]} stands already at {concepts[columns[1]]}")
        concepts.setdefault(columns[1], place)
        found = columns[2].split(_SEPARATOR)
        expressions += len(found)
        yield from _expressions(place, columns[1], found)
    start = Place(path.as_posix(), 1)
    if len(concepts) < targets.concepts:
        yield Problem(start, f"{len(concepts)} concepts of {targets.concepts}")
    if expressions < targets.expressions:
        yield Problem(start, f"{expressions} expressions of {targets.expressions}")


def _synonyms(root: Path) -> Iterator[Problem]:
    for place, columns in _rows(root, LEXICON / SYNONYMS):
        words = columns[0].split(_SEPARATOR)
        if len(columns) != 1 or len(words) < 2:
            yield Problem(place, "expected one group of at least two words parted by |")
        yield from _expressions(place, "the group", words)


def _expressions(place: Place, owner: str, found: list[str]) -> Iterator[Problem]:
    if any(not part.strip() or part != part.strip() for part in found):
        yield Problem(place, f"{owner} has an empty expression or a blank beside a |")
    for part in sorted({part for part in found if found.count(part) > 1}):
        yield Problem(place, f"“{part}” stands twice in {owner}")


def _rows(root: Path, path: Path) -> Iterator[tuple[Place, list[str]]]:
    if not (root / path).exists():
        return
    for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield Place(path.as_posix(), number), line.split("\t")
