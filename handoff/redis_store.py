"""Live conversations in Redis: one Lua script per transition, so a change happens whole or not at all."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import msgspec
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from common import errors
from common.clock import Clock, utc
from common.keys import Keys
from handoff.machine import Disposition, EpisodeState, Event, Owner
from handoff.protocol import Entry, Episode, Note, Player, QueueItem, Summary
from handoff.store import (
    END_BY_EVENT,
    IDS_TTL_MS,
    SUMMARY_DELAY_MS,
    WRAP_UP_MS,
    Command,
    HandoffRequest,
    Orphan,
    Stored,
    Turn,
    TurnResult,
    View,
    rank,
    status_entry,
)

_LUA = Path(__file__).parent / "lua"
_ERRORS: dict[str, type[errors.SupportError]] = {
    kind.code: kind
    for kind in (
        errors.IdConflict,
        errors.RateLimited,
        errors.UnknownConversation,
        errors.IllegalTransition,
        errors.NotOwner,
        errors.StaleEpoch,
        errors.LeaseLost,
        errors.CapacityFull,
        errors.AgentUnavailable,
    )
}
_encode = msgspec.json.Encoder()
_entry = msgspec.json.Decoder(Entry)
_note = msgspec.json.Decoder(Note)
_summary = msgspec.json.Decoder(Summary)


class RedisStore:
    """`ConversationStore` on Redis >= 6.2. All times in milliseconds."""

    def __init__(
        self, redis: Redis[str], clock: Clock, keys: Keys, *, grace_ms: int = 12_000, per_second: int = 8
    ) -> None:
        """`grace_ms`: how long after its last heartbeat an agent counts as there; `per_second`: a player's commands."""
        self._redis = redis
        self._clock = clock
        self._keys = keys
        self._grace = grace_ms
        self._per_second = per_second
        library = (_LUA / "_lib.lua").read_text(encoding="utf-8")
        self._scripts: dict[str, Callable[..., Any]] = {
            path.stem: redis.register_script(library + path.read_text(encoding="utf-8"))
            for path in _LUA.glob("*.lua")
            if path.stem != "_lib"
        }

    # -- players --

    async def open(self, player: Player) -> View:
        answer = await self._run("open", player=_profile(player), new=_new_id())
        return await self.view(answer["conversation"])

    async def append(self, player: Player, command: Command, entry: Entry) -> Stored:
        return _stored(await self._run("append", command, player=_profile(player), new=_new_id(), entry=_json(entry)))

    async def request(self, player: Player, command: Command, request: HandoffRequest) -> Stored:
        ask = await self._request(request, player.vip)
        return _stored(await self._run("request", command, player=_profile(player), new=_new_id(), request=ask))

    async def cancel(self, player: str, command: Command) -> Stored:
        return await self._leave_queue(player, command, Event.CANCEL, {})

    async def ticket(self, player: str, command: Command, text: str) -> Stored:
        return await self._leave_queue(player, command, Event.TICKET, {"number": "@NUMBER@", "text": text}, text)

    async def _leave_queue(
        self, player: str, command: Command, event: Event, data: dict[str, str], text: str = ""
    ) -> Stored:
        now = self._clock.now_ms()
        entry = status_entry(now, "cancelled" if event is Event.CANCEL else "ticket", data)
        return _stored(
            await self._run(
                "leave_queue",
                command,
                player=player,
                event=event.value,
                reason=END_BY_EVENT[event].value,
                entry=_json(entry),
                text=text,
                day=utc(now).strftime("%Y%m%d"),
            )
        )

    async def rate(self, player: str, command: Command, episode: str, score: int, text: str) -> Stored:
        entry = status_entry(self._clock.now_ms(), "rated", {"episode": episode, "score": score})
        return _stored(
            await self._run("rate", command, player=player, episode=episode, score=score, text=text, entry=_json(entry))
        )

    # -- reading --

    async def view(self, conversation: str) -> View:
        raw = await self._redis.hgetall(self._name("c", conversation))
        if not raw:
            raise errors.UnknownConversation(f"no live conversation {conversation}", conversation=conversation)
        episode = await self._episode(raw["ep"]) if raw.get("ep") else None
        return _view(conversation, raw, episode)

    async def entries(self, conversation: str, after: int = 0, limit: int = 10_000) -> list[Entry]:
        items = await self._redis.xrange(
            self._name("c", conversation, "log"), min=f"{after + 1}-0", max="+", count=limit
        )
        return [_numbered(_entry.decode(fields["e"]), key) for key, fields in items]

    async def notes(self, conversation: str, after: int = 0) -> list[Note]:
        items = await self._redis.xrange(self._name("c", conversation, "notes"), min=f"{after + 1}-0", max="+")
        return [_numbered(_note.decode(fields["e"]), key) for key, fields in items]

    async def understanding(self, conversation: str) -> dict[int, dict[str, Any]]:
        raw = await self._redis.hgetall(self._name("c", conversation, "nlu"))
        return {int(n): json.loads(value) for n, value in raw.items()}

    async def episodes(self, conversation: str) -> list[Episode]:
        ids = await self._redis.lrange(self._name("c", conversation, "eps"), 0, -1)
        found = [await self._episode(id) for id in ids]
        return [episode for episode in found if episode is not None]

    async def conversation_of(self, player: str) -> str:
        return await self._redis.get(self._name("p", player)) or ""

    async def queue(self, limit: int = 200) -> tuple[list[QueueItem], int]:
        ids = await self._redis.zrange(self._name("queue"), 0, limit - 1)
        total = await self._redis.zcard(self._name("queue"))
        async with self._redis.pipeline(transaction=False) as pipe:
            for id in ids:
                pipe.hgetall(self._name("c", id))
                pipe.xrevrange(self._name("c", id, "log"), count=24)
            rows = await pipe.execute()
            for raw in rows[::2]:
                pipe.hgetall(self._name("e", raw.get("ep", "")))
            details = await pipe.execute()
        items = []
        for id, raw, recent, detail in zip(ids, rows[::2], rows[1::2], details):
            if raw.get("owner") == Owner.QUEUE.value and detail:  # it may have been taken between the reads
                items.append(_queue_item(id, raw, [_entry.decode(fields["e"]) for _, fields in recent], detail))
        return items, total

    async def position(self, conversation: str) -> int:
        place = await self._redis.zrank(self._name("queue"), conversation)
        return 0 if place is None else place + 1

    async def agents_online(self) -> int:
        return int(await self._redis.zcount(self._name("agents:online"), self._clock.now_ms() - self._grace, "+inf"))

    async def presence_of(self, agent: str) -> tuple[str, int]:
        status, capacity = await self._redis.hmget(self._name("a", agent), "status", "capacity")
        return status or "offline", int(capacity or 0)

    async def conversations_of_agent(self, agent: str) -> list[str]:
        return sorted(await self._redis.smembers(self._name("a", agent, "convs")))

    # -- the bot --

    async def claim_turn(self, lease_ms: int) -> Optional[Turn]:
        token = secrets.token_hex(8)
        answer = await self._call("claim_turn", token=token, lease_ms=lease_ms)
        if not answer:
            return None
        conversation, raw, n, entry, tracker, attempts = answer
        fields = {key: _text(value) for key, value in json.loads(raw).items()}
        return Turn(
            view=_view(conversation, fields, None),
            token=token,
            entry=msgspec.structs.replace(_entry.decode(entry), n=n) if entry else None,
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
            extra["request"] = await self._request(result.request, turn.view.player.vip)
        answer = await self._run(
            "commit_turn",
            conversation=turn.view.id,
            token=turn.token,
            from_cursor=turn.view.cursor,
            to_cursor=turn.entry.n,
            entries=[_json(entry) for entry in result.replies],
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
            summary=_json(summary),
            upto=summary.upto,
        )

    # -- agents --

    async def presence(self, agent: str, display: str, command: Command, status: str, capacity: int) -> Stored:
        await self._run("presence", command, agent=agent, display=display, status=status, capacity=capacity)
        return Stored(n=0, conversation="")

    async def beat(self, agent: str) -> None:
        await self._run("beat", agent=agent)

    async def accept(self, agent: str, display: str, command: Command, conversation: str) -> Stored:
        entry = status_entry(self._clock.now_ms(), "accepted", name=display)
        return _stored(await self._run("accept", command, agent=agent, conversation=conversation, entry=_json(entry)))

    async def say(self, agent: str, display: str, command: Command, conversation: str, epoch: int, text: str) -> Stored:
        entry = Entry(n=0, at=self._clock.now_ms(), sender="agent", kind="text", text=text, name=display, id=command.id)
        return _stored(
            await self._run("say", command, agent=agent, conversation=conversation, epoch=epoch, entry=_json(entry))
        )

    async def note(self, author: str, agent: str, command: Command, conversation: str, text: str) -> Stored:
        note = Note(n=0, at=self._clock.now_ms(), author=author, text=text, id=command.id)
        return _stored(await self._run("note", command, agent=agent, conversation=conversation, note=_json(note)))

    async def give_back(self, agent: str, command: Command, conversation: str, epoch: int) -> Stored:
        return await self._finish(agent, command, conversation, epoch, Event.RETURN)

    async def close(
        self, agent: str, command: Command, conversation: str, epoch: int, disposition: Disposition, comment: str
    ) -> Stored:
        return await self._finish(agent, command, conversation, epoch, Event.CLOSE, disposition.value, comment)

    async def _finish(
        self,
        agent: str,
        command: Command,
        conversation: str,
        epoch: int,
        event: Event,
        disposition: str = "",
        comment: str = "",
    ) -> Stored:
        name = "closed" if event is Event.CLOSE else "returned"
        entry = status_entry(self._clock.now_ms(), name, {"episode": "@EPISODE@"})
        return _stored(
            await self._run(
                "finish",
                command,
                agent=agent,
                conversation=conversation,
                epoch=epoch,
                event=event.value,
                disposition=disposition,
                comment=comment,
                wrap_up_ms=WRAP_UP_MS,
                entry=_json(entry),
            )
        )

    async def wrap_up(
        self, agent: str, command: Command, conversation: str, disposition: Disposition, comment: str
    ) -> Stored:
        return _stored(
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
                owner, epoch = await self._redis.hmget(self._name("c", conversation), "owner", "epoch")
                if owner == Owner.AGENT.value:
                    found.append(Orphan(conversation, int(epoch)))
        return found

    async def requeue(self, orphan: Orphan) -> None:
        entry = status_entry(self._clock.now_ms(), "requeued")
        await self._run("requeue", conversation=orphan.conversation, epoch=orphan.epoch, entry=_json(entry))

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
                    found.append(_view(id, raw, None))
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

    # -- inside --

    def _name(self, *parts: str) -> str:
        return self._keys.name(*parts)

    async def _request(self, request: HandoffRequest, vip: int) -> dict[str, Any]:
        online = await self.agents_online()
        data = {"reason": request.reason, "urgency": request.urgency, "agents_online": online}
        return {
            "episode": _new_id(),
            "reason": request.reason,
            "urgency": request.urgency,
            "scenario": request.scenario,
            "rank": rank(request.urgency, vip),
            "entry": _json(status_entry(self._clock.now_ms(), "queued", data)),
        }

    async def _episode(self, id: str) -> Optional[Episode]:
        raw = await self._redis.hgetall(self._name("e", id))
        return episode_of(raw) if raw else None

    async def _call(self, script: str, **arguments: Any) -> Any:
        arguments |= {
            "now": self._clock.now_ms(),
            "grace": self._grace,
            "per_second": self._per_second,
            "ids_ttl": IDS_TTL_MS,
        }
        payload = json.dumps(arguments, ensure_ascii=False)
        return await self._scripts[script](keys=[self._keys.prefix], args=[payload])

    async def _run(self, script: str, command: Optional[Command] = None, **arguments: Any) -> dict[str, Any]:
        if command is not None:
            arguments |= {"id": command.id, "mac": command.mac}
        answer: dict[str, Any] = json.loads(await self._call(script, **arguments))
        code = answer.pop("err", None)
        if code is not None:
            if "conversation" in arguments:
                answer.setdefault("conversation", arguments["conversation"])
            raise _ERRORS[code](f"{script} was refused: {code}", **answer)
        return answer


def renewal(client: SyncRedis[str], clock: Clock, keys: Keys, lease_ms: int) -> Callable[[Turn], None]:
    """`RedisStore.renew` for a thread with a synchronous client."""
    text = (_LUA / "_lib.lua").read_text(encoding="utf-8") + (_LUA / "renew.lua").read_text(encoding="utf-8")
    script = client.register_script(text)

    def renew(turn: Turn) -> None:
        arguments = {"conversation": turn.view.id, "token": turn.token, "lease_ms": lease_ms, "now": clock.now_ms()}
        answer = json.loads(script(keys=[keys.prefix], args=[json.dumps(arguments)]))
        if "err" in answer:
            raise _ERRORS[answer["err"]]()

    return renew


def episode_of(raw: dict[str, str]) -> Episode:
    """An episode from its Redis hash."""
    summary = raw.get("summary")
    numbers = {
        name: int(raw.get(name) or 0) for name in ("urgency", "requested_at", "accepted_at", "ended_at", "score")
    }
    texts = {
        name: raw.get(name, "")
        for name in ("id", "reason", "scenario", "agent", "end_reason", "disposition", "comment", "rating_text")
    }
    return msgspec.convert(
        {**numbers, **texts, "state": raw["state"], "summary": _summary.decode(summary) if summary else None}, Episode
    )


def _view(id: str, raw: dict[str, str], episode: Optional[Episode]) -> View:
    return View(
        id=id,
        player=Player(
            id=raw["player"],
            name=raw["name"],
            vip=int(raw["vip"]),
            server=raw.get("server", ""),
            platform=raw.get("platform", ""),
        ),
        owner=Owner(raw["owner"]),
        state=EpisodeState(raw["state"]),
        epoch=int(raw["epoch"]),
        last=int(raw["n"]),
        notes=int(raw["notes_n"]),
        cursor=int(raw["cursor"]),
        opened_at=int(raw["opened_at"]),
        last_at=int(raw["last_at"]),
        agent=raw.get("agent", ""),
        agent_name=raw.get("agent_name", ""),
        rate_due=raw.get("rate_due", ""),
        episode=episode,
    )


def _queue_item(id: str, raw: dict[str, str], recent: list[Entry], episode: dict[str, str]) -> QueueItem:
    return QueueItem(
        conversation=id,
        player=raw["player"],
        name=raw["name"],
        vip=int(raw["vip"]),
        urgency=int(episode["urgency"]),
        reason=episode["reason"],
        since=int(episode["requested_at"]),
        scenario=episode.get("scenario", ""),
        preview=next((entry.text[:80] for entry in recent if entry.sender == "player" and entry.text), ""),
        summary="summary" in episode,
    )


def _profile(player: Player) -> dict[str, Union[str, int]]:
    return {
        "id": player.id,
        "name": player.name,
        "vip": player.vip,
        "server": player.server,
        "platform": player.platform,
    }


def _stored(answer: dict[str, Any]) -> Stored:
    return Stored(
        n=answer["n"],
        conversation=answer.get("conversation", ""),
        epoch=answer.get("epoch", 0),
        number=answer.get("number", ""),
    )


def _numbered(item: Any, key: str) -> Any:
    return msgspec.structs.replace(item, n=int(key.partition("-")[0]))


def _json(value: Any) -> str:
    return _encode.encode(value).decode()


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, (int, float)) else str(value)


def _new_id() -> str:
    return secrets.token_hex(12)
