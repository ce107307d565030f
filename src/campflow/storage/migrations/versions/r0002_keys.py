"""Keys of growing tables begin with the contact, and calls to providers say whose they were."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BIG = sa.BigInteger()
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

#: On PostgreSQL: the primary key of each table, under the name that it has on SQLite beside the id.
KEYS = {
    "event_once": ("event", "contact_id, source, event_id"),
    "journey_once": ("journey", "contact_id, campaign_id, journey_key, entry"),
    "move_once": ("move", "contact_id, journey_id, nth"),
    "message_once": ("message", "contact_id, journey_id, nth, send_id"),
    "errand_once": ("errand", "contact_id, journey_id, nth, errand_statement_id"),
    "change_pkey": ("change", "contact_id, seq"),
    "attempt_pkey": ("attempt", "contact_id, attempt_id"),
    "consent_pkey": ("consent", "contact_id, consent_id"),
    "suppression_pkey": ("suppression", "contact_id, suppression_id"),
    "prospect_pkey": ("prospect", "contact_id, campaign_id"),
    "conversion_pkey": ("conversion", "contact_id, journey_id, name"),
}

#: On PostgreSQL: how a row is found by its id.
BY_ID = {
    "event": ["seq"],
    "change": ["seq"],
    "journey": ["campaign_id", "journey_id"],
    "move": ["move_id"],
    "message": ["message_id"],
    "errand": ["errand_id"],
}


def upgrade() -> None:
    """What was tried and whose message is gone belongs to nobody, and goes."""
    op.drop_index("attempt_of_message", "attempt")
    if op.get_context().dialect.name == "sqlite":
        _rebuild()
    else:
        _alter()
    op.create_index("attempt_of_message", "attempt", ["contact_id", "message_id"])


def _alter() -> None:
    op.add_column("attempt", sa.Column("contact_id", ID))
    op.execute(
        "UPDATE attempt SET contact_id = message.contact_id FROM message WHERE message.message_id = attempt.message_id"
    )
    op.execute("DELETE FROM attempt WHERE contact_id IS NULL")
    op.alter_column("attempt", "contact_id", nullable=False)
    for name, (table, columns) in KEYS.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey")
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} PRIMARY KEY ({columns})")
    for table, found_by in BY_ID.items():
        op.create_index(f"{table}_id", table, found_by)


def _rebuild() -> None:
    """SQLite changes no key of a table that is there: these three are made again."""
    for table in ("attempt", "prospect", "conversion"):
        op.rename_table(table, f"{table}$old")
    op.create_table(
        "attempt",
        sa.Column("attempt_id", ID, primary_key=True),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
    )
    _pour(
        "attempt",
        "attempt_id, contact_id, message_id, batch_id, at, outcome, detail",
        "SELECT attempt_id, contact_id, message_id, batch_id, at, outcome, attempt$old.detail "
        "FROM attempt$old JOIN message USING (message_id)",
    )
    op.create_table(
        "prospect",
        sa.Column("contact_id", ID, primary_key=True),
        sa.Column("campaign_id", ID, primary_key=True),
        sa.Column("due_at", BIG, nullable=False),
        sqlite_with_rowid=False,
    )
    columns = "contact_id, campaign_id, due_at"
    _pour("prospect", columns, f"SELECT {columns} FROM prospect$old ORDER BY contact_id")  # noqa: S608 -- our own words
    op.create_index("prospect_due", "prospect", ["campaign_id", "due_at"])
    op.create_table(
        "conversion",
        sa.Column("contact_id", ID, primary_key=True),
        sa.Column("journey_id", ID, primary_key=True),
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("statement_id", ID, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("cause_seq", BIG, nullable=False),
        sa.Column("worth", sa.Float(53)),
        sqlite_with_rowid=False,
    )
    columns = "contact_id, journey_id, name, campaign_id, statement_id, at, cause_seq, worth"
    _pour("conversion", columns, f"SELECT {columns} FROM conversion$old ORDER BY contact_id")  # noqa: S608 -- our own


def _pour(table: str, columns: str, rows: str) -> None:
    """Fill the new table and drop the old one, and its indexes with it."""
    op.execute(f"INSERT INTO {table} ({columns}) {rows}")
    op.drop_table(f"{table}$old")
