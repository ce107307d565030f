"""Forms that people filled in on landing pages, and visits: into contacts, the ledger of consent, and events.

Who is known by a personal link, or has answered a mail to their address, may change what we hold about them. Anybody
else has only typed an address, and may not even be told whether it is known: somebody new becomes a contact, and of
somebody known it is noted that the form was sent, and nothing else changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from campflow.content.page_tokens import Visitor
from campflow.content.values import instant
from campflow.engine.letters import Stationery
from campflow.hooks.contracts import ContactEvent
from campflow.people.consent import ConsentLine, write_consent
from campflow.people.contacts import ContactBatch, Identity, email_field
from campflow.people.event_reading import EventReader
from campflow.people.fields import read_field
from campflow.people.happenings import write_events
from campflow.people.values import Conventions
from campflow.people.wording import BadCell
from campflow.storage.database import Database
from campflow.storage.tables import Tables, contact_column
from campflow.storage.writers import TELLER

#: Who tells of visits and submissions, in the events.
SOURCE = "page"

#: Milliseconds within which coming again is the same visit.
_ONE_VISIT = 30 * 60_000


@dataclass(frozen=True, slots=True)
class Agreed:
    """What somebody ticked: the purpose, and the words beside the box."""

    purpose: str
    wording: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that was filled in, its values checked.

    cells     what was said, by field, as it was written
    visit     names this one form: sent twice it counts once
    version   of the text that was read
    visitor   whom a personal link names; None: anybody
    proof     what shows that it was really them, where something does
    """

    page: str
    cells: Mapping[str, object]
    visit: str
    version: str
    variant: str | None = None
    agreed: Agreed | None = None
    visitor: Visitor | None = None
    proof: str | None = None

    @property
    def source(self) -> str:
        """Where consent was given, as the ledger has it."""
        return f"page {self.page}, text {self.version}"


@dataclass(frozen=True, slots=True)
class Known:
    """A contact as a page may see them: `row` holds the columns by the names that `Stationery.person` reads."""

    contact_id: int
    draw: int
    email: str | None
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Intake:
    """Where forms go. `addresses` are the contact fields that channels write to."""

    database: Database
    stationery: Stationery
    addresses: Mapping[str, str | None]

    @property
    def conventions(self) -> Conventions:
        return Conventions(self.stationery.currency, self.stationery.zone.key)

    def known(self, visitor: Visitor) -> Known | None:
        """Whom a link names, as they are now; None where they are no longer there."""
        c = self.database.tables.contact.c
        names = [field.name for field in self.stationery.contact.fields]
        columns = [c[contact_column(name)].label(f"contact.{name}") for name in names]
        query = select(c.contact_id, c.draw, *columns).where(c.contact_id == visitor.contact_id)
        with self.database.reader() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        values = self.stationery.person(row)
        email = values.get("email") if email_field(self.stationery.contact) else None
        return Known(row["contact_id"], row["draw"], str(email) if email else None, values)

    def visited(self, visitor: Visitor, variant: str | None, now: int) -> bool:
        """Note that somebody known came to a page; whether that was a new visit."""
        with self.database.transaction(TELLER) as connection:
            key = _key_of(connection, self.database.tables, visitor.contact_id)
            if key is None:
                return False
            id = f"{visitor.page}:{visitor.message_id}:{now // _ONE_VISIT}"
            return self._tell(connection, "visited", (visitor.contact_id, key), visitor, id, variant, now)

    def take(self, submission: Submission, now: int) -> str:
        """Record it: "created" for somebody new, "changed" for somebody known who showed it, "noted" for who did not,
        "known" for what was sent before. Raises BadCell for a value that the database cannot take after all."""
        with self.database.transaction(TELLER) as connection:
            return self.take_in(connection, submission, now)

    def take_in(self, connection: Connection, submission: Submission, now: int) -> str:
        """The same within a transaction of a TELLER."""
        t = self.database.tables
        found, what = self._whom(connection, submission)
        if found is None or what == "changed":
            found = self._write(connection, submission, found, now)
        page = submission.page
        who = submission.visitor or Visitor(found[0], 0, page, now)
        id = f"{page}:{submission.visit}"
        if not self._tell(connection, "submitted", found, who, id, submission.variant, now):
            return "known"
        if submission.agreed is not None and what != "noted":
            said = submission.agreed
            proof = submission.proof or f"form {submission.visit}"
            line = ConsentLine("", said.purpose, True, said.wording, submission.source, proof)
            write_consent(connection, t, found[0], line, now)
        return what

    def _whom(self, connection: Connection, submission: Submission) -> tuple[tuple[int, str] | None, str]:
        """The contact by id and key, None for somebody new; and what may be done about them."""
        t = self.database.tables
        if submission.visitor is not None:
            key = _key_of(connection, t, submission.visitor.contact_id)
            if key is not None:
                return (submission.visitor.contact_id, key), "changed"
        field = email_field(self.stationery.contact)
        if field is None or "email" not in submission.cells:
            return None, "created"
        email = read_field(field, submission.cells["email"], self.conventions)
        c = t.contact.c
        row = connection.execute(select(c.contact_id, c.contact_key).where(c[contact_column("email")] == email)).first()
        if row is None:
            return None, "created"
        return (row.contact_id, row.contact_key), "changed" if submission.proof else "noted"

    def _write(
        self, connection: Connection, submission: Submission, found: tuple[int, str] | None, now: int
    ) -> tuple[int, str]:
        """Make the contact, or change its fields."""
        contact, cells = self.stationery.contact, dict(submission.cells)
        field = email_field(contact)
        email = str(read_field(field, cells["email"], self.conventions)) if field and "email" in cells else None
        new_key = f"form:{submission.visit}"
        attempts = [Identity(found[1], email), Identity(found[1], None)] if found else [Identity(new_key, email)]
        if not found and email is not None:
            # As an import would call them, where nobody is called so.
            attempts.insert(0, Identity(None, email))
        for who in attempts:
            if who.email is None:
                cells.pop("email", None)
            people = ContactBatch(connection, self.database.tables, contact, self.conventions)
            people.load([who])
            try:
                people.apply(who, cells, {})
            except BadCell as error:
                # The address is the key of somebody else, or somebody else's address: go on without it.
                if error.column != "email" or who == attempts[-1]:
                    raise
                continue
            people.write(now)
            break
        if found:
            return found
        c = self.database.tables.contact.c
        keys = [each for each in (email, new_key) if each is not None]
        row = connection.execute(
            select(c.contact_id, c.contact_key).where(c.contact_key.in_(keys)).order_by(c.contact_id.desc()).limit(1)
        ).one()
        return row.contact_id, row.contact_key

    def _tell(
        self,
        connection: Connection,
        name: str,
        contact: tuple[int, str],
        visitor: Visitor,
        id: str,
        variant: str | None,
        now: int,
    ) -> bool:
        """Write the event; False where it is there already."""
        reader = EventReader(self.stationery.contact, tuple(self.stationery.events), self.conventions)
        happening = reader.read_reported(
            ContactEvent(
                contact=contact[1],
                name=name,
                at=instant(self._moment(connection, contact[0], now)),
                source=SOURCE,
                id=id,
                about=visitor.page,
                fields={"variant": variant},
                message_id=visitor.message_id or None,
            )
        )
        happening.contact_id = contact[0]
        return bool(write_events(connection, self.database, [happening], self.addresses, now))

    def _moment(self, connection: Connection, contact_id: int, now: int) -> int:
        """`now`; a millisecond later where a click of that moment still waits to be judged.

        It led here, so it happened before. But it becomes an event after ours, and of two events of one moment the one
        learned of first is the earlier.
        """
        h = self.database.tables.hit.c
        held = select(h.hit_id).where(h.contact_id == contact_id, h.at == now, h.judged_at.is_(None)).limit(1)
        return now if connection.execute(held).first() is None else now + 1


def _key_of(connection: Connection, tables: Tables, contact_id: int) -> str | None:
    c = tables.contact.c
    return connection.scalar(select(c.contact_key).where(c.contact_id == contact_id))
