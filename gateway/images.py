"""Players' pictures over HTTP: taken in from the widget on whatever origin it runs, drawn anew in a thread, shown by id."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, TypeVar, cast

import msgspec
from redis.asyncio import Redis
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from common.clock import Clock
from common.errors import BadToken, Forbidden, RateLimited
from common.keys import Keys
from common.settings import Settings
from gateway import tokens
from gateway.sockets import origin_allowed
from handoff import protocol
from handoff.pictures import (
    MAX_BYTES,
    BadImage,
    Drawn,
    ImageTimeout,
    ImageTooBig,
    Picture,
    PictureStore,
    draw,
    unknown,
)

ARRIVE_WITHIN_S = 120.0
DRAW_WITHIN_S = 10.0
#: Uploads of one player: so many in so many milliseconds.
LIMITS = ((8, 60_000), (80, 86_400_000))
_IN_MEMORY = 256 * 1024  # bytes of an arriving file; what is beyond lies on disk
_SHOW_S = 86_400  # how long a browser may keep a picture
_ID = re.compile(r"[0-9a-f]{32}")
_T = TypeVar("_T")

_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('PTTL', KEYS[1])}
"""


class Images:
    """POST /api/images and GET /api/images/{id}."""

    def __init__(
        self,
        settings: Settings,
        redis: Redis[str],
        keys: Keys,
        clock: Clock,
        store: PictureStore,
        draw: Callable[[BinaryIO], Drawn] = draw,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._store = store
        self._draw = draw
        self._count = redis.register_script(_COUNT)
        # One at a time on each core: a picture needs up to 200 MB while it is decoded.
        self._threads = ThreadPoolExecutor(len(os.sched_getaffinity(0)), "pictures")

    def routes(self) -> list[Route]:
        """The routes, with their own CORS, under which refusals are readable too."""
        cors = Middleware(
            CORSMiddleware,
            allow_origins=self._settings.origins,
            allow_methods=["POST"],
            allow_headers=["Authorization", "Content-Type"],
            max_age=86_400,
        )
        return [
            Route("/api/images", self.upload, methods=["POST", "OPTIONS"], middleware=[cors]),
            Route("/api/images/{id}", self.show),
        ]

    async def upload(self, request: Request) -> Response:
        """Take a picture in: the file is the body, the player's token is in `Authorization: Bearer`."""
        if not origin_allowed(request, self._settings.origins):
            raise Forbidden("this page's origin may not send pictures")
        player = tokens.read(self._settings.player_token_secret, _bearer(request))
        await self._limit(player.id)
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            await _within(ARRIVE_WITHIN_S, _receive(request, file))
            file.seek(0)
            # SpooledTemporaryFile has all that a BinaryIO needs here, but is none before Python 3.11.
            drawn = await self._drawn(cast(BinaryIO, file))
        picture = Picture(secrets.token_hex(16), player.id, self._clock.now_ms(), drawn)
        await self._store.add(picture)
        body = protocol.Image(id=picture.id, width=drawn.width, height=drawn.height)
        return Response(msgspec.json.encode(body), status_code=201, media_type="application/json")

    async def show(self, request: Request) -> Response:
        """The picture. Its id is the permission to see it: it can't be guessed, and only this conversation holds it."""
        id = request.path_params["id"]
        if not _ID.fullmatch(id):
            raise unknown(id)
        picture = await self._store.get(id)
        headers = {
            "cache-control": f"private, max-age={_SHOW_S}, immutable",
            "content-disposition": f'inline; filename="{id[:8]}.jpg"',
            "cross-origin-resource-policy": "cross-origin",  # the widget shows it on the game's page
        }
        return Response(picture.drawn.jpeg, media_type="image/jpeg", headers=headers)

    def close(self) -> None:
        """Draw nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _limit(self, player: str) -> None:
        """Raises RateLimited."""
        for most, window_ms in LIMITS:
            key = self._keys.name("p", player, "images", str(window_ms))
            count, left_ms = await self._count(keys=[key], args=[window_ms])
            if count > most:
                raise RateLimited("too many pictures", retry_after_ms=max(0, int(left_ms)))

    async def _drawn(self, file: BinaryIO) -> Drawn:
        loop = asyncio.get_running_loop()
        return await _within(DRAW_WITHIN_S, loop.run_in_executor(self._threads, self._draw, file))


async def _receive(request: Request, file: IO[bytes]) -> None:
    """The body into `file`. Raises ImageTooBig as soon as it is, BadImage when the sender goes."""
    if int(request.headers.get("content-length") or 0) > MAX_BYTES:
        raise _too_big()
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > MAX_BYTES:
                raise _too_big()
            file.write(chunk)
    except ClientDisconnect:
        raise BadImage("the upload broke off") from None


def _too_big() -> ImageTooBig:
    return ImageTooBig(f"expected at most {MAX_BYTES} bytes", limit=MAX_BYTES)


async def _within(seconds: float, work: Awaitable[_T]) -> _T:
    try:
        return await asyncio.wait_for(work, seconds)
    except asyncio.TimeoutError:
        raise ImageTimeout(f"not done within {seconds:g} s", retry_after_ms=1000) from None


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise BadToken("expected Authorization: Bearer <the player's token>", reason="invalid")
    return token.strip()
