"""An agent's socket: the queue, the agent's offers and the conversations that the desk has open, live."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from functools import partial, singledispatchmethod
from typing import Any, Optional

import msgspec
from redis.exceptions import RedisError
from starlette.websockets import WebSocket, WebSocketDisconnect

from common.errors import BadFrame, StorageError, SupportError, UnknownConversation
from gateway.agent_commands import AgentCommands
from gateway.agent_offers import offers_of
from gateway.bells import Listener
from gateway.context import Context
from gateway.reads import read_by
from gateway.sessions import Sessions
from gateway.sockets import LOOK_ANYWAY_S, Close, Closed, Peer, origin_allowed
from handoff import protocol
from handoff.profiles import Profiles
from handoff.store import View

BEAT_S = 2.0
_RECHECK_BEATS = 5  # how often it is checked that the log-in still holds
MAX_OPEN = 50  # conversations one desk follows at once
_QUEUE_SHOWN = 200
_BATCH = 200


@dataclass
class _Open:
    """A conversation that the desk follows."""

    ring: Listener
    typed: Listener
    was_read: Listener
    last: int  # newest log number sent
    last_note: int
    read: int  # how far the player had read when it was opened
    shown: Optional[protocol.Conversation] = None  # the snapshot sent last, without its newest number


class AgentSocket:
    """One connection of one agent's desk."""

    def __init__(self, socket: WebSocket, context: Context, sessions: Sessions, profiles: Profiles) -> None:
        self._socket = socket
        self._context = context
        self._sessions = sessions
        self._profiles = profiles
        self._peer = Peer(socket, context, protocol.decode_agent)
        self._agent: protocol.Agent
        self._commands: AgentCommands
        self._open: dict[str, _Open] = {}
        self._fresh: set[str] = set()  # open conversations whose bell rang
        self._queue_shown: Optional[protocol.QueueList] = None
        self._offers_shown: Optional[protocol.OfferList] = None
        self._offers_due_at = 0.0  # when the offers are read again though no bell rang; seconds of the loop's clock

    async def run(self) -> None:
        """Serve the connection to its end."""
        await self._socket.accept()
        try:
            if not origin_allowed(self._socket, ()):  # the desk is only ever served from here
                raise Closed(Close.FORBIDDEN)
            agent = await self._sessions.agent_of(self._socket)
            if agent is None:
                raise Closed(Close.BAD_TOKEN)
            self._agent = agent
            self._commands = AgentCommands(agent, self._context)
            await self._serve()
        except (WebSocketDisconnect, asyncio.CancelledError):
            pass
        except Closed as closed:
            await self._peer.close(closed.code)
        except (RedisError, StorageError, OSError):
            await self._peer.close(Close.RESTART)  # storage is away; the desk connects again

    async def _serve(self) -> None:
        bells = self._context.bells
        try:
            await self._greet()
            await self._peer.run(self._peer.read_loop(self._handle), self._push(), self._beat())
        finally:
            await bells.forget("queue", listener=self._peer.ring)
            await bells.forget("a", self._agent.id, listener=self._offered)
            for conversation in list(self._open):
                await self._leave(conversation)

    async def _greet(self) -> None:
        while True:
            try:
                await self._peer.hello()
                break
            except SupportError as error:
                await self._peer.refuse(error)
        store = self._context.store
        await self._context.bells.listen("queue", listener=self._peer.ring)
        await self._context.bells.listen("a", self._agent.id, listener=self._offered)
        await store.profile(self._agent.id, (await self._profiles.get(self._agent.id)).of(self._agent))
        await store.beat(self._agent.id)
        status, capacity = await store.presence_of(self._agent.id)
        await self._peer.send(
            protocol.AgentWelcome(
                v=1,
                agent=self._agent,
                status=status,  # type: ignore[arg-type]
                capacity=capacity or 3,
                mine=await store.conversations_of_agent(self._agent.id),
            )
        )
        self._peer.ring()

    async def _beat(self) -> None:
        """The agent is there for as long as this socket is, and logged in."""
        for beat in itertools.count(1):
            try:
                await self._context.store.beat(self._agent.id)
                if beat % _RECHECK_BEATS == 0 and await self._sessions.agent_of(self._socket) is None:
                    raise Closed(Close.BAD_TOKEN)
            except (RedisError, StorageError, OSError) as error:
                self._context.log.warning("heartbeat failed", error=type(error).__name__)
            await asyncio.sleep(BEAT_S)

    async def _push(self) -> None:
        while True:
            await self._peer.rung()
            fresh, self._fresh = self._fresh, set()
            try:
                await self._push_queue()
                await self._push_offers()
                for conversation in fresh or set(self._open):
                    if conversation in self._open:
                        await self._push_conversation(conversation, self._open[conversation])
            except (RedisError, OSError):
                self._fresh |= fresh
                self._offers_due_at = 0.0
                await asyncio.sleep(0.5)
                self._peer.ring()

    async def _push_queue(self) -> None:
        items, total = await self._context.store.queue(_QUEUE_SHOWN)
        online = await self._context.store.agents_online()
        frame = protocol.QueueList(v=1, items=items, total=total, agents_online=online)
        if frame != self._queue_shown:
            self._queue_shown = frame
            await self._peer.send(frame)

    async def _push_offers(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._offers_due_at:
            return
        self._offers_due_at = now + LOOK_ANYWAY_S
        frame = await offers_of(self._agent.id, self._context.store, self._queue_shown)
        if frame != self._offers_shown:
            self._offers_shown = frame
            await self._peer.send(frame)

    def _offered(self, _message: str = "") -> None:
        self._offers_due_at = 0.0
        self._peer.ring()

    async def _push_conversation(self, conversation: str, follow: _Open) -> None:
        try:
            view = await self._context.store.view(conversation)
        except UnknownConversation:
            return  # archived; the desk reads it from the history
        snapshot = self._snapshot(view, follow.read)
        shown = msgspec.structs.replace(snapshot, last=0)
        if shown != follow.shown:
            follow.shown = shown
            await self._peer.send(snapshot)
        while entries := await self._context.store.entries(conversation, follow.last, _BATCH):
            for entry in entries:
                await self._peer.send(protocol.EntryFrame(v=1, conversation=conversation, entry=entry))
                follow.last = entry.n
        for note in await self._context.store.notes(conversation, follow.last_note):
            await self._peer.send(protocol.NoteFrame(v=1, conversation=conversation, note=note))
            follow.last_note = note.n

    def _snapshot(self, view: View, read: int) -> protocol.Conversation:
        return protocol.Conversation(
            v=1,
            conversation=view.id,
            player=view.player,
            owner=view.owner.value,
            epoch=view.epoch,
            last=view.last,
            agent=view.agent,
            agent_name=view.agent_name,
            episode=view.episode,
            mine=view.agent == self._agent.id,
            guests=list(view.guests),
            transfer=view.transfer,
            idle=view.idle,
            promises=list(view.promises),
            read=read,
        )

    def _ring(self, conversation: str, _message: str = "") -> None:
        self._fresh.add(conversation)
        self._peer.ring()

    def _was_read(self, conversation: str, message: str) -> None:
        if n := read_by("player", message):
            self._peer.send_soon(protocol.Read(v=1, n=n, conversation=conversation))

    def _typed(self, conversation: str, sender: str) -> None:
        if sender == "player":
            frame = protocol.Typing(v=1, sender="player", conversation=conversation)
            self._peer.send_soon(frame)

    async def _leave(self, conversation: str) -> None:
        follow = self._open.pop(conversation, None)
        if follow is not None:
            await self._context.bells.forget("c", conversation, listener=follow.ring)
            await self._context.bells.forget("typing", conversation, listener=follow.typed)
            await self._context.bells.forget("read", conversation, listener=follow.was_read)

    @singledispatchmethod
    async def _handle(self, frame: Any) -> None:
        stored = await self._commands.perform(frame)
        await self._peer.send(protocol.Ack(v=1, id=frame.id, n=stored.n, conversation=stored.conversation))

    @_handle.register
    async def _(self, frame: protocol.Ping) -> None:
        await self._peer.send(protocol.Pong(v=1, at=self._context.clock.now_ms()))

    @_handle.register
    async def _(self, frame: protocol.AgentOpen) -> None:
        await self._context.store.view(frame.conversation)
        if frame.conversation not in self._open and len(self._open) >= MAX_OPEN:
            raise BadFrame(f"expected at most {MAX_OPEN} open conversations; leave one first")
        await self._leave(frame.conversation)
        ring, typed, was_read = (partial(on, frame.conversation) for on in (self._ring, self._typed, self._was_read))
        read = (await self._context.reads.marks(frame.conversation)).player
        self._open[frame.conversation] = _Open(ring, typed, was_read, frame.last, frame.last_note, read)
        await self._context.bells.listen("c", frame.conversation, listener=ring)
        await self._context.bells.listen("typing", frame.conversation, listener=typed)
        await self._context.bells.listen("read", frame.conversation, listener=was_read)
        self._ring(frame.conversation)

    @_handle.register
    async def _(self, frame: protocol.AgentLeave) -> None:
        await self._leave(frame.conversation)

    @_handle.register
    async def _(self, frame: protocol.AgentTyping) -> None:
        view = await self._context.store.view(frame.conversation)
        if self._agent.id in (view.agent, *(guest.id for guest in view.guests)):
            await self._context.bells.ring("typing", frame.conversation, message="agent")

    @_handle.register
    async def _(self, frame: protocol.AgentRead) -> None:
        follow = self._open.get(frame.conversation)
        if follow is not None and follow.shown is not None and follow.shown.mine:
            await self._context.reads.mark(frame.conversation, "agent", min(frame.n, follow.last))
