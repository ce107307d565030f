"""Journeys that wait for the same moment are found by their run, and only the others by when they are due.

PostgreSQL writes a move where the journey lies, if no index has a column that it changes and the page has room.
"""

import sqlalchemy as sa
from alembic import op

from campflow.storage.tables import Id

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("journey", sa.Column("alarm_at", sa.BigInteger))
    op.drop_index("journey_due", "journey")
    op.execute("UPDATE journey SET alarm_at = due_at WHERE due_at IS NOT NULL")
    where = sa.text("alarm_at IS NOT NULL")
    columns = ["campaign_id", "alarm_at"]
    op.create_index("journey_due", "journey", columns, sqlite_where=where, postgresql_where=where)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("journey_id", "journey", ["journey_id"])
        op.execute("ALTER TABLE journey SET (fillfactor = 50)")
    op.create_table(
        "due_run",
        sa.Column("run_id", Id, primary_key=True),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("stage_id", Id, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("first_journey_id", Id, nullable=False),
        sa.Column("last_journey_id", Id, nullable=False),
    )
    op.create_index("due_run_of_campaign", "due_run", ["campaign_id", "due_at"])
