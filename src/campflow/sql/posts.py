"""Posts: messages of the campaign itself, made once however many people come to where they are sent.

The earliest move to the stage says when. Moves are not made in the order of time where a daemon looks late: a move that
turns out to be earlier brings a post forward that was planned already, so that the rows are the same however often the
daemon looks. A post that is being made, or was, only learns when it was due.
"""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Executable, FromClause, Integer, Text, case, func, literal, null, or_, select

from campflow.model.flow import Every, Send, SendTime
from campflow.planning.plan import BySchedule, StagePlan
from campflow.sql.calendar import DAY, LocalTime, day_of, time_of_day
from campflow.sql.conditions import Column
from campflow.sql.dialects import leading
from campflow.sql.rows import CAMPAIGN, NOW, Rows, is_gated, of_journey, send_id, stage_id
from campflow.sql.subqueries import one, some
from campflow.storage.tables import NOBODY

#: What an `enter` that comes again by the calendar looks like, as the rows of statements have it.
_RECURRING = "enter every %"


def planned_at(clock: LocalTime, time: SendTime, at: Column) -> Column:
    """When a send is due, for who came to it `at` a moment."""
    if time.delay is not None:
        return clock.add(at, time.delay)
    if time.time is not None:
        return clock.next_time(at, time.time, time.weekday, strictly=False)
    return at


def post(r: Rows, stage: StagePlan, send: Send, m: FromClause, which: Sequence[Column]) -> Executable:
    """A post for the moves `m` to the stage: one for each occurrence of the campaign that they belong to."""
    t, zone = r.tables, r.plan.zone.name
    clock = LocalTime(t, literal(zone, Text()), utc=zone in ("UTC", "Etc/UTC"))
    j, c = t.journey.alias("j"), t.contact.alias("c")
    source = leading(leading(m, j, of_journey(j, m)), c, c.c.contact_id == m.c.contact_id)
    came = select(_occurrence(r, j, c).label("occurrence"), m.c.at.label("at")).select_from(source)
    here = came.where(*which, m.c.to_stage_id == stage_id(stage)).subquery("here")
    first = select(here.c.occurrence, func.min(here.c.at).label("at")).group_by(here.c.occurrence).subquery("first")
    planned = planned_at(clock, send.time, first.c.at)
    expires = clock.add(planned, send.expires or r.plan.expires)
    gone, waits_on = expires <= NOW, or_(planned > NOW, is_gated(send.order))
    values: dict[str, Column] = {
        "contact_id": literal(NOBODY, BigInteger()),
        "campaign_id": CAMPAIGN,
        "journey_id": first.c.occurrence,
        "nth": literal(0, Integer()),
        "send_id": send_id(send.order),
        "channel": literal(send.channel, Text()),
        "planned_at": planned,
        "release_at": planned,
        "expires_at": expires,
        "state": case((gone, "expired"), (waits_on, "planned"), else_="ready"),
        "queue": case((gone, null()), (waits_on, "planned"), else_="ready"),
        "settled_at": case((gone, NOW)),
    }
    p = t.message
    query = select(*values.values()).select_from(first).where(first.c.at.is_not(None))
    put = r.insert(p).from_select(list(values), query)
    waits = p.c.state == "planned"
    earlier = {
        name: put.excluded[name] if name == "planned_at" else case((waits, put.excluded[name]), else_=p.c[name])
        for name in ("planned_at", "release_at", "expires_at", "state", "queue", "settled_at")
    }
    return put.on_conflict_do_update(
        index_elements=[p.c.contact_id, p.c.journey_id, p.c.nth, p.c.send_id],
        set_=earlier,
        where=put.excluded.planned_at < p.c.planned_at,
    )


def _occurrence(r: Rows, j: FromClause, c: FromClause) -> Column:
    """The local day on which a journey was let in by `enter every …`; 0 for all that came in otherwise."""
    e, s = r.tables.move.alias("e"), r.tables.statement.alias("s")
    entry = leading(e, s, s.c.statement_id == e.c.statement_id)
    by_calendar = some(entry, e.c.contact_id == j.c.contact_id, e.c.journey_id == j.c.journey_id, e.c.nth == 1,
                       s.c.text.like(_RECURRING))  # fmt: skip
    return case((by_calendar, _day_of_entry(r, j, c)), else_=literal(0, BigInteger()))


def _day_of_entry(r: Rows, j: FromClause, c: FromClause) -> Column:
    """Local where the contact was then: who has moved to another time zone since came in on the day of all the others.

    Where they were is what the first change since then replaced, if it was one of the schedule's times there: a late
    look lets people in by the zone that it finds.
    """
    at = j.c.entered_at
    local = r.clock(c).of_instant(at)
    times = [
        time_of_day(entry.way.schedule.time)
        for entry in r.plan.entries
        if isinstance(entry.way, BySchedule) and isinstance(entry.way.schedule, Every)
    ]
    if not r.plan.zone.of_contact or not times:
        return day_of(local)
    ch = r.tables.change.alias("ch")
    since = (ch.c.contact_id == c.c.contact_id, ch.c.field == "timezone", ch.c.at >= at)
    was = one(select(func.coalesce(ch.c.old, r.plan.zone.name)).where(*since).order_by(ch.c.at, ch.c.seq).limit(1), ch)
    then = LocalTime(r.tables, was).of_instant(at)
    return case(((then - day_of(then) * DAY).in_(times), day_of(then)), else_=day_of(local))
