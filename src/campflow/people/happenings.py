"""Whom events belong to, and their way into the database: once, however often they are told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import Connection, func, select

from campflow.model.constants import Stored
from campflow.model.people import Contact
from campflow.people.consent import LISTENED, follow_events
from campflow.people.contacts import email_field
from campflow.people.costs import FREE, Prices
from campflow.people.reactions import PROOF, believe
from campflow.people.wording import quoted
from campflow.storage import bulk
from campflow.storage.database import Database
from campflow.storage.dialects import dialect
from campflow.storage.tables import Tables


@dataclass(slots=True)
class Happening:
    """An event whose values have been read. `contact_id` is None until its contact is found.

    `contact` is a key, or with `by_email` an address; `values` are those of `columns`, one for each field. Without an
    `event_id` the source had none to tell two equal events apart: then `given` are the fields that were said.
    """

    contact: str
    by_email: bool
    name: str
    about: str | None
    at: int
    event_id: str | None
    columns: tuple[str, ...]
    values: tuple[Stored, ...]
    given: tuple[tuple[str, Stored], ...]
    source: str
    message_id: int | None = None
    contact_id: int | None = None


# --- contacts --------------------------------------------------------------------------------------------------


def find_contacts(connection: Connection, tables: Tables, contact: Contact, happenings: Sequence[Happening]) -> None:
    """Fill in `contact_id`: by key first; a name that is no key may be an e-mail address."""
    keys = {row.contact for row in happenings if not row.by_email}
    ids = _ids(connection, tables, "contact_key", keys)
    if email_field(contact) is not None:
        addresses = {row.contact for row in happenings if row.by_email}
        addresses |= {_address(key) for key in keys - ids.keys() if "@" in key}
        by_address = _ids(connection, tables, "email", addresses)
    else:
        by_address = {}
    for row in happenings:
        if row.by_email:
            row.contact_id = by_address.get(row.contact)
        elif row.contact in ids:
            row.contact_id = ids[row.contact]
        elif "@" in row.contact:
            row.contact_id = by_address.get(_address(row.contact))


def unknown_contact(row: Happening) -> str:
    kind = "e-mail address" if row.by_email else "key"
    return f"nobody has the {kind} {quoted(row.contact)}: import the contact first"


def _ids(connection: Connection, tables: Tables, column: str, values: Collection[str]) -> dict[str, int]:
    if not values:
        return {}
    name = tables.contact.c[column]
    among = dialect(connection.dialect.name).among(name, values)
    found = connection.execute(select(name, tables.contact.c.contact_id).where(among))
    return {row[0]: row[1] for row in found.all()}


def _address(text: str) -> str:
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


# --- writing ---------------------------------------------------------------------------------------------------


def write_events(
    connection: Connection,
    database: Database,
    happenings: Sequence[Happening],
    addresses: Mapping[str, str | None],
    now: int,
    prices: Prices = FREE,
) -> int:
    """Insert those that are not there yet, in this order, and say how many they were. All need an id and a contact.

    Bounces, complaints and unsubscribing are written to the ledger of consent as well, by those that are new.
    `addresses` are the contact fields that channels write to, `prices` what a message costs that they prove went out.
    """
    if not happenings:
        return 0
    table = database.tables.event
    shapes = dict.fromkeys(row.columns for row in happenings)
    fields = list(dict.fromkeys(chain.from_iterable(shapes)))
    rows = [
        (
            row.contact_id, row.name, row.about, row.at, row.source, row.event_id, row.message_id, row.at > now,
            *(row.values if len(shapes) == 1 else map(dict(zip(row.columns, row.values, strict=True)).get, fields)),
        )
        for row in happenings
    ]  # fmt: skip
    last = connection.scalar(select(func.max(table.c.seq))) or 0
    added = bulk.add_new(connection, table, [*_WRITTEN, *fields], rows)
    if not LISTENED.isdisjoint(row.name for row in happenings):
        follow_events(connection, database.tables, addresses, last)
    if proven := proven_by(happenings):
        believe(connection, database.tables, proven, now, prices)
    return added


def proven_by(happenings: Sequence[Happening]) -> set[int]:
    """The messages that certainly went out, by what came back of them."""
    return {row.message_id for row in happenings if row.message_id is not None and row.name in PROOF}


_WRITTEN = ("contact_id", "name", "about", "at", "source", "event_id", "message_id", "early")
