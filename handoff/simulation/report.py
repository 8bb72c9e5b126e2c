"""The figures of runs as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from handoff.outcomes import percentile
from handoff.priority import most_ms
from handoff.simulation.faults import Fault
from handoff.simulation.run import Result
from handoff.simulation.tally import Waited

_DEADLINES = ("first", "next", "resolution")
_BANDS = ((0, 0), (1, 3), (4, 6), (7, 9), (10, 12))


def table(result: Result) -> list[str]:
    """Everything that one run shows."""
    parts = (_waits, _vip, _calibration, _work, _deadlines, _ends, _faults)
    lines = [_title(result)]
    for part in parts:
        lines += ["", *part(result)]
    return [*lines, ""]


def line(result: Result, took_s: float) -> str:
    """A run in a line."""
    waits = [wait.waited_ms / 1000 for wait in result.world.tally.waits]
    kept, told = _kept(result.world.tally.waits)
    state = "BROKEN" if result.failure else "ok"
    return (
        f"seed {result.settings.seed}: {state}, {result.steps} steps, {len(result.episodes)} requests, "
        f"waits {_spread(waits)}, within P90 {_share(kept, told)}, "
        f"{sum(result.world.injected.counts.values())} faults, {took_s:.1f} s of CPU"
    )


def failure_lines(result: Result) -> list[str]:
    """What broke, where, and the steps before; nothing when all held."""
    failure = result.failure
    if failure is None:
        return []
    return [
        *(str(step) for step in failure.journal),
        f"seed {result.settings.seed}: BROKEN at step {failure.step}: {failure.invariant}",
        f"    {failure.detail}",
    ]


def summary(results: Sequence[tuple[Result, float]]) -> str:
    """All runs in a line."""
    waits = [wait for result, _ in results for wait in result.world.tally.waits]
    kept, told = _kept(waits)
    broken = [str(result.settings.seed) for result, _ in results if result.failure]
    return (
        f"simulated {len(results)} runs, {sum(result.steps for result, _ in results)} steps, "
        f"{sum(len(result.episodes) for result, _ in results)} requests, "
        f"{sum(sum(result.world.injected.counts.values()) for result, _ in results)} faults in "
        f"{sum(took for _, took in results):.1f} s of CPU: within P90 {_share(kept, told)}; "
        f"{'broken: seeds ' + ', '.join(broken) if broken else 'all invariants held'}"
    )


def _title(result: Result) -> str:
    settings = result.settings
    return (
        f"seed {settings.seed}: {settings.hours:g} h, {settings.players} players, {settings.agents} agents, "
        f"faults {settings.faults.level.value}, burst {settings.burst.value}: {result.steps} steps, "
        f"drained {result.drained_ms / 60_000:.0f} min after the last arrival"
    )


def _waits(result: Result) -> list[str]:
    """Waits by urgency. The bound: nothing made so much later may be served first; beside it, the most that happened."""
    tally, weights = result.world.tally, result.world.policy.weights
    rows = []
    for urgency in (3, 2, 1, 0):
        waits = [wait.waited_ms / 1000 for wait in tally.waits if wait.urgency == urgency]
        bound = (most_ms(weights) - 1000 * weights.urgency[urgency]) / 1000
        rows.append([str(urgency), *_figures(waits), f"{tally.overtaken_ms[urgency] / 1000:.0f}", f"{bound:.0f}"])
    head = ["urgency", "waits", "P50 s", "P90 s", "P99 s", "longest s", "overtaken by s", "bound s"]
    return _table(head, [*rows, ["all", *_figures([wait.waited_ms / 1000 for wait in tally.waits]), "", ""]])


def _vip(result: Result) -> list[str]:
    rows = []
    for low, high in _BANDS:
        waits = [wait.waited_ms / 1000 for wait in result.world.tally.waits if low <= wait.vip <= high]
        rows.append([f"{low}-{high}" if high > low else str(low), *_figures(waits)])
    return _table(["VIP", "waits", "P50 s", "P90 s", "P99 s", "longest s"], rows)


def _calibration(result: Result) -> list[str]:
    """How often the P90 that was told first came true: of all waits, of those who had to queue, of those who were there."""
    waits, accept_ms = result.world.tally.waits, result.world.policy.times.accept * 1000
    rows = []
    for group in [*sorted({wait.group for wait in waits}), ""]:
        mine = [wait for wait in waits if group in ("", wait.group)]
        queued = [wait for wait in mine if wait.told_ms > accept_ms]
        present = [wait for wait in queued if not wait.called]
        rows.append([group or "all", *(cell for some in (mine, queued, present) for cell in _cells(some))])
    head = ["group", "told", "within P90", "had to queue", "within P90", "and were there", "within P90"]
    return _table(head, rows)


def _work(result: Result) -> list[str]:
    tally = result.world.tally
    hours = " ".join(
        f"{_percent(busy, room)}" for busy, room in (tally.by_hour[hour] for hour in sorted(tally.by_hour))
    )
    offers = sum(episode.offers for episode in result.episodes)
    missed = sum(episode.missed for episode in result.episodes)
    takes = ", ".join(f"{count} by {how}" for how, count in sorted(tally.takes.items()))
    return [
        f"utilisation of online agents {_percent(tally.busy, tally.room)}; by hour {hours}",
        f"longest queue (sampled each minute) {tally.longest_queue}",
        f"offers {offers}, of which not taken {missed}; taken {takes}; requeued {tally.requeued}",
        "done: " + ", ".join(f"{what} {count}" for what, count in sorted(tally.actions.items())),
    ]


def _deadlines(result: Result) -> list[str]:
    """Episodes that an agent had, and in how many no such deadline was missed; every miss was acted on."""
    served = [episode for episode in result.episodes if episode.owners]
    rows = []
    for name in _DEADLINES:
        late = [episode.late.count(name) for episode in served]
        rows.append([name, str(len(served)), _share(late.count(0), len(late)), str(sum(late))])
    tally = result.world.tally
    fired = ", ".join(f"{kind} {count}" for kind, count in sorted(tally.timers.items()))
    late_ms = sorted(tally.late_ms)
    p50, p99, worst = (percentile(late_ms, part) or 0 for part in (0.5, 0.99, 1.0))
    return [
        *_table(["deadline", "episodes", "in time", "missed and acted on once"], rows),
        f"timers fired: {fired}",
        f"late in undisturbed time, ms: P50 {p50:.0f}, P99 {p99:.0f}, most {worst:.0f} ({len(late_ms)} timers)",
    ]


def _ends(result: Result) -> list[str]:
    reasons = _counted(episode.end_reason for episode in result.episodes)
    return [
        f"requests ended: {reasons}; reopened {sum(bool(e.reopens) for e in result.episodes)}; tickets {result.tickets}"
    ]


def _faults(result: Result) -> list[str]:
    counts = result.world.injected.counts
    return ["injected: " + ", ".join(f"{fault.value} {counts[fault]}" for fault in Fault)]


def _figures(waits: list[float]) -> list[str]:
    ordered = sorted(waits)
    parts = (0.5, 0.9, 0.99, 1.0)
    return [str(len(waits)), *(f"{percentile(ordered, part) or 0:.0f}" if ordered else "-" for part in parts)]


def _spread(waits: list[float]) -> str:
    _, p50, p90, _, worst = _figures(waits)
    return f"P50 {p50} P90 {p90} max {worst} s"


def _cells(waits: list[Waited]) -> list[str]:
    kept, told = _kept(waits)
    return [str(told), _share(kept, told)]


def _kept(waits: Iterable[Waited]) -> tuple[int, int]:
    told = [wait.waited_ms <= wait.told_ms for wait in waits if wait.told_ms]
    return sum(told), len(told)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


def _counted(names: Iterable[str]) -> str:
    found = sorted(names)
    return ", ".join(f"{name} {found.count(name)}" for name in dict.fromkeys(found))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[index]) for row in [head, *rows]) for index in range(len(head))]
    rows = [head, ["-" * width for width in widths], *rows]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]
