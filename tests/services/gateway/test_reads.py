"""Read marks: each side learns how far the other one has read, and only the owning agent's reading counts."""

from __future__ import annotations

from typing import Any


async def accepted(stack: Any) -> tuple[Any, Any, str]:
    """A player and the agent who has their conversation, with one message of the player's in it."""
    player = await stack.player()
    conversation = (await player.receive("welcome"))["conversation"]
    await player.send("send", id="message-1", text="充值没到账")
    await player.send("human", id="human-001")
    await player.receive("queue")
    agent = await stack.agent()
    await agent.receive("welcome")
    await agent.send("presence", id="presence-1", status="online", capacity=3)
    await agent.send("accept", id="accept-01", conversation=conversation)
    await agent.send("open", conversation=conversation)
    while not (await agent.receive("conversation"))["mine"]:
        pass
    await agent.receive("entry")
    return player, agent, conversation


async def test_a_player_sees_that_the_agent_has_read(stack: Any) -> None:
    player, agent, conversation = await accepted(stack)
    await agent.send("read", conversation=conversation, n=1)
    assert (await player.receive("read"))["n"] == 1
    again = await stack.player()
    assert (await again.receive("welcome"))["read"] == 1


async def test_an_agent_sees_that_the_player_has_read(stack: Any) -> None:
    player, agent, conversation = await accepted(stack)
    while (await player.receive("entry"))["entry"].get("event") != "accepted":
        pass
    await player.send("read", n=2)
    read = await agent.receive("read")
    assert (read["conversation"], read["n"]) == (conversation, 2)
    await agent.send("open", conversation=conversation)
    assert (await agent.receive("conversation"))["read"] == 2


async def test_a_mark_never_goes_back_nor_beyond_what_was_sent(stack: Any) -> None:
    player, agent, conversation = await accepted(stack)
    await agent.send("read", conversation=conversation, n=1)
    assert (await player.receive("read"))["n"] == 1
    await agent.send("read", conversation=conversation, n=0)
    await player.nothing("read")
    await agent.send("read", conversation=conversation, n=999)
    assert (await player.receive("read"))["n"] < 10


async def test_somebody_who_only_looks_leaves_no_mark(stack: Any) -> None:
    player, _agent, conversation = await accepted(stack)
    supervisor = await stack.agent("lin")
    await supervisor.receive("welcome")
    await supervisor.send("open", conversation=conversation)
    await supervisor.receive("entry")
    await supervisor.send("read", conversation=conversation, n=1)
    await player.nothing("read")
