"""Colleagues and the supervisors' board over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.services.gateway.test_offers import desk, waiting
from tests.services.gateway.test_teamwork import id_of, owned


async def test_the_team_says_who_can_be_given_something(stack: Any) -> None:
    await stack.profiles.change(await id_of(stack, "azhe"), skills={"payment": 4, "general": 2})
    await owned(stack)
    await desk(stack, "azhe", capacity=5, status="busy")
    answer = (await (await stack.http()).get("/api/desk/team")).json()
    found = {agent["display"]: agent for agent in answer["agents"]}
    assert found["小云"] == {
        "id": await id_of(stack, "xiaoyun"), "display": "小云", "role": "agent", "status": "online",
        "capacity": 3, "load": 100, "skills": {"general": 3}, "me": True,
    }  # fmt: skip
    azhe = found["阿哲"]
    assert (azhe["status"], azhe["capacity"], azhe["load"], azhe["me"]) == ("busy", 5, 0, False)
    assert azhe["skills"] == {"payment": 4, "general": 2}
    assert {"id": "payment", "name": "充值支付"} in answer["groups"]


async def test_the_board_shows_conversations_groups_and_agents(stack: Any) -> None:
    _, agent, conversation, epoch = await owned(stack)
    await agent.send("send", id="agent-m-1", conversation=conversation, epoch=epoch, text="您好")
    await agent.receive("ack")
    _, second = await waiting(stack, "u2")
    await asyncio.sleep(2.1)  # the figures of the waits are up to two seconds old
    answer = (await (await stack.http("lin")).get("/api/desk/board")).json()
    assert set(answer) == {"conversations", "alerts", "groups", "waits", "agents"}
    rows = {row["conversation"]: row for row in answer["conversations"]}
    mine, other = rows[conversation], rows[second]
    assert set(mine) == {
        "conversation", "player", "name", "vip", "owner", "agent", "agent_name", "group", "tier", "urgency", "since",
        "responded_at", "late", "idle", "last_at",
    }  # fmt: skip
    assert (mine["owner"], mine["agent_name"], mine["player"], mine["group"]) == ("agent", "小云", "u1", "general")
    assert mine["responded_at"] >= mine["since"] > 0 and mine["idle"] is False and mine["late"] == []
    assert (other["owner"], other["agent_name"], other["responded_at"]) == ("queue", "", 0)
    general = next(group for group in answer["groups"] if group["id"] == "general")
    assert (general["waiting"], general["online"], general["slots_free"]) == (1, 1, 2)
    assert general["oldest_ms"] >= 0 and general["p90_s"] > 0
    assert [agent["display"] for agent in answer["agents"]] == ["小云"]


async def test_who_found_a_free_agent_is_no_evidence_for_the_waiting_times(stack: Any) -> None:
    await desk(stack, "azhe", capacity=1)
    _, agent, _, _ = await owned(stack)
    http = await stack.http("lin")
    waits = (await http.get("/api/desk/board")).json()["waits"]
    assert waits == {"count": 0, "within_p90": 0.0}
    await agent.socket.close()


async def test_the_board_is_for_supervisors(stack: Any) -> None:
    answer = await (await stack.http("xiaoyun")).get("/api/desk/board")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("path", ["team", "board"])
async def test_both_need_a_log_in(stack: Any, path: str) -> None:
    http = await stack.http()
    http.headers.pop("cookie")
    assert (await http.get(f"/api/desk/{path}")).status_code == 401


async def test_a_conversation_that_is_back_with_the_bot_is_not_on_the_board(stack: Any) -> None:
    _, agent, conversation, epoch = await owned(stack)
    await agent.send("return", id="return-01", conversation=conversation, epoch=epoch)
    await agent.receive("ack")
    answer = (await (await stack.http("lin")).get("/api/desk/board")).json()
    assert answer["conversations"] == []
