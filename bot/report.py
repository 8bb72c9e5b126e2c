"""What `python -m bot.train --report` prints: how good the current release is on texts that were held out."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.logic.fitting import Report, Targets
from bot.release import Release
from faq_index.analysis import Analyser, Analysis
from faq_index.encoder import load_encoder
from faq_index.index import FaqIndex
from faq_index.lexical import LexicalIndex

_PARSES = 300


def print_report(release: Release) -> None:
    """Print everything that is measured."""
    print(f"release {release.folder.name}")
    _print_scenarios(Report.load(release.root / release.manifest.classifier))
    _print_retrieval(release)
    _print_speed(release)


def _print_scenarios(report: Report) -> None:
    limits = report.thresholds
    source = "of the calibration sets" if report.calibration_sets else "out of fold (near-duplicates kept together)"
    print(f"""
Scenarios, over {report.texts} texts {source}, {report.classes} classes
  right first             {report.top1:6.1%}      among the first three   {report.top3:6.1%}
  answered straight away  {report.answered:6.1%}      of these right          {report.precision:6.1%}   (fitted to {Targets().precision:.0%}; the goal is 97%)
  asked back              {report.clarified:6.1%}      right one offered       {report.clarified_right:6.1%}
  real questions lost     {report.lost:6.1%}      out of scope caught     {report.out_of_scope_caught:6.1%}   (aim 90%)
  wishes for a person     {report.human_right:6.1%}      dialogue acts right     {report.acts_right:6.1%}
  calibration error       {report.expected_calibration_error:6.1%}
  thresholds              answer {limits.answer:.3f}, out of scope {limits.out_of_scope:.3f}, clarify {limits.clarify:.3f}, \
act {limits.act:.3f}, person {limits.human:.3f}""")


def _print_retrieval(release: Release) -> None:
    encoder = load_encoder(release.root / release.manifest.encoder)
    index = FaqIndex.load(release.faq, encoder)
    analyser = Analyser.load(release.root / release.manifest.encoder / "lexicon")
    rows = [
        (number, text)
        for number, entry in enumerate(index.library.entries())
        for text in (entry.question, *entry.similar)
    ]
    owners = np.asarray([number for number, _ in rows])
    analyses = [analyser(text) for _, text in rows]
    vectors = encoder.encode([text for _, text in rows])
    plain = [_without_concepts(analysis) for analysis in analyses]
    words = LexicalIndex.build(plain)
    asked = [number for number, row in enumerate(owners) if number and owners[number - 1] == row]
    truth = owners[asked]
    scenarios = np.asarray([entry.scenario for entry in index.library.entries()])
    print(f"\nFAQ, each of {len(asked)} similar questions left out in turn, {len(scenarios)} entries")
    scorers: dict[str, Callable[[int], NDArray[np.float32]]] = {
        "BM25 alone": lambda number: words.scores(plain[number]),
        "retriever": lambda number: index.row_scores(analyses[number], vectors[number : number + 1]),
    }
    for name, score in scorers.items():
        scores = np.stack([_best_per_entry(score(number), owners, number) for number in asked])
        known = np.where(scenarios[None, :] == scenarios[truth][:, None], scores, -1.0)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :3]
        first, three = np.mean(order[:, 0] == truth), np.mean((order == truth[:, None]).any(axis=1))
        print(
            f"  {name:12} right entry first {first:6.1%}   among the first three {three:6.1%}   "
            f"first of its scenario's {np.mean(known.argmax(axis=1) == truth):6.1%}"
        )


def _without_concepts(analysis: Analysis) -> Analysis:
    return Analysis(analysis.source, analysis.normalised, analysis.words, ())


def _best_per_entry(scores: NDArray[np.float32], owners: NDArray[np.float32], left_out: int) -> NDArray[np.float32]:
    kept = scores.copy()
    kept[left_out] = -1.0
    return np.maximum.reduceat(kept, np.flatnonzero(np.diff(owners, prepend=-1)))


def _print_speed(release: Release) -> None:
    from bot.parse import load_agent, parse

    start = time.perf_counter()
    agent = load_agent(release)
    loaded = time.perf_counter() - start
    texts = [entry.question for entry in FaqIndex.load(release.faq).library.entries()][:_PARSES]
    taken = []
    for text in texts:
        start = time.perf_counter()
        asyncio.run(parse(agent, text + "?"))
        taken.append(1000 * (time.perf_counter() - start))
    memory = _resident_megabytes()
    print(
        f"\nSpeed\n  loading {loaded:.1f} s, a parse p50 {statistics.median(taken):.1f} ms, p95 "
        f"{np.quantile(taken, 0.95):.1f} ms, process {memory:.0f} MB"
    )


def _resident_megabytes() -> float:
    status: Mapping[str, str] = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    )
    return int(status["VmRSS"].split()[0]) / 1024
