"""Completions for one socket: of keystrokes that come faster than they are answered, only the newest counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Optional

from gateway.sockets import Peer
from handoff.protocol import MAX_PREFIX, Completion, Completions, PlayerComplete

EVERY_S = 0.04  # between two answers of one socket, however fast somebody types


class Completing:
    """Answers `complete` frames, one at a time."""

    def __init__(self, peer: Peer, complete: Callable[[str], list[Completion]]) -> None:
        self._peer = peer
        self._complete = complete
        self._newest: Optional[PlayerComplete] = None
        self._answering: Optional[asyncio.Future[None]] = None

    def ask(self, frame: PlayerComplete) -> None:
        """Answer soon, unless a newer one comes first."""
        self._newest = frame
        if self._answering is None or self._answering.done():
            self._answering = asyncio.ensure_future(self._answer())

    def stop(self) -> None:
        """The socket is gone."""
        if self._answering is not None:
            self._answering.cancel()

    async def _answer(self) -> None:
        while (frame := self._newest) is not None:
            self._newest = None
            items = self._complete(frame.prefix) if len(frame.prefix) <= MAX_PREFIX else []
            await self._peer.send(Completions(v=1, seq=frame.seq, items=items))
            await asyncio.sleep(EVERY_S)
