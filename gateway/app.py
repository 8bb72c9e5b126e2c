"""Composes the gateway: connections opened at start, routes, one place where errors become HTTP answers."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from common import errors, logs
from common.content import load_scenarios
from common.keys import Keys
from common.privacy import Masker
from common.settings import Settings
from gateway import demo, game, metrics
from gateway.agent import AgentSocket
from gateway.bells import Bells
from gateway.board import Board
from gateway.chips import ChipBook
from gateway.context import Context
from gateway.desk import Desk, NotLoggedIn
from gateway.images import Images
from gateway.library import Content, current_content
from gateway.player import PlayerSocket
from gateway.reads import Reads
from gateway.sessions import RedisAttempts, Sessions
from gateway.suggestions import Suggestions
from gateway.tickets import TicketDesk
from handoff.accounts import Accounts
from handoff.connect import RedisClock, open_redis
from handoff.follow_ups import UnknownFollowUp
from handoff.lockout import Lockout
from handoff.pictures import BadImage, ImageTimeout, ImageTooBig, ImageTooManyPixels, UnknownImage
from handoff.policy_file import read_policy
from handoff.presence import workers_alive
from handoff.profiles import Profiles
from handoff.protocol import MAX_FRAME
from handoff.redis_store import RedisStore
from handoff.sql.accounts import SqlAccountStore, SqlProfileStore
from handoff.sql.archive import SqlArchive
from handoff.sql.engine import open_engine
from handoff.sql.pictures import SqlPictureStore
from handoff.tickets import Outdated, UnknownTicket
from handoff.waiting_times import WaitingTimes
from suggest.redis_store import RedisSuggestStore

# Clients behind a proxy that dies silently are noticed by these (seconds).
PING_EVERY, PONG_WITHIN = 5.0, 5.0

_STATUS: dict[type[errors.SupportError], int] = {
    NotLoggedIn: 401,
    errors.BadCredentials: 401,
    errors.BadToken: 401,
    errors.RateLimited: 429,
    errors.Locked: 429,
    errors.BadFrame: 400,
    errors.Forbidden: 403,
    errors.UnknownConversation: 404,
    BadImage: 415,
    ImageTooBig: 413,
    ImageTooManyPixels: 413,
    ImageTimeout: 503,
    UnknownImage: 404,
    UnknownTicket: 404,
    UnknownFollowUp: 404,
    Outdated: 409,
    errors.StorageError: 503,
}


class SecurityHeaders:
    """Adds the headers that keep our pages from being framed by strangers or fed scripts from elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]


def create_app(settings: Settings, content: Callable[[], Content] = current_content) -> Starlette:
    """The gateway's application; opens its connections when it starts. `content` is asked for the FAQ in use."""
    log = logs.configure(settings.log_level, "gateway")
    policy = read_policy(settings.policy)
    scenarios = {scenario.id: scenario for scenario in load_scenarios(settings.root, [])}
    shared: dict[str, Any] = {}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        redis = await open_redis(settings)
        engine = await open_engine(settings.database_url)
        clock = RedisClock()
        await clock.sync(redis)
        keys = Keys(settings.redis_prefix)
        bells = Bells(redis, keys, log)
        store = RedisStore(
            redis, clock, keys, grace_ms=settings.agent_grace_ms, per_second=settings.messages_per_second, policy=policy
        )
        times = WaitingTimes(store, clock, policy)
        pictures = SqlPictureStore(engine)
        images = Images(settings, redis, keys, clock, pictures)
        suggestions = Suggestions(
            RedisSuggestStore(redis, keys), content, redis, keys, clock, log, settings.redis_address
        )
        context = Context(
            settings=settings,
            redis=redis,
            keys=keys,
            clock=clock,
            store=store,
            policy=policy,
            scenarios=scenarios,
            times=times,
            archive=SqlArchive(engine, policy),
            bells=bells,
            reads=Reads(redis, keys, bells),
            masker=Masker.load(settings.root / "data" / "lexicon" / "secret_words.txt"),
            chips=ChipBook(lambda: content().library),
            suggestions=suggestions,
            pictures=pictures,
            log=log,
        )
        accounts = Accounts(SqlAccountStore(engine), clock)
        sessions = Sessions(redis, keys, accounts, clock)
        lockout = Lockout(RedisAttempts(redis, keys), settings.server_secret.encode(), clock)
        desk = Desk(context, accounts, sessions, lockout)
        profiles = Profiles(SqlProfileStore(engine), policy.groups)
        shared.update(context=context, sessions=sessions, profiles=profiles)
        tickets = TicketDesk(context, accounts, sessions)
        routes = [*desk.routes(), *Board(context, sessions).routes(), *tickets.routes()]
        app.router.routes[:0] = [Mount("/api/desk", routes=routes), *images.routes()]
        await bells.listen("queue", listener=times.ring)
        tasks = [asyncio.create_task(work) for work in (bells.run(), clock.keep(redis), suggestions.run())]
        yield
        for task in tasks:
            task.cancel()
        images.close()
        await context.archive.close()
        await redis.close(close_connection_pool=True)

    async def player_socket(socket: WebSocket) -> None:
        with metrics.connected("player"):
            await PlayerSocket(socket, shared["context"]).run()

    async def agent_socket(socket: WebSocket) -> None:
        with metrics.connected("agent"):
            await AgentSocket(socket, shared["context"], shared["sessions"], shared["profiles"]).run()

    async def health(request: Request) -> Response:
        context: Context = shared["context"]
        try:
            bots = await workers_alive(context.redis, context.keys, context.clock, "bot")
            handoffs = await workers_alive(context.redis, context.keys, context.clock, "handoff")
        except (RedisError, OSError):
            return JSONResponse({"ok": False, "redis": False}, status_code=503)
        ok = bots > 0 and handoffs > 0
        body = {"ok": ok, "redis": True, "bot_workers": bots, "handoff_workers": handoffs}
        return JSONResponse(body, status_code=200 if ok else 503)

    routes = [
        WebSocketRoute("/ws/player", player_socket),
        WebSocketRoute("/ws/agent", agent_socket),
        Route("/healthz", health),
        Route("/metrics", _metrics),
        *game.routes(lambda: shared["context"], settings.game_secret),
        *([*demo.routes(settings), *game.demo_routes(lambda: shared["context"])] if settings.development else []),
        *_pages(settings.root / "web" / "dist"),
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={errors.SupportError: _refusal, RedisError: _away},
    )


def _pages(folder: Path) -> list[Any]:
    def page(name: str) -> Callable[[Request], Any]:
        async def show(request: Request) -> Response:
            return FileResponse(folder / name, headers={"cache-control": "no-cache"})

        return show

    return [
        Route("/", page("index.html")),
        Route("/desk", page("desk.html")),
        Route("/widget.js", page("widget.js")),
        Mount("/assets", StaticFiles(directory=folder / "assets", check_dir=False)),
    ]


async def _metrics(request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.SupportError)
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
    body = {"code": error.code, "message": str(error), "data": error.fields}
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")


async def _away(request: Request, error: Exception) -> Response:
    return JSONResponse({"code": "unavailable", "message": "storage is away; try again", "data": {}}, status_code=503)


def main(settings: Settings) -> None:
    """Serve until told to stop."""
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        ws="wsproto",
        ws_max_size=MAX_FRAME,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_EVERY,
        ws_ping_timeout=PONG_WITHIN,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    try:
        main(Settings.from_env(os.environ))
    except errors.SupportError as error:
        sys.exit(f"gateway: {error}")
