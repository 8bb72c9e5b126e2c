"""The content check: everything an operator can get wrong, with file and line, before it is trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from common.content import DOMAIN, SCENARIOS, Content, load_content
from common.held_out import load_all_held_out
from common.labelled import EMOTION_TEXTS, EMOTIONS, FRAUD_TEXTS, RISKS, LabelledText, load_labelled
from common.targets import Targets, load_targets
from common.yaml_items import Place, Problem
from faq_index.entry_checks import check_entries, check_wordings
from faq_index.held_out_checks import check_held_out
from faq_index.lexicon_checks import check_lexicons
from faq_index.utterance_checks import check_amounts, check_asked, check_likeness, check_utterances


def check_content(root: Path) -> tuple[Content, list[Problem]]:
    """The content under `root`, and everything that is wrong with it, in the order of the files."""
    content = load_content(root)
    problems = content.problems
    targets = load_targets(root, problems)
    emotions = load_labelled(root, EMOTION_TEXTS, EMOTIONS, problems)
    frauds = load_labelled(root, FRAUD_TEXTS, RISKS, problems)
    held_out = load_all_held_out(root, problems)
    found = list(problems)
    found += _scenarios(content)
    found += check_entries(content, targets, datetime.now(timezone.utc).date())
    found += check_wordings(content)
    found += check_utterances(content)
    found += check_likeness(content)
    found += check_asked(content)
    found += check_amounts(content, targets)
    found += check_lexicons(root, targets)
    found += _tone(emotions, frauds, targets)
    found += check_held_out(held_out, content, [*emotions, *frauds])
    return content, sorted(set(found))


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
    if not content.scenarios:
        yield Problem(Place(SCENARIOS.as_posix(), 1), "no scenarios")


def _tone(emotions: list[LabelledText], frauds: list[LabelledText], targets: Targets) -> Iterator[Problem]:
    felt = Counter(item.label for item in emotions)
    sides = Counter("a look-alike" if item.label == "none" else "fraud" for item in frauds)
    for label in EMOTIONS:
        if felt[label] < targets.per_emotion:
            yield Problem(
                Place(EMOTION_TEXTS.as_posix(), 1), f"{felt[label]} texts of {targets.per_emotion} are {label}"
            )
    for side in ("fraud", "a look-alike"):
        if sides[side] < targets.per_fraud_side:
            yield Problem(
                Place(FRAUD_TEXTS.as_posix(), 1), f"{sides[side]} texts of {targets.per_fraud_side} are {side}"
            )
