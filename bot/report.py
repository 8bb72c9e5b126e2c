"""What `python -m bot.train --report` prints: how good the current release is on texts that were held out."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bot.logic.decision_fitting import Report, Targets
from bot.release import Release
from faq_index.index import FaqIndex

_PARSES = 300


def print_report(release: Release) -> None:
    """Print everything that is measured."""
    print(f"release {release.folder.name}")
    _print_scenarios(Report.load(release.root / release.manifest.policy))
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
