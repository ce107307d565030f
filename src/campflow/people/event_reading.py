"""Single events as they are told, by files and by plugins: read by what was declared."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from campflow.diagnostics.diagnostic import did_you_mean
from campflow.hooks.contracts import ContactEvent
from campflow.model.constants import Stored
from campflow.model.people import BUILT_IN_EVENTS, Contact, Event, Field
from campflow.people.addresses import email
from campflow.people.contacts import email_field
from campflow.people.event_columns import EventColumns
from campflow.people.fields import LONGEST_KEY, name_of, read_name, without_value
from campflow.people.happenings import Happening
from campflow.people.values import Conventions, read_time, reader
from campflow.people.wording import BadCell, BadValue, quoted
from campflow.storage.tables import event_column

#: Columns of an event file that say who, what and when; a field of the same name is written `EVENT.FIELD`.
EVENT_COLUMNS = frozenset({"contact", "key", "email", "event", "at", "id", "about"})


class EventReader:
    """Reads events by what was declared. Raises BadCell for what does not fit."""

    def __init__(self, contact: Contact, events: tuple[Event, ...], conventions: Conventions) -> None:
        self.events = {event.name: event for event in (*BUILT_IN_EVENTS, *events)}
        self._cells = {
            event.name: tuple(_Cell.of(event, field, conventions) for field in event.fields)
            for event in self.events.values()
        }
        self.by_email = email_field(contact) is not None
        self._conventions = conventions
        self._at_once: dict[str, EventColumns] = {}

    def at_once(self, event: Event) -> EventColumns:
        """What reads many events of this name at once, to the same."""
        if event.name not in self._at_once:
            self._at_once[event.name] = EventColumns(event, self._conventions)
        return self._at_once[event.name]

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
        columns, values, given = self._fields(event, cells, EVENT_COLUMNS)
        id = read_name(cells, "id")
        said = given if id is None else ()
        return Happening(contact, by_email, event.name, about, at, id, columns, values, said, source)

    def read_reported(self, reported: ContactEvent) -> Happening:
        """An event that a plugin reports: its contact is a key or an e-mail address."""
        event = self.event(reported.name)
        contact, id = _said(reported.contact, "contact"), _said(reported.id, "id")
        source = _said(reported.source, "source")
        at = self._time(reported.at)
        about = None if reported.about is None else self._about(event, read_name({"about": reported.about}, "about"))
        columns, values, _ = self._fields(event, reported.fields, frozenset())
        return Happening(contact, False, event.name, about, at, id, columns, values, (), source, reported.message_id)

    def _whom(self, cells: Mapping[str, object]) -> tuple[str, bool]:
        key = read_name(cells, "key") or read_name(cells, "contact")
        if key is not None:
            return key, False
        address = read_name(cells, "email") if self.by_email else None
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
    ) -> tuple[tuple[str, ...], tuple[Stored, ...], tuple[tuple[str, Stored], ...]]:
        """The columns of the event's fields, their values, and the fields that were said."""
        columns: dict[str, Stored] = {}
        given: list[tuple[str, Stored]] = []
        for field, name, full_name, column, read in self._cells[event.name]:
            said = cells.get(full_name)
            if said is None and name not in reserved:
                said = cells.get(name)
            # What `is_missing` asks, without a call for each.
            if said is None or (isinstance(said, str) and (not said or said.isspace())):
                columns[column] = without_value(field, self._conventions.zone)
                continue
            try:
                value = columns[column] = read(said)
            except BadValue as error:
                raise BadCell(name, str(error)) from None
            given.append((name, value))
        return tuple(columns), tuple(columns.values()), tuple(given)


def _said(name: str, column: str) -> str:
    """A name that must be there. Raises BadCell."""
    if type(name) is str and len(name) <= LONGEST_KEY and name.isascii() and "\0" not in name:
        said = name.strip()  # as nearly all of them are
    else:
        said = name_of(name, column)
    if not said:
        raise BadCell(column, "is empty")
    return said


class _Cell(NamedTuple):
    """Where a field of an event is found in a row, how it is read, and where it goes."""

    field: Field
    name: str
    full_name: str
    column: str
    read: Callable[[object], Stored]

    @classmethod
    def of(cls, event: Event, field: Field, conventions: Conventions) -> "_Cell":
        column = event_column(event.name, field.name)
        return cls(field, field.name, f"{event.name}.{field.name}", column, reader(field.type, conventions))
