"""How long one message takes: our encoder beside a transformer of MiniLM's shape, in the same run.

No weights can be downloaded here, and time does not depend on them: the transformer has random ones, and a vocabulary of
the characters it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from evals.document import Cell, Section, Table
from evals.figures import Rows, estimate
from evals.runs import Run

_TEXTS = 100
#: Texts that are read before the clock is started.
_WARM = 5
#: paraphrase-multilingual-MiniLM-L12 cut to six layers, as in all-MiniLM-L6-v2 (Wang et al. 2020).
_SHAPE = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

Encode = Callable[[str], object]


def section(run: Run) -> Section:
    """The chapter on speed; a bench of the whole turn is `python -m bench`."""
    texts = [read.item.text for read in run.asked[: _TEXTS + _WARM]]
    ours, minilm, whole = _milliseconds(texts, (run.bot.encode, minilm_encoder(texts), run.bot))

    def median(rows: Rows, taken: Sequence[float]) -> float:
        return float(np.median(np.asarray(taken)[rows]))

    def ratio(rows: Rows) -> float:
        return median(rows, minilm) / median(rows, ours)

    rows: list[tuple[Cell, ...]] = [
        ("our encoder, from the typed text, ms", estimate(lambda rows: median(rows, ours), len(ours))),
        ("transformer of MiniLM's shape, ms", estimate(lambda rows: median(rows, minilm), len(minilm))),
        ("how many times longer that is", estimate(ratio, len(ours))),
        ("our whole understanding, without Rasa, ms", estimate(lambda rows: median(rows, whole), len(whole))),
    ]
    if run.stock is not None:
        rows.append(("stock Rasa's parse, in another run, ms", f"{run.stock.parse_p50_ms:.3f}"))
    note = (
        f"Medians of {len(ours)} messages, one at a time, in turns; one thread each; the transformer has six "
        "layers of 384 and random weights."
    )
    return Section("speed", "speed of a single message", [Table("", ("what", "p50"), rows, note)])


def minilm_encoder(texts: Sequence[str]) -> Encode:
    """A sentence-transformers model of MiniLM's shape, as one would use it. Imports torch."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer
    from transformers.utils import logging

    quiet: Any = logging.disable_progress_bar  # it, a configuration and a model have no types
    quiet()
    torch.set_num_threads(1)  # as ours has
    with TemporaryDirectory() as name:
        folder = Path(name)
        characters = sorted({char for text in texts for char in text.lower() if not char.isspace()})
        (folder / "vocab.txt").write_text("\n".join([*_SPECIAL, *characters]), encoding="utf-8")
        tokenizer = BertTokenizer(str(folder / "vocab.txt"))
        tokenizer.save_pretrained(name)
        config: Any = BertConfig
        bert: Any = BertModel
        bert(config(vocab_size=len(tokenizer), **_SHAPE)).save_pretrained(name)
        transformer = Transformer(name)
    model = SentenceTransformer(modules=[transformer, Pooling(_SHAPE["hidden_size"])], device="cpu")
    return lambda text: model.encode([text], normalize_embeddings=True, show_progress_bar=False)


def _milliseconds(texts: Sequence[str], methods: Sequence[Encode]) -> list[list[float]]:
    """What each method takes for each text but the first ones; they take turns, so that a busy machine slows all alike."""
    taken: list[list[float]] = [[] for _ in methods]
    for text in texts:
        for method, times in zip(methods, taken):
            start = perf_counter()
            method(text)
            times.append(1000 * (perf_counter() - start))
    return [times[_WARM:] if len(times) > _WARM else times for times in taken]
