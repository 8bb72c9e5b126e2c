"""`python -m handoff.simulate`: a seeded day of players, agents and faults, watched by an oracle; a failing seed replays."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from handoff.memory_store import MemoryStore
from handoff.policy_file import PATH, read_policy
from handoff.simulation.day import HOUR, Burst, Settings
from handoff.simulation.faults import FAULTS, Level
from handoff.simulation.report import failure_lines, line, summary, table
from handoff.simulation.run import simulate
from handoff.simulation.world import World

_PROGRESS_S = 5.0


def main(argv: Sequence[str] | None = None, store: type[MemoryStore] = MemoryStore) -> int:
    """Run what the arguments ask for; exit status 1 when an invariant was broken. `store`: another twin to put to the test."""
    arguments = _parser().parse_args(argv)
    policy = read_policy(PATH)
    many = arguments.seeds is not None
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds) if many else [arguments.seed]
    results = []
    for seed in seeds:
        settings = Settings(
            seed, arguments.hours, arguments.players, arguments.agents, FAULTS[arguments.faults], arguments.burst
        )
        began = time.process_time()
        result = simulate(settings, policy, store, _Progress(seed))
        took_s = time.process_time() - began
        lines = [line(result, took_s)] if many else table(result)
        print("\n".join(lines + failure_lines(result)), flush=True)
        results.append((result, took_s))
    print(summary(results))
    return int(any(result.failure for result, _ in results))


class _Progress:
    """A line on standard error every few seconds."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._said = time.monotonic()

    def __call__(self, world: World) -> None:
        if time.monotonic() - self._said < _PROGRESS_S:
            return
        self._said = time.monotonic()
        hours, queued = world.kernel.now / HOUR, len(world.service.store._queue)
        said = (
            f"seed {self._seed}: {hours:.1f} of {world.settings.hours:g} h, {world.service.steps} steps, {queued} wait"
        )
        print(said, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m handoff.simulate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="one run with the whole table")
    parser.add_argument("--seeds", type=int, help="so many runs, a line each")
    parser.add_argument("--first-seed", type=int, default=1, help="with --seeds: the first one")
    parser.add_argument("--hours", type=float, default=24.0, help="shorter runs see the evening")
    parser.add_argument("--players", type=int, default=2000)
    parser.add_argument("--agents", type=int, default=60)
    parser.add_argument("--faults", type=Level, choices=list(Level), default=Level.NORMAL, metavar="|".join(Level))
    parser.add_argument("--burst", type=Burst, choices=list(Burst), default=Burst.NONE, metavar="|".join(Burst))
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
