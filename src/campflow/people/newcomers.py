"""Rows that are likely to be new contacts: read by column, and written together.

A row is a newcomer where nothing about it is odd, and nobody else in its batch has its key or its e-mail address: what
it comes to depends on no other row. All others go through `contacts.ContactBatch`, one after the other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import repeat

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from campflow.hooks.contracts import Row
from campflow.model.constants import Stored
from campflow.model.draws import draw_of
from campflow.model.people import Contact, Field
from campflow.people.adding import NewContact, add_contacts
from campflow.people.cells import Cells, Values, column_reader, mark_missing, read_names
from campflow.people.columns import Columns
from campflow.people.contacts import Identity, email_field, extra_text, read_extra
from campflow.people.fields import read_field, without_value
from campflow.people.records import Batch, Records
from campflow.people.values import Conventions
from campflow.people.wording import BadCell
from campflow.storage.tables import Tables


@dataclass(slots=True)
class Newcomer:
    """A row by its place in its records, whom it names, and what `add_contacts` takes."""

    records: Records
    place: int
    key: str
    email: str | None
    values: NewContact

    def row(self) -> Row:
        return self.records.row(self.place)

    def who(self) -> Identity:
        return Identity(self.key, self.email)


def parted(newcomers: Iterable[Newcomer], is_one: Callable[[Newcomer], bool]) -> tuple[list[Newcomer], list[Row]]:
    """Those of whom it is true, and the rows of the others."""
    kept: list[Newcomer] = []
    rows: list[Row] = []
    for each in newcomers:
        if is_one(each):
            kept.append(each)
        else:
            rows.append(each.row())
    return kept, rows


def add(connection: Connection, tables: Tables, contact: Contact, newcomers: list[Newcomer]) -> None:
    """Insert those of whom it was seen that they are new."""
    add_contacts(connection, tables, contact, [each.values for each in newcomers])


def add_unseen(connection: Connection, tables: Tables, contact: Contact, newcomers: list[Newcomer]) -> bool:
    """Insert them all without a look at who is there. Where some of them are, nothing is done, and False is said."""
    if not newcomers:
        return True
    try:
        with connection.begin_nested():
            add(connection, tables, contact, newcomers)
    except IntegrityError:
        return False
    return True


class NewcomerReader:
    """Reads the rows of a batch by column."""

    def __init__(self, contact: Contact, columns: Columns, conventions: Conventions) -> None:
        self._columns = columns
        self._conventions = conventions
        self._fields = contact.fields
        self._by_email = email_field(contact) is not None
        self._readers = [
            (field, column_reader(field.type, conventions))
            for field in sorted(contact.fields, key=lambda field: field.type.kind != "country")
        ]
        self._country = next((field.name for field in contact.fields if field.type.kind == "country"), None)

    def read(self, batch: Batch, now: int) -> tuple[list[Newcomer], list[Row]]:
        """Those that may be newcomers, and the other rows."""
        newcomers: list[Newcomer] = []
        rows: list[Row] = []
        for records in batch.groups.values():
            odd: set[int] = set()
            read = self._read(records, now, odd)
            newcomers += [each for each in read if each.place not in odd] if odd else read
            rows += map(records.row, sorted(odd))
        return newcomers, rows

    def _read(self, records: Records, now: int, odd: set[int]) -> list[Newcomer]:
        """All of them; those at odd places are not right."""
        cells, others = self._columns.sort_columns(records)
        nothing: Values = [None] * len(records.lines)
        values: dict[str, Values] = {}
        for field, read in self._readers:
            column = cells.get(field.name)
            if column is None:
                continue
            if field.type.kind == "phone" and self._country is not None:
                values[field.name] = self._phones(field, column, values.get(self._country, nothing), odd)
            else:
                values[field.name] = read(column, odd)
        emails = values.get("email", nothing) if self._by_email else nothing
        keys: Values = read_names(cells["key"], "key", odd) if "key" in cells else nothing
        if None in keys:
            keys = [email if key is None else key for key, email in zip(keys, emails, strict=True)]
            mark_missing(keys, odd)
        draws = [0 if key is None else draw_of(key) for key in keys]  # type: ignore[arg-type]  # keys are texts
        extras = _extras(others, len(keys), odd) if others else nothing
        fields = [self._completed(field, values.get(field.name, nothing), odd) for field in self._fields]
        stored = zip(keys, repeat(now), draws, extras, *fields, strict=False)
        return list(map(Newcomer, repeat(records), range(len(keys)), keys, emails, stored))  # type: ignore[arg-type]  # texts, as above

    def _phones(self, field: Field, cells: Cells, countries: Values, odd: set[int]) -> Values:
        """Each read in the country of its row."""
        values: list[Stored] = []
        for place, (cell, country) in enumerate(zip(cells, countries, strict=True)):
            there = replace(self._conventions, country=None if country is None else str(country))
            try:
                values.append(None if cell is None else read_field(field, cell, there))
            except BadCell:
                odd.add(place)
                values.append(None)
        return values

    def _completed(self, field: Field, values: Values, odd: set[int]) -> Values:
        """With what a new contact has where nothing is said."""
        if None not in values:
            return values
        try:
            default = without_value(field, self._conventions.zone)
        except BadCell:
            mark_missing(values, odd)
            return values
        return values if default is None else [default if value is None else value for value in values]


def alone(newcomers: list[Newcomer], others: Iterable[Identity]) -> tuple[list[Newcomer], list[Row]]:
    """Those whose key and address nobody else here has, `others` being whom the other rows name; and the rows of the
    rest."""
    taken = {name for who in others for name in (who.key, who.email)}
    names = [each.key for each in newcomers]
    names += [each.email for each in newcomers if each.email is not None and each.email != each.key]
    seen = set(names)
    if len(seen) == len(names) and taken.isdisjoint(seen):
        return newcomers, []
    times = Counter(names)
    times.update(name for name in taken if name is not None)
    return parted(newcomers, lambda each: times[each.key] == 1 and (each.email is None or times[each.email] == 1))


def _extras(others: Mapping[str, Cells], count: int, odd: set[int]) -> Values:
    """What is kept of undeclared columns."""
    values: list[Stored] = []
    for place, cells in enumerate(zip(*others.values(), strict=True)):
        try:
            values.append(extra_text(read_extra(dict(zip(others, cells, strict=True)), {})))
        except BadCell:
            odd.add(place)
            values.append(None)
    return values
