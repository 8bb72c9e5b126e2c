"""The one error tree. An error is raised where it is noticed and becomes a frame or an HTTP answer in one place."""

from __future__ import annotations

from typing import Any


class SupportError(Exception):
    """Base of all expected failures.

    `code` is stable and documented in docs/PROTOCOL.md, `fields` goes to the client, the message is for people.
    """

    code = "internal"

    def __init__(self, message: str = "", **fields: Any) -> None:
        super().__init__(message or self.code)
        self.fields = fields


class SettingsError(SupportError):
    """A setting is missing, malformed or unsafe; the process must not start."""

    code = "bad_settings"


class BadFrame(SupportError):
    """A frame that is not JSON, of an unknown type, or with a wrong field."""

    code = "bad_frame"


class BadText(SupportError):
    """A text that is empty or longer than the limit."""

    code = "bad_text"


class BadToken(SupportError):
    """A player's token that is malformed, foreign or expired."""

    code = "bad_token"


class RateLimited(SupportError):
    """Too many messages in a second; `retry_after_ms` says when the next one is welcome."""

    code = "rate_limited"


class IdConflict(SupportError):
    """A client id that was used before for another body."""

    code = "id_conflict"


class UnknownConversation(SupportError):
    """No live conversation by that id."""

    code = "unknown_conversation"


class UnknownChip(SupportError):
    """A chip id that names no FAQ entry and no intent a chip may carry."""

    code = "unknown_chip"


class UnknownEntry(SupportError):
    """A log number that names no answer of this conversation."""

    code = "unknown_entry"


class StaleEpoch(SupportError):
    """A write made under an ownership that has changed since."""

    code = "stale_epoch"


class NotOwner(SupportError):
    """The writer does not own the conversation; `owner` says who does."""

    code = "not_owner"


class IllegalTransition(SupportError):
    """The conversation is not in a state from which this can be done; `owner` and `state` say where it stands."""

    code = "illegal_transition"


class CapacityFull(SupportError):
    """The agent already has as many conversations as they take at once."""

    code = "capacity_full"


class AgentUnavailable(SupportError):
    """The agent is not online, so a conversation can't be given to them."""

    code = "agent_unavailable"


class OfferGone(SupportError):
    """An offer that is no longer pending; `state` says what became of it, `owner` and `agent` who has the conversation."""

    code = "offer_gone"


class UnknownGroup(SupportError):
    """No skill group by that id; `groups` names those there are."""

    code = "unknown_group"


class Forbidden(SupportError):
    """Something that only a supervisor may do."""

    code = "forbidden"


class LeaseLost(SupportError):
    """The worker's lease on a conversation has passed to another worker."""

    code = "lease_lost"


class BadCredentials(SupportError):
    """Wrong name or password (which of them is not said)."""

    code = "bad_credentials"


class Locked(SupportError):
    """Too many wrong log-ins from this client; `retry_after_s` says when to try again."""

    code = "locked"


class StorageError(SupportError):
    """Redis or the SQL archive can't be used as configured."""

    code = "storage"
