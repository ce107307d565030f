"""What daemons share of a channel; since when a message is in doubt."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INT = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
BIG = sa.BigInteger()
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "channel",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("tokens", sa.Float(53)),
        sa.Column("counted_at", BIG),
        sa.Column("failures", INT, nullable=False, server_default=sa.text("0")),
        sa.Column("open_until", BIG),
        sa.Column("trouble", TEXT),
        sa.Column("paused_at", BIG),
        sa.Column("paused_for", TEXT),
        sa.Column("resumed_at", BIG),
    )
    op.add_column("message", sa.Column("doubted_at", BIG))
    op.add_column("batch", sa.Column("handed_at", BIG))
    op.create_index("batch_of_channel", "batch", ["channel", "ready_at"])
