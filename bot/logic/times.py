"""What moment a player's words mean: “昨晚8点”, said at a known moment, becomes an ISO 8601 date and time.

The words and the forms they are put together in are data/lexicon/times.tsv; the groups of a form's match say which parts
were named. A value is no more precise than the words: a day is a date, “8点多” an hour, “上周” a week.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

from faq_index.lexicon import read_rows

TIMES = "times.tsv"
#: The game's own clock, whatever the zone of the server.
GAME_ZONE = timezone(timedelta(hours=8))

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_FORM = "form"
_WEEKEND = 8
_HOUR = 3600
_DAY = 24 * _HOUR
#: A day and month without a year may lie this far ahead; else they are last year's.
_AHEAD = timedelta(days=60)


def local_now() -> datetime:
    """The present moment by the game's clock, without a zone."""
    return datetime.now(GAME_ZONE).replace(tzinfo=None)


def fill(pattern: str, pieces: Mapping[str, str]) -> str:
    """`pattern` with each {piece} replaced, and the pieces within it; an unknown name raises KeyError."""
    while _PLACEHOLDER.search(pattern):
        pattern = _PLACEHOLDER.sub(lambda match: pieces[match[1]], pattern)
    return pattern


@dataclass(frozen=True)
class Rule:
    """An expression that finds entities of one label; a text without any of `signs` (if there are some) has no match."""

    label: str
    pattern: re.Pattern[str]
    signs: frozenset[str]

    def matches(self, text: str, signs: set[str]) -> Iterator[re.Match[str]]:
        """The matches in a text whose characters are `signs`."""
        return iter(()) if self.signs and signs.isdisjoint(self.signs) else self.pattern.finditer(text)


@dataclass(frozen=True)
class Said:
    """The parts of a time that were named; None where one was not."""

    groups: Mapping[str, str | None]
    values: Mapping[str, Mapping[str, str]]
    number: Callable[[str], int]

    def has(self, name: str) -> bool:
        """Whether this part was named."""
        return self.groups.get(name) is not None

    def count(self, name: str) -> int | None:
        """The number of a part written as one."""
        text = self.groups.get(name)
        return None if text is None else self.number(text)

    def value(self, name: str) -> str | None:
        """What the table says of the word of a part."""
        text = self.groups.get(name)
        return None if text is None else self.values[name][text]

    def offset(self, name: str) -> int | None:
        """The table's value as a number."""
        value = self.value(name)
        return None if value is None else int(value)


class Times:
    """The forms of times, and what a text in one of them means."""

    def __init__(self, folder: Path, number: Callable[[str], int]) -> None:
        """`number` reads digits and Chinese numerals."""
        self._values: dict[str, dict[str, str]] = {}
        self._number = number
        pieces: dict[str, str] = {}
        forms = []
        for kind, words, *value in read_rows(folder / TIMES):
            if kind == _FORM:
                forms.append((words, "".join(value)))
            elif kind.startswith("@"):
                pieces[kind[1:]] = words
            else:
                known = self._values.setdefault(kind, {})
                known.update(dict.fromkeys(words.split("|"), value[0] if value else ""))
                pieces[kind] = f"(?P<{kind}>{'|'.join(sorted(known, key=len, reverse=True))})"
        self.forms = [Rule("time", re.compile(fill(form, pieces)), frozenset(signs)) for form, signs in forms]

    def resolve(self, match: re.Match[str], now: datetime) -> str:
        """The moment that a match of one of `forms` means, seen from `now` (local): an ISO 8601 date-time, date, month,
        week, year or interval; "" when the words name none ("前几天") or a day that no calendar has.
        """
        said = Said(match.groupdict(), self._values, self._number)
        try:
            return _resolve(said, now)
        except (ValueError, OverflowError, KeyError):
            return ""


def _resolve(said: Said, now: datetime) -> str:
    if said.has("vague") or said.has("occasion") or said.has("plural"):
        return ""
    if said.has("now"):
        return now.isoformat(timespec="minutes")
    if said.has("unit"):
        return _ago(said, now)
    day = _day(said, now)
    if said.has("hour"):
        return _moment(said, day, now)
    if isinstance(day, date):
        return day.isoformat()
    return day or (now.date().isoformat() if said.has("part") else "")


def _ago(said: Said, now: datetime) -> str:
    half = said.has("half") or said.has("and_half")
    if not half and not said.has("ago"):
        return ""
    count: float = (said.count("ago") or 0) + (0.5 if half else 0.0)
    unit = said.value("unit") or ""
    size = int(unit[:-1])
    if unit.endswith("m"):
        months = float(count * size)
        return _month(now.date(), -int(months)) if months.is_integer() else ""
    before = now - timedelta(seconds=count * size)
    if size >= _DAY:
        return before.date().isoformat()
    return before.isoformat(timespec="hours" if size == _HOUR and not half else "minutes")


def _month(day: date, offset: int) -> str:
    year, month = divmod(day.year * 12 + day.month - 1 + offset, 12)
    return f"{year:04}-{month + 1:02}"


def _day(said: Said, now: datetime) -> date | str | None:
    """The day that was named, or the text of a longer period; None when only a time of day was."""
    today = now.date()
    near = said.offset("day") if said.has("day") else said.offset("brief_day")
    if near is not None:
        return today + timedelta(days=near)
    if said.has("week") or said.has("weekday"):
        return _week(today, said.offset("week"), said.offset("weekday"))
    if said.has("holiday"):
        known = said.value("holiday") or ""
        return _latest(today, *map(int, known.split("-"))) if known else ""
    if said.has("month"):
        return _month_and_day(said, today)
    if said.has("rel_month"):
        text, mday = _month(today, said.offset("rel_month") or 0), said.count("day_of_month")
        return text if mday is None else date.fromisoformat(f"{text}-{mday:02}")
    if said.has("rel_year"):
        return str(today.year + (said.offset("rel_year") or 0))
    mday = said.count("day_of_month")
    return None if mday is None else _latest_of_month(today, mday)


def _month_and_day(said: Said, today: date) -> date | str:
    month, mday, year = said.count("month") or 0, said.count("day_of_month"), said.count("year")
    if said.has("rel_year"):
        year = today.year + (said.offset("rel_year") or 0)
    if mday is None:
        return date(year or today.year, month, 1).isoformat()[:7]
    return date(year, month, mday) if year else _latest(today, month, mday)


def _latest(today: date, month: int, mday: int) -> date:
    """The day of this year, or of last year's if this one's lies far ahead; ValueError for a day that neither has."""
    year = today.year
    if mday > monthrange(year, month)[1] or date(year, month, mday) - today > _AHEAD:
        year -= 1
    return date(year, month, mday)


def _latest_of_month(today: date, mday: int) -> date:
    """The latest day of that number, today or before."""
    if mday <= today.day:
        return today.replace(day=mday)
    return date.fromisoformat(f"{_month(today, -1)}-{mday:02}")


def _week(today: date, week: int | None, weekday: int | None) -> date | str:
    """A day of a week counted from this one, or without a week the last such day; a weekend as an interval."""
    monday = today - timedelta(days=today.weekday())
    if weekday is None:
        year, number, _ = (monday + timedelta(weeks=week or 0)).isocalendar()
        return f"{year}-W{number:02}"
    first = monday + timedelta(days=min(weekday, 6) - 1)
    if week is not None:
        first += timedelta(weeks=week)
    elif (first > today and weekday != 7) or (weekday == 7 and today.weekday() < 6):
        first -= timedelta(weeks=1)
    if weekday == _WEEKEND:
        return f"{first}/{first + timedelta(days=1)}"
    return first + timedelta(days=1) if weekday == 7 else first


def _moment(said: Said, day: date | str | None, now: datetime) -> str:
    """A time of day; one without a day is the latest that has passed."""
    if isinstance(day, str):
        return day
    hour = said.count("hour") or 0
    if hour > 24:
        return ""
    part = said.offset("part") if said.has("part") else said.offset("brief_part")
    minute = _minute(said)
    start = datetime.combine(day or now.date(), time())
    hours = _hours(hour, part, said.has("digital"))
    moments = [start + timedelta(hours=h, minutes=minute or 0, seconds=said.count("second") or 0) for h in hours]
    past = [moment for moment in moments if moment <= now]
    if len(moments) > 1 and start.date() != now.date():
        return start.date().isoformat()  # morning or evening: nobody said
    chosen = past[-1] if past else moments[0]
    if not past and (day is None or hours[0] > 24):
        chosen = moments[-1] - timedelta(days=1)
    precision = "seconds" if said.has("second") else "minutes"
    if said.has("vague_hour") and minute is None:
        precision = "hours"
    if not said.has("until"):
        return chosen.isoformat(timespec=precision)
    length = ((said.count("until") or 0) - hour) % 12
    return f"{chosen.isoformat(timespec=precision)}/{(chosen + timedelta(hours=length)).isoformat(timespec=precision)}"


def _minute(said: Said) -> int | None:
    for name in ("minute", "minutes"):
        if said.has(name):
            return said.count(name)
    return said.offset("minute_word")


def _hours(hour: int, part: int | None, digital: bool) -> list[int]:
    """The hours of the day (0–30, past 24 the next morning) that “hour o'clock” may mean."""
    if part is not None and hour <= 12:
        return [next(h for h in (hour % 12, hour % 12 + 12, hour % 12 + 24) if h >= part)]
    if digital or not 0 < hour <= 12:
        return [hour]
    return [hour, hour + 12]
