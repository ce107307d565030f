"""Contacts of one batch of rows: found, compared, written in sets.

All rows are applied to a picture of the contacts they name, and what differs in the end is written: so a batch may
name one contact twice, or hand an e-mail address from one contact to another.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Column, Connection, RowMapping, bindparam, insert, select, update

from campflow.model.constants import Stored, stored_text
from campflow.model.draws import draw_of
from campflow.model.people import Contact, Field
from campflow.people.adding import add_contacts, ensure
from campflow.people.fields import read_field, read_name, without_value
from campflow.people.values import Conventions, is_missing, read_text, reader
from campflow.people.wording import BadCell, BadValue, quoted
from campflow.storage import found_by
from campflow.storage.dialects import dialect
from campflow.storage.tables import Tables, contact_column

LONGEST_EXTRA = 50_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a row speaks of: a key, an e-mail address, or both."""

    key: str | None
    email: str | None


@dataclass(slots=True)
class Person:
    """A contact as this batch sees it. `before` is what the database has, None for a new contact."""

    key: str
    contact_id: int | None
    values: dict[str, Stored]
    extra: dict[str, object]
    before: tuple[dict[str, Stored], dict[str, object]] | None
    rows: int = 0

    def changed_fields(self) -> tuple[str, ...]:
        assert self.before is not None  # noqa: S101 -- asked of known contacts only
        return tuple(name for name, value in self.values.items() if value != self.before[0][name])

    def value_before(self, field: str) -> Stored:
        return None if self.before is None else self.before[0][field]

    def extra_changed(self) -> bool:
        return self.before is not None and self.extra != self.before[1]


@dataclass(frozen=True, slots=True)
class Written:
    added: int
    changed: int
    unchanged: int


def email_field(contact: Contact) -> Field | None:
    """The field by which contacts are found besides their key."""
    field = contact.field("email")
    return field if field is not None and field.type.kind == "email" else None


def identity(cells: Mapping[str, object], field: Field | None, conventions: Conventions) -> Identity:
    """Whom a row names, where `field` is what `email_field` says. Raises BadCell where it names nobody."""
    email = str(read_field(field, cells["email"], conventions)) if field and "email" in cells else None
    key = read_name(cells, "key")
    if key is None and email is None:
        raise BadCell("key", "the row has neither a key nor an e-mail address" if field else "the row has no key")
    return Identity(key, email)


class ContactBatch:
    """The contacts that a batch of rows names, inside one transaction."""

    def __init__(self, connection: Connection, tables: Tables, contact: Contact, conventions: Conventions) -> None:
        self._connection = connection
        self._tables = tables
        self._among = dialect(connection.dialect.name).among
        self._contact = contact
        self._conventions = conventions
        self._country = next((field.name for field in contact.fields if field.type.kind == "country"), None)
        # Countries first: phone numbers are read with them.
        self._fields = [
            (field, reader(field.type, conventions))
            for field in sorted(contact.fields, key=lambda field: field.type.kind != "country")
        ]
        self._columns = {field.name: tables.contact.c[contact_column(field.name)] for field in contact.fields}
        self._has_email = email_field(contact) is not None
        self._by_key: dict[str, Person] = {}
        self._by_email: dict[str, Person] = {}

    def load(self, identities: Iterable[Identity]) -> None:
        """Look up everyone these rows name."""
        keys: set[str] = set()
        emails: set[str] = set()
        for identity in identities:
            keys.update(name for name in (identity.key, identity.email) if name is not None)
            emails.update(() if identity.email is None else (identity.email,))
        self._load_where(self._tables.contact.c.contact_key, keys)
        if self._has_email:
            self._load_where(self._columns["email"], emails - self._by_email.keys())

    def _load_where(self, column: Column[str], values: Collection[str]) -> None:
        for row in self._connection.execute(select(self._tables.contact).where(self._among(column, values))).mappings():
            self._remember(self._person(row))

    def _person(self, row: RowMapping) -> Person:
        table = self._tables.contact.c
        values = {name: row[column] for name, column in self._columns.items()}
        extra = json.loads(row[table.extra]) if row[table.extra] else {}
        return Person(row[table.contact_key], row[table.contact_id], values, extra, (dict(values), dict(extra)))

    def _remember(self, person: Person) -> None:
        if person.key not in self._by_key:
            self._by_key[person.key] = person
            email = person.values.get("email") if self._has_email else None
            if email is not None:
                self._by_email[str(email)] = person

    def knows(self, who: Identity) -> bool:
        """Whether somebody has this key or this address, of those who were looked up."""
        return who.key in self._by_key or who.email in self._by_key or who.email in self._by_email

    def apply(self, who: Identity, cells: Mapping[str, object], others: Mapping[str, object]) -> None:
        """One row. Raises BadCell, and then the row has changed nothing."""
        person = self._find(who)
        values = self._read(who, cells, person)
        extra = read_extra(others, {} if person is None else person.extra)
        if person is None:
            key = who.key if who.key is not None else str(who.email)
            person = Person(key, None, self._completed(values), extra, None)
        else:
            self._by_email.pop(str(person.values.get("email")), None)
            person.values.update(values)
            person.extra = extra
        self._by_key[person.key] = person
        if self._has_email and person.values["email"] is not None:
            self._by_email[str(person.values["email"])] = person
        person.rows += 1

    def _find(self, who: Identity) -> Person | None:
        owner = self._by_email.get(who.email) if who.email is not None else None
        if who.key is None:
            if owner is None and who.email in self._by_key:
                raise BadCell("email", f"{quoted(who.email)} is the key of a contact with another address: add a key")
            return owner
        person = self._by_key.get(who.key)
        if owner is not None and owner is not person:
            raise BadCell("email", f"{quoted(who.email)} belongs to the contact with the key {quoted(owner.key)}")
        return person

    def _read(self, who: Identity, cells: Mapping[str, object], person: Person | None) -> dict[str, Stored]:
        values: dict[str, Stored] = {}
        for field, read in self._fields:
            name = field.name
            if name not in cells:
                continue
            if name == "email" and self._has_email:
                values[name] = who.email  # which was read to find them
            elif field.type.kind == "phone" and self._country is not None:
                known = person.values.get(self._country) if person is not None else None
                country = values.get(self._country, known)
                there = replace(self._conventions, country=None if country is None else str(country))
                values[name] = read_field(field, cells[name], there)
            else:
                try:
                    values[name] = read(cells[name])
                except BadValue as error:
                    raise BadCell(name, str(error)) from None
        return values

    def _completed(self, values: Mapping[str, Stored]) -> dict[str, Stored]:
        zone = self._conventions.zone
        return {
            field.name: values[field.name] if field.name in values else without_value(field, zone)
            for field in self._contact.fields
        }

    # --- writing -----------------------------------------------------------------------------------------------

    def write(self, now: int) -> Written:
        """Write what differs from the database: new contacts, changed fields and the record of the changes."""
        named = [person for person in self._by_key.values() if person.rows]
        new = [person for person in named if person.before is None]
        known = [person for person in named if person.before is not None]
        changed = [(person, person.changed_fields()) for person in known]
        touched = [(person, fields) for person, fields in changed if fields or person.extra_changed()]
        self._update(touched)
        rows = [
            (person.key, now, draw_of(person.key), extra_text(person.extra), *map(person.values.get, self._columns))
            for person in new
        ]
        add_contacts(self._connection, self._tables, self._contact, rows)
        moved = [person.contact_id for person, fields in touched if "email" in fields and person.contact_id is not None]
        if moved:
            found_by.name(self._connection, self._tables, (), moved, by_email=self._has_email)
        self._record_changes(touched, now)
        read = sum(person.rows for person in named)
        return Written(len(new), len(touched), read - len(new) - len(touched))

    def _update(self, touched: list[tuple[Person, tuple[str, ...]]]) -> None:
        table = self._tables.contact
        zones = {field.name for field in self._contact.fields if field.type.kind == "timezone"}
        named = (person.values[name] for person, fields in touched for name in zones.intersection(fields))
        ensure(self._connection, self._tables, named)
        moved = [
            person.contact_id
            for person, fields in touched
            if self._has_email and "email" in fields and person.contact_id is not None
        ]
        if moved:  # two contacts may have changed addresses with each other: let go of both before giving
            found_by.let_go(self._connection, self._tables, moved)
            self._connection.execute(
                update(table).where(self._among(table.c.contact_id, moved)).values({self._columns["email"]: None})
            )
        by_fields: dict[tuple[str, ...], list[Person]] = {}
        for person, fields in touched:
            by_fields.setdefault(fields, []).append(person)
        for fields, people in by_fields.items():
            new_values: dict[str, object] = {self._columns[name].name: bindparam(f"new_{name}") for name in fields}
            statement = update(table).where(table.c.contact_id == bindparam("id_"))
            rows: list[dict[str, object]] = [
                {"id_": person.contact_id, "extra_": extra_text(person.extra)}
                | {f"new_{name}": person.values[name] for name in fields}
                for person in people
            ]
            self._connection.execute(statement.values({**new_values, "extra": bindparam("extra_")}), rows)

    def _record_changes(self, touched: list[tuple[Person, tuple[str, ...]]], now: int) -> None:
        changes = [
            {"contact_id": person.contact_id, "field": name, "at": now, "old": stored_text(person.value_before(name))}
            for person, fields in touched
            for name in fields
        ]
        if changes:
            self._connection.execute(insert(self._tables.change), changes)


def read_extra(others: Mapping[str, object], known: Mapping[str, object]) -> dict[str, object]:
    """The undeclared values of a contact after this row, where `known` are those before it. Raises BadCell."""
    extra = dict(known)
    for column, value in others.items():
        if not is_missing(value):
            try:
                extra[read_text(column)] = read_text(value) if isinstance(value, str) else value
            except BadValue as error:
                raise BadCell(column, str(error)) from None
    if others and len(extra_text(extra) or "") > LONGEST_EXTRA:
        raise BadCell(next(iter(others)), f"undeclared columns of one contact may hold {LONGEST_EXTRA:,} characters")
    return extra


def extra_text(extra: Mapping[str, object]) -> str | None:
    """Undeclared values as they are stored."""
    return json.dumps(extra, separators=(",", ":"), sort_keys=True) if extra else None
