"""The held-out sets (evals/sets/*.jsonl): texts by other authors, never trained on. One JSON object a line.

Every item has at least an `id`, a `text` and its `author`; what else it has depends on the set (evals/README.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.yaml_items import Place, Problem

SETS = Path("evals/sets")
_NEEDED = ("id", "text", "author")


@dataclass(frozen=True)
class HeldOutText:
    """A line of a set."""

    id: str
    text: str
    author: str
    #: The whole object.
    fields: dict[str, Any]
    place: Place


def load_held_out(root: Path, path: Path, problems: list[Problem]) -> list[HeldOutText]:
    """The texts of one set, `path` below `root`."""
    return list(_texts(root, path, problems))


def load_all_held_out(root: Path, problems: list[Problem]) -> list[HeldOutText]:
    """The texts of every set under `root`, in the order of their names."""
    paths = sorted(path.relative_to(root) for path in (root / SETS).glob("*.jsonl"))
    return [item for path in paths for item in _texts(root, path, problems)]


def _texts(root: Path, path: Path, problems: list[Problem]) -> Iterator[HeldOutText]:
    for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1):
        place = Place(path.as_posix(), number)
        try:
            item = json.loads(line)
        except ValueError as error:
            problems.append(Problem(place, f"not JSON: {error}"))
            continue
        missing = [key for key in _NEEDED if not isinstance(item, dict) or not isinstance(item.get(key), str)]
        if missing:
            problems.append(Problem(place, f"expected an object with {', '.join(missing)} as texts"))
            continue
        yield HeldOutText(item["id"], item["text"], item["author"], item, place)
