"""What becomes of messages: answered straight away, asked back, let go; and what is out of scope."""

from __future__ import annotations

from collections.abc import Sequence

from bot.logic.decision import Decision
from evals.document import Cell, Goal, Section, Table
from evals.figures import Share, share
from evals.runs import THREE, Read, Run
from evals.scenarios import OURS, STOCK


def section(run: Run) -> Section:
    """The chapter on decisions."""
    questions = [_ours(run)]
    guesses, strange = run.stock_guesses(run.asked), run.stock_guesses(run.foreign)
    if guesses is not None and strange is not None:
        answered = [(read, guess) for read, guess in zip(run.asked, guesses) if not guess.is_away]
        right = [guess.intent in read.labels for read, guess in answered]
        wrong = [False for guess in strange if not guess.is_away]
        lost = share([guess.is_away for guess in guesses])
        said = share([not guess.is_away for guess in guesses])
        questions.append((STOCK, said, share(right), share(right + wrong), None, None, lost))
    columns = (
        "method",
        "answered straight away",
        "of these right",
        "right, answers to texts out of scope counted",
        "asked back",
        "right one offered",
        "lost",
    )
    caught = [read.is_away for read in run.foreign]
    goals = [
        Goal("right where it answers straight away", 0.97, _share(questions[0][2])),
        Goal("the same, answers to texts out of scope counted", 0.97, _share(questions[0][3])),
        Goal("out of scope recognised", 0.90, share(caught) if caught else None),
        Goal("real questions not lost", 0.95, share([not read.is_away for read in run.asked])),
    ]
    stock_caught = [guess.is_away for guess in strange] if strange is not None else None
    blocks = [
        Table("real questions", columns, questions, "Handing over at once counts as an answer."),
        _out_of_scope(run.foreign, caught, stock_caught),
        _acts(run.acts),
    ]
    return Section("decisions", "decisions: answer, ask back or let go", blocks, goals)


def _ours(run: Run) -> tuple[Cell, ...]:
    answered = [read for read in run.asked if read.is_answered]
    clarified = [read for read in run.asked if read.found.decision is Decision.CLARIFY]
    right = [read.is_right for read in answered]
    wrong = [False for read in run.foreign if read.is_answered]
    offered = [bool({*read.found.scenarios[:THREE]} & {*read.labels}) for read in clarified]
    return (
        OURS,
        share([read.is_answered for read in run.asked]),
        share(right),
        share(right + wrong),
        share([read.found.decision is Decision.CLARIFY for read in run.asked]),
        share(offered),
        share([read.is_away for read in run.asked]),
    )


def _out_of_scope(foreign: Sequence[Read], ours: Sequence[bool], stock: Sequence[bool] | None) -> Table:
    methods = [ours] if stock is None else [ours, stock]
    rows: list[tuple[Cell, ...]] = [("all", *(share(hits) for hits in methods))]
    for kind in sorted({read.item.fields["kind"] for read in foreign}):
        places = [place for place, read in enumerate(foreign) if read.item.fields["kind"] == kind]
        rows.append((kind, *(share([hits[place] for place in places]) for hits in methods)))
    missed = next((read.item.text for read in foreign if not read.is_away), "")
    note = f"Missed, for example: “{missed}”" if missed else ""
    return Table("out of scope, recognised", ("kind", OURS, STOCK)[: 1 + len(methods)], rows, note)


def _acts(acts: Sequence[Read]) -> Table:
    """Dialogue acts: greetings, thanks and the like."""
    right = [read.found.intent in read.labels for read in acts]
    rows: list[tuple[Cell, ...]] = [("all", share(right))]
    for act in sorted({read.labels[0] for read in acts}):
        rows.append((act, share([hit for read, hit in zip(acts, right) if read.labels[0] == act])))
    return Table("dialogue acts", ("act", "right"), rows)


def _share(cell: Cell) -> Share | None:
    return cell if isinstance(cell, Share) else None
