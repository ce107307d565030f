"""Requests for links and open pixels; consent may be paused."""

import sqlalchemy as sa
from alembic import op

from campflow.storage.keys import KEY

revision = "0007"
down_revision = "0006"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INT = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
BIG = sa.BigInteger()
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "hit",
        sa.Column("hit_id", ID, primary_key=True),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("link", INT, nullable=False),
        sa.Column("links", INT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("caller", TEXT, nullable=False),
        sa.Column("sign", TEXT),
        sa.Column("judged_at", BIG),
        sa.Column("human", sa.Boolean()),
        sa.Column("reason", TEXT),
        info={KEY: ("contact_id", "hit_id")},
    )
    op.create_index("hit_of_message", "hit", ["contact_id", "message_id"])
    held = sa.text("judged_at IS NULL")
    op.create_index("hit_held", "hit", ["hit_id"], sqlite_where=held, postgresql_where=held)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("hit_id", "hit", ["hit_id"])
    op.add_column("consent", sa.Column("paused_until", BIG))
