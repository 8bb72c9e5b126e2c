"""Emotion and fraud: macro-F1, what is taken for what, missed fraud and false alarms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.logic.tone import Risk, ToneModels
from bot.logic.tone_fitting import fit_tone
from evals.document import Cell, Goal, Section, Table
from evals.figures import macro_f1, share
from evals.runs import Run, items_of


def section(run: Run) -> Section:
    """The chapter on tone. The models are trained here as they are for the release, in a few seconds."""
    title = "tone: emotion and fraud"
    emotions, frauds = items_of(run.root, "tone", run.part), items_of(run.root, "fraud", run.part)
    if not emotions or not frauds:
        return Section("tone", title, [f"There are no sets of tone and fraud for {run.part}."])
    with TemporaryDirectory() as folder:
        fit_tone(run.root, run.bot.analyser, Path(folder))
        models = ToneModels.load(Path(folder))
    felt = [models.emotion_of(run.bot.analyser(item.text)).value for item in emotions]
    seen = [models.risk_of(run.bot.analyser(item.text)).value for item in frauds]
    feelings = [item.fields["emotions"][0] for item in emotions]
    risks = [item.fields["risks"][0] for item in frauds]
    either = share([found in item.fields["emotions"] for item, found in zip(emotions, felt)])
    real = [item.fields["risks"] != [Risk.NONE.value] for item in frauds]
    alarms = [risk != Risk.NONE.value for risk in seen]
    caught = share([alarm for alarm, fraud in zip(alarms, real) if fraud])
    false = share([alarm for alarm, fraud in zip(alarms, real) if not fraud])
    emotion_f1, risk_f1 = macro_f1(feelings, felt), macro_f1(risks, seen)
    rows: list[tuple[Cell, ...]] = [
        ("emotion right", either),
        ("emotion, macro-F1", emotion_f1),
        ("fraud found", caught),
        ("false alarms among harmless look-alikes", false),
        ("kind of fraud, macro-F1", risk_f1),
    ]
    note = "Right is what either reader says; macro-F1 and the tables below take the first label alone."
    blocks = [
        Table("", ("figure", "ours"), rows, note),
        _confusion("emotion", feelings, felt),
        _confusion("fraud", risks, seen),
    ]
    goals = [
        Goal("emotion, macro-F1", 0.85, emotion_f1),
        Goal("kind of fraud, macro-F1", 0.85, risk_f1),
        Goal("fraud found", 0.95, caught),
        Goal("false alarms among look-alikes", 0.02, false, at_most=True),
    ]
    return Section("tone", title, blocks, goals)


def _confusion(what: str, right: Sequence[str], found: Sequence[str]) -> Table:
    counts = Counter(zip(right, found))
    labels = sorted({*right, *found})
    rows: list[tuple[Cell, ...]] = [(label, *(counts[label, other] for other in labels)) for label in labels]
    return Table(f"{what}: the right one in rows, what it is taken for in columns", (what, *labels), rows)
