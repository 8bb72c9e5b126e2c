"""The twin and the Redis scripts under the same random script: after every step nothing may tell them apart."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Optional

import msgspec
import pytest
import structlog
from redis.asyncio import Redis

from common.clock import FakeClock
from common.errors import SupportError
from common.keys import Keys
from handoff.engine import Profile
from handoff.machine import Disposition, Owner
from handoff.memory_store import MemoryStore
from handoff.policy import GENERAL, Overflow
from handoff.protocol import Player, Summary, SummaryLine
from handoff.redis_base import episode_of
from handoff.redis_store import RedisStore
from handoff.router import EngineStore, Router
from handoff.store import Command, HandoffRequest, Turn, TurnResult, status_entry
from tests.services.handoff.scene import POLICY, online, reply, said

STEPS = 200
SEEDS = 4
FIRST = int(os.environ.get("TWIN_SEED", "0"))  # for a longer hunt
PLAYERS = [Player(id=f"u{i}", name=f"玩家{i}", vip=3 * i) for i in range(4)]
AGENTS = ["a1", "a2", "a3"]
GROUPS = ["general", "payment", "small", "nowhere"]
_ID = re.compile(r"[0-9a-f]{24}")
_TICKET = re.compile(r"T\d{8}-\d{4}")  # two timers due at the same moment may act in any order

Step = Callable[["Side"], Awaitable[Any]]


class Side:
    """One store under the script, with what the script must remember of it; ids get names by order of appearance."""

    def __init__(self, store: EngineStore, clock: FakeClock) -> None:
        self.store = store
        self.router = Router(store, POLICY, clock, structlog.get_logger())
        self.offers: list[str] = []  # ids, oldest first
        self.turns: list[Turn] = []
        self.names: dict[str, str] = {}
        self.read = {player.id: (0, 0) for player in PLAYERS}  # log and note numbers already compared

    async def conversation(self, players: Sequence[str], whose: Optional[Owner]) -> str:
        """The first of the players' conversations that is `whose`; the first one when there is none or None is given."""
        found = [await self.store.conversation_of(player) or "none" for player in players]
        for conversation in found if whose else ():
            if conversation != "none" and (await self.store.view(conversation)).owner is whose:
                return conversation
        return found[0]

    def named(self, value: Any) -> Any:
        """The value as plain data, its random ids replaced by names."""
        text = msgspec.json.encode(value, order="sorted").decode()
        text = _TICKET.sub("T", text)
        return json.loads(_ID.sub(lambda found: self.names.setdefault(found[0], f"#{len(self.names)}"), text))

    async def outcome(self, step: Step) -> Any:
        """What a step answers or raises."""
        try:
            return self.named(await step(self))
        except SupportError as error:
            told = {
                name: error.fields.get(name, "") for name in ("owner", "agent", "state", "status", "capacity", "active")
            }
            return self.named([type(error).__name__, told])

    async def snapshot(self) -> dict[str, Any]:
        """What a step may change at once, and the timers."""
        new = await self.store.outbox()
        await self.store.outbox_done([id for id, _ in new])
        self.offers += [json.loads(f["data"])["offer"] for _, f in new if f["event"] == "offered"]
        seen: dict[str, Any] = {"outbox": _by_text(self.named([_event(fields) for _, fields in new]))}
        players = await asyncio.gather(*(self._of_player(player.id) for player in PLAYERS))
        agents = await asyncio.gather(*(self._of_agent(agent) for agent in AGENTS))
        seen["players"] = [self.named(found) for found in players]
        seen["staff"] = [self.named(found) for found in agents]
        store = self.store
        seen["waiting"] = _by_text(self.named(await store.waiting()))
        seen["agents"] = _by_text(self.named(await store.agents()))
        seen["queue"] = self.named(await store.queue())
        seen["timers"] = _by_text(self.named(await _timers(store)))
        seen["orphans"] = _by_text(self.named(await store.orphans()))
        seen["overdue offers"] = _by_text(self.named(await store.overdue_offers()))
        seen["overdue wrap-ups"] = _by_text(self.named(await store.overdue_wrap_ups()))
        seen["alerts"] = _by_text(self.named([[a.at, a.code, a.conversation, a.agent] for a in await store.alerts(20)]))
        return seen

    async def history(self) -> dict[str, Any]:
        """What steps leave behind."""
        conversations = [await self.store.conversation_of(player.id) for player in PLAYERS]
        return {
            "episodes": self.named([await self.store.episodes(conversation) for conversation in conversations]),
            "waits": self.named(await self.store.waits()),
            "handled": self.named([await self.store.handled(group) for group in GROUPS]),
            "hooks": self.named([{**f, "data": json.loads(f["data"])} for _, f in await self.store.hooks()]),
        }

    async def _of_player(self, player: str) -> Any:
        conversation = await self.store.conversation_of(player)
        if not conversation:
            return None
        log, notes = self.read[player]
        entries = await self.store.entries(conversation, log)
        new_notes = await self.store.notes(conversation, notes)
        self.read[player] = log + len(entries), notes + len(new_notes)
        return {
            "view": await self.store.view(conversation),
            "position": await self.store.position(conversation),
            "entries": entries,
            "notes": new_notes,
        }

    async def _of_agent(self, agent: str) -> Any:
        return {
            "presence": await self.store.presence_of(agent),
            "load": len(await self.store.conversations_of_agent(agent)),
            "offers": await self.store.offers_of(agent),
        }


def _by_text(items: Sequence[Any]) -> list[Any]:
    """In an order that does not depend on random ids."""
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))


def _event(fields: dict[str, str]) -> dict[str, Any]:
    whole: dict[str, Any] = {**fields, "data": json.loads(fields["data"])}
    if "episode" in fields:
        whole["episode"] = episode_of(json.loads(fields["episode"]))
    return whole


async def _timers(store: EngineStore) -> list[tuple[str, int]]:
    if isinstance(store, MemoryStore):
        return [(f"{conversation}|{kind}", at) for (conversation, kind), at in store._timers.items()]
    assert isinstance(store, RedisStore)
    return [
        (member, int(at)) for member, at in await store._redis.zrange(store._name("timers"), 0, -1, withscores=True)
    ]


def _differences(twin: Any, other: Any, path: str = "") -> list[str]:
    """Where two values of plain data differ, for the message of a failure."""
    if isinstance(twin, dict) and isinstance(other, dict):
        # msgspec leaves a default out, but not always a float's.
        pairs = [(key, twin.get(key, 0.0), other.get(key, 0.0)) for key in {**twin, **other}]
    elif isinstance(twin, list) and isinstance(other, list) and len(twin) == len(other):
        pairs = [(str(i), left, right) for i, (left, right) in enumerate(zip(twin, other))]
    else:
        return [] if twin == other else [f"{path}: {twin} in memory, {other} in Redis"]
    return [line for key, left, right in pairs for line in _differences(left, right, f"{path}/{key}")]


# How often a step is drawn, one otherwise: so that most conversations come to an agent and stay there for some steps.
WEIGHTS = {
    "request": 6, "here": 2, "offer": 5, "take": 6, "accept": 4, "say": 4, "append": 3, "transfer": 4, "invite": 5, "rate": 3,
    "wrap_up": 3, "give_back": 2, "claim": 4, "commit": 4, "presence": 2, "expire": 2, "router": 2, "dismiss": 2, "requeue": 2,
}  # fmt: skip


class Script:
    """Draws the next step; the same step is then done to both sides."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.n = 0
        self.clock = FakeClock()

    def draw(self) -> tuple[str, Step]:
        """A step and its name."""
        self.n += 1
        names = [name.removeprefix("do_") for name in dir(self) if name.startswith("do_")]
        (name,) = self.rng.choices(names, [WEIGHTS.get(name, 1) for name in names])
        step: Step = getattr(self, f"do_{name}")()
        return name, step

    def pass_time(self) -> None:
        """Each step has a remainder of its own, so that no two keys, whose head starts are whole seconds, are alike."""
        seconds = self.rng.choice([1, 1, 3, 5, 9, 9, 15, 25, 70, 200, 400]) if self.rng.random() < 0.2 else 0
        remainder = (self.n - self.clock.now_ms()) % 1000
        self.clock.advance(seconds * 1000 + remainder)

    def command(self) -> Command:
        """Mostly new; now and then one that was there before, with the same or another body."""
        number = self.n if self.rng.random() < 0.93 else self.rng.randint(1, self.n)
        return Command(f"step-{number}", self.rng.choice("mmmmmmmmx") if number != self.n else "m")

    def player(self) -> Player:
        return self.rng.choice(PLAYERS)

    def agent(self) -> str:
        return self.rng.choice(AGENTS)

    def ask(self) -> HandoffRequest:
        rng = self.rng
        return HandoffRequest(
            reason=rng.choice(["button", "asked", "urgent"]),
            urgency=rng.randint(0, 3),
            scenario=rng.choice(["", "pay_not_arrived"]),
            group=rng.choice(GROUPS),
            tier=rng.randint(1, 4),
            scenarios=rng.randint(1, 6),
            failed=rng.randint(0, 5),
            emotion=rng.choice(["angry", "neutral", "odd"]),
            complaint=rng.random() < 0.2,
            language=rng.choice(["zh", "en"]),
        )

    # -- players --

    def do_append(self) -> Step:
        player, command = self.player(), self.command()
        return lambda side: side.store.append(player, command, said(f"话{command.id}"))

    def do_request(self) -> Step:
        player, command, ask = self.player(), self.command(), self.ask()
        return lambda side: side.store.request(player, command, ask)

    def do_cancel(self) -> Step:
        player, command = self.player().id, self.command()
        return lambda side: side.store.cancel(player, command)

    def do_ticket(self) -> Step:
        player, command = self.player().id, self.command()
        return lambda side: side.store.ticket(player, command, "请查")

    def do_keep(self) -> Step:
        player, command = self.player().id, self.command()
        return lambda side: side.store.keep(player, command)

    def do_here(self) -> Step:
        players = self.rng.sample(PLAYERS, 2)

        async def step(side: Side) -> None:
            for player in players:
                await side.store.player_here(player.id)

        return step

    def do_rate(self) -> Step:
        players, command = self.rng.sample([player.id for player in PLAYERS], len(PLAYERS)), self.command()
        score = self.rng.randint(1, 5)
        names = self.rng.choice([list(POLICY.ratings), ["solved"], []])
        ratings = {name: self.rng.randint(1, 5) for name in names}

        async def step(side: Side) -> Any:
            for one in players:
                conversation = await side.store.conversation_of(one)
                due = (await side.store.view(conversation)).rate_due if conversation else ""
                if due:
                    return await side.store.rate(one, command, due, score, "好", ratings)
            return await side.store.rate(players[0], command, "none", score, "好", ratings)

        return step

    # -- agents --

    def do_presence(self) -> Step:
        agent, command = self.agent(), self.command()
        status = self.rng.choice(["online"] * 8 + ["busy", "break", "offline"])
        capacity = self.rng.randint(1, 4)
        return lambda side: side.store.presence(agent, f"客服{agent}", command, status, capacity)

    def do_beat(self) -> Step:
        agents = self.rng.sample(AGENTS, 3)

        async def step(side: Side) -> None:
            for agent in agents:
                await side.store.beat(agent)

        return step

    def do_profile(self) -> Step:
        agent, skill = self.agent(), self.rng.randint(1, 5)
        profile = Profile(
            skills={"general": skill, "payment": 6 - skill}, languages=["zh", "en"][: self.rng.randint(1, 2)]
        )
        return lambda side: side.store.profile(agent, profile)

    def on(self, do: Callable[[EngineStore, str, str, str, int], Awaitable[Any]], whose: Owner = Owner.AGENT) -> Step:
        """What an agent, mostly the owner, does with a conversation, mostly one of `whose` and under its epoch."""
        players, other = self.rng.sample([player.id for player in PLAYERS], len(PLAYERS)), self.agent()
        owner, behind, wanted = self.rng.random() < 0.85, self.rng.random() < 0.1, self.rng.random() < 0.9

        async def step(side: Side) -> Any:
            conversation = await side.conversation(players, whose if wanted else None)
            epoch, agent = 0, other
            if conversation != "none":
                view = await side.store.view(conversation)
                epoch = view.epoch - behind
                agent = view.agent if owner and view.agent else other
            return await do(side.store, agent, f"客服{agent}", conversation, epoch)

        return step

    def do_accept(self) -> Step:
        command = self.command()
        return self.on(lambda s, a, name, c, _: s.accept(a, name, command, c), Owner.QUEUE)

    def do_say(self) -> Step:
        command, reasked = self.command(), self.rng.choice([0, 0, 2])
        return self.on(lambda s, a, name, c, epoch: s.say(a, name, command, c, epoch, "您好", reasked))

    def do_say_as_somebody(self) -> Step:
        command, agent = self.command(), self.agent()
        return self.on(lambda s, _, __, c, epoch: s.say(agent, f"客服{agent}", command, c, epoch, "我也在"))

    def do_note(self) -> Step:
        command, whisper = self.command(), self.rng.random() < 0.5
        return self.on(lambda s, a, name, c, _: (s.whisper if whisper else s.note)(name, a, command, c, "备注"))

    def do_give_back(self) -> Step:
        command, promise = self.command(), self.rng.choice(["", "明天补发"])
        return self.on(lambda s, a, _, c, epoch: s.give_back(a, command, c, epoch, promise))

    def do_wrap_up(self) -> Step:
        command = self.command()
        return self.on(lambda s, a, _, c, __: s.wrap_up(a, command, c, Disposition.FOLLOW_UP, "记"), Owner.BOT)

    def do_close(self) -> Step:
        command = self.command()
        return self.on(lambda s, a, _, c, epoch: s.close(a, command, c, epoch, Disposition.SOLVED, "好"))

    def do_transfer(self) -> Step:
        command, to = self.command(), self.agent()
        agent, group = self.rng.choice(
            [(to, "")] * 4 + [("", "payment")] * 4 + [("", "nowhere"), ("", ""), (to, "general")]
        )
        return self.on(lambda s, a, _, c, epoch: s.transfer(a, command, c, epoch, agent, group, "请接手"))

    def do_cancel_transfer(self) -> Step:
        command = self.command()
        return self.on(lambda s, a, _, c, __: s.cancel_transfer(a, command, c))

    def do_invite(self) -> Step:
        command, guest = self.command(), self.agent()
        return self.on(lambda s, a, _, c, epoch: s.invite(a, command, c, epoch, guest, "来看看"))

    def do_dismiss(self) -> Step:
        command, other, leaves = self.command(), self.agent(), self.rng.random() < 0.5

        async def do(store: EngineStore, agent: str, _: str, conversation: str, __: int) -> Any:
            guests = (await store.view(conversation)).guests if conversation != "none" else ()
            guest = guests[0].id if guests else other
            return await store.dismiss(guest if leaves else agent, command, conversation, guest)

        return self.on(do)

    def do_take_over(self) -> Step:
        command, agent, note = self.command(), self.agent(), self.rng.choice(["", "我来"])
        return self.on(lambda s, _, __, c, ___: s.take_over(agent, f"客服{agent}", command, c, note))

    def do_agent_ticket(self) -> Step:
        command = self.command()
        return self.on(lambda s, a, name, c, _: s.agent_ticket(a, name, command, c, "要查账"))

    # -- offers --

    def do_offer(self) -> Step:
        player, agent = self.player().id, self.agent()

        async def step(side: Side) -> Any:
            found = await side.store.waiting()
            mine = [item for item in found if item.player == player] or sorted(found, key=lambda item: item.player)
            return await side.store.offer(mine[0], agent) if mine else None

        return step

    def on_offer(self, do: Callable[[EngineStore, str, str], Awaitable[Any]]) -> Step:
        """What an agent, mostly the one asked, does with an offer, mostly a pending one."""
        draw, agent = self.rng.random(), self.agent()
        pending, right = self.rng.random() < 0.9, self.rng.random() < 0.9

        async def step(side: Side) -> Any:
            asked = {offer.id: a for a in AGENTS for offer in await side.store.offers_of(a)}
            ids = [id for id in side.offers if id in asked or not pending]
            if not ids:
                return None
            id = ids[int(draw * len(ids))]
            return await do(side.store, asked.get(id, agent) if right else agent, id)

        return step

    def do_take(self) -> Step:
        command = self.command()
        return self.on_offer(lambda s, agent, id: s.take(agent, command, id))

    def do_reject(self) -> Step:
        command = self.command()
        return self.on_offer(lambda s, agent, id: s.reject(agent, command, id))

    def do_expire(self) -> Step:
        return self.on_offer(lambda s, _, id: s.expire_offer(id))

    # -- waiting players, timers, the worker --

    def do_call(self) -> Step:
        return self.on(lambda s, _, __, c, ___: s.call(c), Owner.QUEUE)

    def do_overflow(self) -> Step:
        ways = [Overflow("group", GENERAL), Overflow("group", "payment"), Overflow("ticket"), Overflow("callback")]
        overflow, opens = self.rng.choice(ways), self.clock.now_ms() + self.rng.choice([5, 300]) * 1000
        return self.on(lambda s, _, __, c, ___: s.overflow(c, overflow, "充值没到", opens), Owner.QUEUE)

    def do_tell(self) -> Step:
        player, command = self.player(), self.command()
        entry = status_entry(self.clock.now_ms(), "ticket_update", {"number": "T1", "state": "done", "text": "已补发"})
        return lambda side: side.store.tell(player, command, entry)

    def do_told(self) -> Step:
        ms = self.rng.randint(0, 3) * 60_000
        return self.on(lambda s, _, __, c, ___: s.told(c, ms), Owner.QUEUE)

    def do_requeue(self) -> Step:
        async def step(side: Side) -> Any:
            found = [(side.named(orphan.conversation), orphan) for orphan in await side.store.orphans()]
            for _, orphan in sorted(found, key=lambda pair: (pair[0], pair[1].guest))[:1]:
                return await side.store.requeue(orphan)

        return step

    def do_router(self) -> Step:
        return lambda side: side.router.run_once()

    def do_end_wrap_up(self) -> Step:
        return self.on(lambda s, _, __, c, ___: s.expire_wrap_up(c), Owner.BOT)

    # -- the bot --

    def do_claim(self) -> Step:
        lease = self.rng.choice([500, 60_000, 60_000])

        async def step(side: Side) -> Any:
            turn = await side.store.claim_turn(lease)
            if turn is None:
                return None
            side.turns.append(turn)
            return [turn.view.player.id, turn.entry, turn.tracker, turn.attempts, turn.summary_due]

        return step

    def do_commit(self) -> Step:
        back, request = self.rng.choice([1] * 9 + [2]), self.ask() if self.rng.random() < 0.4 else None
        tracker, lease = f"tracker {self.n}", self.rng.random() < 0.1

        async def step(side: Side) -> Any:
            if len(side.turns) < back:
                return None
            turn = side.turns[-back]
            if lease:
                return await side.store.renew(turn, 1000)
            if turn.entry is None:
                summary = Summary(lines=[SummaryLine(kind="quote", refs=[1], text="没到")], upto=turn.view.last)
                return await side.store.set_summary(turn, summary)
            result = TurnResult([reply("请看")], tracker=tracker, understanding={"intent": "x"}, request=request)
            return await side.store.commit(turn, result)

        return step


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
async def test_the_twin_and_redis_cannot_be_told_apart(redis: Redis[str], seed: int) -> None:
    script = Script(seed)
    sides = [
        Side(MemoryStore(script.clock, per_second=10**6, policy=POLICY), script.clock),
        Side(RedisStore(redis, script.clock, Keys("test:"), per_second=10**6, policy=POLICY), script.clock),
    ]
    await asyncio.gather(*(online(side.store, *AGENTS) for side in sides))
    answered = 0
    for _ in range(STEPS):
        name, step = script.draw()
        script.pass_time()
        connected = [agent for agent in AGENTS if script.rng.random() < 0.9]
        await asyncio.gather(*(side.store.beat(agent) for side in sides for agent in connected))
        outcomes = [await side.outcome(step) for side in sides]
        assert not _differences(outcomes[0], outcomes[1]), (script.n, name)
        snapshots = [await side.snapshot() for side in sides]
        assert not _differences(snapshots[0], snapshots[1]), (script.n, name)
        if script.n % 20 == 0:
            histories = [await side.history() for side in sides]
            assert not _differences(histories[0], histories[1]), (script.n, name)
        answered += isinstance(outcomes[0], dict)
    assert answered > STEPS / 8  # the script is not all refusals
