"""Whether there is anything to do: a look at a few index entries that spares idle databases the ticks."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from campflow.engine.looks import MINUTE, due
from campflow.sql.queue import is_planned
from campflow.storage.tables import Tables


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a tick had before it when it began. Schedules count in minutes, so a tick a minute meets them all."""

    event: int
    change: int
    contact: int
    minute: int


def pulse(connection: Connection, tables: Tables, now: int) -> Pulse:
    last = (tables.event.c.seq, tables.change.c.seq, tables.contact.c.contact_id)
    event, change, contact = (connection.scalar(select(func.max(column))) or 0 for column in last)
    return Pulse(event, change, contact, now // MINUTE)


def is_due(connection: Connection, tables: Tables, campaigns: Collection[int], since: int, now: int) -> bool:
    """Whether time alone has brought something between the look at `since` and `now`."""
    if any(any(due(connection, tables, campaign_id, since, now)) for campaign_id in campaigns):
        return True
    message = tables.message
    waits = select(message.c.message_id).where(is_planned(message), message.c.release_at <= now)
    return connection.execute(waits.limit(1)).first() is not None
