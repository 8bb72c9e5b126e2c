"""Shows that the proofs of the handoff engine notice planted bugs: `python -m tests.mutations [--only NAME ...] [--suites SUITE ...] [--jobs N]`.

Each bug is planted alone, in a copy of the tree. Exit status 1 when one survives or its text is gone,
2 when a suite fails without any plant.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Optional

from tests.mutations.plants import PLANTS, Plant

ROOT = Path(__file__).parents[2]
NEEDED = ("common", "handoff", "tests", "deploy", "pyproject.toml")
LIMIT_S = 900
EXAMPLES = "200"  # histories without a fault before a stateful suite gives up
SEEN = 140  # characters of a failure that the table shows
HERE = "tests/services/handoff"


@dataclass(frozen=True)
class Suite:
    """Some of the proofs; they are tried in order until one fails."""

    name: str
    arguments: tuple[str, ...]
    path: str  # without this file there is no such suite

    @property
    def exists(self) -> bool:
        """Whether the tree has it."""
        return (ROOT / self.path).exists()


@dataclass(frozen=True)
class Outcome:
    """What became of a plant. `caught_by`: the suite and its test, "" when it survived; `seen`: what went wrong there."""

    plant: Plant
    caught_by: str
    seen: str
    seconds: float


def tests_in(*paths: str, only: str = "") -> tuple[str, ...]:
    """pytest's arguments."""
    return ("-m", "pytest", "-q", "-x", *paths, *(("-k", only) if only else ()))


_STATEFUL = f"{HERE}/test_engine_stateful.py"
_UNIT = ("test_priority.py", "test_routing.py", "test_deadlines.py")
TWIN = Suite("stateful, twin", tests_in(_STATEFUL, only="twin"), _STATEFUL)
REDIS = Suite("stateful, Redis", tests_in(_STATEFUL, only="redis"), _STATEFUL)
OTHERS = (
    Suite("store contract", tests_in(f"{HERE}/test_store_contract.py"), f"{HERE}/test_store_contract.py"),
    Suite("engine contract", tests_in(f"{HERE}/test_engine_contract.py"), f"{HERE}/test_engine_contract.py"),
    Suite("differential", tests_in(f"{HERE}/test_twin.py"), f"{HERE}/test_twin.py"),
    *(Suite(f"unit, {name}", tests_in(f"tests/unit/handoff/{name}"), f"tests/unit/handoff/{name}") for name in _UNIT),
    Suite(
        "simulation",
        ("-m", "handoff.simulate", "--seeds", "3", "--hours", "4", "--players", "400", "--agents", "24"),
        "handoff/simulate.py",
    ),
)


def chosen(names: Sequence[str]) -> list[Suite]:
    """The suites that the tree has, of those named (of all when none is)."""
    return [suite for suite in (TWIN, REDIS, *OTHERS) if suite.exists and (not names or suite.name in names)]


def suites_for(plant: Plant, suites: Sequence[Suite]) -> list[Suite]:
    """Those that could notice it, the likeliest first."""
    other_side = TWIN if plant.file.endswith(".lua") else REDIS
    return [suite for suite in suites if suite is not other_side]


def copied(folder: Path) -> Path:
    """The parts of the tree that the proofs need, in `folder`."""
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    return folder


def planted(plant: Plant, text: str) -> str:
    """The text with the bug.

    Raises:
        ValueError: what is to be replaced is not there exactly once.
    """
    if (times := text.count(plant.old)) != 1:
        raise ValueError(f"{plant.name}: expected its text once in {plant.file}, found it {times} times:\n{plant.old}")
    return text.replace(plant.old, plant.new)


def failure(suite: Suite, tree: Path) -> Optional[tuple[str, str]]:
    """The test of the suite that fails in the tree, and what it saw; None when none does."""
    environ = os.environ | {
        "PROOF_EXAMPLES": EXAMPLES,
        "PROOF_FIXED": "yes",  # the sound engine is held to the same histories, so that a catch is the plant's doing
        "PROOF_SHRINK": "no",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(tree),
        "OMP_NUM_THREADS": "1",
    }
    try:
        ran = subprocess.run(
            [sys.executable, *suite.arguments], cwd=tree, env=environ, capture_output=True, text=True, timeout=LIMIT_S
        )
    except subprocess.TimeoutExpired:
        return suite.name, f"did not end within {LIMIT_S} s"
    if ran.returncode == 0:
        return None
    if "pytest" in suite.arguments and ran.returncode != 1:
        raise RuntimeError(f"{suite.name} could not run:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    test = re.search(r"^(?:FAILED|ERROR) \S+?::(\S+)", ran.stdout, re.MULTILINE)
    seen = re.search(r"^E +(\S.*)$", ran.stdout, re.MULTILINE)
    return (
        f"{suite.name}: {test.group(1)}" if test else suite.name,
        _readable(seen.group(1) if seen else ran.stdout.strip().rpartition("\n")[2]),
    )


def _readable(message: str) -> str:
    """Without the record of the step, with short ids, and short."""
    message = re.sub(r"AssertionError: (?:Act\(name='(\w+)'[^)]*\))?", r"\1", message)
    message = re.sub(r"\b([0-9a-f]{4})[0-9a-f]{20}\b", r"\1", message).replace("|", "/")
    return message if len(message) <= SEEN else f"{message[:SEEN]}..."


def tried(plant: Plant, suites: Sequence[Suite], trees: SimpleQueue[Path]) -> Outcome:
    """Plant it in a free tree and run the proofs until one fails."""
    tree = trees.get()
    file = tree / plant.file
    sound = file.read_text(encoding="utf-8")
    began = time.monotonic()
    try:
        file.write_text(planted(plant, sound), encoding="utf-8")
        for suite in suites_for(plant, suites):
            if found := failure(suite, tree):
                return Outcome(plant, *found, time.monotonic() - began)
        return Outcome(plant, "", "", time.monotonic() - began)
    finally:
        file.write_text(sound, encoding="utf-8")
        trees.put(tree)


def table(outcomes: Sequence[Outcome]) -> str:
    """What became of all plants, as Markdown."""
    rows = ["| plant | file | caught by | what it saw | s |", "| --- | --- | --- | --- | --- |"]
    for one in outcomes:
        caught = one.caught_by or "**survived**"
        rows.append(f"| {one.plant.name} | {one.plant.file} | {caught} | {one.seen} | {one.seconds:.0f} |")
    return "\n".join(rows)


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[plant.name for plant in PLANTS])
    parser.add_argument(
        "--suites", nargs="+", default=[], metavar="SUITE", choices=[suite.name for suite in chosen([])]
    )
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--skip-sound",
        action="store_true",
        help="do not run the proofs without a plant first: then a catch shows nothing by itself",
    )
    options = parser.parse_args(arguments)
    plants = [plant for plant in PLANTS if not options.only or plant.name in options.only]
    suites = chosen(options.suites)
    with tempfile.TemporaryDirectory() as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(options.jobs):
            (Path(folder) / str(number)).mkdir()
            trees.put(copied(Path(folder) / str(number)))
        for plant in plants:  # a text that is gone is told before an hour of proofs, not after
            planted(plant, (ROOT / plant.file).read_text(encoding="utf-8"))
        if not options.skip_sound and (broken := broken_suite(suites, Path(folder) / "0")):
            print(f"the proofs fail without any plant: {broken}", file=sys.stderr)
            return 2
        outcomes = all_tried(plants, suites, trees, options.jobs)
    order = {plant.name: number for number, plant in enumerate(PLANTS)}
    print(table(sorted(outcomes, key=lambda outcome: order[outcome.plant.name])))
    survived = [outcome.plant.name for outcome in outcomes if not outcome.caught_by]
    print(f"\n{len(outcomes) - len(survived)} of {len(outcomes)} planted bugs were caught")
    return 1 if survived else 0


def broken_suite(suites: Sequence[Suite], tree: Path) -> str:
    """The first suite that fails although nothing was planted."""
    for suite in suites:
        if found := failure(suite, tree):
            return ": ".join(found)
    return ""


def all_tried(plants: Sequence[Plant], suites: Sequence[Suite], trees: SimpleQueue[Path], jobs: int) -> list[Outcome]:
    """Every plant's outcome, told as it comes."""
    outcomes = []
    with ThreadPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(tried, plant, suites, trees) for plant in plants]):
            outcomes.append(done.result())
            last = outcomes[-1]
            state = f"caught by {last.caught_by}: {last.seen}" if last.caught_by else "SURVIVED"
            print(f"{len(outcomes)}/{len(plants)} {last.plant.name}: {state}", file=sys.stderr, flush=True)
    return outcomes


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
