"""What can be wrong with training utterances: unknown intents, texts that stand twice, too few of a kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from common.content import DECIDED_INTENTS, DOMAIN, OUT_OF_SCOPE, STYLES, Content, Scenario, Utterance
from common.targets import Targets
from common.yaml_items import Place, Problem
from faq_index import likeness

#: Two utterances that are this alike teach the same thing, or, under two intents, contradict each other.
SAME_UTTERANCE = 0.8


def check_utterances(content: Content) -> Iterator[Problem]:
    """Everything that is wrong with single utterances."""
    neighbours = {(scenario.id, border.scenario) for scenario in content.scenarios for border in scenario.not_this}
    for utterance in content.utterances:
        if utterance.intent not in content.intents:
            yield Problem(utterance.place, f"“{utterance.intent}” is no scenario and no intent of {DOMAIN}")
        elif utterance.intent in DECIDED_INTENTS:
            yield Problem(utterance.place, f"{utterance.intent} is decided by the bot and has no examples")
        if utterance.text.startswith("/") or "](" in utterance.text or "]{" in utterance.text:
            yield Problem(utterance.place, "an example must not hold Rasa markup or begin with a slash")
        if utterance.style and utterance.style not in STYLES:
            yield Problem(utterance.place, f"unknown style {utterance.style} (known: {', '.join(STYLES)})")
        if (utterance.style == "border") != bool(utterance.border):
            yield Problem(utterance.place, "the style border and the neighbour in `border` go together")
        elif utterance.border and (utterance.intent, utterance.border) not in neighbours:
            yield Problem(utterance.place, f"{utterance.border} is no neighbour of {utterance.intent} (not_this)")


def check_likeness(content: Content) -> Iterator[Problem]:
    """Utterances that stand twice, or nearly; and wordings of the library that are utterances of another scenario."""
    rows = [_Row(utterance.text, utterance.intent, utterance.place) for utterance in content.utterances]
    for first, second, same in _alike(rows, rows):
        if first.owner == second.owner:
            kind = f"twice under {second.owner}" if same else f"nearly twice under {second.owner}"
        else:
            kind = f"{'' if same else 'nearly '}under {first.owner} ({first.place}) and under {second.owner}"
        other = "" if same else f" (“{first.text}”, line {first.place.line})"
        yield Problem(second.place, f"“{second.text}” stands {kind}{other}")
    wordings = [_Row(text, entry.scenario, place) for entry in content.entries for text, place in entry.wordings]
    for wording, utterance, same in _alike(wordings, rows):
        if same and wording.owner != utterance.owner:
            yield Problem(
                wording.place,
                f"“{wording.text}” asks for {wording.owner}, but is an utterance of {utterance.owner} "
                f"at {utterance.place}",
            )


def check_asked(content: Content) -> Iterator[Problem]:
    """Labels of utterances (faq_index/asked/) that name no utterance, or an entry of another scenario."""
    scenario_of = {entry.id: entry.scenario for entry in content.entries}
    known = {(utterance.intent, utterance.text) for utterance in content.utterances}
    seen: dict[tuple[str, str], Place] = {}
    for asked in content.asked:
        key = asked.scenario, asked.text
        if key not in known:
            yield Problem(asked.place, f"“{asked.text}” is no utterance of {asked.scenario} in data/nlu/")
        if key in seen:
            yield Problem(asked.place, f"“{asked.text}” stands already at {seen[key]}")
        seen.setdefault(key, asked.place)
        for entry in asked.entries:
            if scenario_of.get(entry) != asked.scenario:
                yield Problem(asked.place, f"{entry} is no entry of {asked.scenario}")


def check_amounts(content: Content, targets: Targets) -> Iterator[Problem]:
    """Scenarios and intents with too few examples or entries."""
    by_intent: dict[str, list[Utterance]] = {}
    for utterance in content.utterances:
        by_intent.setdefault(utterance.intent, []).append(utterance)
    entries = Counter(entry.scenario for entry in content.entries if len(entry.similar) >= targets.similar)
    for scenario in content.scenarios:
        found = by_intent.get(scenario.id, [])
        yield from _too_few(scenario.place, f"{scenario.id} has", len(found), targets.utterances, "utterances")
        yield from _too_few_of_a_kind(scenario, found, targets)
        if entries[scenario.id] < targets.entries:
            yield Problem(
                scenario.place,
                f"{scenario.id} has {entries[scenario.id]} of {targets.entries} entries with {targets.similar} "
                "similar questions",
            )
        if not any(entry.scenario == scenario.id and entry.is_lasting for entry in content.entries):
            yield Problem(
                scenario.place, f"{scenario.id} has no entry that holds at any time (without valid_from/until)"
            )
    place = Place(DOMAIN.as_posix(), 1)
    for intent in content.intents:
        if intent not in content.scenario_ids | DECIDED_INTENTS:
            wanted = targets.out_of_scope if intent == OUT_OF_SCOPE else targets.utterances_per_act
            yield from _too_few(place, f"intent {intent} has", len(by_intent.get(intent, [])), wanted, "utterances")
    english = sum(entry.english is not None for entry in content.entries)
    yield from _too_few(Place("faq_index/library", 1), "the library has", english, targets.english, "English entries")


@dataclass(frozen=True)
class _Row:
    text: str
    owner: str
    place: Place


def _alike(rows: list[_Row], others: list[_Row]) -> Iterator[tuple[_Row, _Row, bool]]:
    """Pairs of one of `rows` and one of `others` (each pair once when they are the same list), and whether they are
    the same but for punctuation.
    """
    keys = [likeness.bare(row.text) for row in rows]
    if rows is others:
        for pair in likeness.within(keys, SAME_UTTERANCE):
            yield rows[pair.first], rows[pair.second], keys[pair.first] == keys[pair.second]
        return
    other_keys = [likeness.bare(row.text) for row in others]
    for pair in likeness.between(keys, other_keys, 1.0):
        yield rows[pair.first], others[pair.second], keys[pair.first] == other_keys[pair.second]


def _too_few_of_a_kind(scenario: Scenario, found: list[Utterance], targets: Targets) -> Iterator[Problem]:
    styles = Counter(utterance.style for utterance in found)
    for style in STYLES:
        if style != "border":
            kind = f"utterances of the style {style}"
            yield from _too_few(scenario.place, f"{scenario.id} has", styles[style], targets.utterances_per_style, kind)
    borders = Counter(utterance.border for utterance in found)
    for neighbour in dict.fromkeys(border.scenario for border in scenario.not_this):
        kind = f"utterances at its border to {neighbour}"
        yield from _too_few(
            scenario.place, f"{scenario.id} has", borders[neighbour], targets.utterances_per_border, kind
        )


def _too_few(place: Place, whose: str, found: int, wanted: int, what: str) -> Iterator[Problem]:
    if found < wanted:
        yield Problem(place, f"{whose} {found} {what} of {wanted}")
