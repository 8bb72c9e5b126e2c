"""`python -m bench.typists`: how long a completion takes, socket to socket, while a thousand players type at once."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from random import Random

from websockets.client import WebSocketClientProtocol, connect

from bench.__main__ import questions
from bench.stack import Stack, resident_mb, running
from common.clock import SystemClock
from common.settings import Settings
from gateway import tokens
from handoff.protocol import Player

_CONNECTING = 50  # sockets that are opened at the same time
_DEEPEST = 8  # characters typed of a question before a suggestion is picked


@dataclass
class Typed:
    """What one player's keystrokes cost."""

    took_ms: list[float] = field(default_factory=list)  # from the frame out to its completions in
    passed_over: int = 0  # keystrokes that a newer one overtook
    empty: int = 0  # answers without a suggestion


def keystrokes(texts: list[str]) -> Iterator[str]:
    """What is in the field after each keystroke of players who type these questions one after the other."""
    for text in cycle(texts):
        for end in range(1, min(len(text), _DEEPEST) + 1):
            yield text[:end]


async def type_on(
    socket: WebSocketClientProtocol, texts: list[str], seconds: float, pause_s: float, seed: int
) -> Typed:
    """One player who types for `seconds`, a keystroke each `pause_s` on average."""
    typed, draw = Typed(), Random(seed)
    sent: dict[int, float] = {}  # when each keystroke that waits for its answer went out

    async def read() -> None:
        async for raw in socket:
            frame = json.loads(raw)
            if frame["type"] == "error":
                raise RuntimeError(frame)
            if frame["type"] == "completions":
                typed.took_ms.append((time.perf_counter() - sent.pop(frame["seq"])) * 1000)
                typed.empty += not frame["items"]

    reading = asyncio.ensure_future(read())
    await asyncio.sleep(draw.uniform(0, pause_s))  # they do not type in step
    until = time.perf_counter() + seconds
    for seq, prefix in enumerate(keystrokes(texts)):
        if time.perf_counter() > until:
            break
        sent[seq] = time.perf_counter()
        await socket.send(json.dumps({"v": 1, "type": "complete", "seq": seq, "prefix": prefix}, ensure_ascii=False))
        await asyncio.sleep(draw.uniform(0.5, 1.5) * pause_s)
    await asyncio.sleep(1.0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    typed.passed_over = len(sent)
    return typed


async def arrive(stack: Stack, gate: asyncio.Semaphore, n: int) -> WebSocketClientProtocol:
    """A player's socket, past its welcome."""
    settings = Settings.from_env({})
    token = tokens.issue(settings.player_token_secret, Player(id=f"typist-{n}", name=f"typist {n}"), SystemClock())
    async with gate:
        socket = await connect(f"ws://127.0.0.1:{stack.port}/ws/player", compression=None)
        await socket.send(json.dumps({"v": 1, "type": "hello", "token": token}))
        while json.loads(await socket.recv())["type"] != "welcome":
            pass
    return socket


async def crowd(stack: Stack, players: int, seconds: float, pause_s: float) -> None:
    """Print what completions took with `players` typing at once."""
    asked, gate = questions(), asyncio.Semaphore(_CONNECTING)
    before = [resident_mb(pid) for pid in stack.pids("gateway")]
    sockets = await asyncio.gather(*(arrive(stack, gate, n) for n in range(players)))
    results = await asyncio.gather(
        *(type_on(socket, asked[n * 7 :] + asked, seconds, pause_s, n) for n, socket in enumerate(sockets))
    )
    after = [resident_mb(pid) for pid in stack.pids("gateway")]
    await asyncio.gather(*(socket.close() for socket in sockets))
    took = sorted(ms for result in results for ms in result.took_ms)
    overtaken = sum(result.passed_over for result in results)
    p50, p95, p99 = (took[int(share * (len(took) - 1))] for share in (0.5, 0.95, 0.99))
    print(
        f"  {players:>5} players  {(len(took) + overtaken) / seconds:7.0f} keystrokes/s  {len(took)} answered"
        f"  p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  p99 {p99:6.1f} ms  overtaken by a newer one {overtaken}"
        f"  without a suggestion {sum(result.empty for result in results)}"
    )
    print(f"  gateway memory, MB: {before} before, {after} with them typing")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m bench.typists", description=__doc__)
    options.add_argument("--players", type=int, nargs="+", default=[1, 100, 1000])
    options.add_argument("--seconds", type=float, default=15.0, help="how long they type")
    options.add_argument("--pause", type=float, default=0.4, help="seconds between two keystrokes of a player")
    asked = options.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a socket is an open file
    with running() as stack:
        print(
            f"completions, socket to socket, a keystroke each {asked.pause} s; players and gateway share this machine"
        )
        for players in asked.players:
            asyncio.run(crowd(stack, players, asked.seconds, asked.pause))


if __name__ == "__main__":
    main()
