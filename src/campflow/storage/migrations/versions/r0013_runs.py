"""Ready messages are found by the run that planned them, or by a mark of their own, and no longer by their state.

PostgreSQL writes a message's fate where it lies, if no index has a column of it and the page has room.
"""

import sqlalchemy as sa
from alembic import op

from campflow.storage.tables import Id, Text

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("message", sa.Column("queue", Text))
    op.execute("UPDATE message SET queue = state WHERE state IN ('planned', 'ready')")
    for name, state, columns in (
        ("message_planned", "planned", ["release_at"]),
        ("message_ready", "ready", ["channel", "message_id"]),
    ):
        where = sa.text(f"queue = '{state}'")
        op.drop_index(name, "message")
        op.create_index(name, "message", columns, sqlite_where=where, postgresql_where=where)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE message SET (fillfactor = 50)")
    op.create_table(
        "ready_run",
        sa.Column("run_id", Id, primary_key=True),
        sa.Column("channel", Text, nullable=False),
        sa.Column("ready_at", sa.BigInteger, nullable=False),
        sa.Column("first_message_id", Id, nullable=False),
        sa.Column("last_message_id", Id, nullable=False),
    )
    op.create_index("ready_run_of_channel", "ready_run", ["channel", "first_message_id"])
