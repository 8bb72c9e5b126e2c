"""Who a player is: a short-lived JWT that the game signs. One algorithm is accepted, whatever a token's header says."""

from __future__ import annotations

import jwt

from common.clock import Clock
from common.errors import BadToken
from handoff.policy import MAX_VIP
from handoff.protocol import Player

ALGORITHM = "HS256"
AUDIENCE = "yunlan-support"
DEMO_LIFE_S = 3600
_REQUIRED = ["exp", "iat", "sub", "aud"]
_MAX_LIFE_S = 24 * 3600
_MAX_LEVEL = 10_000


def issue(secret: str, player: Player, clock: Clock, life_s: int = DEMO_LIFE_S) -> str:
    """A token for `player`, as a game's server makes it."""
    now = clock.now_ms() // 1000
    claims = {
        "sub": player.id,
        "name": player.name,
        "vip": player.vip,
        "server": player.server,
        "platform": player.platform,
        "level": player.level,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + life_s,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def read(secret: str, token: str) -> Player:
    """The player that a token names.

    Raises:
        BadToken: malformed, expired, foreign, or with claims of the wrong form. What exactly is not told to strangers.
    """
    try:
        claims = jwt.decode(
            token, secret, algorithms=[ALGORITHM], audience=AUDIENCE, options={"require": _REQUIRED}, leeway=10
        )
    except jwt.ExpiredSignatureError as error:
        raise BadToken("the token has expired", reason="expired") from error
    except jwt.InvalidTokenError as error:
        raise BadToken("the token is not valid", reason="invalid") from error
    id, name = claims["sub"], claims.get("name", "")
    vip, level = claims.get("vip", 0), claims.get("level", 0)
    well_formed = isinstance(id, str) and 0 < len(id) <= 64 and isinstance(name, str)
    well_formed = well_formed and type(vip) is int and type(level) is int
    if not well_formed or not id.isprintable() or claims["exp"] - claims["iat"] > _MAX_LIFE_S:
        raise BadToken("the token is not valid", reason="invalid")
    return Player(
        id=id,
        name=(name or id)[:40],
        vip=max(0, min(MAX_VIP, vip)),
        server=str(claims.get("server", ""))[:40],
        platform=str(claims.get("platform", ""))[:20],
        level=max(0, min(_MAX_LEVEL, level)),
    )
