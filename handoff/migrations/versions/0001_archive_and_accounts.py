"""Archive and accounts. What the columns mean stands in handoff/sql/tables.py; a migration never imports it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "conversations",
        sa.Column("id", Id, nullable=False),
        sa.Column("player", Id, nullable=False),
        sa.Column("profile", Json, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("preview", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
    )
    op.create_index("ix_conversations_player", "conversations", ["player", "opened_at"])
    op.create_index("ix_conversations_closed_at", "conversations", ["closed_at"])
    op.create_table(
        "entries",
        sa.Column("conversation", Id, nullable=False),
        sa.Column("n", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("understanding", Json),
        sa.PrimaryKeyConstraint("conversation", "n", name="pk_entries"),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name="fk_entries_conversations"),
    )
    op.create_table(
        "notes",
        sa.Column("conversation", Id, nullable=False),
        sa.Column("n", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("conversation", "n", name="pk_notes"),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name="fk_notes_conversations"),
    )
    op.create_table(
        "episodes",
        sa.Column("id", Id, nullable=False),
        sa.Column("conversation", Id, nullable=False),
        sa.Column("player", Id, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("urgency", sa.BigInteger, nullable=False),
        sa.Column("requested_at", sa.BigInteger, nullable=False),
        sa.Column("scenario", sa.Text, nullable=False),
        sa.Column("agent", Id, nullable=False),
        sa.Column("accepted_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("end_reason", sa.Text, nullable=False),
        sa.Column("disposition", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("summary", Json),
        sa.Column("score", sa.BigInteger, nullable=False),
        sa.Column("rating_text", sa.Text, nullable=False),
        sa.Column("newest", Id, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_episodes"),
    )
    op.create_index("ix_episodes_conversation", "episodes", ["conversation"])
    op.create_index("ix_episodes_requested_at", "episodes", ["requested_at"])
    op.create_index("ix_episodes_agent", "episodes", ["agent", "accepted_at"])
    op.create_table(
        "audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("actor", Id, nullable=False),
        sa.Column("conversation", Id, nullable=False),
        sa.Column("player", Id, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("episode", Id, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_conversation", "audit", ["conversation", "at"])
    op.create_index("ix_audit_event", "audit", ["event", "at"])
    op.create_table(
        "tickets",
        sa.Column("number", Id, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("conversation", Id, nullable=False),
        sa.Column("player", Id, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("event", Id, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_tickets"),
        sa.ForeignKeyConstraint(["event"], ["audit.id"], name="fk_tickets_audit"),
    )
    op.create_index("ix_tickets_player", "tickets", ["player", "created_at"])
    op.create_index("ix_tickets_state", "tickets", ["state", "created_at"])
    op.create_table(
        "agents",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", Id, nullable=False),
        sa.Column("display", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("password_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
        sa.UniqueConstraint("name_key", name="uq_agents_name_key"),
        sa.CheckConstraint("role IN ('agent', 'supervisor', 'admin')", name=op.f("ck_agents_role")),
    )


def downgrade() -> None:
    """Back to an empty database; everything is lost."""
    for table in ("agents", "tickets", "audit", "episodes", "notes", "entries", "conversations"):
        op.drop_table(table)
