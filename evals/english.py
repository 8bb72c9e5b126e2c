"""How well questions in English are understood, beside BM25: they have sets of their own, written by one author.

Of the entries only those with an English version count: the others cannot be the answer to an English question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.logic.decision import Decision
from common.content import OUT_OF_SCOPE, Content, load_content
from common.held_out import SETS
from common.language import ENGLISH, language_of
from evals.document import Cell, Section, Table
from evals.figures import share
from evals.plain_text import lines_of
from evals.quality import Bot
from evals.runs import THREE, NoSet, Read, Reader, has_set, items_of
from evals.scenarios import OURS
from faq_index.build import asked_of
from faq_index.lexical import LexicalIndex, count_terms, terms_of

NAME = "english"
BM25 = "BM25"
STYLES = ("plain", "short", "typo", "slang", "mixed", "angry", "long")
_WRONG_SHOWN = 12


@dataclass(frozen=True)
class Guess:
    """What a method makes of a question, best first."""

    scenarios: Sequence[str]
    #: Of the entries with an English version.
    entries: Sequence[str]


def report(root: Path, part: str) -> Iterator[str]:
    """The lines of the report on one part of the set."""
    if not has_set(root, NAME, part):
        raise NoSet(f"there is no set {SETS}/{NAME}.{part}.jsonl")
    bot = Bot(root)
    yield f"release {bot.name}, {part} set; 95 % intervals by bootstrap"
    yield from lines_of(section(root, part, bot))


def section(root: Path, part: str, bot: Reader) -> Section:
    """The chapter on English."""
    content = load_content(root)
    reads = [Read(item, bot(item.text)) for item in items_of(root, NAME, part)]
    spoken = {entry.id for entry in content.entries if entry.english}
    ours = [Guess(read.found.scenarios, [id for id in read.found.entries if id in spoken]) for read in reads]
    methods = {OURS: ours, BM25: bm25(content, bot, [read.item.text for read in reads])}
    foreign = [Read(item, bot(item.text)) for item in items_of(root, OUT_OF_SCOPE, part) if _is_english(item.text)]
    blocks = [_methods(reads, methods, spoken), _decisions(reads, foreign), _styles(reads, methods), _wrong(reads)]
    return Section(NAME, "English, measured separately", blocks)


def bm25(content: Content, bot: Reader, texts: Sequence[str]) -> list[Guess]:
    """Plain BM25 over what the index knows of the entries with an English version: wordings, English answer, and the
    utterances that they answer.
    """
    entries = [entry for entry in content.entries if entry.english]
    asked = asked_of(content)
    rows = []
    for entry in entries:
        answer = entry.english.answer if entry.english else ""
        known = [*(text for text, _ in entry.wordings), answer, *asked.get(entry.id, ())]
        rows.append(count_terms(bot.analyser(text) for text in known))
    index = LexicalIndex.build(rows)
    guesses = []
    for text in texts:
        order = np.argsort(-index.scores(set(terms_of(bot.analyser(text)))), kind="stable")
        scenarios = list(dict.fromkeys(entries[row].scenario for row in order))[:THREE]
        guesses.append(Guess(scenarios, [entries[row].id for row in order[:THREE]]))
    return guesses


def _methods(reads: Sequence[Read], methods: dict[str, list[Guess]], spoken: set[str]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    answerable = [bool(spoken.intersection(read.item.fields["entries"])) for read in reads]
    for name, guesses in methods.items():
        entries = [
            [id in read.item.fields["entries"] for id in guess.entries[:THREE]]
            for read, guess, counts in zip(reads, guesses, answerable)
            if counts
        ]
        rows.append(
            (
                name,
                share(_first(reads, guesses)),
                share([bool({*guess.scenarios[:THREE]} & {*read.labels}) for read, guess in zip(reads, guesses)]),
                share([any(hits[:1]) for hits in entries]),
                share([any(hits) for hits in entries]),
            )
        )
    columns = ("method", "scenario first", "among three", "entry first", "among three")
    return Table("", columns, rows, "Entries: of the questions that an entry with an English version answers.")


def _decisions(reads: Sequence[Read], foreign: Sequence[Read]) -> Table:
    answered = [read for read in reads if read.is_answered]
    clarified = [read for read in reads if read.found.decision is Decision.CLARIFY]
    offered = [bool({*read.found.scenarios[:THREE]} & {*read.labels}) for read in clarified]
    rows: list[tuple[Cell, ...]] = [
        ("answered straight away", share([read.is_answered for read in reads])),
        ("of these right", share([read.is_right for read in answered])),
        ("answered straight away and right", share([read.is_answered and read.is_right for read in reads])),
        ("asked back", share([read.found.decision is Decision.CLARIFY for read in reads])),
        ("of these with the right one offered", share(offered)),
        ("lost", share([read.is_away for read in reads])),
    ]
    if foreign:
        rows.append(("out of scope, recognised", share([read.is_away for read in foreign])))
    return Table("what becomes of them", ("figure", OURS), rows, "Handing over at once counts as an answer.")


def _styles(reads: Sequence[Read], methods: dict[str, list[Guess]]) -> Table:
    hits = {name: _first(reads, guesses) for name, guesses in methods.items()}
    rows: list[tuple[Cell, ...]] = []
    for style in STYLES:
        places = [place for place, read in enumerate(reads) if read.item.fields["style"] == style]
        if places:
            rows.append((style, *(share([hit[place] for place in places]) for hit in hits.values())))
    return Table("scenario first, by style", ("style", *methods), rows)


def _wrong(reads: Sequence[Read]) -> Table:
    wrong = [read for read in reads if not read.is_right or read.is_away]
    rows: list[tuple[Cell, ...]] = [
        (read.labels[0], read.found.scenarios[0], read.found.decision.value, read.item.text)
        for read in wrong[:: max(len(wrong) // _WRONG_SHOWN, 1)][:_WRONG_SHOWN]
    ]
    return Table("wrong or lost", ("right", "taken for", "decision", "text"), rows)


def _first(reads: Sequence[Read], guesses: Sequence[Guess]) -> list[bool]:
    return [guess.scenarios[0] in read.labels for read, guess in zip(reads, guesses)]


def _is_english(text: str) -> bool:
    return language_of(text) == ENGLISH
