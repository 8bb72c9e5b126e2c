"""What a player's commands do to their conversation: each frame becomes one call of the store, checked and masked on the way."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import Any

from common.errors import BadFrame, UnknownEntry
from gateway.context import Context
from gateway.sockets import checked_text
from handoff import protocol
from handoff.protocol import Entry
from handoff.requests import request_of
from handoff.store import Stored


class PlayerCommands:
    """The commands of one player. `perform` raises the SupportError with which a command is refused."""

    def __init__(self, player: protocol.Player, context: Context) -> None:
        self._player = player
        self._context = context
        self._store = context.store
        self._command = context.command

    @singledispatchmethod
    async def perform(self, frame: Any, conversation: str) -> Stored:
        """Do what a frame says in `conversation`; what was stored."""
        raise BadFrame("hello was already said")

    @perform.register
    async def _(self, frame: protocol.PlayerSend, conversation: str) -> Stored:
        text = self._context.masker.mask(checked_text(frame.text))
        return await self._append(frame, self._entry(frame.id, "text", text=text))

    @perform.register
    async def _(self, frame: protocol.PlayerPick, conversation: str) -> Stored:
        label = self._context.chips.text(frame.chip)
        return await self._append(frame, self._entry(frame.id, "pick", text=label, chip=frame.chip))

    @perform.register
    async def _(self, frame: protocol.PlayerImage, conversation: str) -> Stored:
        image = await self._context.pictures.claim(frame.image, self._player.id, conversation)
        return await self._append(frame, self._entry(frame.id, "image", image=image))

    @perform.register
    async def _(self, frame: protocol.PlayerFeedback, conversation: str) -> Stored:
        rated = await self._store.entries(conversation, frame.entry - 1, 1)
        if not rated or not rated[0].faq_id:
            raise UnknownEntry(f"expected the number of an answer, got {frame.entry}", entry=frame.entry)
        return await self._append(frame, self._entry(frame.id, "feedback", entry=frame.entry, helpful=frame.helpful))

    @perform.register
    async def _(self, frame: protocol.PlayerHuman, conversation: str) -> Stored:
        request = request_of(
            "button",
            await self._store.understanding(conversation),
            await self._store.entries(conversation),
            self._context.scenarios,
        )
        return await self._store.request(self._player, self._command(frame), request)

    @perform.register
    async def _(self, frame: protocol.PlayerCancelHuman, conversation: str) -> Stored:
        return await self._store.cancel(self._player.id, self._command(frame))

    @perform.register
    async def _(self, frame: protocol.PlayerKeep, conversation: str) -> Stored:
        return await self._store.keep(self._player.id, self._command(frame))

    @perform.register
    async def _(self, frame: protocol.PlayerTicket, conversation: str) -> Stored:
        text = self._context.masker.mask(checked_text(frame.text))
        return await self._store.ticket(self._player.id, self._command(frame), text)

    @perform.register
    async def _(self, frame: protocol.PlayerRate, conversation: str) -> Stored:
        text = self._context.masker.mask(frame.text.strip()[: protocol.MAX_TEXT])
        ratings: dict[str, int] = {str(name): stars for name, stars in frame.ratings.items()}
        return await self._store.rate(self._player.id, self._command(frame), frame.episode, frame.score, text, ratings)

    def _entry(self, id: str, kind: Any, **fields: Any) -> Entry:
        return Entry(n=0, at=self._context.clock.now_ms(), sender="player", kind=kind, id=id, **fields)

    async def _append(self, frame: Any, entry: Entry) -> Stored:
        return await self._store.append(self._player, self._command(frame), entry)
