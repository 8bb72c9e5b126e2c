"""The content check: everything an operator can get wrong, with file and line, before it is trained on."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from common.content import (
    DECIDED_INTENTS,
    DOMAIN,
    SCENARIOS,
    Content,
    FaqEntry,
    Place,
    Problem,
    load_content,
    referred_facts,
)
from common.text import normalise

MIN_UTTERANCES = 12
MIN_ENTRIES = 2
MIN_SIMILAR = 3

_SLUG = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9][a-z0-9_]*")


def check_content(root: Path) -> tuple[Content, list[Problem]]:
    """The content under `root`, and everything that is wrong with it, in the order of the files."""
    content = load_content(root)
    problems = list(content.problems)
    problems += _scenarios(content)
    problems += _entries(content)
    problems += _wordings(content)
    problems += _utterances(content)
    problems += _amounts(content)
    return content, sorted(set(problems))


def _scenarios(content: Content) -> Iterator[Problem]:
    known = content.scenario_ids
    counts = Counter(scenario.id for scenario in content.scenarios)
    for scenario in content.scenarios:
        if counts[scenario.id] > 1:
            yield Problem(scenario.place, f"scenario {scenario.id} stands twice")
        if scenario.id not in content.intents:
            yield Problem(scenario.place, f"scenario {scenario.id} is no intent of {DOMAIN}")
        for border in scenario.not_this:
            if border.scenario not in known:
                yield Problem(scenario.place, f"not_this names an unknown scenario {border.scenario}")


def _entries(content: Content) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for entry in content.entries:
        if entry.scenario not in content.scenario_ids:
            yield Problem(entry.place, f"entry {entry.id} has an unknown scenario {entry.scenario}")
        if not _SLUG.fullmatch(entry.id):
            yield Problem(entry.place, f"id {entry.id} must look like scenario.short_name (lower case, digits, _)")
        elif not entry.id.startswith(f"{entry.scenario}."):
            yield Problem(entry.place, f"id {entry.id} must begin with its scenario, {entry.scenario}.")
        if entry.id in first:
            yield Problem(entry.place, f"id {entry.id} is used already at {first[entry.id]}")
        first.setdefault(entry.id, entry.place)
        if entry.valid_from and entry.valid_until and entry.valid_from > entry.valid_until:
            yield Problem(entry.place, f"entry {entry.id} ends before it begins")
        yield from _facts(entry, content)


def _facts(entry: FaqEntry, content: Content) -> Iterator[Problem]:
    for name in referred_facts(entry.answer):
        if name not in content.facts:
            yield Problem(entry.place, f"the answer of {entry.id} uses an unknown fact {{{{{name}}}}}")


def _wordings(content: Content) -> Iterator[Problem]:
    seen: dict[str, tuple[str, Place]] = {}
    for entry in content.entries:
        for text, place in entry.wordings:
            key = _bare(text)
            if key in seen:
                other, where = seen[key]
                owner = "the same entry" if other == entry.id else f"entry {other}"
                yield Problem(place, f"“{text}” stands already in {owner} at {where}")
            seen.setdefault(key, (entry.id, place))


def _utterances(content: Content) -> Iterator[Problem]:
    seen: dict[str, tuple[str, Place]] = {}
    for utterance in content.utterances:
        if utterance.intent not in content.intents:
            yield Problem(utterance.place, f"“{utterance.intent}” is no scenario and no intent of {DOMAIN}")
        elif utterance.intent in DECIDED_INTENTS:
            yield Problem(utterance.place, f"{utterance.intent} is decided by the bot and has no examples")
        if utterance.text.startswith("/") or "](" in utterance.text or "]{" in utterance.text:
            yield Problem(utterance.place, "an example must not hold Rasa markup or begin with a slash")
        key = _bare(utterance.text)
        if key in seen:
            other, where = seen[key]
            kind = "twice under" if other == utterance.intent else f"under {other} ({where}) and under"
            yield Problem(utterance.place, f"“{utterance.text}” stands {kind} {utterance.intent}")
        seen.setdefault(key, (utterance.intent, utterance.place))
    for entry in content.entries:
        for text, place in entry.wordings:
            other, where = seen.get(_bare(text), (entry.scenario, place))
            if other != entry.scenario:
                yield Problem(place, f"“{text}” asks for {entry.scenario}, but is an utterance of {other} at {where}")


def _amounts(content: Content) -> Iterator[Problem]:
    utterances = Counter(utterance.intent for utterance in content.utterances)
    full: dict[str, int] = defaultdict(int)
    for entry in content.entries:
        full[entry.scenario] += len(entry.similar) >= MIN_SIMILAR
    for scenario in content.scenarios:
        if utterances[scenario.id] < MIN_UTTERANCES:
            yield Problem(scenario.place, f"{scenario.id} has {utterances[scenario.id]} utterances of {MIN_UTTERANCES}")
        if full[scenario.id] < MIN_ENTRIES:
            yield Problem(
                scenario.place,
                f"{scenario.id} has {full[scenario.id]} of {MIN_ENTRIES} entries with {MIN_SIMILAR} similar questions",
            )
    for intent in content.intents:
        if intent not in content.scenario_ids | DECIDED_INTENTS and utterances[intent] < MIN_UTTERANCES:
            place = Place(DOMAIN.as_posix(), 1)
            yield Problem(place, f"intent {intent} has {utterances[intent]} utterances of {MIN_UTTERANCES}")
    if not content.scenarios:
        yield Problem(Place(SCENARIOS.as_posix(), 1), "no scenarios")


def _bare(text: str) -> str:
    """What two typings of one sentence share. Aliases stay: an abbreviation is another example, not the same one."""
    return "".join(char for char in normalise(text).text if char.isalnum()) or text
