"""`python -m handoff.chaos` with a real bot worker: sixty kills, and nothing that was promised is broken."""

from __future__ import annotations

import re
import subprocess
import sys

from common.settings import ROOT

KILLS = 60
SUMMARY = r"chaos: (\d+) kills, seed \d+, (\d+) acknowledged, (\d+) requests, (\d+) violations, \d+ s"


def test_sixty_kills_of_real_processes_break_no_promise() -> None:
    command = [sys.executable, "-m", "handoff.chaos", "--kills", str(KILLS), "--seed", "1"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-4000:]
    summary = re.fullmatch(SUMMARY, run.stdout.splitlines()[-1])
    assert summary, run.stdout[-500:]
    kills, acknowledged, requests, violations = map(int, summary.groups())
    assert (kills, violations) == (KILLS, 0)
    assert acknowledged > 5 * KILLS
    assert requests > 50
    killed = {name: int(times) for name, times in re.findall(r"^  ([a-z]+)(?:-\d)? +(\d+) ", run.stdout, re.MULTILINE)}
    assert {"redis", "gateway", "handoff", "bot"} <= {name for name, times in killed.items() if times}
    assert len(re.findall("kill -9 bot", run.stdout)) <= 5
