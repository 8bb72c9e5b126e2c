"""Live conversations in Redis: one Lua script per transition, so a change happens whole or not at all."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional

import msgspec
from redis import Redis as SyncRedis

from common import errors
from common.clock import Clock, utc
from common.keys import Keys
from handoff.machine import Disposition, EpisodeState, Event, Owner
from handoff.protocol import Entry, Episode, Note, Player, QueueItem, Summary
from handoff.rating import weighted
from handoff.redis_base import (
    ERRORS,
    as_text,
    decode_entry,
    decode_note,
    encoded,
    episode_of,
    new_id,
    numbered,
    profile_of,
    queue_item,
    script,
    stored,
    view_of,
)
from handoff.redis_engine import RedisEngine
from handoff.store import (
    END_BY_EVENT,
    SUMMARY_DELAY_MS,
    Command,
    HandoffRequest,
    KnownTicket,
    Orphan,
    Stored,
    Turn,
    TurnResult,
    View,
    status_entry,
)


class RedisStore(RedisEngine):
    """`ConversationStore` and `HandoffEngine` on Redis >= 6.2."""

    # -- players --

    async def open(self, player: Player) -> View:
        answer = await self._run("open", player=profile_of(player), new=new_id())
        return await self.view(answer["conversation"])

    async def append(self, player: Player, command: Command, entry: Entry) -> Stored:
        promised = status_entry(self._clock.now_ms(), "promised", {"text": "@TEXT@", "agent": "@AGENT@"})
        return stored(
            await self._run(
                "append",
                command,
                player=profile_of(player),
                new=new_id(),
                entry=encoded(entry),
                promised=encoded(promised),
            )
        )

    async def request(self, player: Player, command: Command, request: HandoffRequest) -> Stored:
        ask = await self._request(request, player)
        return stored(await self._run("request", command, player=profile_of(player), new=new_id(), request=ask))

    async def cancel(self, player: str, command: Command) -> Stored:
        return await self._leave_queue(player, command, Event.CANCEL, {})

    async def ticket(self, player: str, command: Command, text: str) -> Stored:
        return await self._leave_queue(player, command, Event.TICKET, {"number": "@NUMBER@", "text": text}, text)

    async def _leave_queue(
        self, player: str, command: Command, event: Event, data: dict[str, str], text: str = ""
    ) -> Stored:
        now = self._clock.now_ms()
        entry = status_entry(now, "cancelled" if event is Event.CANCEL else "ticket", data)
        return stored(
            await self._run(
                "leave_queue",
                command,
                player=player,
                event=event.value,
                reason=END_BY_EVENT[event].value,
                entry=encoded(entry),
                text=text if event is Event.TICKET else None,
                day=utc(now).strftime("%Y%m%d"),
            )
        )

    async def rate(
        self,
        player: str,
        command: Command,
        episode: str,
        score: int,
        text: str,
        ratings: Optional[Mapping[str, int]] = None,
    ) -> Stored:
        given = dict(ratings or {})
        entry = status_entry(self._clock.now_ms(), "rated", {"episode": episode, "score": score})
        return stored(
            await self._run(
                "rate",
                command,
                player=player,
                episode=episode,
                score=score,
                text=text,
                ratings=json.dumps(given),
                weighted=weighted(given, self.policy.ratings),
                entry=encoded(entry),
            )
        )

    # -- reading --

    async def view(self, conversation: str) -> View:
        raw = await self._redis.hgetall(self._name("c", conversation))
        if not raw:
            raise errors.UnknownConversation(f"no live conversation {conversation}", conversation=conversation)
        episode = await self._episode(raw["ep"]) if raw.get("ep") else None
        guests = await self._redis.hgetall(self._name("c", conversation, "guests")) if raw["owner"] == "agent" else {}
        promise = await self._redis.hget(self._name("p", raw["player"], "past"), "promise")
        return view_of(conversation, raw, episode, guests, [promise] if promise else [])

    async def views(self, conversations: Sequence[str]) -> list[View]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for id in conversations:
                pipe.hgetall(self._name("c", id))
            found = [(id, raw) for id, raw in zip(conversations, await pipe.execute()) if raw]
            for id, raw in found:
                pipe.hgetall(self._name("e", raw.get("ep", "")))
                pipe.hgetall(self._name("c", id, "guests"))
                pipe.hget(self._name("p", raw["player"], "past"), "promise")
            details = await pipe.execute()
        rows = zip(found, details[::3], details[1::3], details[2::3])
        return [
            view_of(
                id,
                raw,
                episode_of(episode) if episode else None,
                guests if raw["owner"] == Owner.AGENT.value else {},
                [promise] if promise else [],
            )
            for (id, raw), episode, guests, promise in rows
        ]

    async def entries(self, conversation: str, after: int = 0, limit: int = 10_000) -> list[Entry]:
        items = await self._redis.xrange(
            self._name("c", conversation, "log"), min=f"{after + 1}-0", max="+", count=limit
        )
        return [numbered(decode_entry(fields["e"]), key) for key, fields in items]

    async def notes(self, conversation: str, after: int = 0) -> list[Note]:
        items = await self._redis.xrange(self._name("c", conversation, "notes"), min=f"{after + 1}-0", max="+")
        return [numbered(decode_note(fields["e"]), key) for key, fields in items]

    async def understanding(self, conversation: str) -> dict[int, dict[str, Any]]:
        raw = await self._redis.hgetall(self._name("c", conversation, "nlu"))
        return {int(n): json.loads(value) for n, value in raw.items()}

    async def episodes(self, conversation: str) -> list[Episode]:
        ids = await self._redis.lrange(self._name("c", conversation, "eps"), 0, -1)
        found = [await self._episode(id) for id in ids]
        return [episode for episode in found if episode is not None]

    async def earlier(self, player: str) -> list[Episode]:
        ids = await self._redis.lrange(self._name("p", player, "eps"), 0, -1)
        found = [await self._episode(id) for id in reversed(ids)]
        return [episode for episode in found if episode is not None]

    async def tickets_of(self, player: str) -> list[KnownTicket]:
        raw = await self._redis.hgetall(self._name("p", player, "tickets"))
        found = [KnownTicket(number, **json.loads(ticket)) for number, ticket in raw.items()]
        return sorted(found, key=lambda ticket: ticket.number)

    async def conversation_of(self, player: str) -> str:
        return await self._redis.get(self._name("p", player)) or ""

    async def queue(self, limit: int = 200) -> tuple[list[QueueItem], int]:
        ids = await self._redis.zrange(self._name("queue"), 0, limit - 1)
        total = await self._redis.zcard(self._name("queue"))
        rows = await self._queue_rows(ids)
        return [item for item in (self._queue_item(id, *row) for id, row in zip(ids, rows)) if item is not None], total

    async def _queue_rows(self, ids: Sequence[str]) -> list[tuple[Any, ...]]:
        """Of each conversation: its hash, its newest entries, its episode, who is offered it, when the player was seen."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for id in ids:
                pipe.hgetall(self._name("c", id))
                pipe.xrevrange(self._name("c", id, "log"), count=24)
            rows = await pipe.execute()
            for raw in rows[::2]:
                pipe.hgetall(self._name("e", raw.get("ep", "")))
                pipe.hget(self._name("r", raw.get("offer", "")), "agent")
                pipe.zscore(self._name("players:seen"), raw.get("player", ""))
            details = await pipe.execute()
            for agent in details[1::3]:
                pipe.hget(self._name("a", agent or ""), "display")
            displays = await pipe.execute()
        return list(zip(rows[::2], rows[1::2], details[::3], displays, details[2::3]))

    def _queue_item(self, id: str, raw: Any, recent: Any, episode: Any, asked: Any, seen: Any) -> Optional[QueueItem]:
        if raw.get("owner") != Owner.QUEUE.value or not episode:  # it may have been taken between the reads
            return None
        entries = [decode_entry(fields["e"]) for _, fields in recent]
        return queue_item(id, raw, entries, episode, asked or "", not self._present(seen))

    async def position(self, conversation: str) -> int:
        group = await self._redis.hget(self._name("c", conversation), "group")
        place = await self._redis.zrank(self._name("queue", group or ""), conversation)
        return 0 if place is None else place + 1

    async def agents_online(self) -> int:
        return int(await self._redis.zcount(self._name("agents:online"), self._clock.now_ms() - self._grace, "+inf"))

    async def presence_of(self, agent: str) -> tuple[str, int]:
        status, capacity = await self._redis.hmget(self._name("a", agent), "status", "capacity")
        return status or "offline", int(capacity or 0)

    async def conversations_of_agent(self, agent: str) -> list[str]:
        return sorted(await self._redis.hkeys(self._name("a", agent, "load")))

    # -- the bot --

    async def claim_turn(self, lease_ms: int) -> Optional[Turn]:
        token = secrets.token_hex(8)
        answer = await self._call("claim_turn", token=token, lease_ms=lease_ms)
        if not answer:
            return None
        conversation, raw, n, entry, tracker, attempts = answer
        fields = {key: as_text(value) for key, value in json.loads(raw).items()}
        return Turn(
            view=view_of(conversation, fields),
            token=token,
            entry=msgspec.structs.replace(decode_entry(entry), n=n) if entry else None,
            tracker=tracker,
            attempts=attempts,
            summary_due=fields.get("summary_due", ""),
        )

    async def renew(self, turn: Turn, lease_ms: int) -> None:
        await self._run("renew", conversation=turn.view.id, token=turn.token, lease_ms=lease_ms)

    async def commit(self, turn: Turn, result: TurnResult) -> Stored:
        if turn.entry is None:
            raise ValueError("a turn without an entry has nothing to commit")
        extra: dict[str, Any] = {}
        if result.tracker is not None:
            extra["tracker"] = result.tracker
        if result.understanding:
            extra["understanding"] = json.dumps(result.understanding, ensure_ascii=False)
        if result.request is not None:
            extra["request"] = await self._request(result.request, turn.view.player)
        answer = await self._run(
            "commit_turn",
            conversation=turn.view.id,
            token=turn.token,
            from_cursor=turn.view.cursor,
            to_cursor=turn.entry.n,
            entries=[encoded(entry) for entry in result.replies],
            summary_delay=SUMMARY_DELAY_MS,
            **extra,
        )
        return Stored(n=answer["n"], conversation=turn.view.id)

    async def set_summary(self, turn: Turn, summary: Summary) -> None:
        await self._run(
            "set_summary",
            conversation=turn.view.id,
            token=turn.token,
            episode=turn.summary_due,
            summary=encoded(summary),
            upto=summary.upto,
        )

    # -- agents --

    async def presence(self, agent: str, display: str, command: Command, status: str, capacity: int) -> Stored:
        await self._run("presence", command, agent=agent, display=display, status=status, capacity=capacity)
        return Stored(n=0, conversation="")

    async def beat(self, agent: str) -> None:
        await self._run("beat", agent=agent)

    async def accept(self, agent: str, display: str, command: Command, conversation: str) -> Stored:
        entry = status_entry(self._clock.now_ms(), "accepted", name="@NAME@")
        return stored(await self._run("accept", command, agent=agent, conversation=conversation, entry=encoded(entry)))

    async def say(
        self, agent: str, display: str, command: Command, conversation: str, epoch: int, text: str, reasked: int = 0
    ) -> Stored:
        entry = Entry(n=0, at=self._clock.now_ms(), sender="agent", kind="text", text=text, name=display, id=command.id)
        return stored(
            await self._run(
                "say",
                command,
                agent=agent,
                conversation=conversation,
                epoch=epoch,
                entry=encoded(entry),
                reasked=reasked,
            )
        )

    async def note(self, author: str, agent: str, command: Command, conversation: str, text: str) -> Stored:
        note = Note(n=0, at=self._clock.now_ms(), author=author, text=text, id=command.id)
        return stored(await self._run("note", command, agent=agent, conversation=conversation, note=encoded(note)))

    async def give_back(self, agent: str, command: Command, conversation: str, epoch: int, promise: str = "") -> Stored:
        extra = {"promise": promise, "note": await self._noted("promise", agent, command, promise)} if promise else {}
        return await self._finish(agent, command, conversation, epoch, Event.RETURN, **extra)

    async def close(
        self, agent: str, command: Command, conversation: str, epoch: int, disposition: Disposition, comment: str
    ) -> Stored:
        return await self._finish(
            agent, command, conversation, epoch, Event.CLOSE, disposition=disposition.value, comment=comment
        )

    async def _finish(
        self, agent: str, command: Command, conversation: str, epoch: int, event: Event, **extra: str
    ) -> Stored:
        name = "closed" if event is Event.CLOSE else "returned"
        entry = status_entry(self._clock.now_ms(), name, {"episode": "@EPISODE@"})
        return stored(
            await self._run(
                "finish",
                command,
                agent=agent,
                conversation=conversation,
                epoch=epoch,
                event=event.value,
                entry=encoded(entry),
                **extra,
            )
        )

    async def wrap_up(
        self, agent: str, command: Command, conversation: str, disposition: Disposition, comment: str
    ) -> Stored:
        return stored(
            await self._run(
                "wrap_up",
                command,
                agent=agent,
                conversation=conversation,
                disposition=disposition.value,
                comment=comment,
            )
        )

    # -- the handoff worker --

    async def orphans(self) -> list[Orphan]:
        gone = await self._redis.zrangebyscore(
            self._name("agents:seen"), "-inf", f"({self._clock.now_ms() - self._grace}"
        )
        found = []
        for agent in gone:
            for conversation in await self.conversations_of_agent(agent):
                owner, epoch, has = await self._redis.hmget(self._name("c", conversation), "owner", "epoch", "agent")
                if owner == Owner.AGENT.value:
                    found.append(Orphan(conversation, int(epoch), "" if has == agent else agent))
        return found

    async def requeue(self, orphan: Orphan) -> None:
        now = self._clock.now_ms()
        await self._run(
            "requeue",
            conversation=orphan.conversation,
            epoch=orphan.epoch,
            guest=orphan.guest or None,
            entry=encoded(status_entry(now, "requeued")),
            left=encoded(status_entry(now, "left", name="@NAME@")),
        )

    async def overdue_wrap_ups(self) -> list[str]:
        return list(await self._redis.zrangebyscore(self._name("wrapups"), "-inf", self._clock.now_ms()))

    async def expire_wrap_up(self, conversation: str) -> None:
        await self._run("wrap_up", conversation=conversation)

    async def quiet(self, since_ms: int, limit: int = 50) -> list[View]:
        found: list[View] = []
        start = 0
        while len(found) < limit:
            ids = await self._redis.zrangebyscore(self._name("live"), "-inf", since_ms, start=start, num=limit)
            if not ids:
                break
            start += len(ids)
            for id in ids:
                raw = await self._redis.hgetall(self._name("c", id))
                if raw and raw["owner"] == Owner.BOT.value and raw["state"] == EpisodeState.NONE.value:
                    found.append(view_of(id, raw))
        return found[:limit]

    async def forget(self, view: View) -> bool:
        answer = await self._run("forget", conversation=view.id, n=view.last, notes_n=view.notes)
        return bool(answer["forgotten"])

    async def outbox(self, limit: int = 200) -> list[tuple[str, dict[str, str]]]:
        return list(await self._redis.xrange(self._name("outbox"), count=limit))

    async def outbox_refused(self, id: str, fields: Mapping[str, str]) -> None:
        await self._redis.xadd(self._name("outbox", "refused"), {**fields, "id": id})

    async def outbox_done(self, ids: Sequence[str]) -> None:
        if ids:
            await self._redis.xdel(self._name("outbox"), *ids)


def renewal(client: SyncRedis[str], clock: Clock, keys: Keys, lease_ms: int) -> Callable[[Turn], None]:
    """`RedisStore.renew` for a thread with a synchronous client."""
    run = client.register_script(script("renew"))

    def renew(turn: Turn) -> None:
        arguments = {"conversation": turn.view.id, "token": turn.token, "lease_ms": lease_ms, "now": clock.now_ms()}
        answer = json.loads(run(keys=[keys.prefix], args=[json.dumps(arguments)]))
        if "err" in answer:
            raise ERRORS[answer["err"]]()

    return renew
