"""How often a provider was called for a batch, and for how long."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

INT = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.add_column("batch", sa.Column("calls", INT, nullable=False, server_default=sa.text("0")))
    op.add_column("batch", sa.Column("called_for", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
