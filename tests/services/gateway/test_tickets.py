"""Tickets, follow-up tasks and outcomes over HTTP, on a real gateway and its database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from common.clock import SystemClock
from handoff.archive import OutboxEvent
from handoff.protocol import Episode
from handoff.sql.archive import SqlArchive
from handoff.sql.engine import open_engine

PASSWORD = "correct horse battery"
HOUR = 3_600_000


class Desks:
    """The desks of three people, and what lies in the archive."""

    def __init__(self, stack: Any, archive: SqlArchive) -> None:
        self.stack, self.archive = stack, archive
        self._cookies: dict[str, str] = {}
        self._ids = 0

    async def call(self, who: str, method: str, path: str, **given: Any) -> httpx.Response:
        if who and who not in self._cookies:
            self._cookies[who] = await self.stack.log_in(who)
        headers = {"cookie": self._cookies[who], **given.pop("headers", {})} if who else {}
        async with httpx.AsyncClient(base_url=f"{self.stack.base}/api/desk") as http:
            return await http.request(method, path, headers=headers, **given)

    async def get(self, who: str, path: str, expect: int = 200) -> Any:
        answer = await self.call(who, "GET", path)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def move(self, who: str, path: str, version: int, text: str = "", expect: int = 200, id: str = "") -> Any:
        self._ids += 1
        body = {"id": id or f"command-{self._ids:04d}", "text": text, "version": version}
        answer = await self.call(who, "POST", path, json=body)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def id_of(self, who: str) -> str:
        return str((await self.stack.accounts.named(who)).id)

    async def happened(self, n: int, kind: str, **changes: Any) -> None:
        at = SystemClock().now_ms()
        base = OutboxEvent(
            id=f"{at}-{n}", at=at, event=kind, actor="p:u1", conversation="c1", player="u1", epoch=1
        )  # fmt: skip
        await self.archive.apply([msgspec.structs.replace(base, **changes)])

    async def left_ticket(self, number: str = "T1", n: int = 1) -> None:
        await self.happened(n, "ticket", data={"number": number, "text": "充值没到", "group": "payment"})


@pytest.fixture
async def desks(stack: Any) -> AsyncIterator[Desks]:
    await stack.accounts.create("boss", "主管", "supervisor", PASSWORD)
    archive = SqlArchive(await open_engine(stack.settings.database_url))
    yield Desks(stack, archive)
    await archive.close()


def ended(**changes: Any) -> Episode:
    now = SystemClock().now_ms()
    base = Episode(
        id="e1", state="ended", reason="button", urgency=2, requested_at=now - 60_000, accepted_at=now - 40_000,
        responded_at=now - 30_000, ended_at=now - 1_000, end_reason="closed", missed=1, late=["next"], weighted=2.5,
        score=2, rating_text="等太久",
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


async def test_a_ticket_goes_from_the_list_to_its_solution(desks: Desks) -> None:
    await desks.left_ticket()
    (item,) = (await desks.get("xiaoyun", "/tickets"))["items"]
    assert (item["number"], item["state"], item["group"], item["version"]) == ("T1", "open", "payment", 1)
    assert item["due_at"] - item["created_at"] == 4 * HOUR and "history" not in item

    taken = (await desks.move("xiaoyun", "/tickets/T1/take", 1))["ticket"]
    me = await desks.id_of("xiaoyun")
    assert (taken["state"], taken["assignee"], taken["assignee_name"]) == ("in_progress", me, "小云")
    solved = (await desks.move("xiaoyun", "/tickets/T1/solve", 2, " 已补发 "))["ticket"]
    assert solved == (await desks.get("azhe", "/tickets/T1"))["ticket"]
    assert [(line["by"], line["by_name"], line["event"], line["text"]) for line in solved["history"]] == [
        ("p:u1", "", "open", ""), (f"a:{me}", "小云", "take", ""), (f"a:{me}", "小云", "solve", "已补发"),
    ]  # fmt: skip
    assert (await desks.get("azhe", "/tickets"))["items"] == []
    (word,) = await desks.archive.untold()
    assert (word.player, word.number, word.text) == ("u1", "T1", "已补发")


async def test_the_list_is_filtered(desks: Desks) -> None:
    for n, number in enumerate(("T1", "T2", "T3")):
        await desks.left_ticket(number, n)
    await desks.move("xiaoyun", "/tickets/T1/take", 1)
    await desks.move("azhe", "/tickets/T2/take", 1)

    async def numbers(who: str, query: str) -> list[str]:
        return [item["number"] for item in (await desks.get(who, f"/tickets?{query}"))["items"]]

    assert await numbers("xiaoyun", "state=in_progress&mine=1") == ["T1"]
    assert await numbers("xiaoyun", "state=open") == ["T3"]
    assert sorted(await numbers("xiaoyun", "")) == ["T1", "T2", "T3"]
    assert (await desks.get("xiaoyun", "/tickets?state=lost", expect=400))["code"] == "bad_frame"


async def test_of_two_agents_at_once_one_is_told_who_has_it(desks: Desks) -> None:
    await desks.left_ticket()
    answers = await asyncio.gather(
        *(
            desks.call(who, "POST", "/tickets/T1/take", json={"id": "command-0001", "text": "", "version": 1})
            for who in ("xiaoyun", "azhe")
        )
    )
    lost, won = sorted(answers, key=lambda answer: answer.status_code, reverse=True)
    assert (won.status_code, lost.status_code, lost.json()["code"]) == (200, 409, "outdated")
    ticket, data = won.json()["ticket"], lost.json()["data"]
    assert (data["agent"], data["assignee"]) == (ticket["assignee_name"], ticket["assignee"])
    assert (data["state"], data["version"]) == ("in_progress", 2)


async def test_a_colleagues_ticket_names_the_colleague(desks: Desks) -> None:
    await desks.left_ticket()
    await desks.move("xiaoyun", "/tickets/T1/take", 1)
    refusal = await desks.move("azhe", "/tickets/T1/solve", 2, "已补发", expect=400)
    assert (refusal["code"], refusal["data"]["agent"]) == ("not_owner", "小云")


async def test_a_command_sent_again_counts_once_and_another_under_its_id_is_refused(desks: Desks) -> None:
    await desks.left_ticket()
    first = await desks.move("xiaoyun", "/tickets/T1/take", 1, id="same-id-1")
    assert await desks.move("xiaoyun", "/tickets/T1/take", 1, id="same-id-1") == first
    refusal = await desks.move("xiaoyun", "/tickets/T1/take", 1, "其他", id="same-id-1", expect=400)
    assert refusal["code"] == "id_conflict"


async def test_what_an_agent_writes_is_masked(desks: Desks) -> None:
    await desks.left_ticket()
    noted = await desks.move("xiaoyun", "/tickets/T1/note", 1, "玩家电话 13812345678")
    assert "13812345678" not in noted["ticket"]["history"][-1]["text"]


@pytest.mark.parametrize("path, body, status, code", [
    ("/tickets/T9/take", {"id": "command-0001", "version": 1}, 404, "unknown_ticket"),
    ("/tickets/T1/explode", {"id": "command-0001", "version": 1}, 400, "bad_frame"),
    ("/tickets/T1/take", {"id": "short", "version": 1}, 400, "bad_frame"),
    ("/tickets/T1/take", {"id": "command-0001", "version": 1, "more": 1}, 400, "bad_frame"),
    ("/tickets/T1/take", [], 400, "bad_frame"),
    ("/tickets/T1/resume", {"id": "command-0001", "version": 1}, 400, "illegal_transition"),
    ("/tickets/T1/note", {"id": "command-0001", "version": 1, "text": "  "}, 400, "bad_text"),
    ("/follow_ups/e9/analyse", {"id": "command-0001", "version": 1}, 404, "unknown_follow_up"),
])  # fmt: skip
async def test_wrong_input_gets_a_typed_error(desks: Desks, path: str, body: Any, status: int, code: str) -> None:
    await desks.left_ticket()
    answer = await desks.call("boss", "POST", path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_nobody_without_a_log_in_and_no_other_page_gets_in(desks: Desks) -> None:
    await desks.left_ticket()
    for path in ("/tickets", "/tickets/T1", "/follow_ups", "/outcomes"):
        assert (await desks.get("", path, expect=401))["code"] == "not_logged_in"
    body = {"id": "command-0001", "version": 1}
    foreign = {"origin": "https://evil.example"}
    answer = await desks.call("xiaoyun", "POST", "/tickets/T1/take", json=body, headers=foreign)
    assert answer.status_code == 401
    assert (await desks.archive.ticket("T1")).version == 1


async def test_a_low_rating_is_followed_up_by_a_supervisor(desks: Desks) -> None:
    await desks.happened(1, "rated", episode=ended(agent=await desks.id_of("xiaoyun")))
    (task,) = (await desks.get("boss", "/follow_ups"))["items"]
    assert (task["id"], task["weighted"], task["score"], task["text"]) == ("e1", 2.5, 2, "等太久")
    assert (task["agent_name"], task["state"]) == ("小云", "received")
    await desks.move("boss", "/follow_ups/e1/analyse", 1)
    await desks.move("boss", "/follow_ups/e1/resolve", 2, "已培训")
    done = (await desks.move("boss", "/follow_ups/e1/call_back", 3, "玩家满意"))["item"]
    assert (done["state"], done["by_name"], done["version"]) == ("called_back", "主管", 4)
    assert (await desks.get("boss", "/follow_ups"))["items"] == []
    assert (await desks.get("boss", "/follow_ups?state=called_back"))["items"] == [done]


async def test_agents_see_neither_follow_ups_nor_outcomes(desks: Desks) -> None:
    await desks.happened(1, "rated", episode=ended())
    for path in ("/follow_ups", "/outcomes"):
        assert (await desks.get("xiaoyun", path, expect=403))["code"] == "forbidden"
    assert (await desks.move("xiaoyun", "/follow_ups/e1/analyse", 1, expect=403))["code"] == "forbidden"


async def test_the_outcomes_of_the_last_hours(desks: Desks) -> None:
    await desks.happened(1, "rated", episode=ended())
    await desks.happened(2, "close", episode=ended(id="e2", ended_at=SystemClock().now_ms() - 30 * HOUR))
    figures = await desks.get("boss", "/outcomes")
    assert figures == {
        "count": 1, "wait_p50_s": 20.0, "wait_p90_s": 20.0, "responded_in_time": 1.0, "missed_offers": 1,
        "reask_rate": 0.0, "reopened": 0.0, "weighted": 2.5, "late": {"first": 0, "next": 1, "resolution": 0},
    }  # fmt: skip
    assert (await desks.get("boss", "/outcomes?hours=48"))["count"] == 2
    for wrong in ("0", "99999", "x", "-1", "²"):
        assert (await desks.get("boss", f"/outcomes?hours={wrong}", expect=400))["code"] == "bad_frame"
