"""Ticket desk, follow-up tasks, the whole outcome of an episode and the kinds of notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

# What rows from before get. A ticket left then is due four hours after it, the policy's default.
_NEW: dict[str, list[tuple[str, sa.types.TypeEngine, str]]] = {
    "notes": [("kind", sa.Text(), "note"), ("data", Json, "{}")],
    "episodes": [
        ("group", Id, ""),
        ("tier", sa.BigInteger(), "0"),
        ("responded_at", sa.BigInteger(), "0"),
        ("weighted", sa.Float(), "0"),
        ("reasked", sa.BigInteger(), "0"),
        ("more", Json, "{}"),
    ],
    "tickets": [
        ("due_at", sa.BigInteger(), "0"),
        ("group", Id, ""),
        ("episode", Id, ""),
        ("assignee", Id, ""),
        ("version", sa.BigInteger(), "1"),
    ],
}


def upgrade() -> None:
    """Forward."""
    for table, columns in _NEW.items():
        _add_columns(table, columns)
    op.create_index("ix_episodes_ended_at", "episodes", ["ended_at"])
    op.drop_index("ix_tickets_state", "tickets")
    op.create_index("ix_tickets_state", "tickets", ["state", "due_at"])
    op.create_index("ix_tickets_assignee", "tickets", ["assignee", "due_at"])
    op.create_table(
        "follow_ups",
        sa.Column("id", Id, nullable=False),
        sa.Column("episode", Id, nullable=False),
        sa.Column("conversation", Id, nullable=False),
        sa.Column("player", Id, nullable=False),
        sa.Column("agent", Id, nullable=False),
        sa.Column("score", sa.BigInteger, nullable=False),
        sa.Column("weighted", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("by", Id, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_follow_ups"),
    )
    op.create_index("ix_follow_ups_state", "follow_ups", ["state", "created_at"])
    op.create_table(
        "changes",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", Id, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("command", Id, nullable=False),
        sa.Column("mac", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("subject", "id", "version", name="pk_changes"),
        sa.UniqueConstraint("by", "command", name="uq_changes_by"),
    )
    op.create_table(
        "tellings",
        sa.Column("id", Id, nullable=False),
        sa.Column("player", Id, nullable=False),
        sa.Column("conversation", Id, nullable=False),
        sa.Column("number", Id, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tellings"),
        sa.ForeignKeyConstraint(["number"], ["tickets.number"], name="fk_tellings_tickets"),
    )
    op.create_index("ix_tellings_told_at", "tellings", ["told_at", "at"])
    _carry_on()


def downgrade() -> None:
    """Back to the first schema; what only the new one holds is lost."""
    for table in ("tellings", "changes", "follow_ups"):
        op.drop_table(table)
    op.drop_index("ix_tickets_assignee", "tickets")
    op.drop_index("ix_tickets_state", "tickets")
    op.drop_index("ix_episodes_ended_at", "episodes")
    for table, columns in _NEW.items():
        with op.batch_alter_table(table) as batch:
            for name, _, _ in columns:
                batch.drop_column(name)
    op.create_index("ix_tickets_state", "tickets", ["state", "created_at"])


def _add_columns(table: str, columns: list[tuple[str, sa.types.TypeEngine, str]]) -> None:
    """Add columns that may not be null; the default is only for the rows that are there and goes again."""
    with op.batch_alter_table(table) as batch:
        for name, kind, default in columns:
            batch.add_column(sa.Column(name, kind, nullable=False, server_default=default))
    with op.batch_alter_table(table) as batch:
        for name, kind, _ in columns:
            batch.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)


def _carry_on() -> None:
    """Tickets from before get their deadline, their episode and the first line of their history."""
    op.execute(
        "UPDATE tickets SET due_at = created_at + 14400000,"
        " episode = (SELECT audit.episode FROM audit WHERE audit.id = tickets.event)"
    )
    op.execute(
        'INSERT INTO changes (subject, id, version, at, "by", event, text, command, mac)'
        " SELECT 'ticket', tickets.number, 1, tickets.created_at, audit.actor, 'open', '', 'outbox:' || audit.id, ''"
        " FROM tickets JOIN audit ON audit.id = tickets.event"
    )
