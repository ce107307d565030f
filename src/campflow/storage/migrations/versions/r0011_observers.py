"""Who observes, how far each was told, and what became of messages since."""

import sqlalchemy as sa
from alembic import op

from campflow.storage.keys import KEY

revision = "0011"
down_revision = "0010"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INT = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
BIG = sa.BigInteger()
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "observer",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("moved", BIG, nullable=False),
        sa.Column("settled", BIG, nullable=False),
        sa.Column("owner", TEXT),
        sa.Column("fence", BIG, nullable=False, server_default=sa.text("0")),
        sa.Column("leased_until", BIG),
        sa.Column("failures", INT, nullable=False, server_default=sa.text("0")),
        sa.Column("retry_at", BIG),
        sa.Column("trouble", TEXT),
    )
    op.create_table(
        "fate",
        sa.Column("fate_id", ID, primary_key=True),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("at", BIG, nullable=False),
        info={KEY: ("contact_id", "fate_id")},
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("fate_id", "fate", ["fate_id"])
