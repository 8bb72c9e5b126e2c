"""Pictures from a player to the agent: over real HTTP, from real files, and from people who mean no good."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from redis.asyncio import Redis

from gateway import images
from gateway.images import LIMITS
from handoff.pictures import MAX_BYTES
from tests.services.gateway.conftest import Stack, running

GAME = "https://game.example"


@pytest.fixture
async def stack(redis: Redis[str], redis_url: str, tmp_path: Path) -> AsyncIterator[Stack]:
    async with running(redis, redis_url, tmp_path, ALLOWED_ORIGINS=GAME) as started:
        yield started


def png(width: int = 60, height: int = 40) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


async def send(stack: Stack, body: Any, player: str = "u1", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=stack.base) as http:
        given = {"authorization": f"Bearer {stack.token(player)}", **headers}
        return await http.post("/api/images", content=body, headers=given)


async def fetch(stack: Stack, id: str, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(base_url=stack.base) as http:
        return await http.request(method, f"/api/images/{id}")


async def test_a_picture_goes_in_and_is_shown_to_whoever_has_its_id(stack: Stack) -> None:
    taken = await send(stack, png())
    assert taken.status_code == 201
    image = taken.json()
    assert re.fullmatch("[0-9a-f]{32}", image["id"]) and (image["width"], image["height"]) == (60, 40)
    shown = await fetch(stack, image["id"])
    assert shown.status_code == 200 and shown.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(shown.content)) as drawn:
        assert (drawn.format, drawn.size) == ("JPEG", (60, 40))
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"].startswith("private,")
    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["cross-origin-resource-policy"] == "cross-origin"
    assert (await fetch(stack, image["id"], "HEAD")).status_code == 200


async def test_there_is_nothing_under_another_id(stack: Stack) -> None:
    for id in ("0" * 32, "A" * 32, "x", "..%2f..%2fetc%2fpasswd", "0" * 33, "%00" * 8):
        assert (await fetch(stack, id)).status_code == 404


async def test_what_is_no_picture_is_refused_by_its_content(stack: Stack) -> None:
    html, svg = b"<html><script>alert(1)</script></html>", b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    for number, body in enumerate((b"", html, svg, b"\xff\xd8\xff\xe0" + b"\x00" * 400, png()[:50])):
        for kind in ("image/png", "text/html", ""):
            answer = await send(stack, body, f"u{number}", **{"content-type": kind})
            assert (answer.status_code, answer.json()["code"]) == (415, "bad_image")


async def test_a_bomb_is_refused(stack: Stack) -> None:
    out = io.BytesIO()
    Image.new("1", (6000, 6000)).save(out, "PNG")
    answer = await send(stack, out.getvalue())
    assert len(out.getvalue()) < 100_000
    assert (answer.status_code, answer.json()["code"]) == (413, "image_too_many_pixels")
    assert answer.json()["data"]["width"] == 6000


async def test_a_file_of_50_megabytes_is_refused_by_its_announcement(stack: Stack) -> None:
    answer, sent = await upload_by_hand(stack, f"Content-Length: {50 * 1024 * 1024}", announced_only=True)
    assert answer.startswith("HTTP/1.1 413") and '"code":"image_too_big"' in answer
    assert sent == 0
    answered = await send(stack, b"\xff\xd8\xff" + bytes(50 * 1024 * 1024))  # by a client that sends it all first
    assert (answered.status_code, answered.json()["code"]) == (413, "image_too_big")


async def test_a_file_of_unknown_size_is_stopped_at_the_limit(stack: Stack) -> None:
    answer, sent = await upload_by_hand(stack, "Transfer-Encoding: chunked", announced_only=False)
    assert answer.startswith("HTTP/1.1 413") and '"code":"image_too_big"' in answer
    assert sent < MAX_BYTES + 4 * 1024 * 1024


async def upload_by_hand(stack: Stack, length: str, announced_only: bool) -> tuple[str, int]:
    """The answer to an endless upload, and how many bytes were sent before it came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    head = f"POST /api/images HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stack.token()}\r\n{length}\r\n\r\n"
    writer.write(head.encode())
    answering = asyncio.ensure_future(reader.read(4096))
    chunk, sent = b"x" * 65536, 0
    while not announced_only and not answering.done() and sent < 50 * 1024 * 1024:
        writer.write(b"10000\r\n" + chunk + b"\r\n")
        await writer.drain()
        sent += len(chunk)
        await asyncio.sleep(0.001)
    answer = await asyncio.wait_for(answering, 5)
    writer.close()
    return answer.decode(), sent


async def test_a_sender_who_goes_leaves_the_gateway_well(stack: Stack) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    head = (
        f"POST /api/images HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stack.token()}\r\nContent-Length: 9000\r\n\r\n"
    )
    writer.write(head.encode() + png()[:60])
    await writer.drain()
    writer.close()
    assert (await send(stack, png())).status_code == 201


async def test_only_a_player_with_a_token_may_send(stack: Stack) -> None:
    expired, foreign = stack.token(life_s=-60), stack.token(secret="x" * 40)
    for given in ("", "Bearer", "Bearer x.y.z", "Basic dTE6", f"Bearer {expired}", f"Bearer {foreign}"):
        answer = await send(stack, png(), authorization=given)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")


async def test_a_player_sends_so_many_a_minute(stack: Stack) -> None:
    most = LIMITS[0][0]
    for _ in range(most):
        assert (await send(stack, png())).status_code == 201
    answer = await send(stack, png())
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 0 < answer.json()["data"]["retry_after_ms"] <= LIMITS[0][1]
    assert (await send(stack, png(), player="u2")).status_code == 201


async def test_a_picture_that_takes_too_long_is_given_up(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "DRAW_WITHIN_S", 0.0)
    answer = await send(stack, png())
    assert (answer.status_code, answer.json()["code"]) == (503, "image_timeout")


async def test_a_page_of_the_game_may_send_and_read_refusals(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=stack.base) as http:
        asks = {
            "origin": GAME,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization",
        }
        allowed = await http.options("/api/images", headers=asks)
        strange = await http.options("/api/images", headers={**asks, "origin": "https://evil.example"})
    assert allowed.status_code == 200 and allowed.headers["access-control-allow-origin"] == GAME
    assert strange.status_code == 400 and "access-control-allow-origin" not in strange.headers
    taken, refused = await send(stack, png(), origin=GAME), await send(stack, b"no", origin=GAME)
    assert (taken.status_code, refused.status_code) == (201, 415)
    for answer in (taken, refused):
        assert answer.headers["access-control-allow-origin"] == GAME
    foreign = await send(stack, png(), origin="https://evil.example")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")


async def test_the_agent_sees_the_picture_in_the_conversation(stack: Stack) -> None:
    image = (await send(stack, png())).json()
    player = await stack.player()
    conversation = (await player.receive("welcome"))["conversation"]
    await player.send("image", id="image-0001", image=image["id"])
    assert (await player.receive("ack"))["n"] == 1
    entry = (await player.receive("entry"))["entry"]
    assert (entry["kind"], entry["image"], entry["id"]) == ("image", image, "image-0001")
    await player.send("image", id="image-0001", image=image["id"])
    assert (await player.receive("ack"))["n"] == 1
    agent = await stack.http()
    transcript = (await agent.get(f"/api/desk/conversations/{conversation}")).json()
    assert [line["image"] for line in transcript["entries"]] == [image]
    turn = await stack.store.claim_turn(5000)
    assert turn is not None and turn.entry is not None and turn.entry.kind == "image"


async def test_a_picture_of_somebody_else_can_not_be_sent(stack: Stack) -> None:
    image = (await send(stack, png())).json()
    other = await stack.player("u2")
    await other.receive("welcome")
    for id in (image["id"], "0" * 32, "", "x" * 64):
        await other.send("image", id="image-0002", image=id)
        error = await other.receive("error")
        assert (error["code"], error["id"]) == ("unknown_image", "image-0002")


async def test_no_refusal_repeats_what_was_sent(stack: Stack) -> None:
    answer = await send(stack, b"secret words of a player")
    assert "secret" not in json.dumps(answer.json())
