"""A rewritten summary counts only when every fact is still in it and none is new; against a real server on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from common.errors import SettingsError
from common.settings import RewriteEndpoint, Settings
from handoff.protocol import Summary, SummaryLine
from handoff.rewriting import RewriteRefused, check, figures, read_sentences, rewrite

SUMMARY = Summary(
    lines=[
        SummaryLine(kind="wish", refs=[1], text="钱扣了灵玉没到", data={"scenario": "pay_not_arrived", "name": "充值未到账"}),
        SummaryLine(kind="quote", refs=[3], text="我是月下独酌，林小舟，订单YL20261120083512"),
        SummaryLine(kind="fact", refs=[3], data={"kind": "order_number", "value": "YL20261120083512"}),
        SummaryLine(kind="fact", refs=[5], data={"kind": "amount", "value": "648 元"}),
        SummaryLine(kind="fact", refs=[5], data={"kind": "time", "value": "昨晚8点", "resolved": "2026-11-22T20:00"}),
        SummaryLine(kind="fact", refs=[3], data={"kind": "role", "value": "月下独酌"}),
        SummaryLine(kind="answer", refs=[2, 7], data={"question": "充值没到怎么办", "result": "not_helped"}),
        SummaryLine(kind="earlier", refs=[], data={"episode": "secret-episode", "at": 1_795_000_000_000, "end": "closed"}),
        SummaryLine(kind="promise", refs=[], text="三天内补发", data={"episode": "secret-episode", "agent": "小云"}),
        SummaryLine(kind="reason", refs=[], data={"code": "button"}),
    ],
    upto=8,
)  # fmt: skip
GOOD: list[dict[str, Any]] = [
    {"text": "玩家[name:2]昨晚8点充值648 元，订单YL20261120083512，未到账。", "lines": [0, 2, 3, 4, 5]},
    {"text": "已看过充值没到怎么办，没有帮助。", "lines": [6]},
]
TOLD = "玩家月下独酌昨晚8点充值648 元，订单YL20261120083512，未到账。已看过充值没到怎么办，没有帮助。"


class Stub:
    """An endpoint that answers as told and keeps what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body: bytes = b""
        self.delay_s = 0.0
        self.calls = 0
        self.path = ""
        self.headers: dict[str, str] = {}
        self.asked: dict[str, Any] = {}
        self.serving: set[asyncio.Task[None]] = set()

    async def end(self) -> None:
        """Leave no answer that is still on its way, and no socket."""
        for task in self.serving:
            task.cancel()
        await asyncio.gather(*self.serving, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the loop's next round

    def answers(self, content: Any) -> None:
        """Answer with a chat completion."""
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        self.body = json.dumps(
            {"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}
        ).encode()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of HTTP/1.1."""
        self.serving.add(asyncio.ensure_future(self._answer(reader, writer)))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._reply(reader, writer)
        finally:
            writer.close()

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.path = head[0]
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:]) if value}
        self.asked = json.loads(await reader.readexactly(int(self.headers["content-length"])))
        await asyncio.sleep(self.delay_s)
        start = f"HTTP/1.1 {self.status} X\r\nContent-Type: application/json\r\nContent-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
        writer.write(start.encode() + self.body)


@pytest.fixture
async def stub() -> AsyncIterator[tuple[Stub, Callable[..., Awaitable[Summary | None]]]]:
    """The stub, and `rewrite` bound to it."""
    stub = Stub()
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with httpx.AsyncClient() as http:

        async def run(summary: Summary = SUMMARY, timeout_ms: int = 2_000) -> Summary | None:
            endpoint = RewriteEndpoint(f"http://127.0.0.1:{port}/v1", "small", "key-1", timeout_ms)
            return await rewrite(summary, endpoint, http, ("林小舟", "player-77"))

        yield stub, run
    await stub.end()
    server.close()
    await server.wait_closed()


async def test_a_faithful_digest_stands_beside_the_wish_with_all_references(stub: Any) -> None:
    server, run = stub
    server.answers(GOOD)
    rewritten = await run()
    assert rewritten is not None
    wish = rewritten.lines[0]
    assert wish.data["rewritten"] == TOLD
    assert wish.refs == [1, 3, 5, 2, 7]
    assert wish.text == SUMMARY.lines[0].text
    assert rewritten.lines[1:] == SUMMARY.lines[1:] and rewritten.upto == SUMMARY.upto


async def test_json_lines_and_a_fenced_answer_are_read_as_well(stub: Any) -> None:
    server, run = stub
    for content in ("\n".join(json.dumps(s) for s in GOOD), f"```json\n{json.dumps(GOOD)}\n```"):
        server.answers(content)
        rewritten = await run()
        assert rewritten is not None and rewritten.lines[0].data["rewritten"] == TOLD


async def test_it_is_asked_as_every_compatible_endpoint_expects(stub: Any) -> None:
    server, run = stub
    server.answers(GOOD)
    await run()
    assert server.path == "POST /v1/chat/completions HTTP/1.1"
    assert server.headers["authorization"] == "Bearer key-1"
    assert server.asked["model"] == "small"
    assert [message["role"] for message in server.asked["messages"]] == ["system", "user"]


async def test_no_name_and_no_id_leaves(stub: Any) -> None:
    server, run = stub
    server.answers(GOOD)
    await run()
    sent = json.dumps(server.asked, ensure_ascii=False)
    for word in ("月下独酌", "林小舟", "player-77", "小云", "secret-episode", "1795000000000"):
        assert word not in sent
    assert "YL20261120083512" in sent


GONE, STRAY, LOOSE = "facts are gone", "a number that is not in the lines", "rests on no line"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ([{"text": "玩家[name:2]昨晚8点充值，订单YL20261120083512，未到账。", "lines": [0, 2, 4, 5]}], GONE),
        ([{"text": "玩家昨晚8点充值648 元，订单YL20261120083512，未到账。", "lines": [0, 2, 3, 4]}], GONE),
        ([{"text": "玩家[name:2]昨晚8点充值1648 元，订单YL20261120083512。", "lines": [0, 2, 3, 4, 5]}], GONE),
        ([{"text": "玩家[name:2]昨晚8点充值648 元，订单YL202611200835129。", "lines": [0, 2, 3, 4, 5]}], GONE),
        ([GOOD[0], {"text": "已赔偿99元。", "lines": [6]}], STRAY),
        ([GOOD[0], {"text": "已赔偿三百元。", "lines": [6]}], STRAY),
        ([GOOD[0], {"text": "五天内退款。", "lines": [8]}], STRAY),
        ([GOOD[0], {"text": "金额是648。", "lines": [6]}], STRAY),
        ([GOOD[0], {"text": "[name:7]说没到。", "lines": [6]}], STRAY),
        ([GOOD[0], {"text": "详情见 https://evil.example 。", "lines": [6]}], "with a link"),
        ([GOOD[0], {"text": "没有出处。", "lines": []}], LOOSE),
        ([GOOD[0], {"text": "没有这一行。", "lines": [10]}], LOOSE),
        ([GOOD[0], *[{"text": "还没解决。", "lines": [6]}] * 3], "4 sentences"),
        ([{**GOOD[0], "text": GOOD[0]["text"] + "啊" * 400}], "400 characters"),
        ([], "0 sentences"),
        ("好的，以下是摘要：玩家充值没到账", "not the JSON"),
        ('{"text": 5, "lines": [0]}', "not the JSON"),
    ],
)
async def test_an_unfaithful_or_malformed_digest_is_not_used(stub: Any, content: Any, why: str) -> None:
    server, run = stub
    server.answers(content)
    with capture_logs() as logged:
        assert await run() is None
    assert why in logged[0]["why"]


async def test_a_promise_may_keep_its_own_number(stub: Any) -> None:
    server, run = stub
    server.answers([GOOD[0], {"text": "此前答应三天内补发。", "lines": [8]}])
    assert await run() is not None


@pytest.mark.parametrize(
    "body", [b"", b"<html>502</html>", b'{"choices": []}', b'{"error": {}}', b"\xff\xfe", b"x" * 70_000]
)
async def test_an_answer_that_is_no_completion_is_not_used(stub: Any, body: bytes) -> None:
    server, run = stub
    server.body = body
    assert await run() is None


async def test_an_error_is_not_tried_again(stub: Any) -> None:
    server, run = stub
    server.answers(GOOD)
    server.status = 500
    assert await run() is None
    assert server.calls == 1


async def test_a_slow_endpoint_is_not_waited_for(stub: Any) -> None:
    server, run = stub
    server.answers(GOOD)
    server.delay_s = 5.0
    started = asyncio.get_running_loop().time()
    assert await run(timeout_ms=150) is None
    assert asyncio.get_running_loop().time() - started < 2


async def test_an_endpoint_that_is_away_leaves_the_built_summary() -> None:
    async with httpx.AsyncClient() as http:
        assert await rewrite(SUMMARY, RewriteEndpoint("http://127.0.0.1:1/v1", "small"), http) is None


async def test_without_an_endpoint_or_a_wish_nothing_is_sent(stub: Any) -> None:
    server, run = stub
    assert await run(Summary(lines=[SummaryLine(kind="reason", refs=[], data={"code": "button"})], upto=1)) is None
    async with httpx.AsyncClient() as http:
        assert await rewrite(SUMMARY, None, http) is None
    assert server.calls == 0


def test_figures_are_numbers_with_what_belongs_to_them() -> None:
    assert figures("订单YL2026-11，８:30充了20.5万，等了三百天，一直没到") == {
        "YL2026-11",
        "8:30",
        "20.5",
        "万",
        "三百",
    }


def test_a_refusal_says_how_many_facts_are_gone() -> None:
    sentences = read_sentences('[{"text": "充了648", "lines": [0]}]', 1)
    with pytest.raises(RewriteRefused, match="1 of 2 facts are gone"):
        check(sentences, ["648 and 99"], ["648", "99"])


def test_it_is_off_unless_the_settings_name_an_endpoint() -> None:
    assert Settings.from_env({}).summary_rewrite is None
    named = {
        "SUMMARY_REWRITE_URL": "https://llm.example/v1/",
        "SUMMARY_REWRITE_MODEL": "small",
        "SUMMARY_REWRITE_KEY": "k-1",
    }
    settings = Settings.from_env(named)
    assert settings.summary_rewrite == RewriteEndpoint("https://llm.example/v1", "small", "k-1", 3_000)
    assert "k-1" not in repr(settings)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"SUMMARY_REWRITE_URL": "llm.example"}, "expected an http"),
        ({"SUMMARY_REWRITE_MODEL": ""}, "SUMMARY_REWRITE_MODEL is missing"),
        ({"SUMMARY_REWRITE_TIMEOUT_MS": "0"}, "expected a whole number from 100 to 20000"),
    ],
)
def test_an_endpoint_that_cannot_work_stops_the_start(more: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Settings.from_env({"SUMMARY_REWRITE_URL": "https://llm.example/v1", "SUMMARY_REWRITE_MODEL": "small", **more})
