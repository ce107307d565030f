"""How far a campaign has looked, how far it may look now, and whether time has brought anything since.

Events, changes and contacts are looked at in the order of their numbers: `looked_event`, `looked_change` and
`looked_contact` of the table `campaign` are the last ones. `looked_at` is the moment up to which time was.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, func, select, update

from campflow.storage.tables import Tables

#: Milliseconds by which the clocks of two machines differ at most, as long as both go.
AHEAD = 3_600_000

#: Milliseconds. Schedules count in minutes, so a look a minute meets them all.
MINUTE = 60_000


class Due(NamedTuple):
    """Whether there is somebody or something whose time has come."""

    journeys: bool
    runs: bool
    prospects: bool
    #: Events that were known before they happened.
    events: bool


def so_far(connection: Connection, tables: Tables, campaign_id: int) -> dict[str, int]:
    """How far a campaign has looked, and the version that it looked by."""
    return dict(connection.execute(_looked(tables), {"campaign": campaign_id}).mappings().one())


def ends(connection: Connection, tables: Tables, looked: Mapping[str, int], now: int) -> dict[str, int]:
    """How far a campaign that has `looked` so far may look now.

    Not beyond a change that a clock ahead of this one has dated: it counts when its time has come. One that lies AHEAD
    and more was dated by a clock that was wrong, and is waited for by nobody.
    """
    row = connection.execute(_last_of_each(tables), {"now": now}).mappings().one()
    found = {name: last or 0 for name, last in row.items()}
    if looked["looked_change"] < found["looked_change"]:
        ch = tables.change.c
        later = select(func.min(ch.seq)).where(ch.seq > looked["looked_change"], ch.at > now, ch.at <= now + AHEAD)
        first = connection.scalar(later)
        if first is not None:
            found["looked_change"] = min(found["looked_change"], first - 1)
    return found


def due(connection: Connection, tables: Tables, campaign_id: int, looked_at: int, now: int) -> Due:
    """What time has brought a campaign that has looked up to `looked_at`."""
    asked = {"campaign": campaign_id, "now": now, "looked_at": looked_at}
    return Due(*connection.execute(_due_by_time(tables), asked).one())


def is_behind(connection: Connection, tables: Tables, campaign_id: int, now: int) -> bool:
    """Whether a tick at `now` would find something that a campaign has not looked at. A look at index entries."""
    looked = so_far(connection, tables, campaign_id)
    if looked["looked_at"] // MINUTE < now // MINUTE:  # schedules and midnights
        return True
    if any(looked[name] < last for name, last in ends(connection, tables, looked, now).items()):
        return True
    return any(due(connection, tables, campaign_id, looked["looked_at"], now))


def told(connection: Connection, tables: Tables, now: int) -> tuple[int, int]:
    """How much campaigns could have told each other: the last event and the last change of a field."""
    row = connection.execute(_last_of_each(tables), {"now": now}).one()
    return row.looked_event or 0, row.looked_change or 0


def write_down(connection: Connection, tables: Tables, campaign_id: int, values: Mapping[str, int]) -> None:
    """A campaign has looked as far as these `values` of its row say; one that looked farther already stays there."""
    c = tables.campaign
    mine = update(c).where(c.c.campaign_id == campaign_id)
    connection.execute(mine.where(*(c.c[name] < value for name, value in values.items())).values(values))


# --- events that lie ahead ----------------------------------------------------------------------------------------


def leave_for_later(
    connection: Connection, tables: Tables, campaign_id: int, from_seq: int, to_seq: int, now: int
) -> None:
    """Events after `from_seq` up to `to_seq` that lie ahead are looked at when their time has come, by this clock and
    no other.

    Whether they did when they were recorded was for the recorder's clock to say. And who has looked farther ahead
    than now had not seen them: it looks again from now on.
    """
    e, c = tables.event, tables.campaign
    ahead = (e.c.seq > from_seq, e.c.seq <= to_seq, e.c.at > now)
    connection.execute(update(e).where(*ahead, ~e.c.early).values(early=True))
    passed = exists().where(*ahead, e.c.at <= c.c.looked_at)
    again = update(c).where(c.c.campaign_id == campaign_id, c.c.looked_at > now, passed)
    connection.execute(again.values(looked_at=now))


def stop_at(connection: Connection, tables: Tables, midnight: int) -> None:
    """What is known and happened later than this midnight is seen when the look goes on from there."""
    c, e = tables.campaign.c, tables.event
    seen = select(func.coalesce(func.min(c.looked_event), 0)).scalar_subquery()
    connection.execute(update(e).where(e.c.seq > seen, e.c.at > midnight, ~e.c.early).values(early=True))


# --- statements, built once: an idle tick is little more than these -------------------------------------------------


@lru_cache(maxsize=8)
def _looked(tables: Tables) -> Select[Any]:
    c = tables.campaign.c
    names = ("looked_at", "looked_event", "looked_change", "looked_contact", "version_id")
    return select(*(c[name] for name in names)).where(c.campaign_id == bindparam("campaign"))


@lru_cache(maxsize=8)
def _last_of_each(tables: Tables) -> Select[Any]:
    """Events later than now are kept apart by `early`; changes and contacts later than now are left for then."""
    now: Any = bindparam("now")
    event, change, contact = tables.event.c, tables.change.c, tables.contact.c

    def until(number: ColumnElement[int], at: ColumnElement[int]) -> ColumnElement[int]:
        last = select(number).where(at <= now).order_by(number.desc()).limit(1)
        return last.scalar_subquery()

    return select(
        select(func.max(event.seq)).scalar_subquery().label("looked_event"),
        until(change.seq, change.at).label("looked_change"),
        until(contact.contact_id, contact.created_at).label("looked_contact"),
    )


@lru_cache(maxsize=8)
def _due_by_time(tables: Tables) -> Select[bool, bool, bool, bool]:
    journey, run, prospect, event = tables.journey.c, tables.due_run.c, tables.prospect.c, tables.event.c
    mine: Any = bindparam("campaign")
    now: Any = bindparam("now")
    return select(
        exists().where(journey.campaign_id == mine, journey.alarm_at <= now),
        exists().where(run.campaign_id == mine, run.due_at <= now),
        exists().where(prospect.campaign_id == mine, prospect.due_at <= now),
        exists().where(event.early, event.at > bindparam("looked_at"), event.at <= now),
    )
