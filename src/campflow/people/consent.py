"""The ledger of consent and the list of what is suppressed: lines that people, events and operators add.

An empty channel or purpose stands for all of them. Who may be written to is asked in `engine/permission.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Subquery,
    Text,
    case,
    func,
    insert,
    literal,
    select,
    update,
)

from campflow.sql.subqueries import one
from campflow.storage.tables import Tables, contact_column, event_column

#: Reactions after which an address gets nothing more, the one that takes consent back, and the one that gives it again.
SUPPRESSING, WITHDRAWING, GIVING = ("bounced", "complained"), "unsubscribed", "resubscribed"

#: Events that write here.
LISTENED = frozenset({*SUPPRESSING, WITHDRAWING, GIVING})

#: States of a message that may have reached its reader.
_REACHED = ("accepted", "uncertain")


# --- what events say -------------------------------------------------------------------------------------------


def follow_events(connection: Connection, tables: Tables, addresses: Mapping[str, str | None], after: int) -> None:
    """Write what the events of LISTENED with a `seq` greater than `after` say: a line for each, in two statements.

    `addresses` are the contact fields that channels write to. A suppression is of the channel and the address of the
    message; where that is unknown, of the channel that told the event, else of every one. An `unsubscribed` withdraws
    consent for the channel and the purpose of the message, and a `resubscribed` gives it again; where the message is
    unknown, for all purposes of the channel that told the event, else for all. The proof is what the person wrote, else
    the event's id.
    """
    told = _told(tables, after)
    connection.execute(_suppressions(tables, addresses, told))
    connection.execute(_said_again(tables, addresses, told))


def _told(tables: Tables, after: int) -> Subquery:
    """The events, each with the message that it is a reaction to: the one it names, else the last of that name."""
    e, m, s = tables.event.c, tables.message, tables.send
    last = (
        select(m.c.message_id)
        .join(s, s.c.send_id == m.c.send_id)
        .where(m.c.contact_id == e.contact_id, s.c.message == e.about)
        .where(m.c.state.in_(_REACHED), m.c.planned_at <= e.at)
        .order_by(m.c.planned_at.desc(), m.c.message_id.desc())
        .limit(1)
    )
    message = func.coalesce(e.message_id, one(last, m, s)).label("message_id")
    written = func.coalesce(*(e[event_column(name, "text")] for name in (WITHDRAWING, GIVING)), e.event_id)
    told = select(e.seq, e.contact_id, e.name, e.at, e.source, written.label("proof"), message)
    return told.where(e.seq > after, e.name.in_(sorted(LISTENED))).subquery("told")


def _suppressions(tables: Tables, addresses: Mapping[str, str | None], told: Subquery) -> Any:
    m, c = tables.message, tables.contact
    by_source = case((told.c.source.in_(sorted(addresses)), told.c.source), else_="")
    channel = func.coalesce(m.c.channel, by_source)
    sent_at = func.coalesce(m.c.settled_at, m.c.planned_at, told.c.at)
    known = [
        (channel == name, _address(tables, field, sent_at))
        for name, field in addresses.items()
        if field is not None and contact_column(field) in c.c
    ]
    address = func.coalesce(case(*known, else_=""), "") if known else literal("", Text())
    rows = (
        select(told.c.contact_id, channel, address, told.c.name, told.c.at)
        .select_from(told)
        .join(c, c.c.contact_id == told.c.contact_id)
        .outerjoin(m, (m.c.message_id == told.c.message_id) & (m.c.contact_id == told.c.contact_id))
        .where(told.c.name.in_(SUPPRESSING))
        .order_by(told.c.seq)
    )
    return insert(tables.suppression).from_select(["contact_id", "channel", "address", "reason", "at"], rows)


def _address(tables: Tables, field: str, at: ColumnElement[int]) -> ColumnElement[str]:
    """What the field was when the message went out: the value before the first change since then."""
    contact: Column[Any] = tables.contact.c[contact_column(field)]
    change = tables.change
    before = (
        select(change.c.old)
        .where(change.c.contact_id == tables.contact.c.contact_id, change.c.field == field, change.c.at > at)
        .order_by(change.c.at, change.c.seq)
        .limit(1)
    )
    return func.coalesce(one(before, change), contact)


def _said_again(tables: Tables, addresses: Mapping[str, str | None], told: Subquery) -> Any:
    m, s = tables.message, tables.send
    by_source = case((told.c.source.in_(sorted(addresses)), told.c.source), else_="")
    rows = (
        select(
            told.c.contact_id, func.coalesce(m.c.channel, by_source), func.coalesce(s.c.purpose, ""),
            told.c.name == GIVING, told.c.source, told.c.proof, told.c.at,
        )
        .select_from(told)
        .outerjoin(m, (m.c.message_id == told.c.message_id) & (m.c.contact_id == told.c.contact_id))
        .outerjoin(s, s.c.send_id == m.c.send_id)
        .where(told.c.name.in_((WITHDRAWING, GIVING)))
        .order_by(told.c.seq)
    )  # fmt: skip
    columns = ["contact_id", "channel", "purpose", "given", "source", "proof", "at"]
    return insert(tables.consent).from_select(columns, rows)


# --- what operators say ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """A line of the ledger. `wording` is what the person agreed to, `source` where, `proof` what shows it.

    With `paused_until` it is about a pause, and about no channel and no purpose: until then goes only what must.
    """

    channel: str
    purpose: str
    given: bool
    wording: str | None = None
    source: str | None = None
    proof: str | None = None
    paused_until: int | None = None


def write_consent(connection: Connection, tables: Tables, contact_id: int, line: ConsentLine, now: int) -> None:
    """Add a line for a contact, said at `now`."""
    connection.execute(
        insert(tables.consent).values(
            contact_id=contact_id, channel=line.channel, purpose=line.purpose, given=line.given, wording=line.wording,
            source=line.source, proof=line.proof, paused_until=line.paused_until, at=now,
        )
    )  # fmt: skip


def suppress(connection: Connection, tables: Tables, contact_id: int, channel: str, reason: str, now: int) -> None:
    """Nothing goes to this contact by this channel, at whatever address, until it is lifted."""
    row = {"contact_id": contact_id, "channel": channel, "address": "", "reason": reason, "at": now}
    connection.execute(insert(tables.suppression).values(row))


def lift(connection: Connection, tables: Tables, contact_id: int, channel: str, now: int) -> int:
    """Lift what is suppressed of a contact by this channel, every address of it; by an empty one, everything.

    Says how many lines that were. A suppression of every channel is lifted by an empty channel only.
    """
    s = tables.suppression.c
    held = update(tables.suppression).where(s.contact_id == contact_id, s.lifted_at.is_(None))
    if channel:
        held = held.where(s.channel == channel)
    return connection.execute(held.values(lifted_at=now)).rowcount


# --- what there is ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A line of the ledger as it was written, and when."""

    line: ConsentLine
    at: int


@dataclass(frozen=True, slots=True)
class Suppression:
    """Empty: every channel, all addresses. `lifted_at` None: it stands, though another address may be in use."""

    channel: str
    address: str
    reason: str
    at: int
    lifted_at: int | None


def ledger(connection: Connection, tables: Tables, contact_id: int) -> tuple[Said, ...]:
    """What a contact has said, the oldest first."""
    c = tables.consent.c
    mine = select(tables.consent).where(c.contact_id == contact_id).order_by(c.at, c.consent_id)
    return tuple(
        Said(
            ConsentLine(row.channel, row.purpose, row.given, row.wording, row.source, row.proof, row.paused_until),
            row.at,
        )
        for row in connection.execute(mine)
    )


def suppressions(connection: Connection, tables: Tables, contact_id: int) -> tuple[Suppression, ...]:
    """What was suppressed of a contact, lifted or not, the oldest first."""
    s = tables.suppression.c
    mine = select(s.channel, s.address, s.reason, s.at, s.lifted_at).where(s.contact_id == contact_id)
    return tuple(Suppression(*row) for row in connection.execute(mine.order_by(s.at, s.suppression_id)))


def deciding(said: Iterable[Said], channel: str, purpose: str) -> Said | None:
    """The latest line about a channel and a purpose, or about more than them: it decides. None where there is none."""
    about = [
        each
        for each in said
        if each.line.paused_until is None and each.line.channel in ("", channel) and each.line.purpose in ("", purpose)
    ]
    return about[-1] if about else None


def pause(said: Iterable[Said]) -> Said | None:
    """The latest line about a pause, over or not; None where nobody asked for one."""
    return next((each for each in reversed(list(said)) if each.line.paused_until is not None), None)
