"""What the ranker knows of each entry at a moment: how likely the situation makes it, and why.

Every source gives chances: a fresh event that 80 of 100 players ask about gives 0.8, spread over the entries it speaks for.
Mixed with the entries' general shares they are the day-one guess at how likely an entry is wanted; what is learned corrects
its log-odds, by how much of it comes from which source. What is asked because of an outage is set beside that at the end:
it was never seen before, and nothing learned on quiet days holds for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from suggest.decay import DAY, HOUR
from suggest.moment import GameEvent, LastTalk, Moment, Passed
from suggest.popularity import Floats, Popularity
from suggest.rules import Rules, Speaks

#: Raised when FEATURES change: what was logged before is no longer learned from.
VERSION = 1


class Source(str, Enum):
    """Where a chance comes from; the more specific first, the general last in `_mix`."""

    POPULAR = "popular"  # asked often
    EVENT = "event"  # something happened to the player
    CONTINUE = "continue"  # the last conversation
    PAGE = "page"  # where the chat was opened
    CALENDAR = "calendar"  # a season, a maintenance, an event of the game
    NEW_PLAYER = "new_player"  # a low level
    VIP = "vip"  # a high VIP rank
    TRENDING = "trending"  # asked far more than usual right now; set beside the others


#: Those that are mixed and corrected by what is learned.
SOURCES = tuple(source for source in Source if source is not Source.TRENDING)
#: Names of the features, in their order.
FEATURES = ("bias", "expected", *(f"from_{source.value}" for source in SOURCES[1:]), "passed", "own_platform")

#: A chip passed over counts half after so long.
PASSED_HALF_LIFE_MS = 3 * DAY
#: After an open conversation, and after one that helped: how many come back to it at once, and until when half of them.
OPEN_TALK, SOLVED_TALK = 0.35, 0.08
TALK_HALF_LIFE_MS = 24 * HOUR
#: An event no longer counts after so many half-lives.
_FORGOTTEN = 5.0
#: No source is surer than this.
_SUREST = 0.95
#: Of those who come back, how many to the very same question.
SAME_ENTRY = 0.4


@dataclass(frozen=True)
class View:
    """All entries at a moment."""

    #: [entries, FEATURES]
    matrix: Floats
    #: The chance that each source gives, 1 in all. [SOURCES, entries]
    chances: Floats
    #: How many of 1 ask each entry because of what happens right now. [entries]
    trend: Floats
    #: The event behind an entry, the strongest: row -> event.
    events: Mapping[int, GameEvent]
    #: The occasion behind an entry, the strongest: row -> its name.
    occasions: Mapping[int, str]
    #: Freshest known event and known page; empty: none.
    event: str
    page: str


class Viewer:
    """Sees entries at a moment, for one library and one set of rules."""

    def __init__(
        self, entries: Sequence[str], scenarios: Sequence[str], platforms: Sequence[Iterable[str]], rules: Rules
    ) -> None:
        """`platforms`: what each entry is for; none: all."""
        self._rows = {entry: row for row, entry in enumerate(entries)}
        self._siblings: dict[str, list[int]] = {}
        for row, scenario in enumerate(scenarios):
            self._siblings.setdefault(scenario, []).append(row)
        self._own = {
            platform: np.asarray([float(platform in those) for those in platforms])
            for platform in {name for those in platforms for name in those}
        }
        self._rules = rules

    def view(self, moment: Moment, popularity: Popularity) -> View:
        """What is known of every entry."""
        chances = np.zeros((len(SOURCES), len(self._rows)))
        chances[SOURCES.index(Source.POPULAR)] = popularity.share
        counting = self._counting(moment)
        events = self._events(counting, chances[SOURCES.index(Source.EVENT)])
        occasions = self._calendar(moment, chances[SOURCES.index(Source.CALENDAR)])
        page = self._rules.page(moment.page)
        if page:
            self._add(chances[SOURCES.index(Source.PAGE)], self._rules.pages[page])
        self._players(moment, chances)
        self._talk(moment.last, moment.now, chances[SOURCES.index(Source.CONTINUE)])
        _mix(chances)
        matrix = self._matrix(moment, chances, events)
        freshest = counting[0][0].kind if counting else ""
        return View(matrix, chances, popularity.trend, events, occasions, freshest, page)

    def _matrix(self, moment: Moment, chances: Floats, events: Mapping[int, GameEvent]) -> Floats:
        expected = chances.sum(axis=0)
        matrix = np.empty((len(self._rows), len(FEATURES)), order="F")
        matrix[:, 0] = 1.0
        matrix[:, 1] = np.log(expected / (1 - np.minimum(expected, _SUREST)))
        matrix[:, 2 : 1 + len(SOURCES)] = (chances[1:] / expected).T
        matrix[:, -2] = self._passed(moment.passed, events, moment.now)
        own = self._own.get(moment.platform)
        matrix[:, -1] = 0.0 if own is None else own
        return matrix

    def _counting(self, moment: Moment) -> list[tuple[GameEvent, float]]:
        """The events that still count, the freshest first, and how far; of several of a kind only the freshest does."""
        found: dict[str, tuple[GameEvent, float]] = {}
        for event in sorted(moment.events, key=lambda event: -event.at):
            rule = self._rules.events.get(event.kind)
            if rule is None or event.kind in found or event.at > moment.now + HOUR:
                continue
            age = max(moment.now - event.at, 0) / rule.half_life_ms
            if age < _FORGOTTEN:
                found[event.kind] = event, 2.0**-age
        return list(found.values())

    def _events(self, counting: Iterable[tuple[GameEvent, float]], chances: Floats) -> dict[int, GameEvent]:
        """Adds the events' chances; the strongest event behind each row."""
        found: dict[int, GameEvent] = {}
        best: dict[int, float] = {}
        for event, factor in counting:
            for row, chance in self._add(chances, self._rules.events[event.kind].speaks, factor):
                if chance > best.get(row, 0):
                    best[row], found[row] = chance, event
        return found

    def _calendar(self, moment: Moment, chances: Floats) -> dict[int, str]:
        found: dict[int, str] = {}
        best: dict[int, float] = {}
        for occasion in self._rules.calendar:
            factor = occasion.counts(moment.now)
            if factor > 0:
                for row, chance in self._add(chances, Speaks(occasion.strength, occasion.entries), factor):
                    if chance > best.get(row, 0):
                        best[row], found[row] = chance, occasion.name
        return found

    def _players(self, moment: Moment, chances: Floats) -> None:
        for kind in self._rules.players:
            if kind.means(moment.level, moment.vip):
                self._add(chances[SOURCES.index(Source(kind.why))], kind.speaks)

    def _talk(self, last: LastTalk | None, now: int, chances: Floats) -> None:
        """The same question and, more evenly, the rest of its scenario."""
        siblings = self._siblings.get(last.scenario, []) if last else []
        if last is None or not siblings:
            return
        chance = SOLVED_TALK if last.is_solved else OPEN_TALK
        chance *= 2.0 ** (-max(now - last.at, 0) / TALK_HALF_LIFE_MS)
        same = self._rows.get(last.entry)
        chances[siblings] += chance * ((1 - SAME_ENTRY) if same is not None else 1) / len(siblings)
        if same is not None:
            chances[same] += chance * SAME_ENTRY

    def _passed(self, passed: Mapping[str, Passed], events: Mapping[int, GameEvent], now: int) -> Floats:
        """How often each was passed over, decayed; what an event has given a new reason since counts afresh. [entries]"""
        counts = np.zeros(len(self._rows))
        for entry, how in passed.items():
            row = self._rows.get(entry)
            if row is not None and (row not in events or events[row].at <= how.at):
                counts[row] = how.times * 2.0 ** (-max(now - how.at, 0) / PASSED_HALF_LIFE_MS)
        return counts

    def _add(self, chances: Floats, speaks: Speaks, factor: float = 1.0) -> list[tuple[int, float]]:
        """Adds what a rule says; each row and its chance."""
        known = [(self._rows[entry], chance) for entry, chance in speaks.shares(factor) if entry in self._rows]
        for row, chance in known:
            chances[row] += chance
        return known


def _mix(chances: Floats) -> None:
    """Makes one distribution of the sources': what a specific one leaves over is shared by those after it.

    A fresh event speaks for all players who have it, whatever the page; so it explains the page, not the page it.
    """
    rest = 1.0
    for number, total in enumerate(chances[1:].sum(axis=1), 1):
        if total:
            part = min(total, _SUREST)
            chances[number] *= rest * part / total
            rest *= 1 - part
    chances[0] *= rest
