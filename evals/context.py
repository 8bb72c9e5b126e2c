"""How well messages are understood in their conversation: follow-ups, new topics, corrections, two questions in one message.

Beside each share stands what the same release makes of the text alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.logic.context import Candidate, Interpretation, Kind, LastAnswer, Marks, Reading, interpret
from bot.logic.decision import Decision, Ranked
from common.content import LEXICON
from common.held_out import SETS, HeldOutText, load_held_out
from evals.figures import share
from evals.quality import Bot
from evals.runs import NoSet

KINDS = ("follow_up", "new_topic", "correction", "two_questions", "one_long")
_WRONG_SHOWN = 12


class BotReader:
    """The release's parts as the reader that bot.logic.context wants."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def __call__(self, text: str) -> Reading:
        found = self._bot(text)
        likely = {item.name: item.confidence for item in found.ranking}
        sure = found.sure if found.decision is Decision.ANSWER else likely.get(found.intent, 0.0)
        return Reading(
            found.decision,
            Ranked(found.intent, sure),
            [Ranked(name, likely.get(name, 0.0)) for name in found.scenarios],
            self._candidates(found.entries, found.sure),
        )

    def within(self, text: str, scenario: str) -> list[Candidate]:
        """All entries of a scenario, the best for the text first."""
        index, vector = self._bot.index, self._bot.encode(text)
        hits = index.search(self._bot.analyse(text), vector, {scenario: 1.0}, len(index.library)).hits
        return [Candidate(hit.id, hit.scenario, hit.question, hit.score) for hit in hits if hit.scenario == scenario]

    def _candidates(self, ids: list[str], sure: float) -> list[Candidate]:
        """The entries without their scores, which `Bot` does not tell; only that of the same question counts."""
        entries = [self._bot.index.library.entry(id) for id in ids]
        return [Candidate(entry.id, entry.scenario, entry.question, float(sure == 1.0)) for entry in entries]


@dataclass(frozen=True)
class Case:
    """A text of the set, with what it comes to in its conversation and alone."""

    item: HeldOutText
    found: Interpretation
    alone: Interpretation

    @property
    def kind(self) -> str:
        """What the set says it is."""
        return str(self.item.fields["kind"])


def report(root: Path, part: str) -> Iterator[str]:
    """The lines of the report on one part of the set."""
    path = SETS / f"context.{part}.jsonl"
    if not (root / path).exists():
        raise NoSet(f"there is no set {path}")
    bot = Bot(root)
    reader, marks = BotReader(bot), Marks(root / LEXICON)
    cases = [_case(item, reader, marks) for item in load_held_out(root, path, [])]
    yield f"release {bot.name}, {part} set; 95 % intervals by bootstrap"
    for kind in KINDS:
        chosen = [case for case in cases if case.kind == kind]
        right = share([is_right(case.item, case.found) for case in chosen])
        yield f"  {kind:16} right {right}   alone {share([is_right(case.item, case.alone) for case in chosen])}"
    yield "\nwrong"
    wrong = [case for case in cases if not is_right(case.item, case.found)]
    for case in wrong[:: max(len(wrong) // _WRONG_SHOWN, 1)][:_WRONG_SHOWN]:
        yield f"  {case.kind:14} {case.found.kind.value:14} {' + '.join(_seen(case.found))} for “{case.item.text}”"


def is_right(item: HeldOutText, found: Interpretation) -> bool:
    """Whether a text was understood: both scenarios of two, one of one, else the scenario and the entry."""
    scenarios, entries = item.fields["scenarios"], item.fields["entries"]
    seen = _seen(found)
    if item.fields["kind"] == "two_questions":
        return set(seen) == set(scenarios)
    if item.fields["kind"] == "one_long":
        return len(seen) == 1 and seen[0] in scenarios
    first = found.reading.entries[0].id if found.reading.entries else ""
    return found.reading.top in scenarios and first in entries


def _case(item: HeldOutText, reader: BotReader, marks: Marks) -> Case:
    fields = item.fields
    last = LastAnswer(fields["last_scenario"], fields["last_entry"]) if fields["last_scenario"] else None
    alone = Interpretation(Kind.PLAIN, reader(item.text))
    return Case(item, interpret(item.text, last, reader, marks), alone)


def _seen(found: Interpretation) -> list[str]:
    return [found.reading.top, *([found.also.scenario] if found.also else [])]
