"""Files of people and of events into the database: streamed, in batches, each in one short transaction.

Rows that do not fit are refused with line, column and reason; the rest goes in. The same file twice changes nothing.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import partial
from itertools import chain
from typing import NamedTuple

from campflow.errors import CampflowError
from campflow.hooks.contracts import Row, Source
from campflow.model.people import Contact, Event, Field
from campflow.model.times import shown
from campflow.people.columns import Columns
from campflow.people.contacts import ContactBatch, Identity, email_field, identity
from campflow.people.event_reading import EVENT_COLUMNS, EventReader
from campflow.people.event_rows import EventRows
from campflow.people.forgetting import Remembered
from campflow.people.happenings import find_contacts, unknown_contact, write_events
from campflow.people.newcomers import Newcomer, NewcomerReader, add, add_unseen, alone, parted
from campflow.people.ordinals import Ordinals
from campflow.people.records import Batch
from campflow.people.report import Batches, ImportReport, Progress, Refused, Tally
from campflow.people.values import Conventions
from campflow.people.wording import BadCell, quoted
from campflow.storage.bulk import count_again
from campflow.storage.database import Database
from campflow.storage.writers import HOLDER, TELLER

Cells = dict[str, object]

#: So many new rows change how a table is best read.
MANY = 10_000

KEY_ALIASES = {"id": "key", "contact_key": "key"}


# --- people ----------------------------------------------------------------------------------------------------


def import_people(
    database: Database,
    contact: Contact,
    source: Source,
    lines: Iterable[bytes],
    *,
    currency: str | None,
    zone: str,
    now: int,
    mapping: Mapping[str, str] | None = None,
    on_refused: Refused | None = None,
    on_progress: Progress | None = None,
) -> ImportReport:
    """Add and change contacts.

    A row is found by its `key` (also `id`, `contact_key`), else by its e-mail address. Columns that are missing or
    empty leave a field as it is; undeclared ones are kept in `extra`. `mapping` says which column of the file is which
    field. `now` is the present instant in milliseconds. `on_progress` gets rows and bytes read, batch by batch.
    """
    conventions = Conventions(currency, zone)
    columns = Columns(["key", *(field.name for field in contact.fields)], KEY_ALIASES, mapping or {})
    by_email = email_field(contact)
    reader = NewcomerReader(contact, columns, conventions)
    tally = Tally(on_refused)
    batches = Batches(source, lines)
    # Who is there need not be looked up where nobody is. So it is taken to be, until somebody is.
    all_new = True
    for batch in batches:
        _begun(batch, tally, columns)
        newcomers, rows = reader.read(batch, now)
        named = _identified(rows, columns, by_email, conventions, tally)
        newcomers, rows = alone(newcomers, (each.who for each in named))
        named += _identified(rows, columns, by_email, conventions, tally)
        with database.transaction(TELLER) as connection:
            people = ContactBatch(connection, database.tables, contact, conventions)
            whom = chain((each.who() for each in newcomers), (each.who for each in named))
            remembered = Remembered(connection, database.tables, whom)
            all_new = all_new and not remembered.anyone
            added = all_new and add_unseen(connection, database.tables, contact, newcomers)
            unsure = () if added else newcomers
            people.load(chain((each.who() for each in unsure), (each.who for each in named)))
            if not added:
                newcomers, rows = parted(newcomers, partial(_is_new, people, remembered))
                named += _identified(rows, columns, by_email, conventions, tally)
                add(connection, database.tables, contact, newcomers)
            for each in sorted(named, key=_line):
                _apply(each, people, remembered, zone, tally)
            written = people.write(now)
        tally.added += written.added + len(newcomers)
        tally.changed += written.changed
        tally.unchanged += written.unchanged
        all_new = written.changed + written.unchanged == 0
        _told(tally, batches, on_progress)
    if tally.added + tally.changed >= MANY:
        with database.transaction(HOLDER) as connection:
            count_again(connection, database.tables.contact, database.tables.change)
    return tally.report()


class _Named(NamedTuple):
    """A row, whom it names, its values by known name, and those of columns that nobody declared."""

    row: Row
    who: Identity
    cells: Cells
    others: Cells


def _identified(
    rows: Iterable[Row], columns: Columns, by_email: Field | None, conventions: Conventions, tally: Tally
) -> list[_Named]:
    named: list[_Named] = []
    for row in rows:
        cells, others = columns.sort(row.values)
        try:
            named.append(_Named(row, identity(cells, by_email, conventions), cells, others))
        except BadCell as error:
            tally.refuse_cell(row, error)
    return named


def _line(named: _Named) -> int:
    return named.row.line


def _is_new(people: ContactBatch, remembered: Remembered, newcomer: Newcomer) -> bool:
    who = newcomer.who()
    return not people.knows(who) and remembered.of(who) is None


def _apply(named: _Named, people: ContactBatch, remembered: Remembered, zone: str, tally: Tally) -> None:
    if forgotten := remembered.of(named.who):
        column, at = forgotten
        tally.refuse(named.row, column, _was_forgotten(named.who, column, at, zone))
        return
    try:
        people.apply(named.who, named.cells, named.others)
    except BadCell as error:
        tally.refuse_cell(named.row, error)


def _was_forgotten(who: Identity, column: str, at: int, zone: str) -> str:
    name = who.key if column == "key" else who.email
    return f"{quoted(name)} was forgotten on {shown(at, zone)[:10]}, and stays so: take the row out"


# --- events ----------------------------------------------------------------------------------------------------


def import_events(
    database: Database,
    contact: Contact,
    events: tuple[Event, ...],
    source: Source,
    lines: Iterable[bytes],
    *,
    currency: str | None,
    zone: str,
    now: int,
    addresses: Mapping[str, str | None],
    event: str | None = None,
    origin: str = "import",
    mapping: Mapping[str, str] | None = None,
    on_refused: Refused | None = None,
    on_progress: Progress | None = None,
) -> ImportReport:
    """Add events.

    Columns: `key` or `email`, or `contact` which may be either; `event`, unless it is `event` for the whole file; `at`;
    `id`, the source's own, if it has one; `about` for reactions; and the event's fields. `origin` says who told us: one
    id counts once for each contact and origin. `addresses` are the contact fields that channels write to. The other
    arguments are those of `import_people`.
    """
    reader = EventReader(contact, events, Conventions(currency, zone))
    if event is not None:
        _check_event(reader, event)
    columns = _event_columns(events, mapping or {})
    tally = Tally(on_refused)
    rows = EventRows(reader, columns, event, origin, tally)
    batches = Batches(source, lines)
    with closing(Ordinals()) as ordinals:
        for batch in batches:
            _begun(batch, tally, columns)
            read = rows.read(batch)
            with database.transaction(TELLER) as connection:
                find_contacts(connection, database.tables, contact, [each.happening for each in read])
                found = [each.happening for each in read if each.happening.contact_id is not None]
                ordinals.name(found)
                added = write_events(connection, database, found, addresses, now)
            if len(found) < len(read):
                for each in read:
                    if each.happening.contact_id is None:
                        tally.refuse(each.row(), "contact", unknown_contact(each.happening))
            tally.added += added
            tally.unchanged += len(found) - added
            _told(tally, batches, on_progress)
    if tally.added >= MANY:
        with database.transaction(HOLDER) as connection:
            count_again(connection, database.tables.event)
    return tally.report()


def _check_event(reader: EventReader, name: str) -> None:
    try:
        reader.event(name)
    except BadCell as error:
        raise CampflowError(error.reason) from None


def _event_columns(events: tuple[Event, ...], mapping: Mapping[str, str]) -> Columns:
    names = {field.name for event in events for field in event.fields}
    full_names = {f"{event.name}.{field.name}" for event in events for field in event.fields}
    return Columns([*EVENT_COLUMNS, *names, *full_names], {"contact_key": "key"}, mapping)


# --- both ------------------------------------------------------------------------------------------------------


def _begun(batch: Batch, tally: Tally, columns: Columns) -> None:
    if tally.read == 0:
        columns.check_mapped(batch.groups)
    tally.read += batch.size
    for row in batch.bad:
        tally.refuse(row, row.column, row.reason)


def _told(tally: Tally, batches: Batches, on_progress: Progress | None) -> None:
    tally.tell_refused()
    if on_progress is not None:
        on_progress(tally.read, batches.bytes)
