"""Reactions are found by their message."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    known = sa.text("message_id IS NOT NULL")
    op.create_index("event_of_message", "event", ["message_id"], sqlite_where=known, postgresql_where=known)
