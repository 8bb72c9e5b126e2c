"""`python -m bench`: start time, a turn's latency and throughput at 1 and 50 players, memory per process."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
import urllib.request
from itertools import cycle

from websockets.client import connect

from bench.stack import Stack, resident_mb, running
from bot.logic.decision import HUMAN_SCENARIO
from common.content import load_scenarios
from common.settings import ROOT
from gateway.library import current_content


def questions() -> list[str]:
    """The library's questions that the bot answers by itself: what follows a handoff is not a turn's cost."""
    alone = {s.id for s in load_scenarios(ROOT, []) if s.handoff != "auto" and s.id != HUMAN_SCENARIO}
    return [entry.question for entry in current_content().library.entries() if entry.scenario in alone]


async def play(stack: Stack, player: str, texts: list[str], turns: int) -> list[float]:
    """One player who asks, waits for the answer, and asks again. Returns each turn's milliseconds, socket to socket."""
    asked = json.dumps({"player": player}).encode()
    request = urllib.request.Request(f"{stack.base}/api/demo/token", data=asked, method="POST")
    token = await asyncio.to_thread(lambda: json.load(urllib.request.urlopen(request))["token"])
    took = []
    address = f"ws://127.0.0.1:{stack.port}/ws/player"
    async with connect(address, compression=None) as socket:
        await socket.send(json.dumps({"v": 1, "type": "hello", "token": token}))
        mine = cycle(texts)
        for n in range(turns):
            started = time.perf_counter()
            text = next(mine)
            await socket.send(json.dumps({"v": 1, "type": "send", "id": f"bench-{player}-{n}", "text": text}))
            while True:
                frame = json.loads(await socket.recv())
                if frame["type"] == "entry" and frame["entry"]["sender"] == "bot":
                    break
                if frame["type"] == "error":
                    raise RuntimeError(frame)
            took.append((time.perf_counter() - started) * 1000)
    return took


async def crowd(stack: Stack, players: int, turns: int) -> None:
    """Print latency and throughput with `players` at once."""
    asked = questions()
    started = time.perf_counter()
    results = await asyncio.gather(
        *(play(stack, f"p{players}-{i}", asked[i * 7 :] + asked, turns) for i in range(players))
    )
    seconds = time.perf_counter() - started
    took = sorted(ms for result in results for ms in result)
    p50, p95 = statistics.median(took), took[int(0.95 * (len(took) - 1))]
    print(
        f"  {players:>4} players  {len(took):>6} turns  p50 {p50:7.1f} ms  p95 {p95:7.1f} ms  {len(took) / seconds:6.1f} turns/s"
    )


async def long_conversation(stack: Stack, turns: int) -> None:
    """Print how a turn's cost grows with the conversation."""
    took = await play(stack, "long", questions(), turns)
    first, last = statistics.median(took[5:25]), statistics.median(took[-20:])
    print(f"  turn 5-25: p50 {first:.1f} ms, turn {turns - 20}-{turns}: p50 {last:.1f} ms ({last / first:.2f}x)")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--players", type=int, nargs="+", default=[1, 50])
    options.add_argument("--turns", type=int, default=20, help="messages of each player")
    asked = options.parse_args()
    # A benchmark's players write faster than people may.
    with running(MESSAGES_PER_SECOND="1000") as stack:
        print(f"start, model loaded: {stack.start_s:.1f} s")
        print("a turn, socket in to answer out")
        for players in asked.players:
            asyncio.run(crowd(stack, players, asked.turns if players > 1 else 5 * asked.turns))
        print("a long conversation")
        asyncio.run(long_conversation(stack, 200))
        print("resident memory")
        for program in ("gateway", "bot", "handoff", "redis"):
            for pid in stack.pids(program):
                print(f"  {program:<8} {resident_mb(pid):7.0f} MB")


if __name__ == "__main__":
    main()
