"""Demo tokens for the demo page. These routes exist in development only: in production the game issues the tokens."""

from __future__ import annotations

import secrets
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from common.clock import SystemClock
from common.errors import BadFrame
from common.settings import Settings
from gateway import tokens
from handoff.policy import MAX_VIP
from handoff.protocol import Player


class Asked(Struct, forbid_unknown_fields=True):
    """Who the demo player wants to be."""

    player: Annotated[str, Meta(max_length=64, pattern="^[A-Za-z0-9_-]*$")] = ""
    name: Annotated[str, Meta(max_length=40)] = ""
    vip: Annotated[int, Meta(ge=0, le=MAX_VIP)] = 0


def routes(settings: Settings) -> list[Route]:
    """POST /api/demo/token."""

    async def token(request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await request.body() or b"{}", type=Asked)
        except msgspec.DecodeError as error:
            raise BadFrame(str(error)) from error
        id = asked.player or f"demo-{secrets.token_hex(4)}"
        player = Player(id=id, name=asked.name or id, vip=asked.vip, platform="web")
        return JSONResponse({"token": tokens.issue(settings.player_token_secret, player, SystemClock()), "player": id})

    return [Route("/api/demo/token", token, methods=["POST"])]
