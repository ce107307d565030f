"""One process at a time moves the people of a campaign."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("campaign", sa.Column("tick_owner", TEXT))
    op.add_column("campaign", sa.Column("tick_until", sa.BigInteger()))
    op.add_column("campaign", sa.Column("tick_fence", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
