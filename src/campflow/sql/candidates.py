"""The moment that an exit offers to a journey, as one scalar expression; NULL where it offers none yet.

Moments after `:now` are not offered.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sqlalchemy import BigInteger, FromClause, and_, case, false, func, literal, not_, or_, select, union_all

from campflow.model.expressions import Expression
from campflow.model.flow import After, AtTime, OnDate
from campflow.planning.moments import RFM, fields_in
from campflow.planning.plan import (
    Becoming,
    Candidate,
    Each,
    OnBecoming,
    OnClock,
    OnConversion,
    OnEvent,
    Otherwise,
    Value,
)
from campflow.sql.calendar import LocalTime
from campflow.sql.conditions import Column, Scope, after, instant, matching, named, truth
from campflow.sql.dialects import NEVER, greatest, least
from campflow.sql.rows import LOOKED_AT, NOW
from campflow.sql.subqueries import around, one
from campflow.storage.tables import Tables


@dataclass(frozen=True, slots=True)
class Offer:
    """`at` is the moment; `cause_seq` the seq of the event behind it, NULL where there is none."""

    at: Column
    cause_seq: Column | None


@dataclass(frozen=True, slots=True)
class Journey:
    """A journey's row `j` with its contact's row, and the calendar that counts for it.

    For somebody outside, `j` has only `since`: the first moment that counts.
    """

    tables: Tables
    j: FromClause
    contact: FromClause
    clock: LocalTime
    inside: bool = True

    def scope(self, at: Column) -> Scope:
        if not self.inside:
            return Scope(self.tables, self.contact, at, self.clock)
        j = self.j.c
        return Scope(self.tables, self.contact, at, self.clock, (j.entered_at, j.entered_seq), j.entry_seq)


def clock_moment(moment: After | AtTime | OnDate, since: Column, clock: LocalTime) -> Column:
    """When a way out by the clock acts for who came at `since`."""
    match moment:
        case After(duration):
            return clock.add(since, duration)
        case AtTime(time, weekday):
            return clock.next_time(since, time, weekday, strictly=True)
        case OnDate(local):
            return greatest(since, clock.moment(local))


def offer(candidate: Candidate, journey: Journey, moment: Column | None) -> Offer:
    """What the exit offers. `moment` is the column that already holds the moment of a way out by the clock."""
    match candidate:
        case OnEvent():
            return Offer(_first_event(candidate, journey, "at"), _first_event(candidate, journey, "seq"))
        case OnConversion(name):
            return Offer(_conversion(name, journey, "at"), _conversion(name, journey, "cause_seq"))
        case OnClock(_, guard):
            if moment is None:
                raise TypeError("a way out by the clock needs its moment")
            if guard is None:
                return Offer(moment, None)
            asked = and_(moment >= journey.j.c.due_at, moment <= NOW, truth(guard, journey.scope(moment)))
            return Offer(case((asked, moment)), None)
        case OnBecoming(becoming):
            return Offer(first_moment(becoming, journey), None)
        case Otherwise(conditions):
            since = journey.j.c.since
            held = [_held_at(since, each, journey) for each in conditions]
            none_held = not_(func.coalesce(or_(false(), *held), false()))
            return Offer(case((none_held, since)) if held else since, None)


def _held_at(since: Column, condition: Expression, journey: Journey) -> Column:
    """Whether it held on entry: not, where it holds by a field that has changed since."""
    held = truth(condition, replace(journey.scope(since), limit="right"))
    fields = fields_in(condition)
    return and_(_unchanged_since(since, fields, journey) == since, held) if fields else held


def _first_event(exit: OnEvent, journey: Journey, column: str) -> Column:
    e = journey.tables.event.alias()
    j = journey.j
    scope = replace(journey.scope(e.c.at), event=e)
    conditions = [*matching(exit.pattern, e, scope), after(e, j.c.since, j.c.since_seq), e.c.at <= NOW]
    if exit.guard is not None:
        conditions.append(truth(exit.guard, scope))
    if exit.asked_once:
        conditions.append(or_(e.c.seq > j.c.asked_seq, and_(e.c.early, e.c.at > LOOKED_AT)))
    return one(select(e.c[column]).where(*conditions).order_by(e.c.at, e.c.seq).limit(1), e)


def _conversion(name: str, journey: Journey, column: str) -> Column:
    v = journey.tables.conversion.alias()
    j = journey.j
    later = or_(v.c.at > j.c.since, and_(v.c.at == j.c.since, v.c.cause_seq > j.c.since_seq))
    mine = (v.c.contact_id == j.c.contact_id, v.c.journey_id == j.c.journey_id, v.c.name == name)
    return one(select(v.c[column]).where(*mine, later), v)


# --- becoming true ------------------------------------------------------------------------------------------------


def first_moment(becoming: Becoming, journey: Journey, allowed: "Allowed | None" = None) -> Column:
    """The earliest moment since the entry, up to now, at which the condition holds and which is allowed."""
    start = _unchanged_since(journey.j.c.since, becoming.fields, journey)
    m = _moments(becoming, journey, start).alias()
    scope = journey.scope(m.c.at)
    holds = truth(becoming.condition, replace(scope, limit="right"))
    query = select(func.min(m.c.at)).where(m.c.at >= start, m.c.at <= NOW, holds)
    if allowed is not None:
        held_before = func.coalesce(truth(becoming.condition, replace(scope, limit="left")), false())
        begins = not_(held_before)
        if RFM in becoming.fields:  # what a score was before is not kept
            begins = or_(begins, and_(m.c.at == start, start > journey.j.c.since))
        query = query.where(allowed(m.c.at, begins))
    return one(query, m)


class Allowed(Protocol):
    def __call__(self, at: Column, begins: Column) -> Column:
        """Whether a moment may count; `begins`: the condition did not hold until just before it."""


def next_moment(becoming: Becoming, journey: Journey) -> Column:
    """The earliest moment after now at which the condition may become true by time alone."""
    m = _moments(becoming, journey, journey.j.c.since).alias()
    return one(select(func.min(m.c.at)).where(m.c.at > NOW), m)


def _unchanged_since(since: Column, fields: Collection[str], journey: Journey) -> Column:
    """Since the entry, and since the fields are what they are."""
    if not fields:
        return since
    ch = journey.tables.change.alias()
    changed = select(func.max(ch.c.at)).where(
        ch.c.contact_id == journey.contact.c.contact_id, ch.c.field.in_(sorted(fields)), ch.c.at <= NOW
    )
    return greatest(since, func.coalesce(one(changed, ch), since, type_=BigInteger()))


def _moments(becoming: Becoming, journey: Journey, start: Column) -> FromClause:
    """The start and all moments of the condition, as a set of `at`."""
    queries = [around(select(start.label("at")))]
    for moment in becoming.moments:
        match moment:
            case Value(time):
                queries.append(around(select(instant(time, journey.scope(NOW)).label("at"))))
            case Each(event, about, time):
                e = journey.tables.event.alias()
                on_event = instant(time, replace(journey.scope(NOW), event=e)).label("at")
                query = select(on_event).where(e.c.contact_id == journey.contact.c.contact_id, named(e, event))
                queries.append(around(query if about is None else query.where(e.c.about == about), e))
    return union_all(*queries).subquery() if len(queries) > 1 else queries[0].subquery()


def earliest(moments: Sequence[Column]) -> Column:
    """The earliest of moments that may be NULL; NULL where all are."""
    never = literal(NEVER, BigInteger())
    return func.nullif(least(*(func.coalesce(moment, never, type_=BigInteger()) for moment in moments)), never)
