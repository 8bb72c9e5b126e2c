"""`python -m bench.complete [--phrases N]`: what a keystroke costs the gateway, how long the tables take, what they hold.

The library is the release's; what it lacks to N phrases is made up of real questions of players, as further wordings that
may be shown. Every question of the development sets is typed keystroke by keystroke, in characters, pinyin and initials.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from bench.stack import resident_mb

if TYPE_CHECKING:
    from suggest.completion import Completer

_SETS = ("tuning", "calibration")
#: Characters and letters of one text that are typed: by then a question is picked or not to be had.
_TYPED = 12


def build(path: Path, size: int) -> None:
    """Write the tables of a library of `size` phrases that may be shown, and print how long they took."""
    from bot.release import load_release
    from common.content import LEXICON, load_asked
    from common.settings import ROOT
    from faq_index.library import Library
    from faq_index.words import cut, load_dictionaries
    from suggest.building import Sources, build_tables

    load_dictionaries(ROOT / LEXICON / "jieba")
    asked: dict[str, list[str]] = {}
    for one in load_asked(ROOT, []):
        asked.setdefault(one.entries[0], []).append(one.text)
    entries = Library.load(load_release(ROOT).library).entries()
    missing = size - sum(len({*entry.wordings}) for entry in entries)
    for number, entry in enumerate(entries):
        known = asked.get(entry.id, [])
        share = -(-missing // (len(entries) - number)) if missing > 0 else 0
        more = [text for text in known if text not in entry.wordings][:share]
        missing -= len(more)
        entries[number] = replace(entry, similar=(*entry.similar, *more))
    sources = Sources(entries, asked, {}, ROOT / LEXICON, cut, path.with_suffix(".pickle"))
    for name in ("from nothing", "once texts are known"):
        started, busy = time.perf_counter(), time.process_time()
        tables = build_tables(sources)
        tables.save(path)
        took = f"{time.perf_counter() - started:.1f} s ({time.process_time() - busy:.1f} s of processor)"
        print(
            f"{len(tables.texts):,} phrases to show, {len(tables.kinds):,} in all: tables {name} in {took}", flush=True
        )


def measure(path: Path) -> None:
    """Print what the tables hold and what keystrokes cost, in a process that does nothing else."""
    from suggest.completion import Completer

    texts = list(keystrokes())
    code = resident_mb(os.getpid())
    started = time.perf_counter()
    completer = Completer.load(path)
    loaded, held = time.perf_counter() - started, resident_mb(os.getpid()) - code
    gc.collect()
    gc.freeze()  # what was read to measure with would be looked through again and again
    print(f"loaded in {loaded:.2f} s")
    first, again = _times(completer, texts), _times(completer, texts)
    print(f"memory: {held:.0f} MB for the tables, {resident_mb(os.getpid()) - code:.0f} MB after all keystrokes")
    print(f"each text for the first time, {len(texts):,} keystrokes: {first}")
    print(f"the same again, from what is remembered: {again}")
    counted = completer.with_popularity({})
    print(f"the same under new counts, nothing ranked yet: {_times(counted, texts)}")
    started = time.perf_counter()
    completer.with_popularity({})
    print(f"new counts: {1000 * (time.perf_counter() - started):.1f} ms")


def hold(path: Path) -> None:
    """Print what a process takes that loads the tables and nothing else of ours."""
    from suggest.completion import Completer

    completer = Completer.load(path)
    completer.complete("z")
    print(f"a fresh process that completes: {resident_mb(os.getpid()):.0f} MB in all, Python and numpy included")


def keystrokes() -> Iterator[str]:
    """What stands in the field after each keystroke."""
    from common.settings import ROOT
    from evals.completion import typed_of
    from evals.runs import items_of

    for part in _SETS:
        questions = [item.text for item in items_of(ROOT, "completion", part)]
        typed = [one.text for one in typed_of(ROOT, part) if one.kind in ("pinyin", "initials")]
        for text in (*questions, *typed):
            yield from (text[:size] for size in range(1, min(len(text), _TYPED) + 1))


def _times(completer: Completer, texts: Sequence[str]) -> str:
    took, busy = [], []
    for text in texts:
        started, before = time.perf_counter(), time.thread_time()
        completer.complete(text)
        busy.append(1000 * (time.thread_time() - before))
        took.append(1000 * (time.perf_counter() - started))
    return f"{_spread(took)} (of processor: {_spread(busy)})"


def _spread(took: Sequence[float]) -> str:
    middle, high, most = np.quantile(took, (0.5, 0.99, 1))
    return f"p50 {middle:.2f} ms, p99 {high:.2f} ms, at most {most:.2f} ms"


def main() -> int:
    """Measure and print; the exit status."""
    options = argparse.ArgumentParser(prog="python -m bench.complete", description=__doc__)
    options.add_argument("--phrases", type=int, default=20_000)
    options.add_argument("--tables", type=Path, help="measure these tables instead of making some")
    options.add_argument("--hold", action="store_true", help="only load them")
    arguments = options.parse_args()
    if arguments.tables:
        (hold if arguments.hold else measure)(arguments.tables)
        return 0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "completion.npz"
        build(path, arguments.phrases)
        command = [sys.executable, "-m", "bench.complete", "--tables", str(path)]
        return max(subprocess.run([*command, *more], check=False).returncode for more in ([], ["--hold"]))


if __name__ == "__main__":
    raise SystemExit(main())
