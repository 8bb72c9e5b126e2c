"""`python -m bench.index [--entries N]`: whether the FAQ index still answers when the library is large.

The library is made of the real one's questions with marks of their own, encoded by the release in use. FAISS's
inverted file is compared with an exact search over the same vectors.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import faiss
import numpy as np
from threadpoolctl import threadpool_limits

from bot.release import load_release
from common.content import load_utterances
from common.settings import ROOT
from faq_index.analysis import Analyser
from faq_index.encoder import Encoder, load_encoder, vectors_of
from faq_index.index import FaqIndex, searchable
from faq_index.library import Entry, Library

_SEARCHES = 200


def enlarged(entries: Sequence[Entry], size: int) -> Library:
    """A library of `size` entries: each of `entries` again and again, its question with another mark each time."""
    return Library(islice(_marked(entries), size))


def _marked(entries: Sequence[Entry]) -> Iterator[Entry]:
    for turn in count():
        for entry in entries:
            question = f"{entry.question}（第{turn}号服）"
            yield replace(entry, id=f"{entry.id}_{turn}", question=question, similar=(), english=None)


def recall(
    encoder: Encoder, analyser: Analyser, texts: Sequence[str], asked: Sequence[str], nearest: int = 10
) -> float:
    """The share of the `nearest` vectors of `texts` to each of `asked` that the inverted file finds too."""
    rows = vectors_of(encoder, [analyser(text) for text in texts])
    exact = faiss.IndexFlatIP(rows.shape[1])
    exact.add(rows)
    queries = vectors_of(encoder, [analyser(text) for text in asked])
    wanted, found = (index.search(queries, nearest)[1] for index in (exact, searchable(rows)))
    return float(np.mean([len({*one} & {*other}) / nearest for one, other in zip(wanted, found)]))


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--entries", type=int, default=100_000)
    size = options.parse_args().entries
    release = load_release(ROOT)
    folder = ROOT / release.manifest.encoder
    encoder, analyser = load_encoder(folder), Analyser.load(folder / "lexicon")
    asked = [utterance.text for utterance in load_utterances(Path(ROOT), [])][::97][:_SEARCHES]
    library = enlarged(Library.load(release.library).entries(), size)
    started = time.perf_counter()
    index = FaqIndex.build(library, encoder, analyser)
    print(f"{len(library)} entries: built in {time.perf_counter() - started:.0f} s", flush=True)
    share = recall(encoder, analyser, [entry.question for entry in library.entries()], asked)
    print(f"recall of the inverted file among the nearest ten: {share:.1%}")
    threadpool_limits(1)
    took = []
    for text in asked:
        analysis = analyser(text)
        vector = vectors_of(encoder, [analysis])
        started = time.perf_counter()
        index.search(analysis, vector, {})
        took.append(1000 * (time.perf_counter() - started))
    print(f"a search, one thread: p50 {statistics.median(took):.1f} ms, p95 {np.quantile(took, 0.95):.1f} ms")


if __name__ == "__main__":
    main()
