"""Whether the bot knows when it is right: risk–coverage curves and reliability, beside the plain softmax's chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.logic.decision_fitting import bins_of
from evals.document import Cell, Chart, Line, Section, Table
from evals.figures import Rows, calibration_error, estimate
from evals.runs import Read, Run

_PRECISION = 0.97
#: A curve is drawn with about so many points.
_POINTS = 120
#: Fewer answers tell nothing about their errors.
_FEWEST = 20

Floats = NDArray[np.float64]


class Guess(NamedTuple):
    """What a method would answer, and how sure it is of it."""

    answer: str
    sure: float


#: Whatever makes a guess of a text that was read.
Method = Callable[[Read], Guess]


def _by_evidence(read: Read) -> Guess:
    same = read.found.sure == 1.0  # the retriever knows the question word for word: its scenario stands first
    return Guess(read.found.scenarios[0] if same else read.found.ranking[0].name, read.found.sure)


def _by_softmax(read: Read) -> Guess:
    return Guess(read.found.plain.name, read.found.plain.confidence)


METHODS: dict[str, Method] = {"all evidence (ours)": _by_evidence, "softmax alone (baseline)": _by_softmax}


def section(run: Run) -> Section:
    """The chapter on how far the bot's own judgement can be trusted."""
    questions, everything = run.asked, [*run.asked, *run.foreign]
    return Section(
        "reliability",
        "reliability: does it know when it is right",
        [
            _risk_chart("risk–coverage of real questions", questions, run),
            _risk_chart("risk–coverage with texts out of scope, each answer to which is wrong", everything, run),
            _risk_table(questions, everything, run),
            _reliability_chart(everything, run),
            _error_table(everything, run),
        ],
    )


def risks(sure: Floats, right: NDArray[np.bool_]) -> Floats:
    """The share of wrong ones among the k surest, for k = 1, 2 … (El-Yaniv & Wiener 2010)."""
    ordered = ~right[np.argsort(-sure, kind="stable")]
    return np.asarray(np.cumsum(ordered) / np.arange(1, len(ordered) + 1), dtype=float)


def _risk_chart(title: str, reads: Sequence[Read], run: Run) -> Chart:
    lines = []
    for name, method in METHODS.items():
        sure, right = _guesses(reads, method, run)
        curve = risks(sure, right)
        chosen = np.unique(np.linspace(_FEWEST, len(curve), _POINTS, dtype=int)) if len(curve) >= _FEWEST else []
        lines.append(Line(name, [(float(k / len(reads)), float(curve[k - 1])) for k in chosen]))
    answered = [read for read in reads if read.is_answered]
    wrong = sum(not read.is_right for read in answered)
    if answered:
        lines.append(Line("the thresholds in use", [(len(answered) / len(reads), wrong / len(answered))], dotted=True))
    note = "A message whose likeliest class is no scenario is never answered, so a curve may end before 100 %."
    return Chart(title, "answered (coverage)", "of these wrong (risk)", lines, note)


def _risk_table(questions: Sequence[Read], everything: Sequence[Read], run: Run) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for title, reads in (("real questions", questions), ("with texts out of scope", everything)):
        for name, method in METHODS.items():
            sure, right = _guesses(reads, method, run)

            def area(rows: Rows, sure: Floats = sure, right: NDArray[np.bool_] = right) -> float:
                return float(risks(sure[rows], right[rows]).mean())

            def coverage(
                rows: Rows, sure: Floats = sure, right: NDArray[np.bool_] = right, part: float = len(sure) / len(reads)
            ) -> float:
                good = np.flatnonzero(risks(sure[rows], right[rows]) <= 1 - _PRECISION)
                return part * float(good[-1] + 1 if len(good) else 0) / len(rows)

            rows.append((f"{title}, {name}", estimate(area, len(sure)), estimate(coverage, len(sure))))
    columns = ("guess", "mean risk over all coverages", f"answered at a precision of {_PRECISION:.0%}")
    return Table(
        "", columns, rows, "The mean risk is the area under the curve up to its end (Geifman & El-Yaniv 2017)."
    )


def _guesses(reads: Sequence[Read], method: Method, run: Run) -> tuple[Floats, NDArray[np.bool_]]:
    """How sure a method is of each text that it could answer, and whether it is right."""
    known = run.content.scenario_ids
    guesses = [(guess, read.labels) for read in reads if (guess := method(read)).answer in known]
    sure = np.asarray([guess.sure for guess, _ in guesses], dtype=float)
    return sure, np.asarray([guess.answer in labels for guess, labels in guesses], dtype=bool)


def _reliability_chart(reads: Sequence[Read], run: Run) -> Chart:
    lines = []
    for name, method in METHODS.items():
        sure, right = _guesses(reads, method, run)
        bins = bins_of(sure)
        points = [(float(sure[bins == n].mean()), float(right[bins == n].mean())) for n in np.unique(bins)]
        lines.append(Line(name, points, dotted=True))
    return Chart(
        "reliability of the likeliest scenario",
        "how sure it is",
        "how often it is right",
        lines,
        "Ten equal bins; real questions and texts out of scope whose likeliest class is a scenario.",
        ideal=Line("perfect", [(0.0, 0.0), (1.0, 1.0)]),
    )


def _error_table(reads: Sequence[Read], run: Run) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, method in METHODS.items():
        sure, right = _guesses(reads, method, run)
        rows.append((name, calibration_error(sure.tolist(), right.tolist())))
    return Table("", ("guess", "expected calibration error"), rows)
