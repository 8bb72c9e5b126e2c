"""The decisions' figures under a stated mix of traffic: most messages ask the commonest things.

The mix is that of data/traffic.tsv (common/traffic.py): an assumption, until an operator puts their own counts in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from common.traffic import TRAFFIC, load_traffic
from evals.document import Cell, Section, Table
from evals.figures import share, weighted_share
from evals.runs import Run

_COMMONEST = 20


def section(run: Run) -> Section:
    """The chapter on the mix."""
    weights = load_traffic(run.root, run.content.scenario_ids)
    title = "traffic: the same under an assumed mix of messages"
    if not weights:
        return Section("traffic", title, [f"There is no {TRAFFIC}."])
    heavy = sorted(weights.values(), reverse=True)
    top = sum(heavy[:_COMMONEST]) / sum(heavy)
    note = (
        f"Assumed ({TRAFFIC}): the commonest {_COMMONEST} of {len(heavy)} scenarios make {top:.0%} of the messages. "
        "An operator's own counts belong there."
    )
    columns = ("figure of real questions", "every text counts alike", "as the mix has it")
    return Section("traffic", title, [Table("", columns, _rows(run, weights), note)])


def _rows(run: Run, weights: Mapping[str, float]) -> list[tuple[Cell, ...]]:
    texts = Counter(read.labels[0] for read in run.asked)
    mix = [weights[read.labels[0]] / texts[read.labels[0]] for read in run.asked]
    answered = [read for read in run.asked if read.is_answered]
    heavy = [weight for read, weight in zip(run.asked, mix) if read.is_answered]
    right, said = [read.is_right for read in run.asked], [read.is_answered for read in run.asked]
    good, away = [read.is_right for read in answered], [read.is_away for read in run.asked]
    return [
        ("right scenario first", share(right), weighted_share(right, mix)),
        ("answered straight away", share(said), weighted_share(said, mix)),
        ("right where answered straight away", share(good), weighted_share(good, heavy)),
        ("lost", share(away), weighted_share(away, mix)),
    ]
