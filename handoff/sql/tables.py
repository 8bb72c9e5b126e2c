"""The SQL schema as the code sees it. `handoff/migrations` builds it; a test holds the two together.

Times are UTC milliseconds in BIGINT. Texts have no length in SQL: their limits are the gateway's, and PostgreSQL would
refuse what SQLite takes. Ids sort by code point on both.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Id = Text().with_variant(Text(collation="C"), "postgresql")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

conversations = Table(
    "conversations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("player", Id, nullable=False),
    Column("profile", Json, nullable=False),  # the rest of protocol.Player
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),  # the newest log number
    Column("preview", Text, nullable=False),  # the player's last text, cut
    Index("ix_conversations_player", "player", "opened_at"),
    Index("ix_conversations_closed_at", "closed_at"),
)

entries = Table(
    "entries",
    metadata,
    Column("conversation", Id, ForeignKey("conversations.id"), primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("sender", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("body", Json, nullable=False),  # the rest of protocol.Entry
    Column("understanding", Json),  # what the bot understood of it
)

notes = Table(
    "notes",
    metadata,
    Column("conversation", Id, ForeignKey("conversations.id"), primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("command", Text, nullable=False),  # protocol.Note.id
    Column("kind", Text, nullable=False),
    Column("data", Json, nullable=False),
)

# No foreign key to conversations: an episode and a ticket are stored while theirs is still live.
episodes = Table(
    "episodes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation", Id, nullable=False),
    Column("player", Id, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("urgency", BigInteger, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("scenario", Text, nullable=False),
    Column("agent", Id, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("end_reason", Text, nullable=False),
    Column("disposition", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("summary", Json),
    Column("score", BigInteger, nullable=False),
    Column("rating_text", Text, nullable=False),
    Column("newest", Id, nullable=False),  # order_of the event that this row shows
    Column("group", Id, nullable=False),
    Column("tier", BigInteger, nullable=False),
    Column("responded_at", BigInteger, nullable=False),
    Column("weighted", Float, nullable=False),
    Column("reasked", BigInteger, nullable=False),
    Column("more", Json, nullable=False),  # the rest of protocol.Episode, what reports do not filter on
    Index("ix_episodes_conversation", "conversation"),
    Index("ix_episodes_requested_at", "requested_at"),
    Index("ix_episodes_ended_at", "ended_at"),
    Index("ix_episodes_agent", "agent", "accepted_at"),
)

tickets = Table(
    "tickets",
    metadata,
    Column("number", Id, primary_key=True),
    Column("state", Text, nullable=False),
    Column("conversation", Id, nullable=False),
    Column("player", Id, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("event", Id, ForeignKey("audit.id"), nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("group", Id, nullable=False),
    Column("episode", Id, nullable=False),
    Column("assignee", Id, nullable=False),  # an agent's id, empty: nobody's
    Column("version", BigInteger, nullable=False),
    Index("ix_tickets_player", "player", "created_at"),
    Index("ix_tickets_state", "state", "due_at"),
    Index("ix_tickets_assignee", "assignee", "due_at"),
)

follow_ups = Table(
    "follow_ups",
    metadata,
    Column("id", Id, primary_key=True),
    Column("episode", Id, nullable=False),
    Column("conversation", Id, nullable=False),
    Column("player", Id, nullable=False),
    Column("agent", Id, nullable=False),
    Column("score", BigInteger, nullable=False),
    Column("weighted", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("by", Id, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("ix_follow_ups_state", "state", "created_at"),
)

# The histories of tickets and follow-up tasks, and the commands that made them.
changes = Table(
    "changes",
    metadata,
    Column("subject", Text, primary_key=True),  # ticket or follow_up
    Column("id", Id, primary_key=True),  # of the ticket or task
    Column("version", BigInteger, primary_key=True, autoincrement=False),  # that the change led to
    Column("at", BigInteger, nullable=False),
    Column("by", Id, nullable=False),
    Column("event", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("command", Id, nullable=False),
    Column("mac", Text, nullable=False),  # of the command's raw body: a repeat with another one is refused
    UniqueConstraint("by", "command"),
)

# What players are to be told of their tickets; the handoff worker empties it.
tellings = Table(
    "tellings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("player", Id, nullable=False),
    Column("conversation", Id, nullable=False),
    Column("number", Id, ForeignKey("tickets.number"), nullable=False),
    Column("state", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("told_at", BigInteger, nullable=False),  # 0: not yet
    Index("ix_tellings_told_at", "told_at", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),  # the outbox event's id: what is here has been applied
    Column("at", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("actor", Id, nullable=False),
    Column("conversation", Id, nullable=False),
    Column("player", Id, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("episode", Id, nullable=False),
    Column("data", Json, nullable=False),
    Index("ix_audit_conversation", "conversation", "at"),
    Index("ix_audit_event", "event", "at"),
)

agents = Table(
    "agents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Id, nullable=False, unique=True),  # handoff.accounts.name_key: names differ by more than case
    Column("display", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("password_at", BigInteger, nullable=False),  # when the password was last set
    CheckConstraint("role IN ('agent', 'supervisor', 'admin')", name="role"),
)

agent_profiles = Table(
    "agent_profiles",
    metadata,
    Column("agent", Id, ForeignKey("agents.id"), primary_key=True),
    Column("skills", Json, nullable=False),  # group -> proficiency
    Column("languages", Json, nullable=False),
    Column("players", Json, nullable=False),
)

# Pictures that players sent; who knows an id may see it.
pictures = Table(
    "pictures",
    metadata,
    Column("id", Id, primary_key=True),
    Column("player", Id, nullable=False),
    Column("conversation", Id, nullable=False),  # empty: not sent yet
    Column("at", BigInteger, nullable=False),
    Column("width", BigInteger, nullable=False),
    Column("height", BigInteger, nullable=False),
    Column("jpeg", LargeBinary, nullable=False),
    Index("ix_pictures_at", "at"),
)
