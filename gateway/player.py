"""A player's socket: opening, greeting, active, gone. Stores what the player sends, pushes what is new in the log."""

from __future__ import annotations

import asyncio
from enum import Enum
from functools import singledispatchmethod
from typing import Any

from redis.exceptions import RedisError
from starlette.websockets import WebSocket, WebSocketDisconnect

from common.errors import BadToken, SupportError, UnknownConversation
from gateway import tokens
from gateway.completing import Completing
from gateway.context import Context
from gateway.player_commands import PlayerCommands
from gateway.reads import read_by
from gateway.sockets import Close, Closed, Peer, origin_allowed
from gateway.visit import Visit
from handoff import protocol
from handoff.store import Stored, View

HERE_EVERY_S = 10.0  # how often it is said that the player's chat is open
_BATCH = 200


class State(Enum):
    """Where a player's connection stands."""

    GREETING = "greeting"  # waits for hello
    ACTIVE = "active"  # frames go both ways
    GONE = "gone"  # over


class PlayerSocket:
    """One connection of one player."""

    def __init__(self, socket: WebSocket, context: Context) -> None:
        self._socket = socket
        self._context = context
        self._peer = Peer(socket, context, protocol.decode_player)
        self.state = State.GREETING
        self._player: protocol.Player
        self._commands: PlayerCommands
        self._visit: Visit
        self._completing = Completing(self._peer, self._complete)
        self._since = 0  # log entries up to here are old news
        self._conversation = ""
        self._sent = 0  # the last log number this client has
        self._owner = ""
        self._place = _NOWHERE  # in the queue, as told last
        self._turning = asyncio.Lock()  # held while frames of one conversation go out

    async def run(self) -> None:
        """Serve the connection to its end."""
        await self._socket.accept()
        try:
            if not origin_allowed(self._socket, self._context.settings.origins):
                raise Closed(Close.FORBIDDEN)
            await self._greet()
            self.state = State.ACTIVE
            await self._peer.run(self._peer.read_loop(self._handle), self._push(), self._here())
        except (WebSocketDisconnect, asyncio.CancelledError):
            pass
        except Closed as closed:
            await self._peer.close(closed.code)
        except BadToken as error:
            await self._peer.refuse(error)
            await self._peer.close(Close.BAD_TOKEN)
        finally:
            if self.state is State.ACTIVE:
                self._visit.end()
            self.state = State.GONE
            self._completing.stop()
            await self._leave()

    async def _greet(self) -> None:
        """`hello` until one is right; a wrong frame is refused, a wrong token ends the connection."""
        while self.state is State.GREETING:
            try:
                hello = await self._peer.hello()
                self._player = tokens.read(self._context.settings.player_token_secret, hello.token)
                self._commands = PlayerCommands(self._player, self._context)
                self._visit = Visit(self._player, hello.page, self._context.suggestions)
                await self._welcome(hello)
                return
            except BadToken:
                raise
            except (SupportError, RedisError, OSError) as error:
                await self._peer.refuse(error)

    async def _welcome(self, hello: protocol.PlayerHello) -> None:
        view = await self._context.store.open(self._player)
        await self._context.store.player_here(self._player.id)
        if hello.conversation == view.id and hello.last > view.last:
            await self._peer.refuse(_FromTheFuture(f"expected last <= {view.last}, got {hello.last}", last=view.last))
        known = hello.conversation == view.id and hello.last <= view.last
        await self._follow(view, hello.last if known else 0, reset=not known)

    async def _follow(self, view: View, last: int, *, reset: bool) -> None:
        """Make `view` the conversation of this socket, or raise and leave everything as it was."""
        async with self._turning:
            welcome = await self._welcome_to(view, reset=reset)
            await self._leave()
            self._conversation, self._sent, self._owner, self._place = view.id, last, view.owner.value, _NOWHERE
            self._since = view.last
            await self._context.bells.listen("c", view.id, listener=self._peer.ring)
            await self._context.bells.listen("queue", listener=self._queue_moved)
            await self._context.bells.listen("typing", view.id, listener=self._typed)
            await self._context.bells.listen("read", view.id, listener=self._was_read)
            await self._peer.send(welcome)
        self._peer.ring()

    async def _welcome_to(self, view: View, *, reset: bool) -> protocol.PlayerWelcome:
        chips, card = await self._visit.chips()
        return protocol.PlayerWelcome(
            v=1,
            conversation=view.id,
            player=self._player,
            owner=view.owner.value,
            last=view.last,
            reset=reset,
            chips=chips,
            card=card,
            agent=view.agent_name,
            rate=view.rate_due,
            agents_online=await self._context.store.agents_online(),
            read=(await self._context.reads.marks(view.id)).agent,
        )

    async def _leave(self) -> None:
        if self._conversation:
            await self._context.bells.forget("c", self._conversation, listener=self._peer.ring)
            await self._context.bells.forget("queue", listener=self._queue_moved)
            await self._context.bells.forget("typing", self._conversation, listener=self._typed)
            await self._context.bells.forget("read", self._conversation, listener=self._was_read)
            self._conversation = ""

    async def _push(self) -> None:
        """Send what is new, for ever."""
        while True:
            await self._peer.rung()
            try:
                async with self._turning:
                    await self._push_entries()
                    await self._push_place()
            except (RedisError, OSError):
                await asyncio.sleep(0.5)
                self._peer.ring()

    async def _here(self) -> None:
        """The player is there for as long as this socket is; a waiting one is told anew how long it will take."""
        while True:
            await asyncio.sleep(HERE_EVERY_S)
            try:
                await self._context.store.player_here(self._player.id)
            except (RedisError, OSError) as error:
                self._context.log.warning("presence not said", error=type(error).__name__)
            self._queue_moved()

    async def _push_entries(self) -> None:
        changed = False
        while entries := await self._context.store.entries(self._conversation, self._sent, _BATCH):
            for entry in entries:
                await self._peer.send(protocol.EntryFrame(v=1, conversation=self._conversation, entry=entry))
                self._sent = entry.n
                self._notice(entry)
                changed = changed or entry.kind == "status"
        if changed:
            await self._look_for_owner()

    def _notice(self, entry: protocol.Entry) -> None:
        """What suggestions learn from an entry, unless it only comes again."""
        if entry.n <= self._since:
            return
        if entry.kind == "answer" and entry.faq_id:
            self._visit.answered(entry)
        elif entry.kind == "feedback":
            self._visit.judged(entry.at, helpful=entry.helpful)

    async def _look_for_owner(self) -> None:
        try:
            self._owner = (await self._context.store.view(self._conversation)).owner.value
        except UnknownConversation:
            self._owner = ""  # archived meanwhile

    async def _push_place(self) -> None:
        if self._owner != "queue" and not self._place.position:
            return
        place = await self._find_place()
        if place == self._place:
            return
        self._place = place
        await self._peer.send(place)

    async def _find_place(self) -> protocol.Queue:
        store = self._context.store
        position = await store.position(self._conversation) if self._owner == "queue" else 0
        if not position:
            return _NOWHERE
        view = await store.view(self._conversation)
        if view.episode is None:  # it was taken between the two reads
            return _NOWHERE
        wait = await self._context.times.estimate(view.episode.group, position)
        if wait.p90_s and not self._place.p90_s:
            await store.told(self._conversation, wait.p90_s * 1000)
        return protocol.Queue(
            v=1,
            position=position,
            since=view.episode.requested_at,
            agents_online=await store.agents_online(),
            p50_s=wait.p50_s,
            p90_s=wait.p90_s,
            kept=view.kept,
        )

    def _complete(self, prefix: str) -> list[protocol.Completion]:
        """Nothing while an agent has the conversation: the questions are the bot's."""
        return [] if self._owner == "agent" else self._context.suggestions.complete(prefix, self._visit.around)

    def _queue_moved(self, _message: str = "") -> None:
        if self._owner == "queue":
            self._peer.ring()

    def _typed(self, sender: str) -> None:
        if sender == "agent":
            frame = protocol.Typing(v=1, sender="agent", conversation=self._conversation)
            self._peer.send_soon(frame)

    def _was_read(self, message: str) -> None:
        if n := read_by("agent", message):
            self._peer.send_soon(protocol.Read(v=1, n=n))

    @singledispatchmethod
    async def _handle(self, frame: Any) -> None:
        await self._stored(frame, await self._commands.perform(frame, self._conversation))

    @_handle.register
    async def _(self, frame: protocol.Ping) -> None:
        await self._peer.send(protocol.Pong(v=1, at=self._context.clock.now_ms()))

    @_handle.register
    async def _(self, frame: protocol.PlayerTyping) -> None:
        await self._context.bells.ring("typing", self._conversation, message="player")

    @_handle.register
    async def _(self, frame: protocol.PlayerPage) -> None:
        chips, card = await self._visit.chips(frame.page)
        await self._peer.send(protocol.Suggestions(v=1, chips=chips, card=card))

    @_handle.register
    async def _(self, frame: protocol.PlayerComplete) -> None:
        self._completing.ask(frame)

    @_handle.register
    async def _(self, frame: protocol.PlayerShown) -> None:
        self._visit.shown(frame.place)

    @_handle.register
    async def _(self, frame: protocol.PlayerPick) -> None:
        stored = await self._commands.perform(frame, self._conversation)
        self._visit.picked(frame.chip.partition(":")[2], frame.place)
        await self._stored(frame, stored)

    @_handle.register
    async def _(self, frame: protocol.PlayerRead) -> None:
        await self._context.reads.mark(self._conversation, "player", min(frame.n, self._sent))

    async def _stored(self, frame: Any, stored: Stored) -> None:
        """Acknowledge; when the old conversation was archived meanwhile, go over to the new one."""
        await self._peer.send(protocol.Ack(v=1, id=frame.id, n=stored.n, conversation=stored.conversation))
        if stored.conversation == self._conversation:
            return
        try:
            view = await self._context.store.view(stored.conversation)
            if await self._context.store.conversation_of(self._player.id) == view.id:
                await self._follow(view, 0, reset=True)
        except UnknownConversation:
            return  # a repeat of something that is archived by now
        except (RedisError, OSError) as error:
            raise Closed(Close.RESTART) from error  # it was acknowledged; a new socket finds its conversation


class _FromTheFuture(SupportError):
    """A client claims to have entries that do not exist."""

    code = "bad_last"


_NOWHERE = protocol.Queue(v=1, position=0)
