"""The desk's HTTP routes: log-in, canned replies, histories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common.errors import BadCredentials, BadFrame, UnknownConversation
from gateway.context import Context
from gateway.sessions import COOKIE, LIFE_S, Sessions
from gateway.sockets import origin_allowed
from handoff.accounts import Accounts
from handoff.lockout import Lockout
from handoff.protocol import Agent, Entry, Episode, Note, Player
from handoff.store import View

_COOKIE_YEAR_S = 180 * 24 * 3600
_PREVIEW = 80


class NotLoggedIn(BadCredentials):
    """A desk route without a valid session."""

    code = "not_logged_in"


class Login(Struct, forbid_unknown_fields=True):
    """Body of a log-in."""

    name: str
    password: str


class HistoryItem(Struct):
    """A conversation in a player's history."""

    conversation: str
    opened_at: int
    closed_at: int
    last: int
    live: bool
    preview: str
    episodes: list[Episode]


class Transcript(Struct):
    """A whole conversation."""

    conversation: str
    player: Player
    entries: list[Entry]
    notes: list[Note]
    episodes: list[Episode]


class Desk:
    """The routes under /api/desk."""

    def __init__(self, context: Context, accounts: Accounts, sessions: Sessions, lockout: Lockout) -> None:
        self._context = context
        self._accounts = accounts
        self._sessions = sessions
        self._lockout = lockout

    def routes(self) -> list[Route]:
        """To be mounted under /api/desk."""
        return [
            Route("/login", self.login, methods=["POST"]),
            Route("/logout", self.logout, methods=["POST"]),
            Route("/me", self.me),
            Route("/canned", self.canned),
            Route("/players/{player}/conversations", self.history),
            Route("/conversations/{conversation}", self.transcript),
        ]

    async def login(self, request: Request) -> Response:
        """Name and password for a session cookie."""
        _same_origin(request)
        try:
            asked = msgspec.json.decode(await request.body(), type=Login)
        except msgspec.DecodeError as error:
            raise BadFrame(str(error)) from error
        device = self._lockout.cookie_name(asked.name)
        address = request.client.host if request.client else ""
        attempt = await self._lockout.begin(asked.name, address, request.cookies.get(device, ""))
        try:
            agent = await self._accounts.verify(asked.name, asked.password)
        except BadCredentials:
            raise
        except BaseException:
            await self._lockout.release(attempt)
            raise
        known = await self._lockout.succeeded(attempt)
        response = _json({"agent": agent})
        self._set_cookie(response, COOKIE, await self._sessions.start(agent), LIFE_S)
        self._set_cookie(response, device, known, _COOKIE_YEAR_S)
        return response

    async def logout(self, request: Request) -> Response:
        """End the session."""
        _same_origin(request)
        await self._sessions.end(request)
        response = _json({})
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return response

    async def me(self, request: Request) -> Response:
        """Who is logged in."""
        return _json({"agent": await self._agent(request)})

    async def canned(self, request: Request) -> Response:
        """Replies to insert."""
        await self._agent(request)
        return _json({"items": read_canned(self._context.settings.root / "data" / "canned_replies.yml")})

    async def history(self, request: Request) -> Response:
        """A player's conversations, live and archived as one, newest first."""
        await self._agent(request)
        player = request.path_params["player"]
        live = await self._context.store.conversation_of(player)
        items = []
        if live:
            items.append(await self._live(await self._context.store.view(live)))
        for old in await self._context.archive.conversations_of(player):
            if old.conversation != live:
                items.append(
                    HistoryItem(
                        old.conversation, old.opened_at, old.closed_at, old.last, False, old.preview, old.episodes
                    )
                )
        return _json({"items": items})

    async def transcript(self, request: Request) -> Response:
        """A conversation whole, from Redis or from the archive."""
        await self._agent(request)
        id, store = request.path_params["conversation"], self._context.store
        try:
            view = await store.view(id)
        except UnknownConversation:
            record = await self._context.archive.conversation(id)
            if record is None:
                raise
            return _json(Transcript(id, record.player, record.entries, record.notes, record.episodes))
        entries, notes = await store.entries(id), await store.notes(id)
        return _json(Transcript(id, view.player, entries, notes, await store.episodes(id)))

    async def _live(self, view: View) -> HistoryItem:
        recent = await self._context.store.entries(view.id, max(0, view.last - 30))
        said = [entry.text for entry in recent if entry.sender == "player" and entry.text]
        return HistoryItem(
            conversation=view.id,
            opened_at=view.opened_at,
            closed_at=0,
            last=view.last,
            live=True,
            preview=said[-1][:_PREVIEW] if said else "",
            episodes=await self._context.store.episodes(view.id),
        )

    async def _agent(self, request: Request) -> Agent:
        agent = await self._sessions.agent_of(request)
        if agent is None:
            raise NotLoggedIn("log in first")
        return agent

    def _set_cookie(self, response: Response, name: str, value: str, life_s: int) -> None:
        secure = not self._context.settings.development
        response.set_cookie(name, value, max_age=life_s, httponly=True, samesite="strict", secure=secure, path="/")


def read_canned(path: Path) -> list[dict[str, str]]:
    """The canned replies of a file: [{id, title, text}]."""
    items: list[dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return items


def _same_origin(request: Request) -> None:
    if not origin_allowed(request, ()):
        raise NotLoggedIn("expected a request from the desk's own page")


def _json(content: Any) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")
