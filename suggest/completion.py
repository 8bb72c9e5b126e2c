"""Completes what a player types to questions of the library: what is likely meant, spread over what else it may be.

Bayes: how likely somebody who wants an entry types this (suggest.matching) times how often the entry is wanted. Entries are
then taken one by one so that at least one of the first fits as surely as can be (a submodular aim, for which the greedy
choice is near the best: Nemhauser, Wolsey, Fisher 1978).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suggest.matching import Matcher, Shown
from suggest.prefixes import Prefixes
from suggest.queries import LONGEST
from suggest.recent import Recent
from suggest.tables import COMPLETION_FILE, PLATFORMS, Ints, Tables

#: One scenario takes at most so many of a list.
PER_SCENARIO = 3
MOST = 8
#: Entries that are looked at for a list; those after them are far too unlikely.
_LOOKED_AT = 64
#: Answers that are kept: most players type the same beginnings.
_REMEMBERED = 2048
#: Circumstances whose weights are kept; each takes 8 bytes an entry.
_SITUATIONS = 128
#: An entry that no question is expected for is not impossible.
_LEAST_POPULAR = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Around:
    """What completion knows besides the text."""

    #: Scenarios that the page is about on which the chat was opened.
    page: frozenset[str] = frozenset()
    #: The scenario that the conversation was about last; "" for none.
    scenario: str = ""
    #: Ids of entries that the player has seen in this conversation.
    seen: frozenset[str] = frozenset()
    #: The player's platform (suggest.tables.PLATFORMS); "" when it is not known.
    platform: str = ""
    #: None: entries hold on any day.
    today: date | None = None


NOWHERE = Around()


@dataclass(frozen=True)
class Completed:
    """A question that what is typed may become."""

    text: str
    scenario: str
    faq_id: str
    #: How likely it is what is wanted, 0..1.
    score: float
    #: The characters of `text` that hold what was typed: start, end (exclusive).
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Ranking:
    """What entries are ranked by; tuned on completion.tuning (docs/SUGGESTIONS.md)."""

    #: How an entry that is asked in many ways is wanted more often: the power of their number.
    asked: float = 1.5
    #: The power of the share of all questions that is expected, which is only an assumption.
    expected: float = 0.1
    #: The power of how much more or less often an entry is asked than expected.
    counted: float = 0.5
    #: What an entry is worth that misses the question but not its scenario.
    near: float = 0.3
    #: Factors of likelihood.
    page: float = 3.0
    scenario: float = 2.0
    seen: float = 0.25
    #: So many counted questions the expectation is worth.
    worth: float = 300.0


_RANKING = Ranking()


class Completer:
    """Completions of one library under one count of what is asked; never changes, so that it is swapped as a whole."""

    def __init__(
        self, tables: Tables, matcher: Matcher, prefixes: Prefixes, surprise: Floats, ranking: Ranking = _RANKING
    ) -> None:
        self._tables = tables
        self._matcher = matcher
        self._prefixes = prefixes
        self._ranking = ranking
        self._known: Recent[tuple[str, Around, int], list[Completed]] = Recent(_REMEMBERED)
        self._weights: Recent[Around, Floats] = Recent(_SITUATIONS)
        self._shown_begins = tables.shown_begins
        self._number = {faq_id: number for number, faq_id in enumerate(tables.ids)}
        popularity = np.maximum(tables.popularity, _LEAST_POPULAR)
        wanted = matcher.weight_of**ranking.asked * popularity**ranking.expected
        self._prior = wanted * surprise**ranking.counted
        names = {name: number for number, name in enumerate(dict.fromkeys(tables.scenarios))}
        self._scenario_numbers = names
        self._scenario_of: Ints = np.array([names[name] for name in tables.scenarios], dtype=np.int32)

    @classmethod
    def load(cls, path: Path, ranking: Ranking = _RANKING) -> Completer:
        """The completer of a release's folder, or of its file; TablesError when there is none."""
        path = path / COMPLETION_FILE if path.is_dir() else path
        return cls.of(Tables.load(path), ranking)

    @classmethod
    def of(cls, tables: Tables, ranking: Ranking = _RANKING) -> Completer:
        """The completer of these tables, with the popularity that is expected."""
        matcher = Matcher(tables)
        return cls(tables, matcher, Prefixes(tables, matcher), np.ones(len(tables.ids)), ranking)

    def with_popularity(self, weights: Mapping[str, float]) -> Completer:
        """The same library under other counts: entry id to how often it was asked lately (decayed counts are fine).

        Costs next to nothing: what was typed is matched as before, only the ranking changes. Unknown ids are ignored.
        """
        counted = np.zeros(len(self._tables.ids))
        for faq_id, weight in weights.items():
            if faq_id in self._number:
                counted[self._number[faq_id]] = max(weight, 0.0)
        expected = self._tables.popularity / len(counted)
        worth = self._ranking.worth
        surprise = (counted + worth * expected) / (counted.sum() + worth) / expected
        return Completer(self._tables, self._matcher, self._prefixes, surprise, self._ranking)

    def complete(self, prefix: str, around: Around = NOWHERE, limit: int = MOST) -> list[Completed]:
        """Questions for what is in the field, the likeliest first, none twice; empty when nothing fits or can be read."""
        if len(prefix) > LONGEST:
            return []
        key = prefix, around, limit
        known = self._known.get(key)
        if known is None:
            known = self._known.put(key, self._new(prefix, around, limit))
        return list(known)

    def _new(self, prefix: str, around: Around, limit: int) -> list[Completed]:
        found = self._prefixes.find(prefix)
        chances = found.evidence * self._weights_in(around)[found.entries]
        whole = float(chances.sum())
        if not whole:
            return []
        rows = self._chosen(found.entries, chances, limit)
        chosen = found.entries[rows].tolist()
        shown = self._matcher.shown(prefix, chosen)
        return [self._completed(entry, chance / whole, shown) for entry, chance in zip(chosen, chances[rows].tolist())]

    def _weights_in(self, around: Around) -> Floats:
        """[entries]: how much each is wanted by whoever is there; 0 if it doesn't hold today or on the player's platform."""
        known = self._weights.get(around)
        return known if known is not None else self._weights.put(around, self._new_weights(around))

    def _new_weights(self, around: Around) -> Floats:
        weights: Floats = self._prior.copy()
        scenarios = np.ones(len(self._scenario_numbers))
        scenarios[self._numbers_of(around.page)] *= self._ranking.page
        scenarios[self._numbers_of([around.scenario])] *= self._ranking.scenario
        weights *= scenarios[self._scenario_of]
        weights[[self._number[faq_id] for faq_id in around.seen if faq_id in self._number]] *= self._ranking.seen
        if around.today is not None:
            first, last = self._tables.days.T
            day = around.today.toordinal()
            weights[(day < first) | (last < day)] = 0.0
        if around.platform in PLATFORMS:
            bits = self._tables.platforms
            weights[(bits > 0) & (bits & (1 << PLATFORMS.index(around.platform)) == 0)] = 0.0
        return weights

    def _numbers_of(self, scenarios: Collection[str]) -> list[int]:
        return [self._scenario_numbers[name] for name in scenarios if name in self._scenario_numbers]

    def _chosen(self, entries: Ints, chances: Floats, limit: int) -> list[int]:
        """Rows of the entries to show: each adds as much as it can to the chance that one fits, or nearly does."""
        scenarios = self._scenario_of[entries]
        near = self._ranking.near * np.bincount(scenarios, chances, minlength=len(self._scenario_numbers))[scenarios]
        order = np.argsort(-(chances + near), kind="stable")[:_LOOKED_AT]
        # Of so few, lists are faster than arrays.
        scenario, left = scenarios[order].tolist(), chances[order].tolist()
        gains = [chance and chance + more for chance, more in zip(left, near[order].tolist())]
        chosen: list[int] = []
        taken: dict[int, int] = {}
        while len(chosen) < limit and (gain := max(gains)):
            best = gains.index(gain)
            number = scenario[best]
            chosen.append(int(order[best]))
            taken[number] = taken.get(number, 0) + 1
            left[best] = 0.0
            for row, other in enumerate(scenario):
                if other == number:
                    gains[row] = left[row] if taken[number] < PER_SCENARIO else 0.0
        return chosen

    def _completed(self, entry: int, chance: float, known: Mapping[int, Shown]) -> Completed:
        shown = known.get(entry)
        text = self._tables.texts[shown.phrase if shown else self._shown_begins[entry]]
        spans = self._spans(shown) if shown else ()
        return Completed(text, self._tables.scenarios[entry], self._tables.ids[entry], round(chance, 4), spans)

    def _spans(self, shown: Shown) -> tuple[tuple[int, int], ...]:
        return tuple(_joined(int(index) for index in self._tables.offsets[shown.first : shown.last + 1]))


def _joined(indices: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending indices as spans."""
    spans: list[tuple[int, int]] = []
    for index in indices:
        if spans and index <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], index + 1))
        else:
            spans.append((index, index + 1))
    return spans
