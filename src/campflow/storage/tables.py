"""Every table, once, as SQLAlchemy Core. One row is one fact; counters are derived from rows, never kept beside them.

Instants are whole milliseconds since 1970-01-01 UTC (columns ending in `_at`, `at`, `since`), days are days since
1970-01-01, money is in minor units, lists are JSON texts: so every database compares, adds and sorts them alike.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
    text,
    types,
)
from sqlalchemy.types import TypeEngine

from campflow.model.draws import draw_of
from campflow.model.people import BUILT_IN_EVENTS, Contact, Event, Field, ValueType
from campflow.storage.keys import KEY, by_id, once

#: SQLite calls only a column typed exactly INTEGER its row id; elsewhere ids are 64 bits wide.
Id = BigInteger().with_variant(types.Integer(), "sqlite")

#: PostgreSQL computes in the width of its operands, and a day times 86,400,000 is no 32-bit number.
Integer = types.Integer().with_variant(BigInteger(), "postgresql")

#: Texts are compared byte by byte everywhere: PostgreSQL would ask the language of the server.
Text = types.Text().with_variant(types.Text(collation="C"), "postgresql")

#: The contact of a post, which speaks to nobody in particular: no contact has this id.
NOBODY = 0

#: Alembic's own table, by the name that it is known by.
REVISION_TABLE = "alembic_version"

CONTACT_COLUMNS = frozenset({"contact_id", "contact_key", "created_at", "draw", "extra"})


def contact_column(field: str) -> str:
    """The column of a contact's field: its own name, with a `$` where that name is one of ours."""
    return f"{field}$" if field in CONTACT_COLUMNS else field


def event_column(event: str, field: str) -> str:
    """The column of an event's field: `purchase$amount` (no name in a `.flow` file holds a `$`)."""
    return f"{event}${field}"


def column_type(type: ValueType) -> TypeEngine[Any]:
    """What a field is stored as; the units stand at the top of this file."""
    match type.kind:
        case "integer" | "money" | "time":
            return BigInteger()
        case "date":
            return Integer
        case "number":
            return Float(53)
        case "yesno":
            return Boolean()
        case _:
            return Text


def _draw(context: Any) -> int:
    return draw_of(context.get_current_parameters()["contact_key"])


def _queue(context: Any) -> str | None:
    """A message that is written by itself is in no run."""
    state = context.get_current_parameters()["state"]
    return state if state in ("planned", "ready") else None


def _field_column(name: str, field: Field) -> Column[Any]:
    """A declared field's column; its `info["field"]` is the field, for those who compare yesterday with today."""
    return Column(name, column_type(field.type), info={"field": field})


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one project: `contact` and `event` carry its declared fields as typed columns."""

    metadata: MetaData
    contact: Table
    event: Table
    change: Table
    campaign: Table
    campaign_version: Table
    stage: Table
    statement: Table
    send: Table
    split: Table
    arm: Table
    exposure: Table
    journey: Table
    due_run: Table
    prospect: Table
    move: Table
    message: Table
    ready_run: Table
    batch: Table
    batch_gap: Table
    channel: Table
    attempt: Table
    hit: Table
    conversion: Table
    cost: Table
    errand_statement: Table
    errand: Table
    rfm: Table
    consent: Table
    suppression: Table
    opt_in: Table
    engagement: Table
    called: Table
    observer: Table
    fate: Table
    forgotten: Table
    zone_offset: Table
    zone_local: Table
    calendar_month: Table
    setting: Table
    revision: Table


@lru_cache(maxsize=32)
def tables(contact: Contact, events: tuple[Event, ...]) -> Tables:
    """The tables for these contact fields and events. Drawn once: whoever asks for the same gets the same."""
    m = MetaData()
    return Tables(
        metadata=m,
        contact=Table(
            "contact",
            m,
            # A person.
            Column("contact_id", Id, primary_key=True),
            Column("contact_key", Text, nullable=False, unique=True, comment="the external key, else the e-mail"),
            Column("created_at", BigInteger, nullable=False),
            Column("draw", BigInteger, nullable=False, default=_draw, comment="what arms are drawn by: model/draws.py"),
            Column("extra", Text, nullable=True, comment="undeclared fields of an import, one JSON object"),
            *(_field_column(contact_column(field.name), field) for field in contact.fields),
            # What a person is found by. Two contacts never share an e-mail address.
            *(
                Index(f"contact_{field.name}", contact_column(field.name), unique=True)
                for field in contact.fields
                if field.name == "email" and field.type.kind == "email"
            ),
            # The id of somebody who was erased is nobody else's: links that were sent carry it.
            sqlite_autoincrement=True,
        ),
        event=Table(
            "event",
            m,
            # Something that happened to a contact. Append only.
            Column("seq", Id, primary_key=True, comment="the order in which we learned of it"),
            Column("contact_id", Id, ForeignKey("contact.contact_id"), nullable=False),
            Column("name", Text, nullable=False),
            Column("about", Text, comment="the message, page or campaign of a built-in event"),
            Column("at", BigInteger, nullable=False, comment="when it happened"),
            Column("source", Text, nullable=False, comment="who told us"),
            Column("event_id", Text, nullable=False, comment="the source's own id: twice is once"),
            Column("message_id", Id, comment="of a reaction, where it is known"),
            Column("early", Boolean, nullable=False, server_default=text("false"), comment="learned before it happens"),
            *(
                _field_column(event_column(event.name, field.name), field)
                for event in {event.name: event for event in (*BUILT_IN_EVENTS, *events)}.values()
                for field in event.fields
            ),
            once("event_once", "contact_id", "source", "event_id"),
            by_id("event", "seq"),
            Index("event_history", "contact_id", "name", "at"),
            Index("event_early", "at", sqlite_where=text("early = 1"), postgresql_where=text("early")),
            Index(
                "event_of_message",
                "message_id",
                sqlite_where=text("message_id IS NOT NULL"),
                postgresql_where=text("message_id IS NOT NULL"),
            ),
            sqlite_autoincrement=True,
            info={KEY: ("contact_id", "source", "event_id")},
        ),
        change=Table(
            "change",
            m,
            # A field of a known contact got another value. Append only; a new contact is no change.
            Column("seq", Id, primary_key=True),
            Column("contact_id", Id, ForeignKey("contact.contact_id"), nullable=False),
            Column("field", Text, nullable=False),
            Column("at", BigInteger, nullable=False),
            Column("old", Text, comment="the value before, as a text; null where it was missing"),
            Index("change_of_contact", "contact_id", "field", "at"),
            by_id("change", "seq"),
            sqlite_autoincrement=True,
            info={KEY: ("contact_id", "seq")},
        ),
        campaign=Table(
            "campaign",
            m,
            # A campaign by name, and how far it has looked: what came later is new to it.
            Column("campaign_id", Id, primary_key=True),
            Column("name", Text, nullable=False, unique=True),
            Column("version_id", Id, comment="the text in force"),
            Column("started_at", BigInteger, nullable=False, comment="nothing older makes anyone enter"),
            Column("priority", Integer, nullable=False, server_default=text("0"), comment="whose message goes first"),
            Column("looked_at", BigInteger, nullable=False, comment="the clock of the last tick"),
            Column("looked_event", BigInteger, nullable=False, comment="event.seq"),
            Column("looked_change", BigInteger, nullable=False, comment="change.seq"),
            Column("looked_contact", BigInteger, nullable=False, comment="contact.contact_id"),
            # Whose turn it is to move its people: only who has the fence may, until the time has run out.
            Column("tick_owner", Text),
            Column("tick_until", BigInteger, comment="the database's clock; null when it is nobody's turn"),
            Column("tick_fence", BigInteger, nullable=False, server_default=text("0")),
        ),
        campaign_version=Table(
            "campaign_version",
            m,
            # A deployed text: the campaign's declaration, not its whole file. Journeys keep pointing to the one they
            # entered with. An empty text took the campaign out of force.
            Column("version_id", Id, primary_key=True),
            Column("campaign_id", Id, ForeignKey("campaign.campaign_id"), nullable=False),
            Column("hash", Text, nullable=False, comment="SHA-256 of the text and the segments"),
            Column("source", Text, nullable=False),
            Column("segments", Text, nullable=False, comment="JSON: the segments that it reads, as they were written"),
            Column("path", Text, nullable=False, comment="where the text stood"),
            Column("line", Integer, nullable=False),
            Column("author", Text, nullable=False),
            Column("deployed_at", BigInteger, nullable=False),
            Column("within", BigInteger, nullable=False, comment="how long after entering one may convert, at most"),
            # The live versions of a campaign share its journeys out among them: each governs those that entered with
            # a version from `version_from` to `version_to`. Null: it governs nobody any more.
            Column("version_from", BigInteger),
            Column("version_to", BigInteger),
            Column("withdraws", Id, comment="of a rollback: the version that it took out of force"),
            Index("version_of_campaign", "campaign_id", "version_id"),
        ),
        stage=Table(
            "stage",
            m,
            # A stage by name: the same id in every version that has it.
            Column("stage_id", Id, primary_key=True),
            Column("campaign_id", Id, ForeignKey("campaign.campaign_id"), nullable=False),
            Column("name", Text, nullable=False),
            Column("final", Boolean, nullable=False),
            UniqueConstraint("campaign_id", "name", name="stage_once"),
        ),
        statement=Table(
            "statement",
            m,
            # A line of a version that lets contacts in, moves them or lets them go: the cause of a move.
            Column("statement_id", Id, primary_key=True),
            Column("version_id", Id, ForeignKey("campaign_version.version_id"), nullable=False),
            Column("position", Integer, nullable=False, comment="the order in the file"),
            Column("path", Text, nullable=False),
            Column("line", Integer, nullable=False),
            Column("text", Text, nullable=False),
            UniqueConstraint("version_id", "position", name="statement_once"),
        ),
        send=Table(
            "send",
            m,
            # A send statement: the same id in every version in which the stage sends this message by this channel. Of
            # posts there is one row for the campaign, wherever and however often they are written.
            Column("send_id", Id, primary_key=True),
            Column("campaign_id", Id, ForeignKey("campaign.campaign_id"), nullable=False),
            Column("stage_id", Id, ForeignKey("stage.stage_id"), nullable=False),
            Column("channel", Text, nullable=False),
            Column("message", Text, nullable=False),
            Column("nth", Integer, nullable=False, comment="0 for the first such send of the stage"),
            Column("options", Text, nullable=False, comment="JSON: what the statement says beside the front matter"),
            Column("purpose", Text, nullable=False, server_default=text("''"), comment="what consent is asked for"),
            Column("transactional", Boolean, nullable=False, server_default=text("false"), comment="no limits"),
            Column("patience", BigInteger, comment="milliseconds that it lives after waiting; null for a deadline"),
            Column("edition", Integer, nullable=False, server_default=text("0"), comment="another for a kept version"),
            UniqueConstraint("stage_id", "channel", "message", "nth", "edition", name="send_once"),
        ),
        split=Table(
            "split",
            m,
            # A split by name: the same id, and the same draw, in every version. The holdout is the split `holdout`.
            Column("split_id", Id, primary_key=True),
            Column("campaign_id", Id, ForeignKey("campaign.campaign_id"), nullable=False),
            Column("name", Text, nullable=False),
            Column("salt", Text, nullable=False, comment="what makes its draw another than that of other splits"),
            Column("winner_arm_id", Id, comment="what everyone gets who comes after the decision"),
            Column("decided_at", BigInteger),
            Column("detail", Text, comment="the figures of the decision"),
            UniqueConstraint("campaign_id", "name", name="split_once"),
        ),
        arm=Table(
            "arm",
            m,
            Column("arm_id", Id, primary_key=True),
            Column("split_id", Id, ForeignKey("split.split_id"), nullable=False),
            Column("name", Text, nullable=False),
            UniqueConstraint("split_id", "name", name="arm_once"),
        ),
        exposure=Table(
            "exposure",
            m,
            # The arm that a contact is in, for good. Append only, but for an arm that is no longer written.
            Column("contact_id", Id, primary_key=True),
            Column("split_id", Id, primary_key=True),
            Column("arm_id", Id, nullable=False),
            Column("campaign_id", Id, nullable=False),
            Column("journey_id", Id, comment="null for the holdout, which is drawn before there is one"),
            Column("at", BigInteger, nullable=False, comment="when the contact first met the split, in event time"),
            Column("seq", BigInteger, nullable=False, comment="events at `at` up to this seq came before"),
            Column("drawn", Boolean, nullable=False, comment="false where a decision gave the arm"),
            Index("exposure_of_split", "split_id", "at"),
            sqlite_with_rowid=False,
        ),
        journey=Table(
            "journey",
            m,
            # One passage of a contact through a campaign.
            Column("journey_id", Id, primary_key=True),
            Column("campaign_id", Id, nullable=False),
            Column("contact_id", Id, nullable=False),
            Column("journey_key", Text, nullable=False, comment="the value of the `per` field, else empty"),
            Column("entry", Integer, nullable=False, comment="1 for the first passage with this key"),
            Column("version_id", Id, nullable=False),
            Column("entered_at", BigInteger, nullable=False),
            Column("entry_seq", BigInteger, nullable=False, comment="event.seq of the entering event, else 0"),
            Column("entered_seq", BigInteger, nullable=False, comment="events at `entered_at` up to this came before"),
            Column("stage_id", Id, comment="where the contact is; null after leaving"),
            Column("since", BigInteger, nullable=False, comment="when it came there, in event time"),
            Column("since_seq", BigInteger, nullable=False, comment="events at `since` up to this seq are used up"),
            Column("asked_seq", BigInteger, nullable=False, comment="events up to this seq got their answer here"),
            Column("nth", Integer, nullable=False, comment="moves made; the entry is the first"),
            Column("due_at", BigInteger, comment="when time alone may move it next"),
            Column("ended_at", BigInteger, comment="a final stage or leaving; null while inside"),
            # `due_at`, where the journey is found by that: not in a run. Most are in one, and then no index has a
            # column that a move writes.
            Column("alarm_at", BigInteger, comment="due_at, or null of one in a run or without"),
            once("journey_once", "campaign_id", "contact_id", "journey_key", "entry"),
            by_id("journey", "journey_id"),
            Index(
                "journey_due",
                "campaign_id",
                "alarm_at",
                sqlite_where=text("alarm_at IS NOT NULL"),
                postgresql_where=text("alarm_at IS NOT NULL"),
            ),
            # PostgreSQL writes a move where the journey lies, if the page has room.
            postgresql_with={"fillfactor": 50},
            info={KEY: ("contact_id", "campaign_id", "journey_key", "entry")},
        ),
        due_run=Table(
            "due_run",
            m,
            # Ids among which are journeys that came to a stage together and wait there for the same moment.
            Column("run_id", Id, primary_key=True),
            Column("campaign_id", Id, nullable=False),
            Column("stage_id", Id, nullable=False, comment="where they came to"),
            Column("due_at", BigInteger, nullable=False),
            Column("first_journey_id", Id, nullable=False),
            Column("last_journey_id", Id, nullable=False),
            Index("due_run_of_campaign", "campaign_id", "due_at"),
        ),
        prospect=Table(
            "prospect",
            m,
            # A contact outside a campaign whom time alone may let in (`enter when`), and when to look.
            Column("contact_id", Id, primary_key=True),
            Column("campaign_id", Id, primary_key=True),
            Column("due_at", BigInteger, nullable=False),
            Index("prospect_due", "campaign_id", "due_at"),
            sqlite_with_rowid=False,
        ),
        move=Table(
            "move",
            m,
            # A change of stage. Append only. The first has no `from_stage_id`, leaving has no `to_stage_id`.
            Column("move_id", Id, primary_key=True),
            Column("contact_id", Id, nullable=False),
            Column("journey_id", Id, nullable=False),
            Column("nth", Integer, nullable=False),
            Column("from_stage_id", Id),
            Column("to_stage_id", Id),
            Column("statement_id", Id, nullable=False, comment="the line that caused it"),
            Column("at", BigInteger, nullable=False),
            Column("cause_seq", BigInteger, comment="event.seq of the event that caused it"),
            # Nobody passes one stage entry twice.
            once("move_once", "contact_id", "journey_id", "nth"),
            by_id("move", "move_id"),
            info={KEY: ("contact_id", "journey_id", "nth")},
        ),
        message=Table(
            "message",
            m,
            # An intent to send. States:
            #   planned    its time has not come, or it waits: `detail` says for what, `release_at` until when
            #   ready      may be handed to its channel; with `retry_at`, not before
            #   accepted   the provider took it
            #   rejected   the provider, or our own rendering, said no for good
            #   uncertain  the provider may have it: time-out, crash or cut after the request went out
            #   cancelled  the contact left before it was handed over
            #   expired    it was not handed over before `expires_at`
            #   skipped    no consent, or over a limit that says `or skip`
            # A ready message of an open batch's window, `handed_from` to `handed_to` but for its gaps, is being sent.
            # A post is the campaign's and nobody's: its contact is NOBODY, its journey the day of its occurrence (0 for
            # the only one), so that what makes a message once makes it once for everybody.
            Column("message_id", Id, primary_key=True),
            Column("contact_id", Id, nullable=False, comment="0 of a post"),
            Column("campaign_id", Id, nullable=False),
            Column("journey_id", Id, nullable=False, comment="of a post: days since 1970-01-01, or 0"),
            Column("nth", Integer, nullable=False, comment="the move that planned it; 0 of a post"),
            Column("send_id", Id, nullable=False),
            Column("channel", Text, nullable=False),
            Column("planned_at", BigInteger, nullable=False),
            Column("release_at", BigInteger, nullable=False, comment="when a planned one is looked at next"),
            Column("expires_at", BigInteger, nullable=False, comment="put off while it waits in its turn"),
            Column("state", Text, nullable=False),
            # Its state, where it is found by that: not in a run, nor once its fate is known.
            Column("queue", Text, default=_queue, comment="planned, ready, or null"),
            Column("retry_at", BigInteger),
            Column("attempts", Integer, nullable=False, server_default=text("0"), comment="calls that failed"),
            Column("settled_at", BigInteger, comment="when its fate was known, or was seen to be unknown"),
            Column("provider_id", Text),
            Column("content_hash", Text, comment="SHA-256 of what was handed over"),
            Column("detail", Text, comment="why it was rejected, retried or is uncertain"),
            # Set while a ready one may have been taken already: it is asked about, or offered again with its key.
            Column("doubted_at", BigInteger, comment="when it was first handed over so, by the database's clock"),
            once("message_once", "contact_id", "journey_id", "nth", "send_id"),
            by_id("message", "message_id"),
            Index(
                "message_planned",
                "release_at",
                sqlite_where=text("queue = 'planned'"),
                postgresql_where=text("queue = 'planned'"),
            ),
            Index(
                "message_ready",
                "channel",
                "message_id",
                sqlite_where=text("queue = 'ready'"),
                postgresql_where=text("queue = 'ready'"),
            ),
            # What a provider calls it: reactions may name nothing else.
            Index(
                "message_provider",
                "provider_id",
                sqlite_where=text("provider_id IS NOT NULL"),
                postgresql_where=text("provider_id IS NOT NULL"),
            ),
            # Its fate is written where it lies, as no index has a column of it: there must be room for that.
            postgresql_with={"fillfactor": 50},
            # The id of a message that was erased is no other one's: providers know messages by it.
            sqlite_autoincrement=True,
            info={KEY: ("contact_id", "journey_id", "nth", "send_id")},
        ),
        ready_run=Table(
            "ready_run",
            m,
            # Ids among which are messages that a tick planned for now, all by one channel, and that no lease has had.
            Column("run_id", Id, primary_key=True),
            Column("channel", Text, nullable=False),
            Column("ready_at", BigInteger, nullable=False, comment="the clock of the tick: none of them is due later"),
            Column("first_message_id", Id, nullable=False),
            Column("last_message_id", Id, nullable=False),
            Index("ready_run_of_channel", "channel", "first_message_id"),
        ),
        batch=Table(
            "batch",
            m,
            # A lease on the ready messages of one channel from one id to another. Only the holder of the fence may
            # write their fate; `handed_from` and `handed_to` are committed before the messages between them are given
            # to the provider, with the fates of the window before.
            Column("batch_id", Id, primary_key=True),
            Column("channel", Text, nullable=False),
            Column("owner", Text, nullable=False),
            Column("fence", BigInteger, nullable=False),
            Column("leased_until", BigInteger, nullable=False, comment="the database's clock, not the campaign's"),
            # A message in the range that was due later than this is not in the batch: it came in between, or waits
            # for its retry.
            Column("ready_at", BigInteger, nullable=False, comment="the campaign's clock when the lease was taken"),
            Column("first_message_id", Id, nullable=False),
            Column("last_message_id", Id, nullable=False),
            Column("handed_to", Id, nullable=False, comment="first_message_id - 1 before anything was handed over"),
            Column("closed_at", BigInteger),
            Column("handed_at", BigInteger, comment="of `handed_to`, by the database's clock"),
            Column("handed_from", Id, nullable=False, server_default=text("0"), comment="the window's first message"),
            # Written when it is closed; a batch that was taken over has none.
            Column("calls", Integer, nullable=False, server_default=text("0"), comment="windows given to the channel"),
            Column("called_for", BigInteger, nullable=False, server_default=text("0"), comment="milliseconds of these"),
            Index("batch_of_channel", "channel", "ready_at"),
            Index(
                "batch_open",
                "channel",
                "first_message_id",
                sqlite_where=text("closed_at IS NULL"),
                postgresql_where=text("closed_at IS NULL"),
            ),
        ),
        batch_gap=Table(
            "batch_gap",
            m,
            # Ids within a window that are none of its messages. One of them may become visible later, as if it had been
            # there: whoever planned it had its number before the lease, and committed after it.
            Column("batch_id", Id, primary_key=True, autoincrement=False),
            Column("handed_from", Id, primary_key=True, autoincrement=False, comment="which window"),
            Column("first_message_id", Id, primary_key=True, autoincrement=False),
            Column("last_message_id", Id, nullable=False),
        ),
        channel=Table(
            "channel",
            m,
            # What all daemons know of a channel: how much may go now, whether its provider is left alone, whether it is
            # paused. There is a row once something has happened. Times are by the database's clock.
            Column("name", Text, primary_key=True),
            Column("tokens", Float(53), comment="messages that may go at once, when it was last looked"),
            Column("counted_at", BigInteger, comment="when that was"),
            Column("failures", Integer, nullable=False, server_default=text("0"), comment="one after the other"),
            Column("open_until", BigInteger, comment="nothing is handed over before, and then one message to try"),
            Column("trouble", Text, comment="why"),
            Column("paused_at", BigInteger, comment="set until somebody resumes it"),
            Column("paused_for", Text, comment="why"),
            Column("resumed_at", BigInteger, comment="bounces and complaints are measured from here, campaign's clock"),
            Column("ask_at", BigInteger, comment="how posts were received is asked no earlier, campaign's clock"),
        ),
        attempt=Table(
            "attempt",
            m,
            # A call to a provider that did not end in `accepted`. Append only.
            Column("attempt_id", Id, primary_key=True),
            Column("contact_id", Id, nullable=False),
            Column("message_id", Id, nullable=False),
            Column("batch_id", Id, nullable=False),
            Column("at", BigInteger, nullable=False),
            Column("outcome", Text, nullable=False),
            Column("detail", Text, nullable=False),
            Index("attempt_of_message", "contact_id", "message_id"),
            info={KEY: ("contact_id", "attempt_id")},
        ),
        hit=Table(
            "hit",
            m,
            # A request for a link or the open pixel of a message. It becomes an event when it is judged.
            Column("hit_id", Id, primary_key=True),
            Column("contact_id", Id, nullable=False),
            Column("message_id", Id, nullable=False),
            Column("at", BigInteger, nullable=False),
            Column("kind", Text, nullable=False, comment="open or click"),
            Column("link", Integer, nullable=False, comment="which link of the message, from 1; 0: pixel or honeypot"),
            Column("links", Integer, nullable=False, comment="how many the message has"),
            Column("url", Text, nullable=False, comment="where the link leads; else empty"),
            Column("caller", Text, nullable=False, comment="the same for the same address, and no address"),
            Column("sign", Text, comment="why the request alone shows that nobody made it"),
            Column("judged_at", BigInteger),
            Column("human", Boolean, comment="null until it is judged"),
            Column("reason", Text, comment="why"),
            by_id("hit", "hit_id"),
            Index("hit_of_message", "contact_id", "message_id"),
            Index(
                "hit_held",
                "hit_id",
                sqlite_where=text("judged_at IS NULL"),
                postgresql_where=text("judged_at IS NULL"),
            ),
            info={KEY: ("contact_id", "hit_id")},
        ),
        conversion=Table(
            "conversion",
            m,
            # A journey that did what the campaign is for. Once per journey and name.
            Column("contact_id", Id, primary_key=True),
            Column("journey_id", Id, primary_key=True),
            Column("name", Text, primary_key=True),
            Column("campaign_id", Id, nullable=False),
            Column("statement_id", Id, nullable=False),
            Column("at", BigInteger, nullable=False),
            Column("cause_seq", BigInteger, nullable=False),
            Column("worth", Float(53), comment="money in minor units, or a number; null where none is declared"),
            sqlite_with_rowid=False,
        ),
        cost=Table(
            "cost",
            m,
            # What an accepted message cost. Append only, once per message; a message that was free has no row.
            Column("contact_id", Id, primary_key=True),
            Column("message_id", Id, primary_key=True),
            Column("campaign_id", Id, nullable=False),
            Column("channel", Text, nullable=False),
            Column("amount", BigInteger, nullable=False, comment="minor units of the project's currency"),
            Column("at", BigInteger, nullable=False),
            Index("cost_of_campaign", "campaign_id", "amount"),
            sqlite_with_rowid=False,
        ),
        errand_statement=Table(
            "errand_statement",
            m,
            # A `notify`, `sync` or `do` of a stage. Append only: another text or another option is another row.
            Column("errand_statement_id", Id, primary_key=True),
            Column("campaign_id", Id, ForeignKey("campaign.campaign_id"), nullable=False),
            Column("stage_id", Id, ForeignKey("stage.stage_id"), nullable=False),
            Column("kind", Text, nullable=False, comment="notify, sync or do"),
            Column("target", Text, nullable=False, comment="the sink, the audience or the action"),
            Column("content", Text, nullable=False, comment="JSON: the text, or the options"),
            Column("nth", Integer, nullable=False, comment="0 for the first such statement of the stage"),
            UniqueConstraint("stage_id", "kind", "target", "content", "nth", name="errand_statement_once"),
        ),
        errand=Table(
            "errand",
            m,
            # Something to do outside that is no message to a person. States:
            #   ready      to be done; with `retry_at`, not before
            #   running    a process does it now, until `leased_until`
            #   done       the other side has it
            #   failed     the other side, or our own rendering, said no for good, or too often
            #   uncertain  an action without keys may have been done: time-out, crash or cut
            Column("errand_id", Id, primary_key=True),
            Column("contact_id", Id, nullable=False),
            Column("campaign_id", Id, nullable=False),
            Column("journey_id", Id, nullable=False),
            Column("nth", Integer, nullable=False, comment="the move that planned it"),
            Column("errand_statement_id", Id, nullable=False),
            Column("given", Text, comment="JSON: options that were worked out at the move"),
            Column("at", BigInteger, nullable=False, comment="when the contact came there, in event time"),
            Column("state", Text, nullable=False),
            Column("attempts", Integer, nullable=False, server_default=text("0"), comment="those that failed"),
            Column("retry_at", BigInteger),
            Column("owner", Text, comment="who does it, while it is running"),
            Column("fence", BigInteger, comment="only who knows it may write what became of it"),
            Column("leased_until", BigInteger, comment="the database's clock, not the campaign's"),
            Column("settled_at", BigInteger, comment="when its fate was known, or was seen to be unknown"),
            Column("detail", Text, comment="why it failed, is tried again or is uncertain"),
            once("errand_once", "contact_id", "journey_id", "nth", "errand_statement_id"),
            by_id("errand", "errand_id"),
            Index(
                "errand_ready",
                "errand_statement_id",
                "errand_id",
                sqlite_where=text("state = 'ready'"),
                postgresql_where=text("state = 'ready'"),
            ),
            Index(
                "errand_running",
                "leased_until",
                sqlite_where=text("state = 'running'"),
                postgresql_where=text("state = 'running'"),
            ),
            info={KEY: ("contact_id", "journey_id", "nth", "errand_statement_id")},
        ),
        rfm=Table(
            "rfm",
            m,
            # Quintile scores of a contact, 1..5, as of the last midnight.
            Column("contact_id", Id, primary_key=True),
            Column("recency", Integer, nullable=False),
            Column("frequency", Integer, nullable=False),
            Column("monetary", Integer, nullable=False),
        ),
        consent=Table(
            "consent",
            m,
            # A line of the ledger: a contact gave consent, withdrew it, or asked for a pause. Append only; the latest
            # line decides.
            Column("consent_id", Id, primary_key=True),
            Column("contact_id", Id, ForeignKey("contact.contact_id"), nullable=False),
            Column("channel", Text, nullable=False, comment="empty: every channel"),
            Column("purpose", Text, nullable=False, comment="empty: every purpose"),
            Column("given", Boolean, nullable=False, comment="false: withdrawn"),
            Column("wording", Text, comment="what the person read and agreed to"),
            Column("source", Text, comment="where it was said: a form, a letter, an event"),
            Column("proof", Text, comment="what shows it: an address, an id of somebody else's"),
            Column("at", BigInteger, nullable=False),
            # A line about a pause says nothing of channels and purposes; the latest of them tells until when it lasts.
            Column("paused_until", BigInteger, comment="only what must go out goes until then; null: no such line"),
            Index("consent_of_contact", "contact_id", "at"),
            info={KEY: ("contact_id", "consent_id")},
        ),
        suppression=Table(
            "suppression",
            m,
            # Nothing goes to this address of a contact, until it is lifted. Append only but for `lifted_at`.
            Column("suppression_id", Id, primary_key=True),
            Column("contact_id", Id, ForeignKey("contact.contact_id"), nullable=False),
            Column("channel", Text, nullable=False, comment="empty: every channel"),
            Column("address", Text, nullable=False, comment="empty: all addresses; else only while it is this one"),
            Column("reason", Text, nullable=False, comment="bounced, complained, manual, or an operator's words"),
            Column("at", BigInteger, nullable=False),
            Column("lifted_at", BigInteger),
            Index("suppression_of_contact", "contact_id", "channel"),
            info={KEY: ("contact_id", "suppression_id")},
        ),
        opt_in=Table(
            "opt_in",
            m,
            # A form of a landing page that is kept until the mailbox it names has confirmed it. It is nobody's yet:
            # contacts are found, or made, when it is. States:
            #   asked      the mail that asks is to be sent; with `retry_at`, not before
            #   mailed     the provider has it, or may have it
            #   failed     it could not be sent
            #   confirmed  done: what was said has gone to the contact, and is no longer here
            Column("opt_in_id", Id, primary_key=True),
            Column("address", Text, nullable=False),
            Column("network", Text, nullable=False, comment="HMAC of where it came from, to count by"),
            Column("page", Text, nullable=False),
            Column("language", Text, nullable=False),
            Column("visit", Text, nullable=False, comment="one filling of the form: sent twice it counts once"),
            Column("submission", Text, nullable=False, comment="JSON: what was said and agreed to"),
            Column("channel", Text, nullable=False, comment="by which the mail goes"),
            Column("message", Text, nullable=False),
            Column("state", Text, nullable=False),
            Column("asked_at", BigInteger, nullable=False),
            Column("expires_at", BigInteger, nullable=False, comment="the link is good until then"),
            Column("attempts", Integer, nullable=False, comment="times that the mail was handed over"),
            Column("retry_at", BigInteger),
            Column("leased_until", BigInteger, comment="the database's clock; who sends it has it until then"),
            Column("settled_at", BigInteger),
            Column("detail", Text, comment="why it failed or is tried again"),
            Index("opt_in_of_address", "address", "asked_at"),
            Index("opt_in_of_network", "network", "asked_at"),
            Index(
                "opt_in_asked",
                "channel",
                "opt_in_id",
                sqlite_where=text("state = 'asked'"),
                postgresql_where=text("state = 'asked'"),
            ),
            sqlite_autoincrement=True,
        ),
        engagement=Table(
            "engagement",
            m,
            # How often a post was liked, passed on, answered, when its provider was asked last.
            Column("post_id", Id, primary_key=True, autoincrement=False, comment="message.message_id, of nobody"),
            Column("kind", Text, primary_key=True, comment="likes, reposts or replies"),
            Column("count", BigInteger, nullable=False),
            Column("read_at", BigInteger, nullable=False, comment="the campaign's clock"),
            sqlite_with_rowid=False,
        ),
        called=Table(
            "called",
            m,
            # How long what errands lead to takes: sinks, actions and destinations. Of channels it stands in `batch`.
            Column("name", Text, primary_key=True, comment="as in `notify sales`"),
            Column("calls", BigInteger, nullable=False),
            Column("called_for", BigInteger, nullable=False, comment="milliseconds of these"),
            sqlite_with_rowid=False,
        ),
        observer=Table(
            "observer",
            m,
            # Who is told of moves and of what became of messages, and how far it was told.
            Column("name", Text, primary_key=True),
            Column("moved", BigInteger, nullable=False, comment="move.move_id"),
            Column("settled", BigInteger, nullable=False, comment="fate.fate_id"),
            Column("owner", Text, comment="the process that tells it now, or did last"),
            Column("fence", BigInteger, nullable=False, server_default=text("0")),
            Column("leased_until", BigInteger, comment="the database's clock, as is `retry_at`"),
            Column("failures", Integer, nullable=False, server_default=text("0"), comment="one after the other"),
            Column("retry_at", BigInteger),
            Column("trouble", Text, comment="why it failed"),
        ),
        fate=Table(
            "fate",
            m,
            # What became of a message, for observers: written by a trigger while there are any, gone when all know it.
            Column("fate_id", Id, primary_key=True),
            Column("contact_id", Id, nullable=False, comment="0 of a post"),
            Column("message_id", Id, nullable=False),
            Column("state", Text, nullable=False),
            Column("at", BigInteger, nullable=False),
            by_id("fate", "fate_id"),
            sqlite_autoincrement=True,
            info={KEY: ("contact_id", "fate_id")},
        ),
        forgotten=Table(
            "forgotten",
            m,
            # The trace of a person who was erased: enough to know them again, too little to say who they were.
            Column("trace", Text, primary_key=True, comment="HMAC-SHA256 of a key or an e-mail address"),
            Column("at", BigInteger, nullable=False),
            sqlite_with_rowid=False,
        ),
        zone_offset=Table(
            "zone_offset",
            m,
            # From this instant on, local time of the zone is UTC + offset.
            Column("zone", Text, primary_key=True),
            Column("from_at", BigInteger, primary_key=True),
            Column("offset", BigInteger, nullable=False, comment="milliseconds"),
            sqlite_with_rowid=False,
        ),
        zone_local=Table(
            "zone_local",
            m,
            # From this local time on (milliseconds since 1970-01-01 00:00 local): the instant is local - offset, or,
            # in a gap, the fixed instant at which the gap ends. Local times that happen twice are the first.
            Column("zone", Text, primary_key=True),
            Column("from_local", BigInteger, primary_key=True),
            Column("offset", BigInteger, nullable=False),
            Column("gap_at", BigInteger, comment="set where the local time is skipped"),
            sqlite_with_rowid=False,
        ),
        calendar_month=Table(
            "calendar_month",
            m,
            # Months counted from 1970-01 (0): the first day (days since 1970-01-01) and the length.
            Column("month", Integer, primary_key=True, autoincrement=False),
            Column("first_day", Integer, nullable=False, unique=True),
            Column("length", Integer, nullable=False),
        ),
        setting=Table(
            "setting",
            m,
            # What the database must remember of the project: schema version, manual clock, secret.
            Column("name", Text, primary_key=True),
            Column("value", Text, nullable=False),
        ),
        revision=Table(
            REVISION_TABLE,
            m,
            # The last revision of storage/migrations that the database went through.
            Column("version_num", Text, primary_key=True),
        ),
    )
