"""Forms that wait until the mailbox they name has confirmed them."""

import sqlalchemy as sa
from alembic import op

from campflow.storage.tables import Id, Text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "opt_in",
        sa.Column("opt_in_id", Id, primary_key=True),
        sa.Column("address", Text, nullable=False),
        sa.Column("network", Text, nullable=False),
        sa.Column("page", Text, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("visit", Text, nullable=False),
        sa.Column("submission", Text, nullable=False),
        sa.Column("channel", Text, nullable=False),
        sa.Column("message", Text, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False),
        sa.Column("retry_at", sa.BigInteger),
        sa.Column("leased_until", sa.BigInteger),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("detail", Text),
        sqlite_autoincrement=True,
    )
    op.create_index("opt_in_of_address", "opt_in", ["address", "asked_at"])
    op.create_index("opt_in_of_network", "opt_in", ["network", "asked_at"])
    waiting = sa.text("state = 'asked'")
    op.create_index("opt_in_asked", "opt_in", ["channel", "opt_in_id"], sqlite_where=waiting, postgresql_where=waiting)
