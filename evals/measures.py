"""Everything that is measured on one part of the held-out sets, chapter by chapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from common.held_out import SETS
from evals import decisions, faq, reliability, scenarios, speed, tone, traffic
from evals.document import Listing, Section, goals_section
from evals.runs import Run, has_set

#: What `quality` prints: what a change of content or code is judged by.
QUALITY: tuple[Callable[[Run], Section], ...] = (scenarios.section, decisions.section, faq.section, tone.section)
_ELSEWHERE = (("a turn ≥ 10× faster than stock Rasa's, memory per worker", "python -m bench"),)


def chapters(run: Run) -> Iterator[Section]:
    """All chapters; the goals come last, when there are figures to set beside them."""
    made = []
    for measure in _CHAPTERS:
        section = measure(run)
        made.append(section)
        yield section
    yield goals_section(made, _ELSEWHERE)


def _entities(run: Run) -> Section:
    from evals import entities  # imports spaCy

    return _from_lines(run, "entities", entities.report(run.root, run.part))


def _context(run: Run) -> Section:
    from evals import context

    return _from_lines(run, "context", context.report(run.root, run.part))


def _english(run: Run) -> Section:
    from evals import english

    if not has_set(run.root, english.NAME, run.part):
        return Section(english.NAME, "English", [f"There is no set {SETS}/{english.NAME}.{run.part}.jsonl."])
    return english.section(run.root, run.part, run.bot)


def _from_lines(run: Run, name: str, lines: Iterator[str]) -> Section:
    if not has_set(run.root, name, run.part):
        return Section(name, name, [f"There is no set {SETS}/{name}.{run.part}.jsonl."])
    return Section(name, name, [Listing("", "\n".join(lines).split("\n"))])


_CHAPTERS: tuple[Callable[[Run], Section], ...] = (
    scenarios.section,
    decisions.section,
    reliability.section,
    traffic.section,
    faq.section,
    _english,
    tone.section,
    _entities,
    _context,
    speed.section,
)
