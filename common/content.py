"""The operator's content as dataclasses: scenarios, facts, FAQ entries, training utterances, each with file and line.

The content check (`python -m faq_index check`) shows everything that is wrong with it at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path

import yaml

from common.yaml_items import (
    Item,
    Place,
    Problem,
    Refused,
    build_checked,
    files_of,
    items_of,
    pairs_of,
    place_of,
    read_yaml,
)

SCENARIOS = Path("data/scenarios.yml")
NLU = Path("data/nlu")
DOMAIN = Path("domain.yml")
FACTS = Path("faq_index/facts.yml")
LIBRARY = Path("faq_index/library")
ASKED = Path("faq_index/asked")
LEXICON = Path("data/lexicon")

PLATFORMS = ("ios", "android", "pc")
#: Intents that the decision makes of a message, or the worker of a picture; nobody writes examples for them.
DECIDED_INTENTS = frozenset({"clarify", "request_human", "picture"})
OUT_OF_SCOPE = "out_of_scope"
#: The ways in which players write; every scenario has examples of each (docs/CONTENT.md).
STYLES = ("short", "colloquial", "typo", "long", "paraphrase", "slang", "traditional", "mixed", "polite", "border")
#: What `metadata` of a block of examples may say.
METADATA_KEYS = frozenset({"author", "style", "border"})

_FACT = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


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
    #: What the readers of the utterances had to decide where two scenarios meet; may be empty.
    boundary: str
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
    #: An address, or a reference to a fact of the section `page`.
    url: str


@dataclass(frozen=True)
class English:
    """The English version of an entry."""

    question: str
    similar: tuple[str, ...]
    answer: str
    place: Place


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
    #: The game's version from which on it holds; empty: any.
    version: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    warning: bool = False
    offer_human: bool = False
    english: English | None = None

    @property
    def is_lasting(self) -> bool:
        """Whether it holds on any day."""
        return self.valid_from is None and self.valid_until is None

    @property
    def wordings(self) -> tuple[tuple[str, Place], ...]:
        """The question, its similar questions and the English ones, each with its place."""
        english = self.english
        foreign = [(text, english.place) for text in (english.question, *english.similar)] if english else []
        return ((self.question, self.place), *zip(self.similar, self.similar_places), *foreign)


@dataclass(frozen=True)
class Utterance:
    """A training example: what a player may type, and the intent it has."""

    intent: str
    text: str
    place: Place
    #: Who wrote it: figures are also taken with one author left out.
    author: str = ""
    #: One of STYLES.
    style: str = ""
    #: The scenario that a careless reader would take it for.
    border: str = ""


@dataclass(frozen=True)
class Asked:
    """Which entries answer a training utterance."""

    scenario: str
    text: str
    #: Best first.
    entries: tuple[str, ...]
    place: Place


@dataclass
class Content:
    """All of it, and what was wrong with it."""

    scenarios: list[Scenario] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    entries: list[FaqEntry] = field(default_factory=list)
    utterances: list[Utterance] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
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
    content.asked = load_asked(root, content.problems)
    content.intents = load_intents(root, content.problems)
    return content


def load_scenarios(root: Path, problems: list[Problem]) -> list[Scenario]:
    """The scenarios of data/scenarios.yml, in their order."""
    node = read_yaml(root, SCENARIOS, problems)
    return [
        scenario
        for item in items_of(node, SCENARIOS.as_posix(), problems)
        if (scenario := build_checked(_scenario, item, _keys_of(Scenario), problems))
    ]


def load_facts(root: Path, problems: list[Problem]) -> dict[str, str]:
    """The facts of the game by their full name, `section.name`."""
    node = read_yaml(root, FACTS, problems)
    facts: dict[str, str] = {}
    for section, names in pairs_of(node):
        if not isinstance(names, yaml.MappingNode):
            problems.append(Problem(place_of(FACTS.as_posix(), section), f"section {section.value} holds no facts"))
            continue
        for name, value in pairs_of(names):
            if not isinstance(value, yaml.ScalarNode):
                problems.append(
                    Problem(place_of(FACTS.as_posix(), name), f"fact {section.value}.{name.value} must be one line")
                )
                continue
            if f"{section.value}.{name.value}" in facts:
                problems.append(
                    Problem(place_of(FACTS.as_posix(), name), f"fact {section.value}.{name.value} stands twice")
                )
            facts[f"{section.value}.{name.value}"] = value.value
    return facts


def load_entries(root: Path, problems: list[Problem]) -> list[FaqEntry]:
    """The FAQ entries of faq_index/library/, file by file."""
    entries = []
    for path in files_of(root, LIBRARY):
        node = read_yaml(root, path, problems)
        entries += [entry for item in items_of(node, path.as_posix(), problems) if (entry := entry_of(item, problems))]
    return entries


def load_utterances(root: Path, problems: list[Problem]) -> list[Utterance]:
    """The training utterances of data/nlu/, file by file."""
    utterances: list[Utterance] = []
    for path in files_of(root, NLU):
        node = read_yaml(root, path, problems)
        for key, value in pairs_of(node):
            if key.value == "nlu":
                for item in items_of(value, path.as_posix(), problems):
                    utterances += _utterances(item, problems)
    return utterances


def load_asked(root: Path, problems: list[Problem]) -> list[Asked]:
    """Which entries answer which utterances, from faq_index/asked/<domain>/<scenario>.tsv.

    A line is `entry[,entry] TAB utterance`; `#` begins a comment.
    """
    found = []
    for path in sorted((root / ASKED).glob("*/*.tsv")):
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            ids, tab, text = line.partition("\t")
            if not tab or not ids.strip() or not text.strip():
                problems.append(
                    Problem(Place(name, number), "expected two columns parted by a tab: entries, utterance")
                )
                continue
            found.append(Asked(path.stem, text, tuple(ids.split(",")), Place(name, number)))
    return found


def load_intents(root: Path, problems: list[Problem]) -> list[str]:
    """The intents of domain.yml."""
    node = read_yaml(root, DOMAIN, problems)
    for key, value in pairs_of(node):
        if key.value == "intents" and isinstance(value, yaml.SequenceNode):
            return [item.value for item in value.value if isinstance(item, yaml.ScalarNode)]
    return []


def referred_facts(answer: str) -> list[str]:
    """The names of the facts an answer refers to."""
    return _FACT.findall(answer)


def fill_facts(answer: str, facts: Mapping[str, str]) -> str:
    """`answer` with every `{{section.name}}` replaced; an unknown fact is a KeyError."""
    return _FACT.sub(lambda match: facts[match.group(1)], answer)


def entry_of(item: Item, problems: list[Problem]) -> FaqEntry | None:
    """The FAQ entry that `item` describes, or None; what is wrong with it goes to `problems`."""
    return build_checked(_entry, item, ENTRY_KEYS, problems)


def _keys_of(kind: type) -> set[str]:
    return {entry.name for entry in fields(kind)} - {"place", "similar_places"}


ENTRY_KEYS = _keys_of(FaqEntry)


def _scenario(item: Item) -> Scenario:
    return Scenario(
        id=item.text("id"),
        name=item.text("name"),
        domain=item.text("domain"),
        covers=item.texts("covers"),
        not_this=tuple(Border(*parts) for parts in item.parts("not_this", "topic", "scenario")),
        boundary=item.optional_text("boundary"),
        tier=item.number("tier", 1, 3),
        skill=item.text("skill"),
        urgency=item.number("urgency", 0, 3),
        verify=item.choice("verify", ("none", "login", "strong")),
        handoff=item.choice("handoff", ("none", "offer", "auto")),
        place=item.place,
    )


def _entry(item: Item) -> FaqEntry:
    return FaqEntry(
        id=item.text("id"),
        scenario=item.text("scenario"),
        question=item.text("question"),
        similar=item.texts("similar"),
        answer=item.text("answer"),
        place=item.place,
        similar_places=item.places_of("similar"),
        links=tuple(Link(*parts) for parts in item.parts("links", "text", "url")),
        platform=item.choices("platform", PLATFORMS),
        version=item.optional_text("version"),
        valid_from=item.date("valid_from"),
        valid_until=item.date("valid_until"),
        warning=item.flag("warning"),
        offer_human=item.flag("offer_human"),
        english=_english(item),
    )


def _english(item: Item) -> English | None:
    english = item.item("english")
    if english is None:
        return None
    if stray := english.values.keys() - {"question", "similar", "answer"}:
        raise Refused("english", f"english: stray key {sorted(stray)[0]} (known: answer, question, similar)")
    try:
        return English(english.text("question"), english.texts("similar"), english.text("answer"), english.place)
    except Refused as refused:
        raise Refused("english", f"english: {refused}") from None


def _utterances(item: Item, problems: list[Problem]) -> list[Utterance]:
    intent, examples = item.values.get("intent"), item.values.get("examples")
    if not isinstance(intent, str) or not isinstance(examples, str):
        problems.append(Problem(item.place, "expected 'intent: <id>' and 'examples: |'"))
        return []
    about = _about(item, problems)
    node = item.nodes["examples"]
    first = node.start_mark.line + (2 if getattr(node, "style", None) in ("|", ">") else 1)
    found = []
    for number, line in enumerate(examples.split("\n")):
        place = Place(item.place.file, first + number)
        if line.startswith("- ") and line[2:].strip():
            found.append(Utterance(intent, line[2:].strip(), place, **about))
        elif line.strip():
            problems.append(Problem(place, "an example must begin with '- ' and hold a text"))
    return found


def _about(item: Item, problems: list[Problem]) -> dict[str, str]:
    """Who wrote the examples of a block, and how: Rasa keeps `metadata` and makes nothing of it."""
    try:
        metadata = item.item("metadata") or Item(item.place, {})
        about = {key: metadata.text(key) for key in metadata.values}
    except Refused as refused:
        problems.append(Problem(item.place_of("metadata"), str(refused)))
        return {}
    for key in about.keys() - METADATA_KEYS:
        message = f"stray key {key} in metadata (known: {', '.join(sorted(METADATA_KEYS))})"
        problems.append(Problem(item.place_of("metadata"), message))
    return {key: value for key, value in about.items() if key in METADATA_KEYS}
