"""Who may be written to: the latest line of the consent ledger, and what is suppressed, asked of many messages at once.

Everything here is about a row of `message` joined to its `send`, and reads the contact's own lines by indexes that
begin with `contact_id`.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Text, case, func, literal, null, or_, select

from campflow.sql.rows import NOW
from campflow.sql.subqueries import one
from campflow.storage.tables import Tables, contact_column

#: Why a message is refused; the first is followed by the reason of the suppression, the last by the purpose.
SUPPRESSED, PAUSED, WITHDRAWN, NOT_GIVEN = "suppressed: ", "paused", "consent withdrawn", "no consent for purpose "

#: What a channel or a purpose is where a line is about all of them.
EVERY = ""


def address_columns(tables: Tables, addresses: Mapping[str, str | None]) -> dict[str, str | None]:
    """The columns of `contact` for the fields that channels write to; None where contacts have no such field."""
    columns = {channel: contact_column(field) for channel, field in addresses.items() if field}
    known = {channel: column for channel, column in columns.items() if column in tables.contact.c}
    return {channel: known.get(channel) for channel in addresses}


def refusal(
    tables: Tables, address_columns: Mapping[str, str | None], opt_in: Collection[str]
) -> ColumnElement[str | None]:
    """Of a row of `message` joined to `send`: NULL where the message may go, else why it may not, in words.

    `address_columns` are the columns of `contact` that hold the address of each channel, None where it has none;
    `opt_in` are the purposes that need consent to have been given. Where both forbid it, the suppression is named.
    """
    # Consent that was given is an empty text, and no line at all is NULL: the first that there is decides.
    said = func.coalesce(
        literal(SUPPRESSED, Text()) + _suppression(tables, address_columns),
        _pause(tables),
        _consent(tables),
        _opt_in(tables, opt_in),
    )
    return func.nullif(said, literal("", Text()), type_=Text())


def _suppression(tables: Tables, address_columns: Mapping[str, str | None]) -> ColumnElement[str]:
    """Why the first suppression that holds was made; NULL where none holds."""
    s, message = tables.suppression, tables.message.c
    query = select(s.c.reason).where(
        s.c.contact_id == message.contact_id,
        s.c.channel.in_([EVERY, message.channel]),
        s.c.lifted_at.is_(None),
        or_(s.c.address == "", func.lower(s.c.address) == func.lower(_address(tables, address_columns))),
    )
    return one(query.order_by(s.c.at, s.c.suppression_id).limit(1), s)


def _address(tables: Tables, address_columns: Mapping[str, str | None]) -> ColumnElement[str]:
    """The contact's present address of the message's channel; of an unknown channel, the one that is suppressed."""
    contact, message = tables.contact, tables.message.c
    known = [(message.channel == channel, contact.c[column]) for channel, column in address_columns.items() if column]
    suppressed = tables.suppression.c.address
    if not known:
        return suppressed
    query = select(case(*known, else_=suppressed)).where(contact.c.contact_id == message.contact_id)
    return one(query, contact)


def _pause(tables: Tables) -> ColumnElement[Any]:
    """That the contact asked for a pause that still lasts; NULL where not, and for what must go out."""
    c, message, send = tables.consent, tables.message.c, tables.send.c
    query = select(case((c.c.paused_until > NOW, PAUSED))).where(
        c.c.contact_id == message.contact_id, c.c.paused_until.is_not(None)
    )
    latest = one(query.order_by(c.c.at.desc(), c.c.consent_id.desc()).limit(1), c)
    return case((send.transactional.is_(False), latest))


def _consent(tables: Tables) -> ColumnElement[str]:
    """What the latest line about the message's channel and purpose says; NULL where there is none."""
    c, message, send = tables.consent, tables.message.c, tables.send.c
    query = select(case((c.c.given, ""), else_=WITHDRAWN)).where(
        c.c.contact_id == message.contact_id,
        c.c.channel.in_([EVERY, message.channel]),
        c.c.purpose.in_([EVERY, send.purpose]),
        c.c.paused_until.is_(None),
    )
    return one(query.order_by(c.c.at.desc(), c.c.consent_id.desc()).limit(1), c)


def _opt_in(tables: Tables, opt_in: Collection[str]) -> ColumnElement[Any]:
    """Why nothing was said and that is not enough; NULL where it is."""
    purpose = tables.send.c.purpose
    if not opt_in:
        return null()
    return case((purpose.in_(sorted(opt_in)), literal(NOT_GIVEN, Text()) + purpose))
