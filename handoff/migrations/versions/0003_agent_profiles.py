"""Agents' profiles. What the columns mean stands beside their table in handoff/sql; a migration never imports it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "agent_profiles",
        sa.Column("agent", Id, nullable=False),
        sa.Column("skills", Json, nullable=False),
        sa.Column("languages", Json, nullable=False),
        sa.Column("players", Json, nullable=False),
        sa.PrimaryKeyConstraint("agent", name="pk_agent_profiles"),
        sa.ForeignKeyConstraint(["agent"], ["agents.id"], name="fk_agent_profiles_agents"),
    )


def downgrade() -> None:
    """Back to accounts without profiles."""
    op.drop_table("agent_profiles")
