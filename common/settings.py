"""Every setting of every process, read once from the environment and passed down. `.env.example` explains each."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Optional

from common.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
_DEV_SECRET = "development-only-secret-never-use-it-in-production"
_SOCKET_PATH_LIMIT = 100  # the kernel allows 107 bytes


@dataclass(frozen=True)
class RewriteEndpoint:
    """An OpenAI-compatible chat endpoint that may rewrite summaries (handoff/rewriting.py)."""

    url: str  # without /chat/completions
    model: str
    key: str = field(default="", repr=False)  # "": none is sent
    timeout_ms: int = 3_000  # of the whole request


@dataclass(frozen=True)
class Settings:
    """The settings of one process; build it with `from_env` at entry."""

    env: Literal["development", "production"]
    root: Path  # the project's folder
    var: Path  # data and logs: embedded Redis, SQLite, supervisor
    redis_url: str  # "" starts the embedded server
    redis_prefix: str
    database_url: str
    host: str
    port: int
    origins: tuple[str, ...]  # Origins that may open sockets, besides the gateway's own
    player_token_secret: str  # key with which the game signs players' tokens (HS256)
    server_secret: str  # key of our own: command MACs, device cookies, the vault
    encoder: str  # "static", or the name of a sentence-transformers model
    bot_workers: int
    bot_concurrency: int  # conversations one bot worker serves at once
    lease_ms: int  # how long a silent worker keeps a conversation
    agent_grace_ms: int  # how long after its last heartbeat an agent counts as there
    archive_after_ms: int  # quiet time after which a conversation is archived
    messages_per_second: int  # a player's commands in one second
    policy: Path  # the operator's rules of the handoff (handoff/policy.yml)
    push_url: str  # "" or the operator's push service, told when it is an absent player's turn
    push_secret: str  # signs what is sent there
    game_secret: str  # signs what the game tells of its players; "": it may tell nothing
    log_level: str
    summary_rewrite: Optional[RewriteEndpoint] = None  # None: summaries stay as they are built

    @property
    def development(self) -> bool:
        """Whether demo tokens and placeholder secrets are allowed."""
        return self.env == "development"

    @property
    def redis_socket(self) -> Path:
        """Where the embedded Redis listens."""
        path = self.var / "run" / "redis.sock"
        if len(str(path)) <= _SOCKET_PATH_LIMIT:
            return path
        name = hashlib.sha256(str(self.var).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"yunlan-{name}.sock"

    @property
    def redis_address(self) -> str:
        """The URL to connect to."""
        return self.redis_url or f"unix://{self.redis_socket}"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """The settings in `environ`.

        Raises:
            SettingsError: a value has the wrong form, or a secret is missing outside development.
        """
        env = environ.get("SUPPORT_ENV", "development")
        if env not in ("development", "production"):
            raise SettingsError(f"SUPPORT_ENV is {env!r}; expected development or production")
        root = Path(environ.get("SUPPORT_ROOT") or ROOT)
        var = Path(environ.get("SUPPORT_VAR") or root / "var")
        return cls(
            env="production" if env == "production" else "development",
            root=root,
            var=var,
            redis_url=environ.get("REDIS_URL", ""),
            redis_prefix=environ.get("REDIS_PREFIX") or "yl:",
            database_url=environ.get("DATABASE_URL") or f"sqlite:///{var / 'support.db'}",
            host=environ.get("HOST") or "127.0.0.1",
            port=_number(environ, "PORT", 8080, 1, 65535),
            origins=tuple(o.strip() for o in environ.get("ALLOWED_ORIGINS", "").split(",") if o.strip()),
            player_token_secret=_secret(environ, "PLAYER_TOKEN_SECRET", env),
            server_secret=_secret(environ, "SERVER_SECRET", env),
            encoder=environ.get("ENCODER") or "static",
            bot_workers=_number(environ, "BOT_WORKERS", 1, 1, 64),
            bot_concurrency=_number(environ, "BOT_CONCURRENCY", 8, 1, 64),
            lease_ms=_number(environ, "LEASE_MS", 10_000, 500, 120_000),
            agent_grace_ms=_number(environ, "AGENT_GRACE_MS", 12_000, 3_000, 600_000),
            archive_after_ms=_number(environ, "ARCHIVE_AFTER_S", 1800, 1, 7 * 86400) * 1000,
            messages_per_second=_number(environ, "MESSAGES_PER_SECOND", 8, 1, 1000),
            policy=Path(environ.get("HANDOFF_POLICY") or root / "handoff" / "policy.yml"),
            push_url=environ.get("PUSH_URL", ""),
            push_secret=environ.get("PUSH_SECRET", ""),
            game_secret=environ.get("GAME_EVENTS_SECRET", ""),
            log_level=environ.get("LOG_LEVEL") or "INFO",
            summary_rewrite=_rewrite_endpoint(environ),
        )


def _rewrite_endpoint(environ: Mapping[str, str]) -> Optional[RewriteEndpoint]:
    url = environ.get("SUMMARY_REWRITE_URL", "").rstrip("/")
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"SUMMARY_REWRITE_URL is {url!r}; expected an http(s) address such as https://host/v1")
    model = environ.get("SUMMARY_REWRITE_MODEL", "")
    if not model:
        raise SettingsError("SUMMARY_REWRITE_MODEL is missing; SUMMARY_REWRITE_URL needs the name of a model")
    timeout_ms = _number(environ, "SUMMARY_REWRITE_TIMEOUT_MS", 3_000, 100, 20_000)
    return RewriteEndpoint(url, model, environ.get("SUMMARY_REWRITE_KEY", ""), timeout_ms)


def _number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name) or str(default)
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise SettingsError(f"{name} is {text!r}; expected a whole number from {low} to {high}")
    return value


def _secret(environ: Mapping[str, str], name: str, env: str) -> str:
    value = environ.get(name, "")
    if env == "development":
        return value or f"{_DEV_SECRET}:{name}"
    if len(value) < 32 or value.startswith(_DEV_SECRET) or "change-me" in value:
        raise SettingsError(f"{name} is missing, a placeholder or shorter than 32 characters; set a random one")
    return value
