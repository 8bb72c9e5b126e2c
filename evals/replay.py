"""What chips are worth on replayed sessions: beside global popularity, recency and chance; on day one, learned, in a drift."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from evals.document import Cell, Goal, Section, Table
from evals.figures import Estimate, Rows, estimate, share
from evals.replay_run import DAY_ONE, METHODS, OURS, POPULAR, RECENT, Replay, Seen
from evals.replay_world import Sign, midnight
from suggest.decay import HOUR, MINUTE

#: Simulated days of learning, and visits a day.
DAYS, VISITS = 8, 1200
PATCH_DAY = 13  # 17 December: the version of data/calendar.yml
#: Visits a minute before an outage; while it lasts counts are read so often, as a gateway does.
USUAL, _FRESH_MS = 5, 5_000


def replay_sections(root: Path, part: str) -> Iterator[Section]:
    """The chapter on chips; `part` is tuning, calibration or test, each a world of its own."""
    yield asyncio.run(_section(Replay(root, part)))


async def _section(replay: Replay) -> Section:
    first = await replay.run(replay.world.day(midnight(0), VISITS))
    for day in range(1, DAYS + 1):
        await replay.learn()
        await replay.live(replay.world.day(midnight(day), VISITS))
    await replay.learn()
    normal = await replay.run(replay.world.day(midnight(DAYS + 1), VISITS))
    outages = [(kind, await _outage(replay, number, kind)) for number, kind in enumerate(replay.world.outage_kinds)]
    patch = await replay.run(replay.world.day(midnight(PATCH_DAY), VISITS, is_patch=True))
    patch = _from(patch, midnight(PATCH_DAY) + 11 * HOUR)
    together = _joined(seen for _, seen in outages)
    stretches = {
        "day one": first,
        f"after {DAYS} days": normal,
        "in an outage": together,
        "patch day, from its hour": patch,
    }
    return Section(
        "chips", "chips: what is offered before anything is typed", _tables(replay, stretches, outages), [_goal(normal)]
    )


async def _outage(replay: Replay, number: int, kind: str) -> Seen:
    """An outage after everything was learned."""
    start = midnight(DAYS + 1) + (30 + 3 * number) * HOUR
    return await replay.run(replay.world.outage(start, kind, USUAL), _FRESH_MS)


def _tables(replay: Replay, stretches: Mapping[str, Seen], outages: Sequence[tuple[str, Seen]]) -> list[Table]:
    note = (
        "An INVENTED world (evals/sessions.yml): the share of sessions nobody can guess, "
        f"{_shares(stretches)}, is its assumption. Every method sees the same visits; popularity and recency know the counts "
        "that ours knows and show only what holds on the player's platform and day. A card counts as one of the five."
    )
    columns = ("", *stretches)
    ratio: tuple[Cell, ...] = ("ours per popularity", *(_ratio(seen) for seen in stretches.values()))

    def rows(figure: Callable[[Seen, str], Cell], methods: Sequence[str] = METHODS) -> list[tuple[Cell, ...]]:
        return [(name, *(figure(seen, name) for seen in stretches.values())) for name in methods]

    return [
        Table("what the player wants is among the five", columns, [*rows(lambda seen, name: share(_hits(seen, name))), ratio], note),
        Table("mean reciprocal rank among the five", columns, rows(_reciprocal)),
        Table("an entry of its scenario is among the five", columns, rows(lambda seen, name: share(_near(replay, seen, name)))),
        Table("what is among the five, by what could be guessed", columns, _by_sign(stretches)),
        _outage_table(replay, outages),
        Table("the card", columns, _cards(replay, stretches)),
        Table("how much the chips differ", columns, rows(_variety, METHODS[:-1]),
              "Entries that make up half of all that was shown; more is more variety."),
    ]  # fmt: skip


def _goal(seen: Seen) -> Goal:
    return Goal("chips: hits among five per hit of global popularity", 2.0, _ratio(seen))


def _hits(seen: Seen, method: str) -> list[bool]:
    return [visit.need in offered for visit, offered in zip(seen.visits, seen.offered[method])]


def _near(replay: Replay, seen: Seen, method: str) -> list[bool]:
    scenario = {entry.id: entry.scenario for entry in replay.library.entries()}
    return [
        scenario[visit.need] in {scenario[entry] for entry in offered}
        for visit, offered in zip(seen.visits, seen.offered[method])
    ]


def _reciprocal(seen: Seen, method: str) -> Estimate:
    rows = zip(seen.visits, seen.offered[method])
    return _mean([1 / (1 + offered.index(visit.need)) if visit.need in offered else 0.0 for visit, offered in rows])


def _mean(values: Sequence[float]) -> Estimate:
    array = np.asarray(values)
    return estimate(lambda rows: float(array[rows].mean()), len(array))


def _ratio(seen: Seen) -> Estimate:
    ours, theirs = (np.asarray(_hits(seen, name)) for name in (OURS, POPULAR))

    def ratio(rows: Rows) -> float:
        return float(ours[rows].sum() / theirs[rows].sum()) if theirs[rows].any() else float("nan")

    return estimate(ratio, len(ours))


def _by_sign(stretches: Mapping[str, Seen]) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for sign in Sign:
        cells: list[Cell] = []
        for seen in stretches.values():
            hits = [hit for hit, visit in zip(_hits(seen, OURS), seen.visits) if visit.sign is sign]
            cells.append(share(hits) if hits else None)
        rows.append((sign.value, *cells))
    return rows


def _cards(replay: Replay, stretches: Mapping[str, Seen]) -> list[tuple[Cell, ...]]:
    scenario = {entry.id: entry.scenario for entry in replay.library.entries()}
    columns = []
    for seen in stretches.values():
        pairs = [(card, visit.need) for card, visit in zip(seen.cards, seen.visits) if card]
        columns.append(
            (
                share([card is not None for card in seen.cards]),
                share([card.faq_id == need for card, need in pairs]),
                _mean([card.chance for card, _ in pairs]),
                share([card.scenario == scenario[need] for card, need in pairs]),
            )
        )
    names = (
        "visits with a card",
        "its very entry is wanted",
        "how likely the model held that",
        "its scenario is wanted",
    )
    return [(name, *cells) for name, cells in zip(names, zip(*columns))]


def _outage_table(replay: Replay, outages: Sequence[tuple[str, Seen]]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for kind, seen in outages:
        wanted = set(replay.world.outage_entries(kind)[:3])
        because = sum(visit.sign is Sign.OUTAGE for visit in seen.visits)
        cells = [_until(seen, name, wanted) for name in (OURS, DAY_ONE, POPULAR, RECENT)]
        minutes = (seen.visits[-1].at - seen.visits[0].at) / MINUTE
        rows.append(
            (kind, f"{len(seen.visits) / minutes:.0f} a minute, {because / len(seen.visits):.0%} because of it", *cells)
        )
    note = (
        "Until one of the three commonest questions of the outage is among the five of a player of whom nothing is known "
        "(no event, no page): seconds since the first visit, and how many had come because of it by then."
    )
    return Table("how soon an outage shows", ("outage", "visits", OURS, DAY_ONE, POPULAR, RECENT), rows, note)


def _until(seen: Seen, method: str, wanted: set[str]) -> str:
    because = 0
    for visit, offered in zip(seen.visits, seen.offered[method]):
        if not visit.events and visit.page in ("", "lobby") and wanted & set(offered):
            return f"{(visit.at - seen.visits[0].at) / 1000:.0f} s, {because}"
        because += visit.sign is Sign.OUTAGE
    return "never"


def _variety(seen: Seen, method: str) -> int:
    tally = Tally(entry for offered in seen.offered[method] for entry in offered)
    counted = 0
    for number, (_, times) in enumerate(tally.most_common(), 1):
        counted += times
        if 2 * counted >= sum(tally.values()):
            return number
    return 0


def _shares(stretches: Mapping[str, Seen]) -> str:
    signs = Tally(visit.sign for visit in next(iter(stretches.values())).visits)
    return f"{signs[Sign.NOBODY] / sum(signs.values()):.0%}"


def _from(seen: Seen, at: int) -> Seen:
    """The visits from `at` on."""
    rows = [row for row, visit in enumerate(seen.visits) if visit.at >= at]
    return Seen(
        [seen.visits[row] for row in rows],
        {name: [offered[row] for row in rows] for name, offered in seen.offered.items()},
        [seen.cards[row] for row in rows],
    )


def _joined(parts: Iterable[Seen]) -> Seen:
    whole = Seen()
    for part in parts:
        whole.visits += part.visits
        whole.cards += part.cards
        for name, offered in part.offered.items():
            whole.offered[name] += offered
    return whole
