"""What the project's own database says of how its people behave, and who they are. Reads, and changes nothing."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from sqlalchemy import Column, Connection, Table, func, inspect, select

from campflow.engine.behaviour import MONTH, REACTIONS, Habits
from campflow.engine.made_up import email, phone
from campflow.errors import CampflowError
from campflow.model.constants import Stored
from campflow.model.people import Contact, Event
from campflow.storage.database import Database
from campflow.storage.tables import Tables, contact_column, event_column

#: With fewer messages or events than these, a rate would be luck.
ENOUGH_MESSAGES, ENOUGH_EVENTS = 100, 20

#: How many events of a name are kept as examples of what such an event says.
EXAMPLES = 1_000


def observed(database: Database, events: Sequence[Event]) -> Habits:
    """The rates so far; nothing where there is too little to go by. The tables may be those of an older text."""
    declared = [each for each in events if each.about is None]
    with database.reader() as connection:
        known = set(inspect(connection).get_table_names())
        if not known >= {"contact", "event", "message", "send"}:
            return Habits()
        return Habits(
            reactions=_reactions(connection, database.tables),
            events=_frequencies(connection, database.tables, [each.name for each in declared]),
            examples={each.name: rows for each in declared if (rows := _examples(connection, database.tables, each))},
        )


def sample(database: Database, contact: Contact, count: int, chance: Random) -> list[dict[str, Stored]]:
    """The fields of so many contacts, drawn at random; some come again where there are fewer.

    E-mail addresses and phone numbers are replaced. Raises CampflowError where there is nobody.
    """
    with database.reader() as connection:
        table = database.tables.contact
        there = _there(connection, table)
        fields = {each: table.c[column] for each in contact.fields if (column := contact_column(each.name)) in there}
        ids = connection.scalars(select(table.c.contact_id).order_by(table.c.contact_id)).all() if there else []
        if not ids:
            raise CampflowError("there is nobody in the project's database to take a sample of: leave --sample out")
        chosen = chance.sample(ids, count) if count <= len(ids) else [*ids, *chance.choices(ids, k=count - len(ids))]
        query = select(table.c.contact_id, *fields.values()).where(database.dialect.among(table.c.contact_id, chosen))
        rows = {row[0]: row[1:] for row in connection.execute(query)}
    named = [each.name for each in fields]
    found = [dict(zip(named, rows[key], strict=True)) for key in chosen]
    for number, person in enumerate(found, start=1):
        for each in fields:
            if person[each.name] is not None and each.type.kind in ("email", "phone"):
                person[each.name] = email(number) if each.type.kind == "email" else phone(number)
    return found


def _there(connection: Connection, table: Table) -> set[str]:
    """The columns that the database has; empty where the table is not there."""
    inspector = inspect(connection)
    return {each["name"] for each in inspector.get_columns(table.name)} if inspector.has_table(table.name) else set()


# --- rates ------------------------------------------------------------------------------------------------------


def _reactions(connection: Connection, tables: Tables) -> dict[tuple[str | None, str], float]:
    """By message, and over all messages; a reaction that nobody ever told of is not known to be rare."""
    m, s, e = tables.message.c, tables.send.c, tables.event.c
    counted = select(s.message, func.count()).join(tables.message, m.send_id == s.send_id)
    accepted: dict[str, int] = dict(connection.execute(counted.where(m.state == "accepted").group_by(s.message)).all())
    # Once a message, however often it is opened; where nobody said which message, once a person.
    one = func.coalesce(e.message_id, -e.contact_id)
    told = select(e.name, e.about, func.count(one.distinct())).where(e.name.in_(list(REACTIONS)))
    found: dict[tuple[str, str], float] = {}
    everywhere: dict[str, int] = {}
    for name, about, count in connection.execute(told.group_by(e.name, e.about)):
        if about in accepted:
            everywhere[name] = everywhere.get(name, 0) + count
            found[about, name] = min(1.0, count / accepted[about])
    found = {(about, name): found.get((about, name), 0.0) for about in accepted for name in everywhere}
    rates: dict[tuple[str | None, str], float] = {
        (about, name): share for (about, name), share in found.items() if accepted[about] >= ENOUGH_MESSAGES
    }
    total = sum(accepted.values())
    if total >= ENOUGH_MESSAGES:
        rates |= {(None, name): min(1.0, count / total) for name, count in everywhere.items()}
    return rates


def _frequencies(connection: Connection, tables: Tables, names: Sequence[str]) -> dict[str, float | None]:
    """Times per contact and 30 days, over the time from the first such event to the last."""
    e = tables.event.c
    people = connection.scalar(select(func.count()).select_from(tables.contact)) or 0
    counted = select(e.name, func.count(), func.min(e.at), func.max(e.at)).where(e.name.in_(names)).group_by(e.name)
    return {
        name: count / people / (max(last - first, MONTH) / MONTH)
        for name, count, first, last in connection.execute(counted)
        if count >= ENOUGH_EVENTS
    }


def _examples(connection: Connection, tables: Tables, event: Event) -> list[Mapping[str, Stored]]:
    """What the last events of this name said, by field; none where the database does not know all its fields yet."""
    columns: dict[str, Column[Any]] = {}
    there = _there(connection, tables.event)
    for field in event.fields:
        name = event_column(event.name, field.name)
        if name not in there:
            return []
        columns[field.name] = tables.event.c[name]
    if not columns:
        return []
    e = tables.event.c
    last = select(*columns.values()).where(e.name == event.name).order_by(e.seq.desc()).limit(EXAMPLES)
    return [dict(zip(columns, row, strict=True)) for row in connection.execute(last).all()]
