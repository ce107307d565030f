"""The people of a test: they come into an empty database, change, and do things."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from campflow.model.constants import Stored, list_text, stored, stored_text
from campflow.model.flow import Flow
from campflow.model.people import ConstantValue, Field
from campflow.model.tests import Given, SomebodyDid, SomebodyIs
from campflow.model.times import shown
from campflow.people.consent import LISTENED, follow_events
from campflow.storage.database import Database
from campflow.storage.tables import contact_column, event_column
from campflow.storage.zones import ensure_zones

#: Who tells the events of a test.
SOURCE = "test"


class ImpossibleStep(Exception):
    """A step of a test that cannot be taken; what comes after it would mean nothing."""


@dataclass(slots=True)
class Cast:
    """`zone` is that of the test's times, `addresses` are the contact fields that channels write to."""

    database: Database
    flow: Flow
    zone: str
    addresses: Mapping[str, str | None]
    ids: dict[str, int] = field(default_factory=dict)
    _told: int = 0

    def appear(self, step: SomebodyIs, now: int) -> None:
        """A new contact. A field that is not given has its default, else it is missing."""
        values = _values(self.flow.contact.fields, step.fields, self.zone)
        row = {contact_column(name): value for name, value in values.items()}
        with self._writing(values) as connection:
            new = insert(self.database.tables.contact).values({"contact_key": step.contact, "created_at": now, **row})
            key = connection.execute(new).inserted_primary_key
        self.ids[step.contact] = int(key[0]) if key else 0

    def change(self, step: SomebodyIs, now: int) -> None:
        """Give a contact other values, as an import would."""
        given = {each.name for each in step.fields}
        fields = [each for each in self.flow.contact.fields if each.name in given]
        values = _values(fields, step.fields, self.zone)
        tables, who = self.database.tables, self.ids[step.contact]
        mine = tables.contact.c.contact_id == who
        with self._writing(values) as connection:
            before = connection.execute(select(tables.contact).where(mine)).mappings().one()
            new = {name: value for name, value in values.items() if before[contact_column(name)] != value}
            if new:
                row = {contact_column(name): value for name, value in new.items()}
                connection.execute(update(tables.contact).where(mine).values(row))
                changes = [
                    {"contact_id": who, "field": name, "at": now, "old": stored_text(before[contact_column(name)])}
                    for name in new
                ]
                connection.execute(insert(tables.change), changes)

    def do(self, step: SomebodyDid, now: int) -> None:
        """An event of now. A reaction to a message belongs to the last such message that the contact was sent."""
        declared = self.flow.event(step.event)
        assert declared is not None  # noqa: S101 -- the checker has seen to it
        message = self._reacted_to(step) if declared.about == "message" and step.about else None
        values = _values(declared.fields, step.fields, self.zone)
        row = {
            "contact_id": self.ids[step.contact], "about": step.about, "at": now, "source": SOURCE, "early": False,
            "message_id": message, "name": step.event,
            **{event_column(declared.name, name): value for name, value in values.items()},
        }  # fmt: skip
        self._told += 1
        with self.database.transaction() as connection:
            event = insert(self.database.tables.event).values({**row, "event_id": str(self._told)})
            seq = connection.execute(event.returning(self.database.tables.event.c.seq)).scalar_one()
            if step.event in LISTENED:
                follow_events(connection, self.database.tables, self.addresses, int(seq) - 1)

    @contextmanager
    def _writing(self, values: Mapping[str, Stored]) -> Iterator[Connection]:
        """A transaction for these fields of a contact. Raises ImpossibleStep where someone else has the address."""
        of_zone = [each.name for each in self.flow.contact.fields if each.type.kind == "timezone"]
        zones = {str(values[name]) for name in of_zone if values.get(name) is not None}
        try:
            with self.database.transaction() as connection:
                if zones:
                    ensure_zones(connection, self.database.tables, zones)
                yield connection
        except IntegrityError:
            raise ImpossibleStep("another contact has this e-mail address, and two cannot share one") from None

    def _reacted_to(self, step: SomebodyDid) -> int:
        """The message's id. Raises ImpossibleStep where the contact has not got it."""
        m, s = self.database.tables.message, self.database.tables.send
        mine = (
            select(m.c.message_id, m.c.channel, m.c.state, m.c.planned_at, m.c.detail)
            .join(s, s.c.send_id == m.c.send_id)
            .where(m.c.contact_id == self.ids[step.contact], s.c.message == step.about)
            .order_by(m.c.planned_at.desc(), m.c.message_id.desc())
        )
        with self.database.reader() as connection:
            rows = connection.execute(mine).all()
        for row in rows:
            if row.state == "accepted":
                return int(row.message_id)
        never = f"`{step.about}` was not sent to {step.contact} before, so there is nothing that could be {step.event}"
        if not rows:
            raise ImpossibleStep(never)
        _, channel, state, planned_at, detail = rows[0]
        reason = f" ({detail})" if detail else ""
        raise ImpossibleStep(f"{never}: the {channel} of {shown(planned_at, self.zone)} is {state}{reason}")


def _values(fields: Iterable[Field], given: Iterable[Given], zone: str) -> dict[str, Stored]:
    """A value for each field, as the database has it."""
    said = {each.name: each.value for each in given}
    return {each.name: _stored(each, said.get(each.name, each.default), zone) for each in fields}


def _stored(field: Field, value: ConstantValue | None, zone: str) -> Stored:
    element = field.type.element
    if element is None:
        return stored(value, field.type, zone)
    if not isinstance(value, tuple):
        return None if field.optional else list_text([])
    return list_text([stored(each, element, zone) for each in value])
