"""The five questions offered when the chat opens, and the card for a need that is near certain."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

import numpy as np

from common.clock import utc
from suggest.calendar import ZONE
from suggest.card import card
from suggest.features import SOURCES, Source, View, Viewer
from suggest.moment import GameEvent, Moment
from suggest.popularity import Counter, Floats, day_one
from suggest.ranker import Ranker, Weights
from suggest.rules import Rules
from suggest.store import Counts, Impression, Row

CHIPS = 5
PER_SCENARIO = 2
#: Of the entries not shown, one is drawn for learning from about so many of the likeliest and one from the rest.
_LIKELY = 100
#: A source is named as the reason when it makes so much of an entry's chance.
_REASON = 0.4


class English(Protocol):
    """An entry in English."""

    @property
    def question(self) -> str:
        """Its wording."""


class Entry(Protocol):
    """What chips need of an FAQ entry."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def scenario(self) -> str:
        """The scenario it belongs to."""

    @property
    def question(self) -> str:
        """Its standard wording."""

    @property
    def platform(self) -> Sequence[str]:
        """The platforms it is for; none: all."""

    @property
    def english(self) -> English | None:
        """Its English version."""

    def fits(self, platform: str | None, today: date | None) -> bool:
        """Whether it is for this platform (None: not known) and this day."""


@dataclass(frozen=True)
class Offered:
    """A question on offer, with the reason."""

    faq_id: str
    scenario: str
    #: The entry's question, in English for those who speak it where there is one.
    text: str
    #: The kind of an event, or one of suggest.features.Source.
    why: str
    #: What the sentence of `why` needs.
    data: Mapping[str, str] = field(default_factory=dict)
    #: How likely it is what the player wants, 0..1.
    chance: float = 0.0


@dataclass(frozen=True)
class Offer:
    """What is shown, and what is to be remembered of it should the player see it."""

    chips: tuple[Offered, ...]
    card: Offered | None
    moment: Moment
    #: What was shown in its order, the card first, then some that were not.
    rows: tuple[Row, ...]
    #: The freshest event's kind and the known page.
    event: str = ""
    page: str = ""
    #: How many of 1 asked because of an outage just then.
    trend: float = 0.0

    @property
    def shown(self) -> tuple[str, ...]:
        """The entries shown, the card's first."""
        return tuple(row.entry for row in self.rows if row.rank >= 0)


class Opening:
    """Chooses chips. What changes makes a new one that shares the rest, so that a swap is one assignment."""

    def __init__(self, entries: Iterable[Entry], rules: Rules, traffic: Mapping[str, float]) -> None:
        """`entries`: the library; `traffic`: scenario -> weight on any scale (data/traffic.tsv), for day one."""
        self._entries = list(entries)
        self._ids = [entry.id for entry in self._entries]
        scenarios = [entry.scenario for entry in self._entries]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(scenarios))}
        self._scenario = np.asarray([numbers[name] for name in scenarios], dtype=np.int64)
        self._rows = {id: row for row, id in enumerate(self._ids)}
        self._rules = rules
        self._viewer = Viewer(self._ids, scenarios, [entry.platform for entry in self._entries], rules)
        self._counter = Counter(self._ids, scenarios, day_one(scenarios, traffic))
        self._popularity = self._counter.popularity(Counts(0))
        self._ranker = Ranker(self._ids, Weights())
        self._valid: dict[tuple[str, date], Floats] = {}

    def with_counts(self, counts: Counts) -> Opening:
        """The same with new counts: every few seconds."""
        new = copy.copy(self)
        new._popularity = self._counter.popularity(counts)
        return new

    def with_weights(self, weights: Weights) -> Opening:
        """The same with what was learned: after each training."""
        new = copy.copy(self)
        new._ranker = Ranker(self._ids, weights)
        return new

    def offer(self, moment: Moment, seed: int | None = None) -> Offer:
        """Five questions and perhaps a card, which counts as one of them.

        `seed` draws the weights (Thompson sampling) and what is learned from; None takes the means and draws nothing.
        """
        view = self._viewer.view(moment, self._popularity)
        allowed = self._allowed(moment)
        means = self._ranker.chances(view)
        draw = None if seed is None else np.random.default_rng(seed)
        chances = means if draw is None else self._ranker.chances(view, draw)
        large = card(view, means, allowed, self._scenario, moment, self._rules)
        chosen = self._choose(chances * allowed, [large[0]] if large else [])
        rows = [self._row(view, row, rank) for rank, row in enumerate(chosen)]
        if draw is not None:
            rows += self._drawn(view, means * allowed, chosen, draw)
        offered = [self._offered(view, row, float(means[row]), moment) for row in chosen]
        if large:  # a card says what happened, whatever else is asked now
            why, data = self._said(large[1])
            offered[0] = replace(offered[0], why=why, data=data)
        return Offer(
            tuple(offered[1:] if large else offered),
            offered[0] if large else None,
            moment,
            tuple(rows),
            view.event,
            view.page,
            float(view.trend.sum()),
        )

    def impression(self, offer: Offer, at: int, asked: str = "", is_picked: bool = False) -> Impression:
        """What to log once it is known what the player wanted; `asked` is the entry picked or answered with."""
        rows = tuple(row for row in offer.rows if row.rank >= 0 or row.entry != asked)
        if asked in self._rows and all(row.entry != asked for row in rows):
            view = self._viewer.view(offer.moment, self._popularity)
            rows += (self._row(view, self._rows[asked], -1),)
        return Impression(
            at, rows, asked if asked in self._rows else "", is_picked, offer.event, offer.page, offer.trend
        )

    def _allowed(self, moment: Moment) -> Floats:
        """1 where an entry holds on the moment's platform and day in the game's time, else 0; kept for the day."""
        today = utc(moment.now).astimezone(ZONE).date()
        key = (moment.platform, today)
        if key not in self._valid:
            if len(self._valid) > 8:
                self._valid.clear()
            self._valid[key] = np.asarray([float(self._may_show(e, moment.platform, today)) for e in self._entries])
        return self._valid[key]

    def _may_show(self, entry: Entry, platform: str, today: date) -> bool:
        return entry.scenario not in self._rules.never and entry.fits(platform or None, today)

    def _choose(self, chances: Floats, first: list[int]) -> list[int]:
        """The likeliest, `first` before them, at most two of a scenario; none without any chance."""
        chosen = list(first)
        taken = [0] * (int(self._scenario.max(initial=0)) + 1)
        for row in first:
            taken[self._scenario[row]] += 1
        few = min(len(chances), CHIPS * 12)
        likely = np.argpartition(-chances, few - 1)[:few] if few else np.zeros(0, int)
        for row in sorted(likely.tolist(), key=lambda row: (-chances[row], row)):
            if len(chosen) == CHIPS:
                break
            if row in first or not chances[row] or taken[self._scenario[row]] >= PER_SCENARIO:
                continue
            taken[self._scenario[row]] += 1
            chosen.append(row)
        return chosen

    def _drawn(self, view: View, chances: Floats, chosen: Sequence[int], draw: np.random.Generator) -> list[Row]:
        """Entries that were not shown, for learning: each stands for those it was drawn from."""
        left = chances.copy()
        left[chosen] = 0
        bar = np.partition(left, -_LIKELY)[-_LIKELY] if len(left) > _LIKELY else 0.0
        pools = (np.flatnonzero(left > bar), np.flatnonzero((left > 0) & (left <= bar)))
        drawn = [(int(pool[draw.integers(len(pool))]), float(len(pool))) for pool in pools if len(pool)]
        return [self._row(view, row, -1, weight) for row, weight in drawn]

    def _row(self, view: View, row: int, rank: int, weight: float = 1.0) -> Row:
        return Row(self._ids[row], tuple(np.round(view.matrix[row], 5).tolist()), rank, weight)

    def _offered(self, view: View, row: int, chance: float, moment: Moment) -> Offered:
        entry = self._entries[row]
        why, data = self._reason(view, row)
        english = entry.english if moment.language.lower().startswith("en") else None
        return Offered(entry.id, entry.scenario, (english or entry).question, why, data, round(chance, 4))

    def _reason(self, view: View, row: int) -> tuple[str, Mapping[str, str]]:
        """The source that makes most of the entry's chance, if it makes enough of it; the general share otherwise."""
        chances = view.chances[:, row] * (1 - view.trend.sum())
        if view.trend[row] > chances.sum():
            return Source.TRENDING.value, {}
        best = int(np.argmax(chances[1:])) + 1
        source = SOURCES[best] if chances[best] >= _REASON * chances.sum() else Source.POPULAR
        if source is Source.EVENT:
            return self._said(view.events[row])
        if source is Source.CALENDAR:
            return source.value, {"name": view.occasions[row]}
        return source.value, {"page": view.page} if source is Source.PAGE else {}

    def _said(self, event: GameEvent) -> tuple[str, Mapping[str, str]]:
        rule = self._rules.events[event.kind]
        return event.kind, {key: event.data[key] for key in rule.data if key in event.data}
