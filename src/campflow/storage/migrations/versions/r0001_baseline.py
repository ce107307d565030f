"""The tables with which the numbering of revisions began.

They are written out as they were, and stay so: `tables.py` goes on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INT = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
BIG = sa.BigInteger()
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Of `contact` and `event` only what every project has; fields are added as they are declared."""
    op.create_table(
        "attempt",
        sa.Column("attempt_id", ID, primary_key=True),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
    )
    op.create_index("attempt_of_message", "attempt", ["message_id"])
    op.create_table(
        "batch",
        sa.Column("batch_id", ID, primary_key=True),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("fence", BIG, nullable=False),
        sa.Column("leased_until", BIG, nullable=False),
        sa.Column("ready_at", BIG, nullable=False),
        sa.Column("first_message_id", ID, nullable=False),
        sa.Column("last_message_id", ID, nullable=False),
        sa.Column("handed_to", ID, nullable=False),
        sa.Column("closed_at", BIG),
    )
    op.create_index(
        "batch_open",
        "batch",
        ["channel", "first_message_id"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "calendar_month",
        sa.Column("month", INT, primary_key=True, autoincrement=False),
        sa.Column("first_day", INT, nullable=False, unique=True),
        sa.Column("length", INT, nullable=False),
    )
    op.create_table(
        "campaign",
        sa.Column("campaign_id", ID, primary_key=True),
        sa.Column("name", TEXT, nullable=False, unique=True),
        sa.Column("version_id", ID),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("priority", INT, nullable=False, server_default=sa.text("0")),
        sa.Column("looked_at", BIG, nullable=False),
        sa.Column("looked_event", BIG, nullable=False),
        sa.Column("looked_change", BIG, nullable=False),
        sa.Column("looked_contact", BIG, nullable=False),
    )
    op.create_table(
        "contact",
        sa.Column("contact_id", ID, primary_key=True),
        sa.Column("contact_key", TEXT, nullable=False, unique=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("draw", BIG, nullable=False),
        sa.Column("extra", TEXT),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "conversion",
        sa.Column("journey_id", ID, primary_key=True),
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("statement_id", ID, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("cause_seq", BIG, nullable=False),
        sa.Column("worth", sa.Float(53)),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cost",
        sa.Column("contact_id", ID, primary_key=True),
        sa.Column("message_id", ID, primary_key=True),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("cost_of_campaign", "cost", ["campaign_id", "amount"])
    op.create_table(
        "errand",
        sa.Column("errand_id", ID, primary_key=True),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("journey_id", ID, nullable=False),
        sa.Column("nth", INT, nullable=False),
        sa.Column("errand_statement_id", ID, nullable=False),
        sa.Column("given", TEXT),
        sa.Column("at", BIG, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", INT, nullable=False, server_default=sa.text("0")),
        sa.Column("retry_at", BIG),
        sa.Column("owner", TEXT),
        sa.Column("fence", BIG),
        sa.Column("leased_until", BIG),
        sa.Column("settled_at", BIG),
        sa.Column("detail", TEXT),
        sa.UniqueConstraint("contact_id", "journey_id", "nth", "errand_statement_id", name="errand_once"),
    )
    op.create_index(
        "errand_ready",
        "errand",
        ["errand_statement_id", "errand_id"],
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "errand_running",
        "errand",
        ["leased_until"],
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "exposure",
        sa.Column("contact_id", ID, primary_key=True),
        sa.Column("split_id", ID, primary_key=True),
        sa.Column("arm_id", ID, nullable=False),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("journey_id", ID),
        sa.Column("at", BIG, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("exposure_of_split", "exposure", ["split_id", "at"])
    op.create_table(
        "forgotten",
        sa.Column("trace", TEXT, primary_key=True),
        sa.Column("at", BIG, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "journey",
        sa.Column("journey_id", ID, primary_key=True),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("journey_key", TEXT, nullable=False),
        sa.Column("entry", INT, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("entered_at", BIG, nullable=False),
        sa.Column("entry_seq", BIG, nullable=False),
        sa.Column("entered_seq", BIG, nullable=False),
        sa.Column("stage_id", ID),
        sa.Column("since", BIG, nullable=False),
        sa.Column("since_seq", BIG, nullable=False),
        sa.Column("asked_seq", BIG, nullable=False),
        sa.Column("nth", INT, nullable=False),
        sa.Column("due_at", BIG),
        sa.Column("ended_at", BIG),
        sa.UniqueConstraint("campaign_id", "contact_id", "journey_key", "entry", name="journey_once"),
    )
    op.create_index(
        "journey_due",
        "journey",
        ["campaign_id", "due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "message",
        sa.Column("message_id", ID, primary_key=True),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("journey_id", ID, nullable=False),
        sa.Column("nth", INT, nullable=False),
        sa.Column("send_id", ID, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("planned_at", BIG, nullable=False),
        sa.Column("release_at", BIG, nullable=False),
        sa.Column("expires_at", BIG, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("retry_at", BIG),
        sa.Column("attempts", INT, nullable=False, server_default=sa.text("0")),
        sa.Column("settled_at", BIG),
        sa.Column("provider_id", TEXT),
        sa.Column("content_hash", TEXT),
        sa.Column("detail", TEXT),
        sa.UniqueConstraint("contact_id", "journey_id", "nth", "send_id", name="message_once"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "message_planned",
        "message",
        ["release_at"],
        sqlite_where=sa.text("state = 'planned'"),
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_index(
        "message_ready",
        "message",
        ["channel", "message_id"],
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_table(
        "move",
        sa.Column("move_id", ID, primary_key=True),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("journey_id", ID, nullable=False),
        sa.Column("nth", INT, nullable=False),
        sa.Column("from_stage_id", ID),
        sa.Column("to_stage_id", ID),
        sa.Column("statement_id", ID, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("cause_seq", BIG),
        sa.UniqueConstraint("contact_id", "journey_id", "nth", name="move_once"),
    )
    op.create_table(
        "prospect",
        sa.Column("campaign_id", ID, primary_key=True),
        sa.Column("contact_id", ID, primary_key=True),
        sa.Column("due_at", BIG, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("prospect_due", "prospect", ["campaign_id", "due_at"])
    op.create_table(
        "rfm",
        sa.Column("contact_id", ID, primary_key=True),
        sa.Column("recency", INT, nullable=False),
        sa.Column("frequency", INT, nullable=False),
        sa.Column("monetary", INT, nullable=False),
    )
    op.create_table(
        "setting",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("value", TEXT, nullable=False),
    )
    op.create_table(
        "zone_local",
        sa.Column("zone", TEXT, primary_key=True),
        sa.Column("from_local", BIG, primary_key=True),
        sa.Column("offset", BIG, nullable=False),
        sa.Column("gap_at", BIG),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "zone_offset",
        sa.Column("zone", TEXT, primary_key=True),
        sa.Column("from_at", BIG, primary_key=True),
        sa.Column("offset", BIG, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "campaign_version",
        sa.Column("version_id", ID, primary_key=True),
        sa.Column("campaign_id", ID, sa.ForeignKey("campaign.campaign_id"), nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("segments", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("line", INT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("deployed_at", BIG, nullable=False),
        sa.Column("within", BIG, nullable=False),
        sa.Column("version_from", BIG),
        sa.Column("version_to", BIG),
        sa.Column("withdraws", ID),
    )
    op.create_index("version_of_campaign", "campaign_version", ["campaign_id", "version_id"])
    op.create_table(
        "change",
        sa.Column("seq", ID, primary_key=True),
        sa.Column("contact_id", ID, sa.ForeignKey("contact.contact_id"), nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("old", TEXT),
        sqlite_autoincrement=True,
    )
    op.create_index("change_of_contact", "change", ["contact_id", "field", "at"])
    op.create_table(
        "consent",
        sa.Column("consent_id", ID, primary_key=True),
        sa.Column("contact_id", ID, sa.ForeignKey("contact.contact_id"), nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("wording", TEXT),
        sa.Column("source", TEXT),
        sa.Column("proof", TEXT),
        sa.Column("at", BIG, nullable=False),
    )
    op.create_index("consent_of_contact", "consent", ["contact_id", "at"])
    op.create_table(
        "event",
        sa.Column("seq", ID, primary_key=True),
        sa.Column("contact_id", ID, sa.ForeignKey("contact.contact_id"), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("about", TEXT),
        sa.Column("at", BIG, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("message_id", ID),
        sa.Column("early", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.UniqueConstraint("contact_id", "source", "event_id", name="event_once"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "event_early", "event", ["at"], sqlite_where=sa.text("early = 1"), postgresql_where=sa.text("early")
    )
    op.create_index("event_history", "event", ["contact_id", "name", "at"])
    op.create_table(
        "split",
        sa.Column("split_id", ID, primary_key=True),
        sa.Column("campaign_id", ID, sa.ForeignKey("campaign.campaign_id"), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("salt", TEXT, nullable=False),
        sa.Column("winner_arm_id", ID),
        sa.Column("decided_at", BIG),
        sa.Column("detail", TEXT),
        sa.UniqueConstraint("campaign_id", "name", name="split_once"),
    )
    op.create_table(
        "stage",
        sa.Column("stage_id", ID, primary_key=True),
        sa.Column("campaign_id", ID, sa.ForeignKey("campaign.campaign_id"), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("campaign_id", "name", name="stage_once"),
    )
    op.create_table(
        "suppression",
        sa.Column("suppression_id", ID, primary_key=True),
        sa.Column("contact_id", ID, sa.ForeignKey("contact.contact_id"), nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("lifted_at", BIG),
    )
    op.create_index("suppression_of_contact", "suppression", ["contact_id", "channel"])
    op.create_table(
        "arm",
        sa.Column("arm_id", ID, primary_key=True),
        sa.Column("split_id", ID, sa.ForeignKey("split.split_id"), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.UniqueConstraint("split_id", "name", name="arm_once"),
    )
    op.create_table(
        "errand_statement",
        sa.Column("errand_statement_id", ID, primary_key=True),
        sa.Column("campaign_id", ID, sa.ForeignKey("campaign.campaign_id"), nullable=False),
        sa.Column("stage_id", ID, sa.ForeignKey("stage.stage_id"), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("nth", INT, nullable=False),
        sa.UniqueConstraint("stage_id", "kind", "target", "content", "nth", name="errand_statement_once"),
    )
    op.create_table(
        "send",
        sa.Column("send_id", ID, primary_key=True),
        sa.Column("campaign_id", ID, sa.ForeignKey("campaign.campaign_id"), nullable=False),
        sa.Column("stage_id", ID, sa.ForeignKey("stage.stage_id"), nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("nth", INT, nullable=False),
        sa.Column("options", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("transactional", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("patience", BIG),
        sa.Column("edition", INT, nullable=False, server_default=sa.text("0")),
        sa.UniqueConstraint("stage_id", "channel", "message", "nth", "edition", name="send_once"),
    )
    op.create_table(
        "statement",
        sa.Column("statement_id", ID, primary_key=True),
        sa.Column("version_id", ID, sa.ForeignKey("campaign_version.version_id"), nullable=False),
        sa.Column("position", INT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("line", INT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.UniqueConstraint("version_id", "position", name="statement_once"),
    )
