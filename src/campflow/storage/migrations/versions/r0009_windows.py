"""Which messages of a batch are at the provider: those of one window, but for the gaps between them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("batch", sa.Column("handed_from", ID, nullable=False, server_default=sa.text("0")))
    op.execute("UPDATE batch SET handed_from = first_message_id")
    op.create_table(
        "batch_gap",
        sa.Column("batch_id", ID, primary_key=True, autoincrement=False),
        sa.Column("handed_from", ID, primary_key=True, autoincrement=False),
        sa.Column("first_message_id", ID, primary_key=True, autoincrement=False),
        sa.Column("last_message_id", ID, nullable=False),
    )
