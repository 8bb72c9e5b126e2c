"""The handoff engine on Redis: offers, teamwork, waiting players, timers. Each change is one script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Optional

import msgspec

from common import errors
from common.clock import utc
from handoff.engine import AgentNow, Alert, Due, Firing, Offer, OfferKind, OfferState, Profile, Wait, Waiting
from handoff.machine import Owner
from handoff.policy import Overflow
from handoff.protocol import Entry, Note, Player
from handoff.redis_base import RedisBase, encoded, new_id, profile_of, stored
from handoff.store import Command, Stored, status_entry

_FULL = 100  # units of a conversation's slot


class RedisEngine(RedisBase):
    """`HandoffEngine` on Redis >= 6.2."""

    # -- agents --

    async def profile(self, agent: str, profile: Profile) -> None:
        await self._run("profile", agent=agent, profile=msgspec.json.encode(profile).decode())

    async def agents(self) -> list[AgentNow]:
        ids = await self._redis.zrangebyscore(self._name("agents:seen"), self._clock.now_ms() - self._grace, "+inf")
        async with self._redis.pipeline(transaction=False) as pipe:
            for id in ids:
                pipe.hgetall(self._name("a", id))
                pipe.hvals(self._name("a", id, "load"))
                pipe.hvals(self._name("a", id, "offers"))
            rows = await pipe.execute()
        return [_agent(id, *rows[3 * i : 3 * i + 3]) for i, id in enumerate(ids) if rows[3 * i].get("status")]

    # -- offers --

    async def waiting(self, limit: int = 200) -> list[Waiting]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for group in self.policy.groups:
                pipe.zrange(self._name("open", group), 0, limit - 1, withscores=True)
            pipe.zrange(self._name("transfers"), 0, limit - 1, withscores=True)
            found = [pair for part in await pipe.execute() for pair in part]
            for id, _ in found:
                pipe.hgetall(self._name("c", id))
            conversations = await pipe.execute()
            for raw in conversations:
                pipe.hgetall(self._name("e", raw.get("ep", "")))
                pipe.zscore(self._name("players:seen"), raw.get("player", ""))
            details = await pipe.execute()
        rows = zip(found, conversations, details[::2], details[1::2])
        return [self._waiting(id, int(key), raw, ep, seen) for (id, key), raw, ep, seen in rows if raw and ep]

    def _waiting(
        self, id: str, key: int, raw: dict[str, str], episode: dict[str, str], seen: Optional[float]
    ) -> Waiting:
        queued = raw["owner"] == Owner.QUEUE.value
        return Waiting(
            conversation=id,
            player=raw["player"],
            key=key,
            requested_at=int(episode["requested_at"]),
            group=raw.get("transfer_group") or raw.get("group", ""),
            vip=int(raw["vip"]),
            language=episode.get("language") or "zh",
            kind=OfferKind.QUEUE if queued else OfferKind.TRANSFER,
            last_agent=raw.get("last_agent", ""),
            declined=[agent for agent in episode.get("declined", "").split(",") if agent],
            declined_at=int(episode.get("declined_at") or 0),
            present=self._present(seen),
            called_at=int(raw.get("called_at") or 0),
            owner=raw.get("agent", ""),
        )

    def _present(self, seen: Optional[float]) -> bool:
        return seen is not None and seen >= self._clock.now_ms() - self.policy.times.present * 1000

    async def offer(self, waiting: Waiting, agent: str) -> Offer:
        id = new_id()
        await self._run("offer", conversation=waiting.conversation, kind=waiting.kind.value, agent=agent, offer=id)
        return await self._offer(id)

    async def _offer(self, id: str) -> Offer:
        raw = await self._redis.hgetall(self._name("r", id))
        return Offer(
            id=id,
            conversation=raw["conversation"],
            kind=OfferKind(raw["kind"]),
            agent=raw["agent"],
            state=OfferState(raw["state"]),
            made_at=int(raw["made_at"]),
            expires_at=int(raw["expires_at"]),
            by=raw["by"],
            note=raw["note"],
        )

    async def offers_of(self, agent: str) -> list[Offer]:
        ids = await self._redis.hkeys(self._name("a", agent, "offers"))
        found = [await self._offer(id) for id in ids]
        return sorted((o for o in found if o.state is OfferState.PENDING), key=lambda offer: (offer.made_at, offer.id))

    async def take(self, agent: str, command: Command, offer: str) -> Stored:
        now = self._clock.now_ms()
        display = await self._redis.hget(self._name("a", agent), "display") or ""
        return stored(
            await self._run(
                "take",
                command,
                agent=agent,
                offer=offer,
                accepted=encoded(status_entry(now, "accepted", name=display)),
                transferred=encoded(status_entry(now, "transferred", {"from": "@FROM@"}, name=display)),
                joined=encoded(status_entry(now, "joined", name=display)),
            )
        )

    async def reject(self, agent: str, command: Command, offer: str) -> Stored:
        return stored(await self._run("end_offer", command, agent=agent, offer=offer))

    async def overdue_offers(self) -> list[str]:
        now = self._clock.now_ms()
        pending = await self._redis.zrange(self._name("offers"), 0, -1, withscores=True)
        late = [id for id, at in pending if at <= now]
        rest = [id for id, at in pending if at > now]
        async with self._redis.pipeline(transaction=False) as pipe:
            for id in rest:
                pipe.hget(self._name("r", id), "agent")
            agents = await pipe.execute()
            for agent in agents:
                pipe.zscore(self._name("agents:seen"), agent or "")
            seen = await pipe.execute()
        return late + [id for id, at in zip(rest, seen) if (at or 0) < now - self._grace]

    async def expire_offer(self, offer: str) -> OfferState:
        return OfferState((await self._run("end_offer", offer=offer))["state"])

    # -- working together --

    async def transfer(
        self, agent: str, command: Command, conversation: str, epoch: int, to_agent: str, to_group: str, note: str
    ) -> Stored:
        if bool(to_agent) == bool(to_group):
            raise errors.IllegalTransition("a transfer goes to an agent or to a group", event="transfer")
        if to_group and to_group not in self.policy.groups:
            raise errors.UnknownGroup(f"no group {to_group}", groups=sorted(self.policy.groups))
        return stored(
            await self._run(
                "transfer",
                command,
                agent=agent,
                conversation=conversation,
                epoch=epoch,
                to_agent=to_agent,
                to_group=to_group,
                offer=new_id(),
                text=note,
                note=await self._noted("transfer", agent, command, note),
            )
        )

    async def cancel_transfer(self, agent: str, command: Command, conversation: str) -> Stored:
        return stored(await self._run("cancel_transfer", command, agent=agent, conversation=conversation))

    async def invite(
        self, agent: str, command: Command, conversation: str, epoch: int, colleague: str, note: str
    ) -> Stored:
        return stored(
            await self._run(
                "invite",
                command,
                agent=agent,
                conversation=conversation,
                epoch=epoch,
                colleague=colleague,
                offer=new_id(),
                text=note,
                note=await self._noted("invite", agent, command, note),
            )
        )

    async def dismiss(self, agent: str, command: Command, conversation: str, guest: str) -> Stored:
        entry = status_entry(self._clock.now_ms(), "left", name="@NAME@")
        return stored(
            await self._run(
                "dismiss", command, agent=agent, conversation=conversation, guest=guest, entry=encoded(entry)
            )
        )

    async def whisper(self, author: str, agent: str, command: Command, conversation: str, text: str) -> Stored:
        note = self._note("whisper", author, command, text)
        return stored(await self._run("note", command, agent=agent, conversation=conversation, note=note))

    async def take_over(self, supervisor: str, display: str, command: Command, conversation: str, note: str) -> Stored:
        entry = status_entry(self._clock.now_ms(), "taken_over", {"from": "@FROM@"}, name="@NAME@")
        extra = {"note": self._note("note", display, command, note)} if note else {}
        return stored(
            await self._run(
                "take_over", command, agent=supervisor, conversation=conversation, entry=encoded(entry), **extra
            )
        )

    async def agent_ticket(self, agent: str, display: str, command: Command, conversation: str, text: str) -> Stored:
        now = self._clock.now_ms()
        entry = status_entry(now, "ticket", {"number": "@NUMBER@", "text": text}, name=display)
        return stored(
            await self._run(
                "agent_ticket",
                command,
                agent=agent,
                conversation=conversation,
                text=text,
                entry=encoded(entry),
                day=utc(now).strftime("%Y%m%d"),
            )
        )

    def _note(self, kind: Any, author: str, command: Command, text: str) -> str:
        return encoded(Note(n=0, at=self._clock.now_ms(), author=author, text=text, id=command.id, kind=kind))

    async def _noted(self, kind: str, agent: str, command: Command, text: str) -> str:
        display = await self._redis.hget(self._name("a", agent), "display") or agent
        return self._note(kind, display, command, text)

    # -- waiting players --

    async def player_here(self, player: str) -> None:
        await self._run("player_here", player=player)

    async def keep(self, player: str, command: Command) -> Stored:
        entry = status_entry(self._clock.now_ms(), "kept")
        return stored(await self._run("keep", command, player=player, entry=encoded(entry)))

    async def call(self, conversation: str) -> None:
        now = self._clock.now_ms()
        entry = status_entry(now, "your_turn", {"until": now + self.policy.times.call * 1000})
        await self._run("call", conversation=conversation, entry=encoded(entry))

    async def overflow(self, conversation: str, overflow: Overflow, text: str = "", opens_at: int = 0) -> None:
        now = self._clock.now_ms()
        number = "@NUMBER@" if overflow.kind == "ticket" else ""
        entry = status_entry(now, "group_closed", {"opens_at": opens_at, "number": number})
        await self._run(
            "overflow",
            conversation=conversation,
            kind=overflow.kind,
            group=overflow.group,
            text=text,
            opens_at=opens_at,
            entry=encoded(entry),
            day=utc(now).strftime("%Y%m%d"),
        )

    async def tell(self, player: Player, command: Command, entry: Entry) -> Stored:
        return stored(
            await self._run(
                "tell",
                command,
                player=profile_of(player),
                new=new_id(),
                entry=encoded(entry),
                event=entry.event,
                data=json.dumps(entry.data, ensure_ascii=False),
            )
        )

    async def hooks(self, limit: int = 100) -> list[tuple[str, dict[str, str]]]:
        return list(await self._redis.xrange(self._name("hooks"), count=limit))

    async def hooks_done(self, ids: Sequence[str]) -> None:
        if ids:
            await self._redis.xdel(self._name("hooks"), *ids)

    # -- timers --

    async def due(self, limit: int = 200) -> list[Due]:
        found = await self._redis.zrangebyscore(
            self._name("timers"), "-inf", self._clock.now_ms(), start=0, num=limit, withscores=True
        )
        return [Due(*_timer(member), int(at)) for member, at in found]

    async def fire(self, due: Due, firing: Firing) -> bool:
        extra: dict[str, Any] = {
            name: value
            for name in ("alert", "late", "compensation", "tier", "stop")
            if (value := getattr(firing, name))
        }
        if firing.entry is not None:
            extra["entry"] = encoded(firing.entry)
        if firing.note is not None:
            extra["note"] = encoded(firing.note)
        answer = await self._run(
            "fire",
            conversation=due.conversation,
            kind=due.kind,
            at=due.at,
            gain=firing.gain,
            park=firing.park,
            resume=firing.resume,
            text=firing.text,
            next=list(firing.next),
            day=utc(self._clock.now_ms()).strftime("%Y%m%d"),
            **extra,
        )
        return bool(answer["fired"])

    # -- reading --

    async def alerts(self, limit: int = 100) -> list[Alert]:
        found = await self._redis.xrevrange(self._name("alerts"), count=limit)
        return [Alert(id, int(f["at"]), f["code"], f["conversation"], f["agent"]) for id, f in found]

    async def handled(self, group: str) -> list[int]:
        return [int(ms) for ms in await self._redis.lrange(self._name("h", group), 0, -1)]

    async def waits(self, limit: int = 500) -> list[Wait]:
        found = await self._redis.lrange(self._name("waits"), 0, limit - 1)
        return [Wait(w["group"], int(w["waited_ms"]), int(w["told_p90_ms"])) for w in map(json.loads, found)]

    async def told(self, conversation: str, p90_ms: int) -> None:
        episode = await self._redis.hget(self._name("c", conversation), "ep")
        if episode and p90_ms:
            await self._redis.hsetnx(self._name("e", episode), "told_p90", p90_ms)


def _timer(member: str) -> tuple[str, str]:
    """The conversation and the kind that a timer's member names."""
    conversation, _, kind = member.rpartition("|")
    return conversation, kind


def _agent(id: str, raw: dict[str, str], load: list[str], offers: list[str]) -> AgentNow:
    known = msgspec.json.decode(raw["profile"], type=Profile) if "profile" in raw else Profile()
    return AgentNow(
        id=id,
        display=raw.get("display", ""),
        status=raw["status"],
        capacity=int(raw.get("capacity") or 0) * _FULL,
        load=sum(map(int, load)) + sum(map(int, offers)),
        profile=known,
        free_since=int(raw.get("changed_at") or 0),
    )
