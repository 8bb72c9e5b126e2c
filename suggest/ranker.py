"""The ranker: a logistic model of how likely a player wants an entry, with a Gaussian belief about every weight.

Day one is the prior: the weight of the expected chance's logarithm is 1, all others 0, so that the model says what the
operator's files say. Besides the dense weights every entry has a bias of its own, and one more for each kind of event and
each page it was seen with. Exploration draws the weights from the belief (Thompson sampling; Chapelle & Li 2011).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from suggest.features import FEATURES, VERSION, View
from suggest.popularity import Floats

#: Mean and standard deviation of each weight before anything was learned.
_PRIOR = {
    "bias": (0.0, 0.5),
    # A chance already: only what makes it up is doubted.
    "expected": (1.0, 0.01),
    "passed": (-0.8, 0.4),
    "own_platform": (0.0, 0.3),
}
_SOURCE_PRIOR = (0.0, 0.7)
#: The standard deviation of an entry's own bias, and of one with an event or a page.
ENTRY_SD, PAIR_SD = 0.6, 1.2
#: Draws are this much narrower than the belief: of 2,336 entries some luck would always beat what is known.
NARROW = 0.2

#: (mean, variance) of a bias.
Belief = tuple[float, float]


def prior_means() -> Floats:
    """[FEATURES]"""
    return np.asarray([_PRIOR.get(name, _SOURCE_PRIOR)[0] for name in FEATURES])


def prior_precision() -> Floats:
    """1 / variance. [FEATURES]"""
    return np.asarray([_PRIOR.get(name, _SOURCE_PRIOR)[1] ** -2.0 for name in FEATURES])


@dataclass(frozen=True)
class Weights:
    """What is believed of the weights."""

    #: [FEATURES]
    means: tuple[float, ...] = field(default_factory=lambda: tuple(prior_means()))
    #: [FEATURES][FEATURES]
    covariance: tuple[tuple[float, ...], ...] = field(
        default_factory=lambda: tuple(map(tuple, np.diag(1 / prior_precision())))
    )
    #: "", "event:<kind>" or "page:<page>" -> entry -> its bias there; those without are as the prior says.
    biases: Mapping[str, Mapping[str, Belief]] = field(default_factory=dict)
    #: How many impressions it was learned from.
    learned_from: int = 0
    #: How sure it is that a chip at each place was looked at, 0..1.
    examined: tuple[float, ...] = ()
    version: int = VERSION

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps(self.__dict__)

    @classmethod
    def loads(cls, text: str) -> Weights:
        """What `dumps` wrote; a ValueError when it is something else."""
        try:
            values = json.loads(text)
            biases = {
                where: {entry: (float(mean), float(variance)) for entry, (mean, variance) in those.items()}
                for where, those in values["biases"].items()
            }
            covariance = tuple(tuple(map(float, row)) for row in values["covariance"])
            return cls(
                tuple(map(float, values["means"])),
                covariance,
                biases,
                int(values["learned_from"]),
                tuple(map(float, values["examined"])),
                int(values["version"]),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not weights: {error!r}") from None


class Ranker:
    """Scores all entries of one library."""

    def __init__(self, entries: Sequence[str], weights: Weights) -> None:
        """Weights of another version of the features are not used: then it is day one again."""
        self.weights = weights if weights.version == VERSION else Weights()
        self._means = np.asarray(self.weights.means)
        self._root = np.linalg.cholesky(np.asarray(self.weights.covariance) + 1e-9 * np.eye(len(FEATURES)))
        rows = {entry: row for row, entry in enumerate(entries)}
        self._biases = {
            where: _dense(those, rows, PAIR_SD if where else ENTRY_SD) for where, those in self.weights.biases.items()
        }
        self._unknown = {sd: (np.zeros(len(rows)), np.full(len(rows), sd)) for sd in (ENTRY_SD, PAIR_SD)}

    def chances(self, view: View, draw: np.random.Generator | None = None) -> Floats:
        """How likely each entry is wanted, 0..1 [entries]; by the means, or by weights that are drawn.

        So many as ask because of an outage are taken for granted, the model speaks for the others.
        """
        weights = self._means
        if draw is not None:
            weights = weights + NARROW * (self._root @ draw.standard_normal(len(weights)))
        scores = view.matrix @ weights
        for where in places(view.event, view.page):
            mean, deviation = self._biases.get(where) or self._unknown[PAIR_SD if where else ENTRY_SD]
            scores += mean
            if draw is not None:
                scores += NARROW * deviation * draw.standard_normal(len(mean))
        return np.asarray(view.trend + (1 - view.trend.sum()) / (1 + np.exp(-scores)))


def places(event: str, page: str) -> tuple[str, ...]:
    """The names under which an entry's biases stand, in a situation with this event and page (empty: none)."""
    return ("", *(f"{kind}:{name}" for kind, name in (("event", event), ("page", page)) if name))


def _dense(beliefs: Mapping[str, Belief], rows: Mapping[str, int], deviation: float) -> tuple[Floats, Floats]:
    mean, deviations = np.zeros(len(rows)), np.full(len(rows), deviation)
    for entry, (value, variance) in beliefs.items():
        if entry in rows:
            mean[rows[entry]], deviations[rows[entry]] = value, variance**0.5
    return mean, deviations
