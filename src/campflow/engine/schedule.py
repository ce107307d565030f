"""The moments of `enter every …` and `enter at …` in each zone in use."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from campflow.model.calendar import DAY, first_day, length, month_of, to_instant, to_local
from campflow.model.flow import Every, OnDate
from campflow.planning.plan import BySchedule, CampaignPlan
from campflow.storage.tables import Tables


def occurrences(
    connection: Connection, tables: Tables, plan: CampaignPlan, after: int, until: int
) -> Iterator[dict[str, Any]]:
    """Rows for the workspace's `occurrence`: later than `after`, not later than `until`."""
    zones = _zones(connection, tables, plan)
    for entry in plan.entries:
        if isinstance(entry.way, BySchedule):
            for zone in zones:
                for at in moments(entry.way.schedule, zone, after, until):
                    yield {"position": entry.statement.order, "zone": zone, "at": at}


def _zones(connection: Connection, tables: Tables, plan: CampaignPlan) -> list[str]:
    if not plan.zone.of_contact:
        return [plan.zone.name]
    return list(connection.scalars(select(tables.zone_offset.c.zone).distinct()))


def moments(schedule: Every | OnDate, zone: str, after: int, until: int) -> Iterator[int]:
    """The instants of the schedule in a zone, later than `after`, not later than `until`."""
    if until <= after:
        return
    if isinstance(schedule, OnDate):
        local = schedule.moment.replace(tzinfo=dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        once = to_instant(zone, local // dt.timedelta(milliseconds=1))
        if after < once <= until:
            yield once
        return
    time = schedule.time
    of_day = ((time.hour * 60 + time.minute) * 60 + time.second) * 1000
    for day in range(to_local(zone, after) // DAY - 1, to_local(zone, until) // DAY + 2):
        if _is_on(schedule, day):
            at = to_instant(zone, day * DAY + of_day)
            if after < at <= until:
                yield at


def _is_on(schedule: Every, day: int) -> bool:
    if schedule.weekday is not None:
        return (day + 3) % 7 == schedule.weekday
    if schedule.day_of_month is not None:
        month = month_of(day)
        return day - first_day(month) + 1 == min(schedule.day_of_month, length(month))
    return True
