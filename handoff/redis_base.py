"""What every part of the Redis adapter needs: the scripts, their call, and the records they keep as dataclasses."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Optional, Union

import msgspec
from redis.asyncio import Redis

from common import errors
from common.clock import Clock
from common.keys import Keys
from handoff.machine import EpisodeState, Owner
from handoff.past import facts_of, tier_of
from handoff.policy import CHAT, DEFAULT, GUEST, TIERS, Policy
from handoff.priority import head_start_ms
from handoff.protocol import Entry, Episode, Guest, Note, Player, QueueItem, Stay, Summary
from handoff.store import IDS_TTL_MS, PAST_MS, REOPENED_MS, Command, HandoffRequest, Stored, View, status_entry

_LUA = Path(__file__).parent / "lua"
ERRORS: dict[str, type[errors.SupportError]] = {
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
        errors.OfferGone,
    )
}
_encode = msgspec.json.Encoder()
decode_entry = msgspec.json.Decoder(Entry).decode
decode_note = msgspec.json.Decoder(Note).decode
_summary = msgspec.json.Decoder(Summary)
_stays = msgspec.json.Decoder(list[Stay])
_EPISODE_NUMBERS = (
    "urgency", "requested_at", "accepted_at", "ended_at", "score", "tier", "asked_tier", "offers", "missed", "responded_at", "reasked",
)  # fmt: skip
_EPISODE_TEXTS = (
    "id", "reason", "scenario", "agent", "end_reason", "disposition", "comment", "rating_text", "group", "reopens", "promise",
)  # fmt: skip


def library() -> str:
    """The Lua that stands before every script."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted(_LUA.glob("_*.lua")))


def script(name: str) -> str:
    """A script as Redis gets it."""
    return library() + (_LUA / f"{name}.lua").read_text(encoding="utf-8")


class RedisBase:
    """Scripts over one connection. All times in milliseconds."""

    def __init__(
        self,
        redis: Redis[str],
        clock: Clock,
        keys: Keys,
        *,
        grace_ms: int = 12_000,
        per_second: int = 8,
        policy: Policy = DEFAULT,
    ) -> None:
        """`grace_ms`: how long after its last heartbeat an agent counts as there; `per_second`: a player's commands."""
        self.policy = policy
        self._redis = redis
        self._clock = clock
        self._keys = keys
        names = [path.stem for path in _LUA.glob("*.lua") if not path.stem.startswith("_")]
        self._scripts: dict[str, Callable[..., Any]] = {name: redis.register_script(script(name)) for name in names}
        self._always = {"grace": grace_ms, "per_second": per_second, "ids_ttl": IDS_TTL_MS, **policy_arguments(policy)}
        self._grace = grace_ms

    def _name(self, *parts: str) -> str:
        return self._keys.name(*parts)

    async def _request(self, request: HandoffRequest, player: Player) -> dict[str, Any]:
        """A request as the scripts take it: the head start comes from what it says and from how the last episode ended."""
        now = self._clock.now_ms()
        past = await self._past(player.id, now)
        since = now - int(past.get("ended_at") or 0)
        parted = now - int(past.get("agent_at") or 0)
        online = await self._redis.zcount(self._name("agents:online"), now - self._grace, "+inf")
        data = {"reason": request.reason, "urgency": request.urgency, "agents_online": online}
        return {
            "episode": new_id(),
            "reason": request.reason,
            "urgency": request.urgency,
            "scenario": request.scenario,
            "group": self.policy.group(request.group).id,
            "tier": tier_of(request),
            "language": request.language,
            "complaint": request.complaint,
            "head_start": head_start_ms(facts_of(request, player.vip, past, since), self.policy.weights),
            "reopens": past.get("episode", "") if since <= REOPENED_MS else "",
            "last_agent": past.get("agent", "") if parted <= self.policy.times.reopen * 1000 else "",
            "entry": encoded(status_entry(now, "queued", data)),
        }

    async def _past(self, player: str, now: int) -> dict[str, str]:
        """How the player's last episode ended; one in wrap-up counts as ended, for the new request ends it."""
        past: dict[str, str] = await self._redis.hgetall(self._name("p", player, "past"))
        c = self._name("c", await self._redis.get(self._name("p", player)) or "")
        state, episode, agent = await self._redis.hmget(c, "state", "ep", "agent")
        if state != EpisodeState.WRAP_UP.value:
            return past
        score = await self._redis.hget(self._name("e", episode), "score") or "0"
        return {**past, "episode": episode, "agent": agent, "agent_at": str(now), "ended_at": str(now), "score": score}

    async def _episode(self, id: str) -> Optional[Episode]:
        raw = await self._redis.hgetall(self._name("e", id))
        return episode_of(raw) if raw else None

    async def _call(self, script: str, **arguments: Any) -> Any:
        arguments |= {"now": self._clock.now_ms(), **self._always}
        given = {name: value for name, value in arguments.items() if value is not None}  # null would be true in Lua
        payload = json.dumps(given, ensure_ascii=False)
        return await self._scripts[script](keys=[self._keys.prefix], args=[payload])

    async def _run(self, script: str, command: Optional[Command] = None, **arguments: Any) -> dict[str, Any]:
        if command is not None:
            arguments |= {"id": command.id, "mac": command.mac}
        answer: dict[str, Any] = json.loads(await self._call(script, **arguments))
        code = answer.pop("err", None)
        if code is not None:
            if "conversation" in arguments:
                answer.setdefault("conversation", arguments["conversation"])
            raise ERRORS[code](f"{script} was refused: {code}", **answer)
        return answer


def policy_arguments(policy: Policy) -> dict[str, Any]:
    """What the scripts must know of the policy, in milliseconds and units."""
    return {
        "times": {name: seconds * 1000 for name, seconds in asdict(policy.times).items()} | {"past": PAST_MS},
        "tiers": {
            str(tier): {name: seconds * 1000 for name, seconds in asdict(policy.deadlines_of(tier)).items()}
            for tier in TIERS
        },
        "warn": policy.warn_agent,
        "units": {CHAT: policy.units[CHAT], GUEST: policy.units[GUEST]},
        "missed": policy.missed,
        "declined": encoded(
            Note(n=0, at=0, author="system", text="", kind="alert", data={"code": "declined", "name": "@NAME@"})
        ),
    }


def episode_of(raw: dict[str, Any]) -> Episode:
    """An episode from its Redis hash."""
    summary, ratings = raw.get("summary"), raw.get("ratings")
    return msgspec.convert(
        {
            **{name: int(raw.get(name) or 0) for name in _EPISODE_NUMBERS},
            **{name: raw.get(name, "") for name in _EPISODE_TEXTS},
            "state": raw["state"],
            "summary": _summary.decode(summary) if summary else None,
            "ratings": json.loads(ratings) if ratings else {},
            "weighted": float(raw.get("weighted") or 0),
            "owners": _stays.decode(raw.get("owners") or "[]"),
            **{name: [item for item in raw.get(name, "").split(",") if item] for name in ("late", "compensation")},
        },
        Episode,
    )


def view_of(
    id: str,
    raw: dict[str, str],
    episode: Optional[Episode] = None,
    guests: Optional[dict[str, str]] = None,
    promises: Sequence[str] = (),
) -> View:
    """A conversation from its Redis hash."""
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
        guests=tuple(Guest(id, display) for id, display in sorted((guests or {}).items())),
        transfer=raw.get("transfer", ""),
        idle="idle" in raw,
        kept="kept" in raw,
        promises=tuple(promises),
        episode=episode,
    )


def queue_item(
    id: str, raw: dict[str, str], recent: list[Entry], episode: dict[str, str], offered_to: str, away: bool
) -> QueueItem:
    """A waiting conversation as a desk lists it."""
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
        group=episode.get("group", ""),
        tier=int(episode.get("tier") or 0),
        offered_to=offered_to,
        away=away,
    )


def profile_of(player: Player) -> dict[str, Union[str, int]]:
    """A player as the scripts take them."""
    return {
        "id": player.id,
        "name": player.name,
        "vip": player.vip,
        "server": player.server,
        "platform": player.platform,
    }


def stored(answer: dict[str, Any]) -> Stored:
    """A script's answer to a command."""
    return Stored(
        n=answer["n"],
        conversation=answer.get("conversation", ""),
        epoch=answer.get("epoch", 0),
        number=answer.get("number", ""),
    )


def numbered(item: Any, key: str) -> Any:
    """An entry or note with the number that its stream id holds."""
    return msgspec.structs.replace(item, n=int(key.partition("-")[0]))


def encoded(value: Any) -> str:
    """JSON text."""
    return _encode.encode(value).decode()


def as_text(value: Any) -> str:
    """A value of a script's JSON as Redis would have given it."""
    return str(int(value)) if isinstance(value, (int, float)) else str(value)


def new_id() -> str:
    """An id of a conversation, episode or offer."""
    return secrets.token_hex(12)
