"""What the game's backend tells of its players (a failed order, a new device ...), so that the right question is on offer."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common.clock import Clock
from common.errors import BadFrame, Forbidden, SupportError
from gateway.context import Context
from suggest.moment import GameEvent
from suggest.store import PlayerMemory

SIGNATURE = "x-support-signature"
MAX_BODY = 16_384  # bytes
MAX_SKEW_MS = 5 * 60_000  # an event from further in the future is a mistake
_OLDEST_MS = 30 * 86_400_000

Value = Annotated[str, Meta(max_length=64)]


class UnknownEvent(SupportError):
    """The kind of event is not in data/suggest.yml; `known` lists those that are."""

    code = "unknown_event"


class Told(Struct, forbid_unknown_fields=True):
    """An event as the game sends it."""

    player: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: Annotated[str, Meta(min_length=1, max_length=40)]
    at: Annotated[int, Meta(ge=0)] = 0  # when it happened, UTC milliseconds; 0: now
    data: Annotated[dict[Annotated[str, Meta(max_length=40)], Value], Meta(max_length=8)] = {}


def routes(context: Callable[[], Context], secret: str) -> list[Route]:
    """POST /api/game/events, signed with `secret` (hexadecimal HMAC-SHA256 of the body); none without a secret."""

    async def told(request: Request) -> Response:
        body = await read_body(request)
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature, request.headers.get(SIGNATURE, "")):
            raise Forbidden(f"expected the body's HMAC-SHA256 in {SIGNATURE}")
        await _keep(body, context())
        return Response(status_code=202)

    return [Route("/api/game/events", told, methods=["POST"])] if secret else []


def demo_routes(context: Callable[[], Context]) -> list[Route]:
    """POST /api/demo/events: the same without a signature, for the demo page in development."""

    async def told(request: Request) -> Response:
        await _keep(await read_body(request), context())
        return Response(status_code=202)

    return [Route("/api/demo/events", told, methods=["POST"])]


async def _keep(body: bytes, context: Context) -> None:
    suggestions = context.suggestions
    await suggestions.loaded()
    await keep(body, suggestions.store, context.clock, suggestions.event_kinds)


async def keep(body: bytes, memory: PlayerMemory, clock: Clock, kinds: Collection[str]) -> None:
    """Remember the event in `body`.

    Raises:
        BadFrame: it is no event, or of another time than the last 30 days.
        UnknownEvent: its kind is not in data/suggest.yml.
    """
    try:
        event = msgspec.json.decode(body, type=Told)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFrame(str(error)) from error
    if event.kind not in kinds:
        raise UnknownEvent(f"expected a kind of data/suggest.yml, got {event.kind!r}", known=sorted(kinds))
    now = clock.now_ms()
    at = event.at or now
    if not now - _OLDEST_MS <= at <= now + MAX_SKEW_MS:
        raise BadFrame(f"expected `at` within the last 30 days, in milliseconds; got {at}")
    await memory.push_event(event.player, GameEvent(event.kind, at, event.data))


async def read_body(request: Request) -> bytes:
    """The body of a request. Raises BadFrame above 16 KiB, without reading on."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise BadFrame(f"expected at most {MAX_BODY} bytes")
    return bytes(body)
