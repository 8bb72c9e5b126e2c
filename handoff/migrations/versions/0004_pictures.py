"""Pictures from players. What the columns mean stands beside their table in handoff/sql; a migration never imports it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "pictures",
        sa.Column("id", Id, nullable=False),
        sa.Column("player", Id, nullable=False),
        sa.Column("conversation", Id, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pictures"),
    )
    op.create_index("ix_pictures_at", "pictures", ["at"])


def downgrade() -> None:
    """Back to conversations without pictures."""
    op.drop_table("pictures")
