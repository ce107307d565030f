"""Whether there is anything to do: a look at a few index entries that spares idle databases the ticks."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from campflow.sql.queue import is_planned
from campflow.storage.tables import Tables

MINUTE = 60_000


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
    journey, prospect, event, message = tables.journey.c, tables.prospect.c, tables.event.c, tables.message.c
    run = tables.due_run.c
    queries = [
        *(select(journey.journey_id).where(journey.campaign_id == key, journey.alarm_at <= now) for key in campaigns),
        *(select(run.run_id).where(run.campaign_id == key, run.due_at <= now) for key in campaigns),
        *(select(prospect.contact_id).where(prospect.campaign_id == key, prospect.due_at <= now) for key in campaigns),
        select(event.seq).where(event.early, event.at > since, event.at <= now),
        select(message.message_id).where(is_planned(tables.message), message.release_at <= now),
    ]
    return any(connection.execute(query.limit(1)).first() is not None for query in queries)
