"""How long sinks, actions and destinations take for errands."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

BIG = sa.BigInteger()
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "called",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("calls", BIG, nullable=False),
        sa.Column("called_for", BIG, nullable=False),
        sqlite_with_rowid=False,
    )
