"""Reading YAML with the place of every value, so that whatever is wrong can be named by file and line.

Reading never stops at the first fault: what can't be understood becomes a `Problem`, and all are shown at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml

Built = TypeVar("Built")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, order=True)
class Place:
    """Where something stands in the content; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, order=True)
class Problem:
    """Something an operator must mend."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Refused(Exception):
    """A value that is missing or of the wrong kind."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True)
class Item:
    """A mapping of a content file: its values as plain data, and where they stand.

    The getters give a value in its proper type or raise `Refused`, which says what was expected.
    """

    place: Place
    values: Mapping[str, Any]
    nodes: Mapping[str, yaml.Node] = field(default_factory=dict)

    def place_of(self, key: str) -> Place:
        """Where the value of `key` stands; the item's own place when it has none."""
        return place_of(self.place.file, self.nodes[key]) if key in self.nodes else self.place

    def places_of(self, key: str) -> tuple[Place, ...]:
        """Where each member of the list `key` stands."""
        node = self.nodes.get(key)
        if isinstance(node, yaml.SequenceNode):
            return tuple(place_of(self.place.file, member) for member in node.value)
        return tuple(self.place for _ in self.values.get(key) or ())

    def text(self, key: str) -> str:
        """A text that must be there."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise Refused(key, f"{key} is missing or not a text")
        return value.strip()

    def optional_text(self, key: str) -> str:
        """A text, or "" when there is none."""
        return self.text(key) if self.values.get(key) is not None else ""

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts that must be there; it may be empty."""
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(part, str) and part.strip() for part in value):
            raise Refused(key, f"{key} must be a list of texts (quote one that holds ': ' or is a number)")
        return tuple(part.strip() for part in value)

    def parts(self, key: str, *names: str) -> Iterator[tuple[str, ...]]:
        """The named texts of each member of a list of mappings, such as text and url of each link."""
        value = self.values.get(key) or []
        if not isinstance(value, list):
            raise Refused(key, f"{key} must be a list")
        for part in value:
            for name in names:
                if not isinstance(part, dict) or not isinstance(part.get(name), str) or not part[name].strip():
                    raise Refused(key, f"each of {key} needs a {name}")
            yield tuple(str(part[name]).strip() for name in names)

    def number(self, key: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.values.get(key)
        if not isinstance(value, int) or not low <= value <= high:
            raise Refused(key, f"{key} must be a number from {low} to {high}")
        return value

    def choice(self, key: str, choices: Sequence[str]) -> str:
        """One of `choices`."""
        value = self.values.get(key)
        if value not in choices:
            raise Refused(key, f"{key} must be one of {', '.join(choices)}")
        return str(value)

    def choices(self, key: str, choices: Sequence[str]) -> tuple[str, ...]:
        """Some of `choices`; none when the key is not there."""
        value = self.values.get(key) or []
        if not isinstance(value, list) or not set(value) <= set(choices):
            raise Refused(key, f"{key} must be a list out of {', '.join(choices)}")
        return tuple(value)

    def flag(self, key: str) -> bool:
        """true or false; false when the key is not there."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise Refused(key, f"{key} must be true or false")
        return value

    def date(self, key: str) -> date | None:
        """A day, or None when the key is not there."""
        value = self.values.get(key)
        if value is None:
            return None
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise Refused(key, f"{key} must be a date like 2026-11-23") from None

    def item(self, key: str) -> Item | None:
        """The mapping that stands under `key`, or None when the key is not there."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise Refused(key, f"{key} must hold keys and values")
        return Item(self.place_of(key), value)


def build_checked(
    build: Callable[[Item], Built], item: Item, allowed: set[str], problems: list[Problem]
) -> Built | None:
    """What `build` makes of the item, or None; stray keys and refused values become problems."""
    for key in item.values:
        if key not in allowed:
            message = f"stray key {key} (known: {', '.join(sorted(allowed))})"
            problems.append(Problem(item.place_of(key), message))
    try:
        return build(item)
    except Refused as refused:
        problems.append(Problem(item.place_of(refused.key), str(refused)))
        return None


def read_yaml(root: Path, path: Path, problems: list[Problem]) -> yaml.Node | None:
    """The node of the file `root / path`, or None; a file that can't be read becomes a problem."""
    try:
        return yaml.compose((root / path).read_text(encoding="utf-8"), Loader=_LOADER)
    except FileNotFoundError:
        problems.append(Problem(Place(path.as_posix(), 1), "the file is missing"))
    except UnicodeDecodeError as error:
        problems.append(Problem(Place(path.as_posix(), 1), f"not UTF-8: {error.reason} at byte {error.start}"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problems.append(Problem(Place(path.as_posix(), line), f"not YAML: {getattr(error, 'problem', error)}"))
    return None


def files_of(root: Path, folder: Path) -> list[Path]:
    """Every YAML file in and below `root / folder`, relative to `root`, sorted."""
    return sorted(path.relative_to(root) for path in (root / folder).rglob("*.yml"))


def place_of(file: str, node: yaml.Node) -> Place:
    """Where `node` begins."""
    return Place(file, node.start_mark.line + 1)


def pairs_of(node: yaml.Node | None) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Keys and values of a mapping; nothing for any other node."""
    if isinstance(node, yaml.MappingNode):
        yield from node.value


def items_of(node: yaml.Node | None, file: str, problems: list[Problem]) -> Iterator[Item]:
    """The items of a list of mappings; whatever else is there becomes a problem."""
    if node is None:
        return
    if not isinstance(node, yaml.SequenceNode):
        problems.append(Problem(place_of(file, node), "expected a list of items that begin with '- '"))
        return
    for member in node.value:
        if not isinstance(member, yaml.MappingNode):
            problems.append(Problem(place_of(file, member), "expected keys and values, as in 'id: ...'"))
            continue
        nodes: dict[str, yaml.Node] = {}
        for key, value in member.value:
            if key.value in nodes:
                problems.append(Problem(place_of(file, key), f"key {key.value} stands twice in one item"))
            nodes[key.value] = value
        yield Item(place_of(file, member), {key: _plain(value) for key, value in nodes.items()}, nodes)


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if node.tag == "tag:yaml.org,2002:bool":
        return node.value.lower() in {"true", "yes", "on"}
    if node.tag == "tag:yaml.org,2002:int":
        return int(node.value)
    return node.value
