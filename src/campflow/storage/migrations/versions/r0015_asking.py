"""When a provider may be asked again how posts were received."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("channel", sa.Column("ask_at", sa.BigInteger()))
