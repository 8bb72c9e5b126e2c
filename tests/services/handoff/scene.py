"""Players, agents and commands, with which the tests of the handoff engine set their scenes."""

from __future__ import annotations

from itertools import count

from common.clock import FakeClock
from handoff.engine import Due, Offer, Profile
from handoff.policy import GENERAL, Group, Overflow, Policy, Step, Weights
from handoff.protocol import Entry, Player
from handoff.router import EngineStore
from handoff.store import Command, HandoffRequest

LIN = Player(id="u1", name="林小舟", vip=3)
SU = Player(id="u2", name="苏青", vip=3)
ASK = HandoffRequest(reason="button", urgency=1)
SECOND = 1000  # milliseconds

POLICY = Policy(
    weights=Weights(tier=(0, 0, 60)),
    groups={
        GENERAL: Group(GENERAL, "综合"),
        "payment": Group("payment", "充值", steps=(Step(0, 3), Step(60, 1), Step(180, 0))),
        "small": Group("small", "小组", most=1, full=Overflow("group", GENERAL)),
        "tickets": Group("tickets", "留言", most=1, full=Overflow("ticket")),
    },
    compensation={"first": "绑定灵玉×50", "resolution": "月卡3天"},
)

_numbers = count(1)


def cmd(id: str = "", mac: str = "m") -> Command:
    """A command with an id of its own."""
    return Command(id or f"command-{next(_numbers)}", mac)


def said(text: str) -> Entry:
    return Entry(n=0, at=1, sender="player", kind="text", text=text)


def reply(text: str) -> Entry:
    return Entry(n=0, at=1, sender="bot", kind="answer", text=text)


async def online(store: EngineStore, *agents: str, capacity: int = 2) -> None:
    for agent in agents or ("a1",):
        await store.presence(agent, f"客服{agent}", cmd(), "online", capacity)
        await store.profile(agent, Profile(skills={GENERAL: 3, "payment": 3}))


async def queued(store: EngineStore, player: Player = LIN, request: HandoffRequest = ASK) -> str:
    """The conversation of a player who now waits, with the chat open."""
    await store.player_here(player.id)
    return (await store.request(player, cmd(), request)).conversation


async def owned(store: EngineStore, agent: str = "a1", player: Player = LIN) -> tuple[str, int]:
    """A conversation that the agent (put online) has, and its epoch."""
    conversation = await queued(store, player)
    await online(store, agent)
    stored = await store.accept(agent, f"客服{agent}", cmd(), conversation)
    return conversation, stored.epoch


async def offered(store: EngineStore, conversation: str, agent: str = "a1") -> Offer:
    """An offer of what waits to the agent."""
    (item,) = [item for item in await store.waiting() if item.conversation == conversation]
    return await store.offer(item, agent)


async def invited(store: EngineStore, conversation: str, epoch: int, guest: str, agent: str = "a1") -> None:
    """The guest (online) joins the agent's conversation."""
    await store.invite(agent, cmd(), conversation, epoch, guest, "一起看看")
    (offer,) = await store.offers_of(guest)
    await store.take(guest, cmd(), offer.id)


async def pass_time(store: EngineStore, clock: FakeClock, ms: int, *agents: str) -> None:
    """Time passes while these agents stay connected."""
    clock.advance(ms)
    for agent in agents:
        await store.beat(agent)


async def due_kinds(store: EngineStore, conversation: str) -> list[str]:
    """Which timers of the conversation are due, oldest first."""
    return [due.kind for due in await store.due() if due.conversation == conversation]


async def due_timer(store: EngineStore, conversation: str, kind: str) -> Due:
    """A timer that is due."""
    (found,) = [due for due in await store.due() if (due.conversation, due.kind) == (conversation, kind)]
    return found


async def events(store: EngineStore, conversation: str) -> list[str]:
    """What the player was told of changes."""
    return [entry.event for entry in await store.entries(conversation) if entry.kind == "status"]


async def load(store: EngineStore, agent: str) -> int:
    """The agent's load in units."""
    return next(now.load for now in await store.agents() if now.id == agent)
