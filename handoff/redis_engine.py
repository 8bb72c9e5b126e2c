"""The handoff engine on Redis: offers, teamwork, waiting players, timers. Each change is one script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, Optional, Union

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
_PAGE = 200  # rows that one script reads
_Field = Union[str, Literal[False]]  # of a hash, as a script gives it; False: not there


class RedisEngine(RedisBase):
    """`HandoffEngine` on Redis >= 6.2."""

    # -- agents --

    async def profile(self, agent: str, profile: Profile) -> None:
        await self._run("profile", agent=agent, profile=msgspec.json.encode(profile).decode())

    async def agents(self) -> list[AgentNow]:
        ids = await self._redis.zrangebyscore(self._name("agents:seen"), self._clock.now_ms() - self._grace, "+inf")
        parts = [await self._agents(ids[first : first + _PAGE]) for first in range(0, len(ids), _PAGE)]
        return [agent for part in parts for agent in part]

    async def agent_now(self, agent: str) -> Optional[AgentNow]:
        found = await self._agents([agent])
        return found[0] if found else None

    async def _agents(self, ids: Sequence[str]) -> list[AgentNow]:
        return [_agent(*row) for row in json.loads(await self._call("agents", ids=ids))]

    # -- offers --

    async def waiting(self, limit: int = 200) -> list[Waiting]:
        lists = [["open", group] for group in self.policy.groups] + [["transfers"]]
        found = [waiting for list in lists for waiting in await self._listed(list, limit)]
        return list({waiting.conversation: waiting for waiting in found}.values())  # one may move between two reads

    async def _listed(self, list: Sequence[str], limit: int) -> list[Waiting]:
        """The first `limit` of one of the lists, read in pages, so that no script holds Redis for long."""
        found: dict[str, Waiting] = {}
        for first in range(0, limit, _PAGE):
            last = min(first + _PAGE, limit) - 1
            rows = json.loads(await self._call("waiting", list=list, first=first, last=last))
            found |= {row[0]: self._waiting(*row) for row in rows}
            if len(rows) <= last - first:
                break
        return [*found.values()]

    def _waiting(
        self,
        id: str,
        key: str,
        player: str,
        owner: str,
        group: _Field,
        transfer_group: _Field,
        vip: str,
        last_agent: _Field,
        called_at: _Field,
        agent: _Field,
        requested_at: str,
        language: _Field,
        declined: _Field,
        declined_at: _Field,
        seen: _Field,
    ) -> Waiting:
        return Waiting(
            conversation=id,
            player=player,
            key=int(key),
            requested_at=int(requested_at),
            group=transfer_group or group or "",
            vip=int(vip),
            language=language or "zh",
            kind=OfferKind.QUEUE if owner == Owner.QUEUE.value else OfferKind.TRANSFER,
            last_agent=last_agent or "",
            declined=[agent for agent in (declined or "").split(",") if agent],
            declined_at=int(declined_at or 0),
            present=self._present(float(seen) if seen else None),
            called_at=int(called_at or 0),
            owner=agent or "",
        )

    def _present(self, seen: Optional[float]) -> bool:
        return seen is not None and seen >= self._clock.now_ms() - self.policy.times.present * 1000

    async def offer(self, waiting: Waiting, agent: str) -> Offer:
        id = new_id()
        await self._run("offer", conversation=waiting.conversation, kind=waiting.kind.value, agent=agent, offer=id)
        return await self._offer(id)

    async def offer_many(self, offers: Sequence[tuple[Waiting, str]]) -> list[bool]:
        wanted = [
            {"conversation": waiting.conversation, "kind": waiting.kind.value, "agent": agent, "offer": new_id()}
            for waiting, agent in offers
        ]
        return ["ok" in answer for answer in json.loads(await self._call("offers", offers=wanted))]

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


def _agent(
    id: str, display: _Field, status: str, capacity: _Field, load: int, profile: _Field, changed_at: _Field
) -> AgentNow:
    return AgentNow(
        id=id,
        display=display or "",
        status=status,
        capacity=int(capacity or 0) * _FULL,
        load=load,
        profile=msgspec.json.decode(profile, type=Profile) if profile else Profile(),
        free_since=int(changed_at or 0),
    )
