"""Events that plugins report: read by column, and recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campflow.hooks.contracts import ContactEvent
from campflow.model.people import Contact, Event
from campflow.people.cells import mark_missing, read_names, said
from campflow.people.costs import FREE, Prices
from campflow.people.cycles import without_looking_for_cycles
from campflow.people.event_columns import Told
from campflow.people.event_reading import EventReader
from campflow.people.happenings import Happening, find_contacts, proven_by, unknown_contact, write_events
from campflow.people.reactions import believe_again
from campflow.people.values import Conventions
from campflow.people.wording import BadCell
from campflow.storage.database import Database
from campflow.storage.writers import TELLER


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
    addresses: Mapping[str, str | None],
    prices: Prices = FREE,
) -> Recorded:
    """Record what plugins report, all of it in one transaction. A bad event is refused, the rest is kept.

    `events` are the declared ones; `now` is the present instant in milliseconds; `addresses` are the contact fields
    that channels write to, `prices` what a message costs that is proven by them to have gone out. What
    bounces, complains or unsubscribes has its line in the ledger when this returns.
    """
    with without_looking_for_cycles():
        return _record(
            database, contact, EventReader(contact, events, Conventions(currency, zone)), batch, addresses, now, prices
        )


def _record(
    database: Database,
    contact: Contact,
    reader: EventReader,
    batch: Sequence[ContactEvent],
    addresses: Mapping[str, str | None],
    now: int,
    prices: Prices,
) -> Recorded:
    refused: list[Refusal] = []
    read = _read(reader, batch, refused)
    right = [happening for happening in read if happening is not None]
    with database.transaction(TELLER) as connection:
        find_contacts(connection, database.tables, contact, right)
        found = [happening for happening in right if happening.contact_id is not None]
        added = write_events(connection, database, found, addresses, now, prices)
    if proven := proven_by(found):
        believe_again(database, proven, now, prices)
    if len(found) < len(right):
        refused += [
            Refusal(event, unknown_contact(happening))
            for event, happening in zip(batch, read, strict=True)
            if happening is not None and happening.contact_id is None
        ]
    return Recorded(added, len(found) - added, tuple(refused))


#: Events with their place in what was reported.
_Places = list[tuple[int, ContactEvent]]


def _read(reader: EventReader, batch: Sequence[ContactEvent], refused: list[Refusal]) -> list[Happening | None]:
    """What each of them says, None for those that are refused."""
    read: list[Happening | None] = [None] * len(batch)
    groups: dict[tuple[str, tuple[str, ...]], _Places] = {}
    for place, event in enumerate(batch):
        groups.setdefault((event.name, tuple(event.fields)), []).append((place, event))
    for (name, fields), group in groups.items():
        odd: set[int] = set()
        if name in reader.events:
            told = _told([event for _, event in group], fields, odd)
            found = reader.at_once(reader.events[name]).read(told, odd)
            for (place, _), happening in zip(group, found, strict=True):
                read[place] = happening
        else:
            odd.update(range(len(group)))
        for place, event in (group[number] for number in sorted(odd)):
            try:
                read[place] = reader.read_reported(event)
            except BadCell as error:
                read[place] = None
                refused.append(Refusal(event, str(error)))
    return read


def _told(events: Sequence[ContactEvent], fields: tuple[str, ...], odd: set[int]) -> Told:
    """The cells of events of one name with the same fields."""
    ids = said([event.id for event in events])
    sources = read_names(said([event.source for event in events]), "source", odd)
    for needed in (ids, sources):
        mark_missing(needed, odd)
    return Told(
        contacts=said([event.contact for event in events]),
        by_email=False,
        ats=[event.at for event in events],
        ids=ids,
        abouts=[event.about for event in events],
        sources=sources,  # type: ignore[arg-type]  # those without are odd
        messages=[event.message_id for event in events],
        fields={name: said([event.fields[name] for event in events]) for name in fields},
    )
