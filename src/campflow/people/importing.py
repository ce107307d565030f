"""Files of people and of events into the database: streamed, in batches, each in one short transaction.

Rows that do not fit are refused with line, column and reason; the rest goes in. The same file twice changes nothing.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing

from campflow.errors import CampflowError
from campflow.hooks.contracts import BadRow, Row, Source
from campflow.model.people import Contact, Event, Field
from campflow.model.times import shown
from campflow.people.columns import Columns
from campflow.people.contacts import ContactBatch, Identity, email_field, identity
from campflow.people.fields import read_name
from campflow.people.forgetting import Remembered
from campflow.people.happenings import Happening, find_contacts, unknown_contact, write_events
from campflow.people.ordinals import Ordinals
from campflow.people.recording import EVENT_COLUMNS, EventReader
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
    tally = Tally(on_refused)
    batches = Batches(source, lines)
    for batch in batches:
        rows = _readable(batch, tally, columns)
        named = [named for row in rows if (named := _identified(row, columns, by_email, conventions, tally))]
        with database.transaction(TELLER) as connection:
            people = ContactBatch(connection, database.tables, contact, conventions)
            people.load(who for _, who, _, _ in named)
            remembered = Remembered(connection, database.tables, (who for _, who, _, _ in named))
            for row, who, cells, others in named:
                if forgotten := remembered.of(who):
                    column, at = forgotten
                    tally.refuse(row, column, _was_forgotten(who, column, at, zone))
                    continue
                try:
                    people.apply(who, cells, others)
                except BadCell as error:
                    tally.refuse_cell(row, error)
            written = people.write(now)
        tally.added += written.added
        tally.changed += written.changed
        tally.unchanged += written.unchanged
        _told(tally, batches, on_progress)
    if tally.added + tally.changed >= MANY:
        with database.transaction(HOLDER) as connection:
            count_again(connection, database.tables.contact, database.tables.change)
    return tally.report()


def _identified(
    row: Row, columns: Columns, by_email: Field | None, conventions: Conventions, tally: Tally
) -> tuple[Row, Identity, Cells, Cells] | None:
    cells, others = columns.sort(row.values)
    try:
        return row, identity(cells, by_email, conventions), cells, others
    except BadCell as error:
        tally.refuse_cell(row, error)
        return None


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
    batches = Batches(source, lines)
    with closing(Ordinals()) as ordinals:
        for batch in batches:
            rows = _readable(batch, tally, columns)
            read = [
                (row, happening)
                for row in rows
                if (happening := _happening(row, columns, reader, event, origin, tally)) is not None
            ]
            with database.transaction(TELLER) as connection:
                find_contacts(connection, database.tables, contact, [happening for _, happening in read])
                found = [happening for _, happening in read if happening.contact_id is not None]
                ordinals.name(found)
                added = write_events(connection, database, found, addresses, now)
            for row, happening in read:
                if happening.contact_id is None:
                    tally.refuse(row, "contact", unknown_contact(happening))
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


def _happening(
    row: Row, columns: Columns, reader: EventReader, fixed: str | None, origin: str, tally: Tally
) -> Happening | None:
    cells, others = columns.sort(row.values)
    try:
        name = fixed or read_name(cells, "event")
        if name is None:
            raise BadCell("event", "is missing: say which event it is")
        event = reader.event(name)
        if others:
            tally.ignore(others)
        return reader.read_row(event, cells, origin)
    except BadCell as error:
        tally.refuse_cell(row, error)
        return None


# --- both ------------------------------------------------------------------------------------------------------


def _readable(batch: list[Row | BadRow], tally: Tally, columns: Columns) -> list[Row]:
    rows = [row for row in batch if isinstance(row, Row)]
    if tally.read == 0:
        columns.check_mapped(row.values for row in rows)
    tally.read += len(batch)
    for row in batch:
        if isinstance(row, BadRow):
            tally.refuse(row, row.column, row.reason)
    return rows


def _told(tally: Tally, batches: Batches, on_progress: Progress | None) -> None:
    tally.tell_refused()
    if on_progress is not None:
        on_progress(tally.read, batches.bytes)
