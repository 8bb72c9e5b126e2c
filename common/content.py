"""The operator's content as dataclasses: scenarios, facts, FAQ entries, training utterances, each with file and line.

Reading never stops at the first fault: what can't be understood becomes a `Problem` that names its place, and the
content check (`python -m faq_index check`) shows them all at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml

SCENARIOS = Path("data/scenarios.yml")
NLU = Path("data/nlu")
DOMAIN = Path("domain.yml")
FACTS = Path("faq_index/facts.yml")
LIBRARY = Path("faq_index/library")
LEXICON = Path("data/lexicon")

PLATFORMS = ("ios", "android", "pc")
#: Intents that the decision makes of a message; nobody writes examples for them.
DECIDED_INTENTS = frozenset({"clarify", "request_human"})
OUT_OF_SCOPE = "out_of_scope"

Built = TypeVar("Built")

_FACT = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
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


@dataclass(frozen=True)
class Border:
    """A topic that looks like the scenario and belongs to another one."""

    topic: str
    scenario: str


@dataclass(frozen=True)
class Scenario:
    """One kind of question a player may have (data/scenarios.yml)."""

    id: str
    name: str
    domain: str
    covers: tuple[str, ...]
    not_this: tuple[Border, ...]
    tier: int
    skill: str
    urgency: int
    verify: str
    handoff: str
    place: Place


@dataclass(frozen=True)
class Link:
    """A self-service page offered under an answer."""

    text: str
    url: str


@dataclass(frozen=True)
class FaqEntry:
    """One question of the library with its wordings and its answer, in which facts are still references."""

    id: str
    scenario: str
    question: str
    similar: tuple[str, ...]
    answer: str
    place: Place
    similar_places: tuple[Place, ...] = ()
    links: tuple[Link, ...] = ()
    platform: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    warning: bool = False
    offer_human: bool = False

    @property
    def wordings(self) -> tuple[tuple[str, Place], ...]:
        """The question and its similar questions, each with its place."""
        return ((self.question, self.place), *zip(self.similar, self.similar_places))


@dataclass(frozen=True)
class Utterance:
    """A training example: what a player may type, and the intent it has."""

    intent: str
    text: str
    place: Place


@dataclass
class Content:
    """All of it, and what was wrong with it."""

    scenarios: list[Scenario] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    entries: list[FaqEntry] = field(default_factory=list)
    utterances: list[Utterance] = field(default_factory=list)
    intents: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def scenario_ids(self) -> frozenset[str]:
        """The ids of all scenarios."""
        return frozenset(scenario.id for scenario in self.scenarios)


def load_content(root: Path) -> Content:
    """Everything under `root`; faults are in `problems`."""
    content = Content()
    content.scenarios = load_scenarios(root, content.problems)
    content.facts = load_facts(root, content.problems)
    content.entries = load_entries(root, content.problems)
    content.utterances = load_utterances(root, content.problems)
    content.intents = load_intents(root, content.problems)
    return content


def load_scenarios(root: Path, problems: list[Problem]) -> list[Scenario]:
    """The scenarios of data/scenarios.yml, in their order."""
    node = _read(root, SCENARIOS, problems)
    return [scenario for item in _items(node, SCENARIOS, problems) if (scenario := _scenario(item, problems))]


def load_facts(root: Path, problems: list[Problem]) -> dict[str, str]:
    """The facts of the game by their full name, `section.name`."""
    node = _read(root, FACTS, problems)
    facts: dict[str, str] = {}
    for section, names in _pairs(node):
        if not isinstance(names, yaml.MappingNode):
            problems.append(Problem(_place(FACTS, section), f"section {section.value} holds no facts"))
            continue
        for name, value in _pairs(names):
            if not isinstance(value, yaml.ScalarNode):
                problems.append(Problem(_place(FACTS, name), f"fact {section.value}.{name.value} must be one line"))
                continue
            if f"{section.value}.{name.value}" in facts:
                problems.append(Problem(_place(FACTS, name), f"fact {section.value}.{name.value} stands twice"))
            facts[f"{section.value}.{name.value}"] = value.value
    return facts


def load_entries(root: Path, problems: list[Problem]) -> list[FaqEntry]:
    """The FAQ entries of faq_index/library/, file by file."""
    entries = []
    for path in _files(root, LIBRARY):
        node = _read(root, path, problems)
        entries += [entry for item in _items(node, path, problems) if (entry := _entry(item, problems))]
    return entries


def load_utterances(root: Path, problems: list[Problem]) -> list[Utterance]:
    """The training utterances of data/nlu/, file by file."""
    utterances: list[Utterance] = []
    for path in _files(root, NLU):
        node = _read(root, path, problems)
        for key, value in _pairs(node):
            if key.value == "nlu":
                for item in _items(value, path, problems):
                    utterances += _utterances(item, problems)
    return utterances


def load_intents(root: Path, problems: list[Problem]) -> list[str]:
    """The intents of domain.yml."""
    node = _read(root, DOMAIN, problems)
    for key, value in _pairs(node):
        if key.value == "intents" and isinstance(value, yaml.SequenceNode):
            return [item.value for item in value.value if isinstance(item, yaml.ScalarNode)]
    return []


def referred_facts(answer: str) -> list[str]:
    """The names of the facts an answer refers to."""
    return _FACT.findall(answer)


def fill_facts(answer: str, facts: Mapping[str, str]) -> str:
    """`answer` with every `{{section.name}}` replaced; an unknown fact is a KeyError."""
    return _FACT.sub(lambda match: facts[match.group(1)], answer)


@dataclass(frozen=True)
class _Item:
    """A mapping of a content file: its values as plain data, and the node of each key."""

    path: Path
    place: Place
    values: dict[str, Any]
    nodes: dict[str, yaml.Node]

    def place_of(self, key: str) -> Place:
        return _place(self.path, self.nodes[key]) if key in self.nodes else self.place


def _files(root: Path, folder: Path) -> list[Path]:
    return sorted(path.relative_to(root) for path in (root / folder).glob("*.yml"))


def _place(path: Path, node: yaml.Node) -> Place:
    return Place(path.as_posix(), node.start_mark.line + 1)


def _read(root: Path, path: Path, problems: list[Problem]) -> yaml.Node | None:
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


def _pairs(node: yaml.Node | None) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from node.value


def _items(node: yaml.Node | None, path: Path, problems: list[Problem]) -> Iterator[_Item]:
    if node is None:
        return
    if not isinstance(node, yaml.SequenceNode):
        problems.append(Problem(_place(path, node), "expected a list of items that begin with '- '"))
        return
    for item in node.value:
        if not isinstance(item, yaml.MappingNode):
            problems.append(Problem(_place(path, item), "expected keys and values, as in 'id: ...'"))
            continue
        nodes: dict[str, yaml.Node] = {}
        for key, value in item.value:
            if key.value in nodes:
                problems.append(Problem(_place(path, key), f"key {key.value} stands twice in one item"))
            nodes[key.value] = value
        yield _Item(path, _place(path, item), {key: _plain(value) for key, value in nodes.items()}, nodes)


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


class _Refused(Exception):
    """A value that is missing or of the wrong kind."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def _checked(build: Callable[[_Item], Built], item: _Item, allowed: set[str], problems: list[Problem]) -> Built | None:
    """What `build` makes of the item, or None; stray keys and refused values become problems."""
    for key in item.values:
        if key not in allowed:
            message = f"stray key {key} (known: {', '.join(sorted(allowed))})"
            problems.append(Problem(item.place_of(key), message))
    try:
        return build(item)
    except _Refused as refused:
        problems.append(Problem(item.place_of(refused.key), str(refused)))
        return None


def _keys_of(kind: type) -> set[str]:
    return {entry.name for entry in fields(kind)} - {"place", "similar_places"}


def _scenario(item: _Item, problems: list[Problem]) -> Scenario | None:
    return _checked(_build_scenario, item, _keys_of(Scenario), problems)


def _build_scenario(item: _Item) -> Scenario:
    return Scenario(
        id=_text(item, "id"),
        name=_text(item, "name"),
        domain=_text(item, "domain"),
        covers=_texts(item, "covers"),
        not_this=tuple(
            Border(_sub(item, "not_this", part, "topic"), _sub(item, "not_this", part, "scenario"))
            for part in item.values.get("not_this") or []
        ),
        tier=_number(item, "tier", 1, 3),
        skill=_text(item, "skill"),
        urgency=_number(item, "urgency", 0, 3),
        verify=_choice(item, "verify", ("none", "login", "strong")),
        handoff=_choice(item, "handoff", ("none", "offer", "auto")),
        place=item.place,
    )


def _entry(item: _Item, problems: list[Problem]) -> FaqEntry | None:
    return _checked(_build_entry, item, _keys_of(FaqEntry), problems)


def _build_entry(item: _Item) -> FaqEntry:
    similar = _texts(item, "similar")
    node = item.nodes.get("similar")
    lines = tuple(_place(item.path, part) for part in node.value) if isinstance(node, yaml.SequenceNode) else ()
    return FaqEntry(
        id=_text(item, "id"),
        scenario=_text(item, "scenario"),
        question=_text(item, "question"),
        similar=similar,
        answer=_text(item, "answer"),
        place=item.place,
        similar_places=lines,
        links=tuple(
            Link(_sub(item, "links", part, "text"), _sub(item, "links", part, "url"))
            for part in item.values.get("links") or []
        ),
        platform=_platform(item),
        valid_from=_date(item, "valid_from"),
        valid_until=_date(item, "valid_until"),
        warning=_flag(item, "warning"),
        offer_human=_flag(item, "offer_human"),
    )


def _utterances(item: _Item, problems: list[Problem]) -> list[Utterance]:
    intent, examples = item.values.get("intent"), item.values.get("examples")
    if not isinstance(intent, str) or not isinstance(examples, str):
        problems.append(Problem(item.place, "expected 'intent: <id>' and 'examples: |'"))
        return []
    node = item.nodes["examples"]
    first = node.start_mark.line + (2 if getattr(node, "style", None) in ("|", ">") else 1)
    found = []
    for number, line in enumerate(examples.split("\n")):
        place = Place(item.path.as_posix(), first + number)
        if line.startswith("- ") and line[2:].strip():
            found.append(Utterance(intent, line[2:].strip(), place))
        elif line.strip():
            problems.append(Problem(place, "an example must begin with '- ' and hold a text"))
    return found


def _text(item: _Item, key: str) -> str:
    value = item.values.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _Refused(key, f"{key} is missing or not a text")
    return value.strip()


def _texts(item: _Item, key: str) -> tuple[str, ...]:
    value = item.values.get(key)
    if not isinstance(value, list) or not all(isinstance(part, str) and part.strip() for part in value):
        raise _Refused(key, f"{key} must be a list of texts (quote one that holds ': ' or is a number)")
    return tuple(part.strip() for part in value)


def _sub(item: _Item, key: str, part: Any, name: str) -> str:
    if not isinstance(part, dict) or not isinstance(part.get(name), str) or not part[name].strip():
        raise _Refused(key, f"each of {key} needs a {name}")
    return str(part[name]).strip()


def _number(item: _Item, key: str, low: int, high: int) -> int:
    value = item.values.get(key)
    if not isinstance(value, int) or not low <= value <= high:
        raise _Refused(key, f"{key} must be a number from {low} to {high}")
    return value


def _choice(item: _Item, key: str, choices: Sequence[str]) -> str:
    value = item.values.get(key)
    if value not in choices:
        raise _Refused(key, f"{key} must be one of {', '.join(choices)}")
    return str(value)


def _flag(item: _Item, key: str) -> bool:
    value = item.values.get(key, False)
    if not isinstance(value, bool):
        raise _Refused(key, f"{key} must be true or false")
    return value


def _platform(item: _Item) -> tuple[str, ...]:
    value = item.values.get("platform") or []
    if not isinstance(value, list) or not set(value) <= set(PLATFORMS):
        raise _Refused("platform", f"platform must be a list out of {', '.join(PLATFORMS)}")
    return tuple(value)


def _date(item: _Item, key: str) -> date | None:
    value = item.values.get(key)
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise _Refused(key, f"{key} must be a date like 2026-11-23") from None
