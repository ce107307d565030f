"""Events into the database: read, matched with their contact, written once however often they are told."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b

from sqlalchemy import Connection, func, select

from campflow.diagnostics.diagnostic import did_you_mean
from campflow.hooks.contracts import ContactEvent
from campflow.model.constants import Stored
from campflow.model.people import BUILT_IN_EVENTS, Contact, Event, Field
from campflow.people.addresses import email
from campflow.people.contacts import email_field
from campflow.people.fields import read_field, read_name, without_value
from campflow.people.values import Conventions, is_missing, read_time
from campflow.people.wording import BadCell, BadValue, quoted
from campflow.storage.database import Database, insert_many
from campflow.storage.dialects import dialect
from campflow.storage.tables import Tables, event_column

#: Columns of an event file that say who, what and when; a field of the same name is written `EVENT.FIELD`.
EVENT_COLUMNS = frozenset({"contact", "key", "email", "event", "at", "id", "about"})


@dataclass(slots=True)
class Happening:
    """An event whose values have been read. `contact_id` is None until its contact is found.

    `contact` is a key, or with `by_email` an address; `given` are the fields that were said, `columns` all of them.
    Without an `event_id` the source had none to tell two equal events apart.
    """

    contact: str
    by_email: bool
    name: str
    about: str | None
    at: int
    event_id: str | None
    columns: dict[str, Stored]
    given: tuple[tuple[str, Stored], ...]
    source: str
    message_id: int | None = None
    contact_id: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that was not recorded, and why."""

    event: ContactEvent
    reason: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many events were new and how many known already, and those that were refused."""

    added: int
    known: int
    refused: tuple[Refusal, ...]


def record_events(
    database: Database,
    contact: Contact,
    events: tuple[Event, ...],
    batch: Sequence[ContactEvent],
    *,
    currency: str | None,
    zone: str,
    now: int,
) -> Recorded:
    """Record what plugins report, all of it in one transaction. A bad event is refused, the rest is kept.

    `events` are the declared ones; `now` is the present instant in milliseconds.
    """
    reader = EventReader(contact, events, Conventions(currency, zone))
    refused: list[Refusal] = []
    read: list[tuple[ContactEvent, Happening]] = []
    for event in batch:
        try:
            read.append((event, reader.read_reported(event)))
        except BadCell as error:
            refused.append(Refusal(event, str(error)))
    with database.transaction() as connection:
        find_contacts(connection, database.tables, contact, [happening for _, happening in read])
        unknown = [Refusal(event, unknown_contact(row)) for event, row in read if row.contact_id is None]
        found = [happening for _, happening in read if happening.contact_id is not None]
        added = write_events(connection, database, found, now)
    return Recorded(added, len(found) - added, (*refused, *unknown))


class EventReader:
    """Reads events by what was declared. Raises BadCell for what does not fit."""

    def __init__(self, contact: Contact, events: tuple[Event, ...], conventions: Conventions) -> None:
        self.events = {event.name: event for event in (*BUILT_IN_EVENTS, *events)}
        self._cells = {event.name: tuple(map(partial(_cell_of, event), event.fields)) for event in self.events.values()}
        self._by_email = email_field(contact) is not None
        self._conventions = conventions

    def event(self, name: str) -> Event:
        if name not in self.events:
            hint = did_you_mean(name, self.events)
            raise BadCell("event", f"{quoted(name)} is not a declared event" + (f": {hint}" if hint else ""))
        return self.events[name]

    def read_row(self, event: Event, cells: Mapping[str, object], source: str) -> Happening:
        """A row of a file: its values that are there, by the names of EVENT_COLUMNS and of the event's fields."""
        contact, by_email = self._whom(cells)
        if "at" not in cells:
            raise BadCell("at", "is missing: say when it happened, as in 2026-12-01T09:00")
        at = self._time(cells["at"])
        about = self._about(event, read_name(cells, "about"))
        columns, given = self._fields(event, cells, EVENT_COLUMNS)
        return Happening(
            contact, by_email, event.name, about, at, read_name(cells, "id"), columns, given, source
        )

    def read_reported(self, reported: ContactEvent) -> Happening:
        """An event that a plugin reports: its contact is a key or an e-mail address."""
        event = self.event(reported.name)
        cells = {"contact": reported.contact, "about": reported.about, "id": reported.id, "source": reported.source}
        names = {name: read_name(cells, name) for name, value in cells.items() if value is not None}
        for name in ("contact", "id", "source"):
            if not names[name]:
                raise BadCell(name, "is empty")
        contact, by_email = self._whom(cells)
        at = self._time(reported.at)
        about = self._about(event, names.get("about"))
        said = {name: value for name, value in reported.fields.items() if not is_missing(value)}
        columns, given = self._fields(event, said, frozenset())
        return Happening(
            contact, by_email, event.name, about, at, names["id"], columns, given, str(names["source"]),
            reported.message_id,
        )  # fmt: skip

    def _whom(self, cells: Mapping[str, object]) -> tuple[str, bool]:
        key = read_name(cells, "key") or read_name(cells, "contact")
        if key is not None:
            return key, False
        address = read_name(cells, "email") if self._by_email else None
        if address is None:
            raise BadCell("contact", "the row does not say whose event it is: give a key or an e-mail address")
        try:
            return email(address), True
        except BadValue as error:
            raise BadCell("email", str(error)) from None

    def _time(self, value: object) -> int:
        try:
            return read_time(value, self._conventions.zone)
        except BadValue as error:
            raise BadCell("at", str(error)) from None

    def _about(self, event: Event, about: str | None) -> str | None:
        if about is not None and event.about is None:
            raise BadCell("about", f"only reactions such as clicked are about something, `{event.name}` is not")
        return about

    def _fields(
        self, event: Event, cells: Mapping[str, object], reserved: frozenset[str]
    ) -> tuple[dict[str, Stored], tuple[tuple[str, Stored], ...]]:
        columns: dict[str, Stored] = {}
        given: list[tuple[str, Stored]] = []
        for field, full_name, column in self._cells[event.name]:
            said = cells.get(full_name)
            if said is None and field.name not in reserved:
                said = cells.get(field.name)
            if said is None:
                columns[column] = without_value(field, self._conventions.zone)
            else:
                columns[column] = read_field(field, said, self._conventions)
                given.append((field.name, columns[column]))
        return columns, tuple(given)


def _cell_of(event: Event, field: Field) -> tuple[Field, str, str]:
    return field, f"{event.name}.{field.name}", event_column(event.name, field.name)


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
    name = tables.contact.c[column]
    among = dialect(connection.dialect.name).among(name, values)
    rows = connection.execute(select(name, tables.contact.c.contact_id).where(among))
    return {row[0]: row[1] for row in rows}


def _address(text: str) -> str:
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


# --- writing ---------------------------------------------------------------------------------------------------


def write_events(connection: Connection, database: Database, happenings: Sequence[Happening], now: int) -> int:
    """Insert those that are not there yet, in this order, and say how many they were. All need an id and a contact."""
    if not happenings:
        return 0
    table = database.tables.event
    fields = list({column: None for row in happenings for column in row.columns})
    rows = [
        (
            row.contact_id, row.name, row.about, row.at, row.source, row.event_id, row.message_id, row.at > now,
            *map(row.columns.get, fields),
        )
        for row in happenings
    ]  # fmt: skip
    last = connection.scalar(select(func.max(table.c.seq))) or 0
    insert_many(connection, database.dialect.insert(table).on_conflict_do_nothing(), [*_WRITTEN, *fields], rows)
    return connection.scalar(select(func.count()).where(table.c.seq > last)) or 0


_WRITTEN = ("contact_id", "name", "about", "at", "source", "event_id", "message_id", "early")


class Ordinals:
    """Gives ids to events that came without: what they say, and which of the equal ones in this import they are.

    So two equal purchases of one file are two, and the same file read again adds nothing. What was seen lies in a
    temporary file of SQLite's own, gone when closed: memory does not grow with the import.
    """

    def __init__(self) -> None:
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("PRAGMA journal_mode=OFF")
        self._seen.execute("PRAGMA cache_size=-16384")
        self._seen.execute("CREATE TABLE seen (digest INTEGER PRIMARY KEY, times INTEGER NOT NULL)")
        self._seen.execute("BEGIN")

    def name(self, happenings: Sequence[Happening]) -> None:
        """Fill in `event_id` where there is none; contacts must have been found."""
        nameless = [(row, _digest(row)) for row in happenings if row.event_id is None]
        times = self._times_seen({_short(digest) for _, digest in nameless})
        for row, digest in nameless:
            short = _short(digest)
            times[short] = times.get(short, 0) + 1
            row.event_id = f"{digest.hex()}.{times[short]}"
        self._seen.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", sorted(times.items()))

    def _times_seen(self, digests: Collection[int]) -> dict[int, int]:
        asked = json.dumps(list(digests))
        query = "SELECT digest, times FROM json_each(?) JOIN seen ON digest = value"
        return dict(self._seen.execute(query, (asked,)).fetchall())

    def close(self) -> None:
        self._seen.close()


def _digest(row: Happening) -> bytes:
    said = (row.contact_id, row.name, row.at, row.about, row.given)
    return blake2b(repr(said).encode(), digest_size=16).digest()


def _short(digest: bytes) -> int:
    """What is counted by. Two that share it only get other numbers, the same ones each time."""
    return int.from_bytes(digest[:8], "big", signed=True)
