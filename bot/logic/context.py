"""A message in its conversation: a follow-up is understood with the last answer, a correction without what it denies, and
two questions are both seen.

Pure, over a reader of single texts. A text is read again only where the first reading leaves something open, so a plain
message that is answered straight away costs one reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Protocol

from bot.logic.decision import CLARIFY, Decision, Ranked
from common.text import Aliases, normalise
from faq_index.lexicon import ALIASES, read_rows

TURNS = "turns.tsv"
#: Under this name a message says, in its metadata, which scenario's entries alone are wanted.
WITHIN = "within"
#: The dialogue act of “it still doesn't work”.
UNSOLVED = "unsolved"

# _STANDS_OUT, _SHORT and _BOTH_SURE were swept on evals/sets/context.tuning.jsonl, beside texts of scenarios.tuning.jsonl,
# which stand for themselves; the others were set by looking at the same texts.
#: An entry with this share of what all entries of the last scenario score is what a follow-up asks for: with 0.5
#: 50 of 60 follow-ups come to the right entry, and 3 of 600 texts about something else are taken for one.
_STANDS_OUT = 0.5
#: A follow-up has at most so many letters, and with a word that carries on at most so many.
_SHORT, _CARRYING_ON = 10, 18
#: Both parts of a text that no word joins are two questions if they are answered with this confidence: then 5 of
#: 600 single questions fall apart, with 0.93 it is 9, with 0.9 it is 12.
_BOTH_SURE = 0.95
#: A text with more cuts than this tells a story.
_MOST_CUTS = 4
#: A part with fewer letters is no question.
_LEAST_PART = 3
#: A text with more letters is a story, whatever it denies.
_LONGEST_CORRECTION = 30
#: What is left when the denied scenario is gone is answered with this share of the rest.
_CLEAR = 0.8

_CUTS = re.compile(r"[\s,，。.;；?？!！、+…~]+")


class Kind(str, Enum):
    """How a message stands to the conversation."""

    PLAIN = "plain"  # it stands for itself
    FOLLOW_UP = "follow_up"  # it asks on about the last answer
    CORRECTION = "correction"  # it denies what the bot took it to be
    TWO_QUESTIONS = "two_questions"  # two scenarios, one after the other


@dataclass(frozen=True)
class LastAnswer:
    """What the bot answered last."""

    scenario: str
    #: The entry's id; empty when only the scenario is known.
    entry: str = ""


@dataclass(frozen=True)
class Candidate:
    """An FAQ entry that may answer."""

    id: str
    scenario: str
    question: str
    #: 0..1; 1: the text is one of its wordings
    score: float


@dataclass(frozen=True)
class Reading:
    """What a text by itself is understood as."""

    decision: Decision
    #: With the decision ANSWER a scenario and the chance that it is right.
    intent: Ranked
    #: Best first.
    scenarios: Sequence[Ranked]
    entries: Sequence[Candidate]

    @property
    def top(self) -> str:
        """The likeliest scenario."""
        return self.scenarios[0].name if self.scenarios else ""

    @property
    def is_same_question(self) -> bool:
        """Whether the text is a wording of the library."""
        return bool(self.entries) and self.entries[0].score == 1.0


class Reader(Protocol):
    """Understands single texts."""

    def __call__(self, text: str) -> Reading:
        """What a text is by itself."""

    def within(self, text: str, scenario: str) -> Sequence[Candidate]:
        """All entries of a scenario, the best for the text first."""


@dataclass(frozen=True)
class Interpretation:
    """What a message comes to."""

    kind: Kind
    reading: Reading
    #: The answer to the second of two questions.
    also: Candidate | None = None


class Marks:
    """The words of data/lexicon/turns.tsv."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the lexicon."""
        rows = {kind: re.compile("|".join(expressions)) for kind, *expressions in read_rows(folder / TURNS)}
        self._aliases = Aliases.read(folder / ALIASES)
        self._carries_on, self._turns_away = rows["carries_on"], rows["turns_away"]
        self._joins, self._denied, self._denies_within = rows["joins"], rows["denied"], rows["denies_within"]

    def may_follow(self, text: str) -> bool:
        """Whether a text is short enough for a follow-up, and does not turn to something else."""
        normal = self._normal(text)
        most = _CARRYING_ON if self.carries_on(text) else _SHORT
        return 0 < _letters(normal) <= most and not self._turns_away.search(normal)

    def carries_on(self, text: str) -> bool:
        """Whether a text begins or ends as one does that carries on."""
        return bool(self._carries_on.search(self._normal(text)))

    def splits(self, text: str) -> Iterator[tuple[str, str, bool]]:
        """The ways to cut a text in two, and whether a word joins the parts there."""
        normal = normalise(text, self._aliases)
        joined = [normal.offsets[found.start()] for found in self._joins.finditer(normal.text)]
        cuts = [found.span() for found in _CUTS.finditer(text)]
        spans = [(start, end, any(start <= at <= end for at in joined)) for start, end in cuts]
        spans += [(at, at, True) for at in joined if not any(start <= at <= end for start, end in cuts)]
        parts = [(text[:start], text[end:], marked) for start, end, marked in spans]
        parts = [part for part in parts if min(_letters(part[0]), _letters(part[1])) >= _LEAST_PART]
        few = len(parts) <= _MOST_CUTS
        return (part for part in parts if few or part[2])

    def meant(self, text: str) -> str | None:
        """What is left of a correction without what it denies; None when it denies nothing, or all, or tells a story."""
        if _letters(text) > _LONGEST_CORRECTION:
            return None
        clauses = [clause for clause in _CUTS.split(text) if clause]
        clauses = [part for clause in clauses for part in self._cut_denial(clause)]
        meant = [clause for clause in clauses if not self._denied.search(self._normal(clause))]
        return "，".join(meant) if meant and len(meant) < len(clauses) else None

    def _cut_denial(self, clause: str) -> list[str]:
        normal = normalise(clause, self._aliases)
        found = self._denies_within.search(normal.text)
        if found is None:
            return [clause]
        at = normal.offsets[found.start()]
        return [clause[:at], clause[at:]]

    def _normal(self, text: str) -> str:
        return normalise(text, self._aliases).text


def interpret(text: str, last: LastAnswer | None, reader: Reader, marks: Marks) -> Interpretation:
    """What a message comes to after the `last` answer, if there was one."""
    plain = reader(text)
    if plain.is_same_question:
        return Interpretation(Kind.PLAIN, plain)
    return (
        (last and _correction(text, plain, last, reader, marks))
        or _two_questions(text, plain, reader, marks)
        or (last and _follow_up(text, plain, last, reader, marks))
        or Interpretation(Kind.PLAIN, plain)
    )


def _correction(text: str, plain: Reading, last: LastAnswer, reader: Reader, marks: Marks) -> Interpretation | None:
    """The reading of what is meant: without the last scenario, or just that one; None when it changes nothing."""
    meant = marks.meant(text)
    if meant is None:
        return None
    alone = reader(meant)
    answers = [reading for reading in (plain, alone) if reading.decision is Decision.ANSWER]
    if not answers and last.scenario in (alone.top, plain.top):
        return None
    # Where both are sure of the same scenario, the whole text says more of the entry.
    reading = answers[0] if len({answer.top for answer in answers}) == 1 else alone
    if alone.decision is Decision.ANSWER and alone.top == last.scenario != plain.top:
        return Interpretation(
            Kind.CORRECTION, alone
        )  # what is denied is something else: the last answer was on its way
    if reading.decision not in (Decision.ANSWER, Decision.CLARIFY) or reading.top == last.scenario:
        return None
    return Interpretation(Kind.CORRECTION, _without(reading, last.scenario))


def _without(reading: Reading, scenario: str) -> Reading:
    """A reading in which a scenario is denied."""
    scenarios = [item for item in reading.scenarios if item.name != scenario]
    entries = [item for item in reading.entries if item.scenario != scenario]
    left = replace(reading, scenarios=scenarios, entries=entries)
    share = scenarios[0].confidence / max(sum(item.confidence for item in scenarios), 1e-9) if scenarios else 0.0
    if reading.decision is Decision.CLARIFY and share >= _CLEAR:
        return replace(left, decision=Decision.ANSWER, intent=Ranked(scenarios[0].name, share))
    return left


def _two_questions(text: str, plain: Reading, reader: Reader, marks: Marks) -> Interpretation | None:
    """Both questions, cut where the less certain one is most certain; None when it is one, or a story."""
    if plain.decision in (Decision.HANDOFF, Decision.SMALLTALK):
        return None
    best: Interpretation | None = None
    surest = 0.0
    for first, second, joined in marks.splits(text):
        if not joined and plain.decision is Decision.ANSWER:
            continue
        one = reader(first)
        if one.decision is not Decision.ANSWER:
            continue
        two = reader(second)
        sure = min(one.intent.confidence, two.intent.confidence)
        if two.decision is not Decision.ANSWER or one.top == two.top or sure <= surest:
            continue
        answer = next((item for item in two.entries if item.scenario == two.top), None)
        if answer is not None and (joined or sure >= _BOTH_SURE):
            best, surest = Interpretation(Kind.TWO_QUESTIONS, one, answer), sure
    return best


def _follow_up(text: str, plain: Reading, last: LastAnswer, reader: Reader, marks: Marks) -> Interpretation | None:
    """The last scenario, with its entries ranked by the text alone; None when the text stands for itself."""
    if plain.decision is Decision.SMALLTALK and plain.intent.name == UNSOLVED:
        others = [item for item in reader.within(text, last.scenario) if item.id != last.entry]
        return Interpretation(Kind.FOLLOW_UP, _about(last.scenario, plain, others))
    if plain.decision not in (Decision.CLARIFY, Decision.FALLBACK):
        return None
    likeliest = plain.decision is Decision.CLARIFY and plain.top == last.scenario
    if not likeliest and not marks.may_follow(text):
        return None
    entries = reader.within(text, last.scenario)
    share = entries[0].score / max(sum(item.score for item in entries), 1e-9) if entries else 0.0
    if share >= _STANDS_OUT or (likeliest and entries):
        intent = Ranked(last.scenario, max(share, plain.scenarios[0].confidence if likeliest else 0.0))
        found = replace(plain, decision=Decision.ANSWER, intent=intent)
    elif entries and plain.decision is Decision.CLARIFY and marks.carries_on(text):
        found = replace(plain, intent=Ranked(CLARIFY, plain.intent.confidence))
    else:
        return None
    return Interpretation(Kind.FOLLOW_UP, _about(last.scenario, found, entries))


def _about(scenario: str, reading: Reading, entries: Sequence[Candidate]) -> Reading:
    """A reading with a scenario first, and its entries only."""
    sure = reading.intent.confidence
    others = [Ranked(item.name, item.confidence * (1 - sure)) for item in reading.scenarios if item.name != scenario]
    return replace(reading, scenarios=[Ranked(scenario, sure), *others], entries=entries)


def _letters(text: str) -> int:
    return sum(char.isalnum() for char in text)
