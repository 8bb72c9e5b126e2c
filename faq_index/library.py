"""The compiled library: every FAQ entry with its facts filled in. Light enough for the gateway and the actions."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from common.content import FaqEntry, Link, fill_facts

LIBRARY_FILE = "library.json"


@dataclass(frozen=True)
class English:
    """The English version of an entry, facts filled in."""

    question: str
    similar: tuple[str, ...]
    answer: str


@dataclass(frozen=True)
class Entry:
    """A FAQ entry as it is shown."""

    id: str
    scenario: str
    question: str
    similar: tuple[str, ...]
    #: Markdown, facts filled in.
    answer: str
    links: tuple[Link, ...] = ()
    #: Platforms the answer is for; empty means all.
    platform: tuple[str, ...] = ()
    #: The game's version from which on the answer holds; empty: any.
    version: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    #: The answer has to carry the safety line.
    warning: bool = False
    #: The answer has to be followed by an offer of a person.
    offer_human: bool = False
    english: English | None = None

    @property
    def wordings(self) -> tuple[str, ...]:
        """Every way to ask it that the library knows, the English ones last."""
        english = (self.english.question, *self.english.similar) if self.english else ()
        return (self.question, *self.similar, *english)

    def fits(self, platform: str | None, today: date | None) -> bool:
        """Whether the entry is for this platform (None: not known) and this day (None: any)."""
        if platform and self.platform and platform not in self.platform:
            return False
        if today is None:
            return True
        return (self.valid_from or today) <= today <= (self.valid_until or today)


class Library:
    """All entries, by id and by scenario."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.id: entry for entry in entries}
        self._by_scenario: dict[str, list[Entry]] = defaultdict(list)
        for entry in self._entries.values():
            self._by_scenario[entry.scenario].append(entry)

    @classmethod
    def compile(cls, entries: Iterable[FaqEntry], facts: Mapping[str, str]) -> Library:
        """The library of checked entries; an unknown fact is a KeyError."""
        return cls(_compiled(entry, facts) for entry in entries)

    @classmethod
    def load(cls, path: Path) -> Library:
        """The library in the file `path` (library.json of an index folder)."""
        return cls(_entry(item) for item in json.loads(path.read_text(encoding="utf-8")))

    def dumps(self) -> str:
        """The library as JSON, the same for the same content."""
        items = [_plain(entry) for entry in self._entries.values()]
        return json.dumps(items, ensure_ascii=False, indent=1)

    def entry(self, entry_id: str) -> Entry:
        """The entry with this id, or a KeyError."""
        return self._entries[entry_id]

    def entries(self) -> list[Entry]:
        """All entries in the order of the library."""
        return list(self._entries.values())

    def entries_of(self, scenario: str, today: date | None = None) -> list[Entry]:
        """The entries of a scenario that hold on this day (None: all), in the order of the library; may be empty."""
        return [entry for entry in self._by_scenario.get(scenario, ()) if entry.fits(None, today)]

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._entries

    def __len__(self) -> int:
        return len(self._entries)


def _compiled(entry: FaqEntry, facts: Mapping[str, str]) -> Entry:
    english = entry.english
    return Entry(
        id=entry.id,
        scenario=entry.scenario,
        question=entry.question,
        similar=entry.similar,
        answer=fill_facts(entry.answer, facts),
        links=tuple(Link(link.text, fill_facts(link.url, facts)) for link in entry.links),
        platform=entry.platform,
        version=entry.version,
        valid_from=entry.valid_from,
        valid_until=entry.valid_until,
        warning=entry.warning,
        offer_human=entry.offer_human,
        english=English(english.question, english.similar, fill_facts(english.answer, facts)) if english else None,
    )


def _plain(entry: Entry) -> dict[str, object]:
    item = asdict(entry)
    for key in ("valid_from", "valid_until"):
        item[key] = item[key].isoformat() if item[key] else None
    return item


def _entry(item: dict[str, Any]) -> Entry:
    values = dict(item)
    values["links"] = tuple(Link(**link) for link in values["links"])
    for key in ("similar", "platform"):
        values[key] = tuple(values[key])
    for key in ("valid_from", "valid_until"):
        values[key] = date.fromisoformat(str(values[key])) if values[key] else None
    if values["english"]:
        values["english"] = English(**{**values["english"], "similar": tuple(values["english"]["similar"])})
    return Entry(**values)
