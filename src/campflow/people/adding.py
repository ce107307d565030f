"""New contacts, written together."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from campflow.model.constants import Stored
from campflow.model.people import Contact
from campflow.storage import bulk, found_by
from campflow.storage.tables import Tables, contact_column
from campflow.storage.zones import ensure_zones

#: Columns of a new contact; its declared fields follow in their order.
_FIRST = ("contact_key", "created_at", "draw", "extra")

#: Values in the order of `_FIRST` and of the declared fields.
NewContact = tuple[Stored, ...]


def add_contacts(connection: Connection, tables: Tables, contact: Contact, rows: Sequence[NewContact]) -> None:
    """Insert contacts. One whose key or address somebody has fails all of them with an IntegrityError."""
    if not rows:
        return
    zones = [len(_FIRST) + place for place, field in enumerate(contact.fields) if field.type.kind == "timezone"]
    ensure(connection, tables, (row[place] for place in zones for row in rows))
    names = [*_FIRST, *(contact_column(field.name) for field in contact.fields)]
    bulk.add(connection, tables.contact, names, rows)
    by_email = any(field.name == "email" and field.type.kind == "email" for field in contact.fields)
    found_by.name(connection, tables, (str(row[0]) for row in rows), (), by_email=by_email)


def ensure(connection: Connection, tables: Tables, zones: Iterable[Stored]) -> None:
    """Have the tables of these time zones at hand; None is none."""
    names = {str(zone) for zone in zones if zone is not None}
    if names:
        ensure_zones(connection, tables, names)
