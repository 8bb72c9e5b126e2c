"""Contrastive training of the static encoder: what is answered alike comes close together, all else apart.

The loss of a batch is made of two parts, over the same vectors:

- symmetric in-batch ranking (MultipleNegativesRankingLoss of sentence-transformers; van den Oord et al. 2018): a text has
  to find another text of its entry among all texts of the batch; further texts of that entry are masked
- cross-entropy of the scenario, through a linear head that the classifier uses on

After a third and after two thirds of the epochs hard negatives are mined: for each text, the nearest texts of other
entries under the encoder as it is then. They join its batches. A text that has a noised form (faq_index.noise) is now and
then shown in it.

Torch only trains: what it learns is a table that numpy sums up (faq_index.encoder.StaticEncoder).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from faq_index.analysis import Analyser
from faq_index.encoder import Head, StaticSettings, keyed_features
from faq_index.noise import Noise
from faq_index.training import Documents, known_rows
from faq_index.training_text import TrainingText

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Say = Callable[[str], object]

#: How sharply cosines are told apart; the usual factor of sentence-transformers.
_SCALE = 20.0
_SMOOTHING = 0.05
#: What each direction of the ranking loss counts beside the cross-entropy.
_RANKING = 0.25
_HEAD_RATE = 5e-3
_WEIGHT_RATE = 1.6e-2
#: The learning rate of the table, in standard deviations of its first state.
_TABLE_RATE = 0.16
#: At the end the rates are this share of what they began with.
_LAST_RATE = 0.2
#: Hard negatives kept of each text, and texts compared at a time when they are mined.
_MINED = 8
_BLOCK = 1024


class FeatureBag(nn.Module):
    """The static encoder while it learns: a sum of table rows, each times its feature's weight, of length 1."""

    def __init__(self, table: Floats, weights: Floats) -> None:
        super().__init__()
        self.table = _embedding(table)
        self.weights = _embedding(np.log(weights)[:, None])

    def forward(self, rows: Sequence[Rows], dropped: float = 0.0) -> Tensor:
        """[texts, dim] for the features of each text; `dropped` of the features are left out at random."""
        flat = torch.from_numpy(np.concatenate([*rows, np.zeros(0, dtype=np.int64)]))
        starts = torch.from_numpy(np.cumsum([0, *(len(row) for row in rows)])[:-1])
        weights = self.weights(flat)[:, 0].exp()
        if dropped:
            weights = weights * (torch.rand_like(weights) > dropped)
        summed = functional.embedding_bag(
            flat, self.table.weight, starts, mode="sum", per_sample_weights=weights, sparse=True
        )
        return functional.normalize(summed, dim=1)

    @torch.no_grad()
    def encode(self, rows: Sequence[Rows]) -> Tensor:
        """[texts, dim], nothing dropped and no gradient."""
        return torch.cat([self(rows[start : start + _BLOCK]) for start in range(0, len(rows), _BLOCK)])

    @torch.no_grad()
    def exported(self) -> Floats:
        """[features, dim]: the table with the weights multiplied in."""
        table: Floats = (self.table.weight * self.weights.weight.exp()).numpy()
        return table


def _embedding(values: Floats) -> nn.Embedding:
    rows, columns = values.shape
    return nn.Embedding(rows, columns, sparse=True, _weight=torch.from_numpy(values))


class _Texts:
    """The training texts as numbers, and the drawing of batches."""

    def __init__(self, texts: Sequence[TrainingText], documents: Documents, noised: dict[int, Rows], seed: int) -> None:
        self.rows = documents.rows
        self.labels, self.label = _numbered([item.label for item in texts])
        _, self.entry = _numbered([item.entry for item in texts])
        self.entry[[not item.entry for item in texts]] = -1
        self._noised = noised
        self._random = np.random.default_rng(seed)
        self._of_entry: dict[int, list[int]] = defaultdict(list)
        for index in np.flatnonzero(self.entry >= 0):
            self._of_entry[int(self.entry[index])].append(int(index))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def answered(self) -> Rows:
        """The texts that an entry answers."""
        return np.flatnonzero(self.entry >= 0)

    def batches(self, size: int, hard: dict[int, Rows]) -> list[Rows]:
        """About one epoch: seeds, behind them one positive of each, behind these one hard negative of each."""
        kinds = 3 if hard else 2
        seeds = self._random.permutation(len(self))[: len(self) // kinds]
        step = max(size // kinds, 1)
        return [self._batch(seeds[start : start + step], hard) for start in range(0, len(seeds), step)]

    def shown(self, batch: Rows, noise: float) -> list[Rows]:
        """The features of the texts of a batch, some of them in their noised form."""
        spoiled = self._random.random(len(batch)) < noise
        return [
            self._noised[int(index)] if spoil and int(index) in self._noised else self.rows[index]
            for index, spoil in zip(batch, spoiled)
        ]

    def _batch(self, seeds: Rows, hard: dict[int, Rows]) -> Rows:
        positives = [self._one_of(self._of_entry.get(int(self.entry[seed]))) for seed in seeds]
        negatives = [self._one_of(hard.get(int(seed))) for seed in seeds] if hard else []
        return np.asarray([*seeds, *positives, *negatives], dtype=np.int64)

    def _one_of(self, pool: Sequence[int] | Rows | None) -> int:
        """One of the pool, or of all texts when it has none."""
        return int(self._random.integers(len(self)) if pool is None else pool[self._random.integers(len(pool))])


def train_contrastive(
    texts: Sequence[TrainingText],
    documents: Documents,
    table: Floats,
    analyser: Analyser,
    settings: StaticSettings,
    say: Say,
) -> tuple[Floats, Head]:
    """The table [features, dim] trained on from `table`, and the scenario head over its vectors."""
    torch.manual_seed(settings.seed)
    torch.set_flush_denormal(True)  # else the optimizer's fading averages slow it down tenfold
    noised = _noised(texts, documents, analyser, settings) if settings.noise else {}
    numbers = _Texts(texts, documents, noised, settings.seed)
    bag = FeatureBag(table, documents.weights)
    head = nn.Linear(settings.dim, len(numbers.labels))
    optimizers = [
        torch.optim.SparseAdam(
            [
                {"params": [bag.table.weight], "lr": _TABLE_RATE * float(table.std())},
                {"params": [bag.weights.weight], "lr": _WEIGHT_RATE},
            ]
        ),
        torch.optim.Adam(head.parameters(), lr=_HEAD_RATE),
    ]
    balance = _balance(numbers)
    hard: dict[int, Rows] = {}
    for epoch in range(settings.epochs):
        _slow_down(optimizers, 1 - (1 - _LAST_RATE) * epoch / settings.epochs)
        losses = []
        for batch in numbers.batches(settings.batch, hard):
            vectors = bag(numbers.shown(batch, settings.noise), settings.dropped)
            loss = _loss(vectors, batch, numbers, head, balance, kinds=3 if hard else 2)
            for optimizer in optimizers:
                optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            for optimizer in optimizers:
                optimizer.step()
            losses.append(float(loss.detach()))
        say(f"encoder: epoch {epoch + 1} of {settings.epochs}, loss {np.mean(losses):.2f}")
        if settings.hard_negatives and epoch + 1 in (settings.epochs // 3, 2 * settings.epochs // 3):
            hard = _mine(bag, numbers)
    weight, bias = (value.detach().numpy() for value in head.parameters())
    return bag.exported(), Head(
        numbers.labels, (_SCALE * weight.T).astype(np.float32), (_SCALE * bias).astype(np.float32)
    )


def _loss(vectors: Tensor, batch: Rows, numbers: _Texts, head: nn.Linear, balance: Tensor, kinds: int) -> Tensor:
    label, entry = numbers.label[batch], numbers.entry[batch]
    loss = functional.cross_entropy(
        _SCALE * head(vectors), torch.from_numpy(label), weight=balance, label_smoothing=_SMOOTHING
    )
    seeds = len(batch) // kinds
    anchors = np.flatnonzero(entry[:seeds] >= 0)
    if len(anchors):
        there = _ranking_loss(vectors, entry, anchors, anchors + seeds)
        back = _ranking_loss(vectors, entry, anchors + seeds, anchors)
        loss = loss + _RANKING * (there + back)
    return loss


def _ranking_loss(vectors: Tensor, entry: Rows, anchors: Rows, positives: Rows) -> Tensor:
    """How badly each anchor finds its positive among the whole batch, other texts of its entry left aside."""
    same = entry[anchors][:, None] == entry[None, :]
    same[np.arange(len(anchors)), positives] = False
    alike = _SCALE * vectors[torch.from_numpy(anchors)] @ vectors.T
    return functional.cross_entropy(alike.masked_fill(torch.from_numpy(same), -1e4), torch.from_numpy(positives))


def _mine(bag: FeatureBag, numbers: _Texts) -> dict[int, Rows]:
    """For each text with an entry, the nearest texts of other entries."""
    answered = numbers.answered
    if not len(answered):
        return {}
    vectors = bag.encode([numbers.rows[index] for index in answered])
    entry = numbers.entry[answered]
    mined: dict[int, Rows] = {}
    for start in range(0, len(answered), _BLOCK):
        block = slice(start, start + _BLOCK)
        alike = vectors[block] @ vectors.T
        alike[torch.from_numpy(entry[block][:, None] == entry[None, :])] = -1
        nearest = alike.topk(min(_MINED, len(answered)), dim=1).indices.numpy()
        mined.update(zip(answered[block].tolist(), answered[nearest]))
    return mined


def _noised(
    texts: Sequence[TrainingText], documents: Documents, analyser: Analyser, settings: StaticSettings
) -> dict[int, Rows]:
    """The features of a noised form of every second text."""
    noise = Noise([item.text for item in texts], settings.seed)
    found = {}
    for index in range(0, len(texts), 2):
        analysis = analyser.once(noise(texts[index].text))
        names = [name for block in keyed_features(analysis, settings.longest_gram) for name in block]
        found[index] = known_rows(names, documents.vocabulary)
    return found


def _balance(numbers: _Texts) -> Tensor:
    """Rarer classes count more: one over the root of the count, 1 on average."""
    shares = 1 / np.sqrt(np.maximum(np.bincount(numbers.label), 1))
    return torch.from_numpy((shares / shares.mean()).astype(np.float32))


def _numbered(names: Sequence[str]) -> tuple[list[str], Rows]:
    known, numbers = np.unique(np.asarray(names), return_inverse=True)
    return known.tolist(), numbers.astype(np.int64)


def _slow_down(optimizers: Sequence[Any], share: float) -> None:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group.setdefault("first_rate", group["lr"])
            group["lr"] = group["first_rate"] * share
