"""Runs of journeys: who came to a stage together and waits there for the same moment is found by one row for all.

A run that is due is worked through from its first journey to its last, a part of it in each transaction.
"""

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, Select, bindparam, delete, select, update

from campflow.sql.dialects import Compared
from campflow.storage.tables import Tables


@dataclass(frozen=True, slots=True)
class Part:
    """Of a run of journeys that came to a stage together: those that are looked at in one transaction."""

    run_id: int
    stage_id: int
    first: int
    last: int

    @property
    def span(self) -> int:
        return self.last - self.first + 1


def next_part(connection: Connection, tables: Tables, campaign_id: int, now: int, most: int) -> Part | None:
    """The first journeys, `most` at the most, of the campaign's run that is due first."""
    run = connection.execute(_first_due(tables), {"campaign": campaign_id, "now": now}).first()
    if run is None:
        return None
    last = min(run.first_journey_id + most - 1, run.last_journey_id)
    return Part(run.run_id, run.stage_id, run.first_journey_id, last)


@lru_cache(maxsize=8)
def _first_due(tables: Tables) -> Select[int, int, int, int]:
    r = tables.due_run.c
    due = select(r.run_id, r.stage_id, r.first_journey_id, r.last_journey_id)
    due = due.where(r.campaign_id == bindparam("campaign"), r.due_at <= bindparam("now"))
    return due.order_by(r.due_at, r.run_id).limit(1)


def leave(connection: Connection, tables: Tables, campaign_id: int, part: Part, found: int, now: int) -> None:
    """The run begins after this part, of which `found` were looked at.

    Who is due there all the same, as no text governs them, gets an alarm.
    """
    j, r = tables.journey, tables.due_run
    if found < part.span:
        here = (j.c.journey_id.between(part.first, part.last), Compared(j.c.campaign_id) == campaign_id)
        left = (*here, j.c.due_at <= now, j.c.alarm_at.is_(None))
        connection.execute(update(j).where(*left).values(alarm_at=j.c.due_at))
    mine = r.c.run_id == part.run_id
    connection.execute(delete(r).where(mine, r.c.last_journey_id <= part.last))
    connection.execute(update(r).where(mine).values(first_journey_id=part.last + 1))
