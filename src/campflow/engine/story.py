"""What happened to one person: each move with its cause and line, each message with its state. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, column, func, inspect, null, or_, select

from campflow.engine.listing import ListedMessage, messages
from campflow.model.calendar import DAY, to_local
from campflow.model.flow import Campaign, Every
from campflow.sql.calendar import time_of_day
from campflow.storage.tables import Tables

#: What an `enter` that comes again by the calendar looks like.
_RECURRING = "enter every "


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a campaign tells days: in a `zone`, which is each contact's own where it says `of_contact`.

    `times` are those of day, in milliseconds, at which it comes again (`enter every …`).
    """

    zone: str = "UTC"
    of_contact: bool = False
    times: frozenset[int] = frozenset()


def calendars(campaigns: Iterable[Campaign], zone: str) -> dict[str, Calendar]:
    """Those of these campaigns, by name, in a project of this time zone."""
    return {
        each.name: Calendar(
            each.zone if each.zone not in (None, "contact") else zone,
            each.zone == "contact",
            frozenset(time_of_day(entry.trigger.time) for entry in each.entries if isinstance(entry.trigger, Every)),
        )
        for each in campaigns
    }


_UTC = Calendar()
_NO_CALENDARS: Mapping[str, Calendar] = {}


@dataclass(frozen=True, slots=True)
class Cause:
    """The event that caused a move. `fields` are its stored values: see `column.info["field"]` for their types."""

    name: str
    about: str | None
    at: int
    source: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text that was in force then."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Move:
    """`came_from` is None for the entry, `went_to` for leaving; both for the entry of who is held out."""

    nth: int
    at: int
    came_from: str | None
    went_to: str | None
    because: Line
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Conversion:
    name: str
    at: int
    worth: float | None
    because: Line
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Exposure:
    """The arm that the contact got on this passage; `drawn` is false where a decision gave it."""

    split: str
    arm: str
    at: int
    drawn: bool


@dataclass(frozen=True, slots=True)
class Errand:
    """What a `notify`, `sync` or `do` asked for on the move with this number, and what became of it."""

    nth: int
    kind: str
    target: str
    state: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class Journey:
    """One passage of a contact through a campaign; `key` is the value of its `per` field, else empty.

    `posts` are what the campaign posted, once for everybody, where the contact came by.
    """

    campaign: str
    key: str
    entry: int
    entered_at: int
    ended_at: int | None
    stage: str | None
    moves: tuple[Move, ...]
    messages: tuple[ListedMessage, ...]
    conversions: tuple[Conversion, ...]
    exposures: tuple[Exposure, ...] = ()
    errands: tuple[Errand, ...] = ()
    posts: tuple[ListedMessage, ...] = ()

    @property
    def held_out(self) -> bool:
        """Whether it is measured only: in no stage from the entry on."""
        return self.stage is None and len(self.moves) == 1


@dataclass(frozen=True, slots=True)
class Person:
    contact_id: int
    key: str
    email: str | None


def find_person(connection: Connection, tables: Tables, who: str) -> Person | None:
    """The contact with this external key or e-mail address; the case of letters counts only where it must."""
    contact = tables.contact
    there = {each["name"] for each in inspect(connection).get_columns(contact.name)}
    email: ColumnElement[Any] = column("email", Text) if "email" in there else null()
    wanted = select(contact.c.contact_id, contact.c.contact_key, email).select_from(contact).limit(1)
    names = (contact.c.contact_key, email)
    for same in ([name == who for name in names], [func.lower(name) == who.lower() for name in names]):
        row = connection.execute(wanted.where(or_(*same))).first()
        if row is not None:
            return Person(*row)
    return None


def story(
    connection: Connection,
    tables: Tables,
    person: Person,
    campaign: str | None = None,
    calendars: Mapping[str, Calendar] = _NO_CALENDARS,
) -> tuple[Journey, ...]:
    """A person's journeys, the oldest first; those of one campaign where it is named.

    `calendars` are those of the campaigns, by name: which day it was on which somebody came in is for them to say.
    """
    journey, named, stage = tables.journey.c, tables.campaign.c, tables.stage.c
    wanted = (
        select(tables.journey, named.name.label("campaign"), stage.name.label("stage"))
        .join(tables.campaign, named.campaign_id == journey.campaign_id)
        .outerjoin(tables.stage, stage.stage_id == journey.stage_id)
        .where(journey.contact_id == person.contact_id)
        .order_by(journey.entered_at, journey.journey_id)
    )
    if campaign is not None:
        wanted = wanted.where(named.name == campaign)
    rows = connection.execute(wanted).all()
    return tuple(_journey(connection, tables, row, calendars.get(row.campaign, _UTC)) for row in rows)


def _journey(connection: Connection, tables: Tables, row: Row[tuple[object, ...]], calendar: Calendar) -> Journey:
    moves = _moves(connection, tables, row.contact_id, row.journey_id)
    return Journey(
        campaign=row.campaign,
        key=row.journey_key,
        entry=row.entry,
        entered_at=row.entered_at,
        ended_at=row.ended_at,
        stage=row.stage,
        moves=moves,
        messages=messages(connection, tables, journey=(row.contact_id, row.journey_id)),
        conversions=_conversions(connection, tables, row.contact_id, row.journey_id),
        exposures=_exposures(connection, tables, row.contact_id, row.journey_id),
        errands=_errands(connection, tables, row.contact_id, row.journey_id),
        posts=_posts(connection, tables, row, moves, calendar),
    )


def _posts(
    connection: Connection, tables: Tables, row: Row[Any], moves: Sequence[Move], calendar: Calendar
) -> tuple[ListedMessage, ...]:
    there = {move.went_to for move in moves}
    recurring = bool(moves) and moves[0].because.text.startswith(_RECURRING)
    occurrence = _day_of_entry(connection, tables, row, calendar) if recurring else 0
    found = messages(connection, tables, posts=(row.campaign_id, (occurrence,)))
    return tuple(each for each in found if each.stage in there)


def _day_of_entry(connection: Connection, tables: Tables, row: Row[Any], calendar: Calendar) -> int:
    """Local where the contact was then, as `sql/posts.py` has it, where the reasons stand."""
    if not calendar.of_contact:
        return to_local(calendar.zone, row.entered_at) // DAY
    change = tables.change.c
    since = (change.contact_id == row.contact_id, change.field == "timezone", change.at >= row.entered_at)
    left = connection.execute(select(change.old).where(*since).order_by(change.at, change.seq).limit(1)).first()
    if left is not None:
        then = to_local(left.old or calendar.zone, row.entered_at)
        if then % DAY in calendar.times:
            return then // DAY
    own = _own_zone(connection, tables, row.contact_id) or calendar.zone
    return to_local(own, row.entered_at) // DAY


def _own_zone(connection: Connection, tables: Tables, contact_id: int) -> str | None:
    """The time zone that a contact says it lives in."""
    c = tables.contact.c
    if "timezone" not in c or "timezone" not in {each["name"] for each in inspect(connection).get_columns("contact")}:
        return None
    return connection.scalar(select(c.timezone).where(c.contact_id == contact_id))


def _errands(connection: Connection, tables: Tables, contact_id: int, journey_id: int) -> tuple[Errand, ...]:
    e, s = tables.errand.c, tables.errand_statement.c
    wanted = (
        select(e.nth, s.kind, s.target, e.state, e.detail)
        .join_from(tables.errand, tables.errand_statement, s.errand_statement_id == e.errand_statement_id)
        .where(e.contact_id == contact_id, e.journey_id == journey_id)
        .order_by(e.nth, e.errand_id)
    )
    return tuple(Errand(*row) for row in connection.execute(wanted))


def _exposures(connection: Connection, tables: Tables, contact_id: int, journey_id: int) -> tuple[Exposure, ...]:
    x, split, arm = tables.exposure.c, tables.split, tables.arm
    wanted = (
        select(split.c.name, arm.c.name, x.at, x.drawn)
        .join_from(tables.exposure, split, split.c.split_id == x.split_id)
        .join(arm, arm.c.arm_id == x.arm_id)
        .where(x.contact_id == contact_id, x.journey_id == journey_id)
        .order_by(x.at, x.split_id)
    )
    return tuple(Exposure(*row) for row in connection.execute(wanted))


def _moves(connection: Connection, tables: Tables, contact_id: int, journey_id: int) -> tuple[Move, ...]:
    move, line, stage = tables.move.c, tables.statement.c, tables.stage
    before, after = stage.alias("before"), stage.alias("after")
    wanted = (
        select(
            tables.move, line.path, line.line, line.text,
            before.c.name.label("came_from"), after.c.name.label("went_to"),
        )
        .join(tables.statement, line.statement_id == move.statement_id)
        .outerjoin(before, before.c.stage_id == move.from_stage_id)
        .outerjoin(after, after.c.stage_id == move.to_stage_id)
        .where(move.contact_id == contact_id, move.journey_id == journey_id)
        .order_by(move.nth)
    )  # fmt: skip
    return tuple(
        Move(
            row.nth, row.at, row.came_from, row.went_to,
            Line(row.path, row.line, row.text), _cause(connection, tables, row.cause_seq),
        )
        for row in connection.execute(wanted).all()
    )  # fmt: skip


def _conversions(connection: Connection, tables: Tables, contact_id: int, journey_id: int) -> tuple[Conversion, ...]:
    conversion, line = tables.conversion.c, tables.statement.c
    wanted = (
        select(tables.conversion, line.path, line.line, line.text)
        .join(tables.statement, line.statement_id == conversion.statement_id)
        .where(conversion.contact_id == contact_id, conversion.journey_id == journey_id)
        .order_by(conversion.at, conversion.name)
    )
    return tuple(
        Conversion(
            row.name, row.at, row.worth,
            Line(row.path, row.line, row.text), _cause(connection, tables, row.cause_seq),
        )
        for row in connection.execute(wanted).all()
    )  # fmt: skip


def _cause(connection: Connection, tables: Tables, seq: int | None) -> Cause | None:
    if not seq:
        return None
    row = connection.execute(select(tables.event).where(tables.event.c.seq == seq)).mappings().first()
    if row is None:
        return None
    prefix = f"{row['name']}$"
    fields = {name.removeprefix(prefix): row[name] for name in row if name.startswith(prefix) and row[name] is not None}
    return Cause(row["name"], row["about"], row["at"], row["source"], fields)
