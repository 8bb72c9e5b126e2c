"""Reads data/suggest.yml and data/calendar.yml; what is wrong with them is named by file and line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import yaml

from common.yaml_items import Item, Problem, Refused, build_checked, items_of, pairs_of, place_of, read_yaml
from suggest.calendar import DAYS, ZONE, Occasion, Once, Weekly
from suggest.decay import MINUTE
from suggest.rules import EventKind, PlayerKind, Rules, Speaks

SUGGEST = Path("data/suggest.yml")
CALENDAR = Path("data/calendar.yml")

_SECTIONS = ("events", "pages", "players")
_NEVER = "never"
_SPEAKS = {"strength", "entries"}
_EVENT = {"kind", "half_life_minutes", "card_minutes", "data"} | _SPEAKS
_PAGE = {"page"} | _SPEAKS
_PLAYER = {"why", "up_to_level", "from_vip"} | _SPEAKS
_OCCASION = {"id", "name", "from", "until", "weekly", "lead_hours", "trail_hours"} | _SPEAKS
_PLAYER_KINDS = ("new_player", "vip")

Named = TypeVar("Named")


class BadRules(Exception):
    """The files can't be used; the message lists what is wrong, a line each."""


def load_rules(root: Path) -> Rules:
    """The rules under `root`.

    Raises:
        BadRules: something is wrong with a file; `python -m suggest.check` says the same.
    """
    problems: list[Problem] = []
    rules = read_rules(root, problems)
    if problems:
        raise BadRules("\n".join(map(str, problems)))
    return rules


def read_rules(root: Path, problems: list[Problem], known: Collection[str] | None = None) -> Rules:
    """The rules under `root`; faults become problems, among them entries that are not `known` (None: not checked)."""
    sections = _sections(root, problems)
    return Rules(
        events=_named(sections["events"], _EVENT, _event, "kind", problems, known),
        pages=_named(sections["pages"], _PAGE, _page, "page", problems, known),
        players=tuple(_each(sections["players"], _PLAYER, _player, problems, known)),
        calendar=tuple(_named(_calendar(root, problems), _OCCASION, _occasion, "id", problems, known).values()),
        never=frozenset(_never(root, problems, known)),
    )


def check_suggest(root: Path, known: Collection[str]) -> list[Problem]:
    """What is wrong with both files; a project without them has nothing to check."""
    problems: list[Problem] = []
    if (root / SUGGEST).exists() or (root / CALENDAR).exists():
        read_rules(root, problems, known)
    return problems


def _sections(root: Path, problems: list[Problem]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {name: [] for name in _SECTIONS}
    for key, value in pairs_of(read_yaml(root, SUGGEST, problems)):
        if key.value in found:
            found[key.value] = list(items_of(value, SUGGEST.as_posix(), problems))
        elif key.value != _NEVER:
            message = f"unknown section {key.value} (known: {', '.join((*_SECTIONS, _NEVER))})"
            problems.append(Problem(place_of(SUGGEST.as_posix(), key), message))
    return found


def _never(root: Path, problems: list[Problem], known: Collection[str] | None) -> Iterator[str]:
    """The scenarios of the section `never`; an unknown one becomes a problem."""
    scenarios = None if known is None else {entry.partition(".")[0] for entry in known}
    for key, value in pairs_of(read_yaml(root, SUGGEST, [])):
        for node in value.value if key.value == _NEVER and isinstance(value, yaml.SequenceNode) else ():
            if scenarios is not None and node.value not in scenarios:
                problems.append(Problem(place_of(SUGGEST.as_posix(), node), f"there is no scenario {node.value}"))
            yield str(node.value)


def _calendar(root: Path, problems: list[Problem]) -> list[Item]:
    node: yaml.Node | None = read_yaml(root, CALENDAR, problems)
    return list(items_of(node, CALENDAR.as_posix(), problems))


def _each(
    items: list[Item], allowed: set[str], build: Callable[[Item], Named], problems: list[Problem],
    known: Collection[str] | None,
) -> Iterator[Named]:  # fmt: skip
    for item in items:
        problems += _unknown(item, known)
        if (built := build_checked(build, item, allowed, problems)) is not None:
            yield built


def _named(
    items: list[Item], allowed: set[str], build: Callable[[Item], Named], key: str, problems: list[Problem],
    known: Collection[str] | None,
) -> dict[str, Named]:  # fmt: skip
    """What is built of each item, by its name under `key`; a name that stands twice becomes a problem."""
    found: dict[str, Named] = {}
    for item in items:
        for built in _each([item], allowed, build, problems, known):
            name = item.text(key)
            if name in found:
                problems.append(Problem(item.place, f"{key} {name} stands twice"))
            found[name] = built
    return found


def _unknown(item: Item, known: Collection[str] | None) -> Iterator[Problem]:
    entries = item.values.get("entries")
    if known is None or not isinstance(entries, list):
        return
    for entry, place in zip(entries, item.places_of("entries")):
        if entry not in known:
            yield Problem(place, f"there is no entry {entry}")
        elif entries.count(entry) > 1:
            yield Problem(place, f"entry {entry} stands twice")


def _speaks(item: Item) -> Speaks:
    entries = item.texts("entries")
    if not entries:
        raise Refused("entries", "entries must name at least one")
    return Speaks(item.number("strength", 1, 99) / 100, entries)


def _event(item: Item) -> EventKind:
    card = item.number("card_minutes", 1, 24 * 60) if "card_minutes" in item.values else 0
    return EventKind(
        kind=item.text("kind"),
        speaks=_speaks(item),
        half_life_ms=item.number("half_life_minutes", 1, 30 * 24 * 60) * MINUTE,
        card_ms=card * MINUTE,
        data=item.texts("data") if "data" in item.values else (),
    )


def _page(item: Item) -> Speaks:
    item.text("page")
    return _speaks(item)


def _player(item: Item) -> PlayerKind:
    limits = {name: item.number(name, 1, 1000) for name in ("up_to_level", "from_vip") if name in item.values}
    if not limits:
        raise Refused("why", "say who is meant: up_to_level or from_vip")
    return PlayerKind(item.choice("why", _PLAYER_KINDS), _speaks(item), **limits)


def _occasion(item: Item) -> Occasion:
    speaks = _speaks(item)
    hours = {name: item.number(name, 1, 24 * 60) for name in ("lead_hours", "trail_hours") if name in item.values}
    when = _weekly(item) if "weekly" in item.values else _once(item)
    return Occasion(item.text("id"), item.text("name"), when, speaks.strength, speaks.entries, **hours)


def _once(item: Item) -> Once:
    start, end = _time(item, "from"), _time(item, "until")
    if start >= end:
        raise Refused("until", "until must be later than from")
    return Once(start, end)


def _time(item: Item, key: str) -> int:
    text = item.text(key)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(key, f"{key} must be a time like 2026-12-17T06:00+08:00, got {text}") from None
    return int((time if time.tzinfo else time.replace(tzinfo=ZONE)).timestamp() * 1000)


def _weekly(item: Item) -> Weekly:
    day, _, hours = item.text("weekly").partition(" ")
    start, _, end = hours.partition("-")
    try:
        weekly = Weekly(DAYS.index(day.lower()), _minutes(start), _minutes(end))
    except ValueError:
        raise Refused("weekly", f"weekly must be like 'thursday 08:00-10:00', got {day} {hours}") from None
    if weekly.start >= weekly.end:
        raise Refused("weekly", "weekly must end later than it begins")
    return weekly


def _minutes(text: str) -> int:
    time = datetime.strptime(text, "%H:%M")
    return time.hour * 60 + time.minute
