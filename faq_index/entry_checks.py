"""What can be wrong with FAQ entries: ids, facts, links, length, dates, wordings that stand twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from common.content import Content, FaqEntry, fill_facts, referred_facts
from common.targets import Targets
from common.yaml_items import Place, Problem
from faq_index import likeness

#: Wordings of two entries that are this alike would be the same row of the index.
SAME_WORDING = 0.9

_SLUG = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9][a-z0-9_]*")
_VERSION = re.compile(r"\d+(\.\d+){1,2}")
#: A link is a fact of this section, so that a page that moves is changed once.
_PAGES = "page."
_PAGE_LINK = re.compile(r"\{\{\s*page\.\w+\s*\}\}")
_REFERENCE = re.compile(r"\{\{.*?\}\}")
_LIST_NUMBER = re.compile(r"^\s*\d+\. ", re.MULTILINE)
#: Digits that are part of a name and no fact: 3D, 5G, H5, X86, 1080P …
_NAMED = re.compile(r"[A-Za-z]\d+|\d+[A-Za-z]")
_ADDRESS = re.compile(r"https?://")


def check_entries(content: Content, targets: Targets, today: date) -> Iterator[Problem]:
    """Everything that is wrong with single entries; `today` decides what is out of date."""
    first: dict[str, Place] = {}
    for entry in content.entries:
        yield from _identity(entry, content, first)
        yield from _dates(entry, today)
        yield from _answers(entry, content, targets)
        yield from _links(entry, content)
        if entry.version and not _VERSION.fullmatch(entry.version):
            yield Problem(entry.place, f"version {entry.version} of {entry.id} must look like 2.6")


def check_wordings(content: Content) -> Iterator[Problem]:
    """Questions that stand twice, or nearly, in the library."""
    rows = [(entry, text, place) for entry in content.entries for text, place in entry.wordings]
    keys = [likeness.bare(text) for _, text, _ in rows]
    for pair in likeness.within(keys, SAME_WORDING):
        (other, other_text, where), (entry, text, place) = rows[pair.first], rows[pair.second]
        owner = "the same entry" if other.id == entry.id else f"entry {other.id}"
        if keys[pair.first] == keys[pair.second]:
            yield Problem(place, f"“{text}” stands already in {owner} at {where}")
        else:
            yield Problem(place, f"“{text}” is nearly “{other_text}” in {owner} at {where}")


def _identity(entry: FaqEntry, content: Content, first: dict[str, Place]) -> Iterator[Problem]:
    if entry.scenario not in content.scenario_ids:
        yield Problem(entry.place, f"entry {entry.id} has an unknown scenario {entry.scenario}")
    if not _SLUG.fullmatch(entry.id):
        yield Problem(entry.place, f"id {entry.id} must look like scenario.short_name (lower case, digits, _)")
    elif not entry.id.startswith(f"{entry.scenario}."):
        yield Problem(entry.place, f"id {entry.id} must begin with its scenario, {entry.scenario}.")
    if entry.id in first:
        yield Problem(entry.place, f"id {entry.id} is used already at {first[entry.id]}")
    first.setdefault(entry.id, entry.place)


def _dates(entry: FaqEntry, today: date) -> Iterator[Problem]:
    if entry.valid_from and entry.valid_until and entry.valid_from > entry.valid_until:
        yield Problem(entry.place, f"entry {entry.id} ends before it begins")
    elif entry.valid_until and entry.valid_until < today:
        yield Problem(
            entry.place,
            f"entry {entry.id} has expired on {entry.valid_until}: take it out or set another valid_until",
        )


def _answers(entry: FaqEntry, content: Content, targets: Targets) -> Iterator[Problem]:
    yield from _answer(f"the answer of {entry.id}", entry.answer, entry.place, content, targets.longest_answer)
    if entry.english:
        # English takes about three times the letters.
        name, place = f"the English answer of {entry.id}", entry.english.place
        yield from _answer(name, entry.english.answer, place, content, 3 * targets.longest_answer)


def _answer(name: str, answer: str, place: Place, content: Content, longest: int) -> Iterator[Problem]:
    unknown = [fact for fact in referred_facts(answer) if fact not in content.facts]
    for fact in unknown:
        yield Problem(place, f"{name} uses an unknown fact {{{{{fact}}}}}")
    if not unknown:
        size = len(fill_facts(answer, content.facts))
        if size > longest:
            yield Problem(place, f"{name} has {size} characters, the limit is {longest}")
    plain = _NAMED.sub("", _LIST_NUMBER.sub("", _REFERENCE.sub("", answer)))
    if number := re.search(r"\d+", plain):
        yield Problem(place, f"{name} types the number {number.group()}: make it a fact and write {{{{section.name}}}}")
    if _ADDRESS.search(plain):
        yield Problem(place, f"{name} types an address: make it a fact of the section page")


def _links(entry: FaqEntry, content: Content) -> Iterator[Problem]:
    for link in entry.links:
        if not _PAGE_LINK.fullmatch(link.url):
            pages = sum(fact.startswith(_PAGES) for fact in content.facts)
            yield Problem(
                entry.place,
                f"link {link.url} of {entry.id} must name one of the {pages} pages of facts.yml, as {{{{page.name}}}}",
            )
        elif referred_facts(link.url)[0] not in content.facts:
            yield Problem(entry.place, f"link {link.url} of {entry.id} leads to no page of facts.yml")
