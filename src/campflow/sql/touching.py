"""Whom a tick looks at. Nobody else is read: its cost grows with what is due, not with how many people wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable, FromClause, Select, and_, case, false, func, literal, or_, select

from campflow.model.flow import After, Once
from campflow.model.people import Duration, heard_as
from campflow.planning.plan import ByBecoming, BySchedule, Exit, OnClock, OnConversion, OnEvent, StagePlan
from campflow.sql.calendar import DAY
from campflow.sql.conditions import Column
from campflow.sql.dialects import leading
from campflow.sql.dues import due_in_run
from campflow.sql.rows import (
    CAMPAIGN,
    CHUNK,
    ENTRY_MARK,
    FROM_SEQ,
    LOOKED_AT,
    NOW,
    START,
    TO_SEQ,
    Rows,
    Written,
    fixed,
    governed,
    of_journey,
    stage_id,
)
from campflow.sql.subqueries import some


@dataclass(frozen=True, slots=True)
class Fresh:
    by_event: tuple[Written, ...]
    by_change: Written | None
    by_contact: Written | None
    by_time: Written | None
    again: Written | None


def fresh(r: Rows) -> Fresh:
    """Contacts who may enter."""
    t, outside = r.tables, r.plan.outside
    becomes = any(isinstance(entry.way, ByBecoming) for entry in r.plan.entries)
    scheduled = any(isinstance(entry.way, BySchedule) for entry in r.plan.entries)
    returns = any(not isinstance(entry.reentry, Once) or _has_key(r) for entry in r.plan.entries)
    e, ch, c, p = t.event.alias("e"), t.change.alias("ch"), t.contact.alias("c"), t.prospect.alias("p")

    by_event: list[Written] = []
    if outside.events:
        # SQLite looks up by the first of two lower bounds: what the look begins with stands first.
        named = [e.c.name.in_(_heard(outside.events)), *([] if becomes else [e.c.at >= START])]
        learned = (e.c.seq > FROM_SEQ, e.c.seq <= TO_SEQ)
        early = (e.c.early, e.c.at > LOOKED_AT, e.c.at <= NOW)
        by_event = [
            ("fresh_by_event", "contacts of whom we learned something new",
             _into_fresh(r, _once(r, select(e.c.contact_id).where(*learned, *named)))),
            ("fresh_by_early_event", "contacts of whom something happens now that we knew before",
             _into_fresh(r, _once(r, select(e.c.contact_id).where(*early, *named)))),
        ]  # fmt: skip
    changed = select(ch.c.contact_id).where(
        ch.c.seq > FROM_SEQ, ch.c.seq <= TO_SEQ, ch.c.field.in_(sorted(outside.fields))
    )
    new = select(c.c.contact_id).where(c.c.contact_id > FROM_SEQ, c.c.contact_id <= TO_SEQ)
    due = select(p.c.contact_id).where(p.c.campaign_id == CAMPAIGN, p.c.due_at <= NOW).limit(CHUNK)
    known = some(r.work.fresh, r.work.fresh.c.contact_id == t.move.c.contact_id)
    ended = select(t.move.c.contact_id).where(t.move.c.move_id > ENTRY_MARK, _ends(r), ~known)
    return Fresh(
        by_event=tuple(by_event),
        by_change=("fresh_by_change", "contacts with a changed field", _into_fresh(r, _once(r, changed)))
        if outside.fields else None,
        by_contact=("fresh_by_contact", "new contacts, or all of them when a schedule is due", _into_fresh(r, new))
        if becomes or scheduled else None,
        by_time=("fresh_by_time", "contacts whom time alone may let in now", _into_fresh(r, due)) if becomes else None,
        again=("fresh_again", "contacts whose journey has just ended", _into_fresh(r, _once(r, ended)))
        if returns else None,
    )  # fmt: skip


def _has_key(r: Rows) -> bool:
    return any(getattr(entry.way, "per", None) is not None for entry in r.plan.entries)


def _ends(r: Rows) -> Column:
    to = r.tables.move.c.to_stage_id
    return or_(to.is_(None), to.in_(r.finals)) if r.finals else to.is_(None)


def _heard(events: frozenset[str]) -> list[str]:
    return sorted({name for event in events for name in heard_as(event)})


def _into_fresh(r: Rows, who: Select[tuple[int]]) -> Executable:
    return r.insert(r.work.fresh).from_select(["contact_id"], who).on_conflict_do_nothing()


def _once(r: Rows, which: Select[Any]) -> Select[Any]:
    """Each row once, where no key of the work table sees to it."""
    return which if r.database == "sqlite" else which.distinct()


@dataclass(frozen=True, slots=True)
class Touched:
    due: Written
    run: Written
    by_event: tuple[Written, ...]
    by_change: Written | None
    moved: Written
    inside: Written


def touched(r: Rows) -> Touched:
    """Journeys that may move, or convert."""
    t, inside = r.tables, r.plan.inside
    e, ch, j = t.event.alias("e"), t.change.alias("ch"), t.journey.alias("j")
    looked_at = or_(j.c.ended_at.is_(None), literal(bool(r.plan.conversions)))
    of = (func.coalesce(j.c.stage_id, 0), j.c.contact_id, j.c.journey_id)
    here = and_(j.c.campaign_id == CAMPAIGN, looked_at, governed(j))

    by_event: list[Written] = []
    if inside.events:
        named = select(*of).select_from(leading(e, j, j.c.contact_id == e.c.contact_id))
        named = named.where(here, e.c.name.in_(_heard(inside.events)))
        by_event = [
            ("touch_by_event", "journeys of contacts of whom we learned something new",
             _into_touched(r, _once(r, named.where(e.c.seq > FROM_SEQ, e.c.seq <= TO_SEQ)))),
            ("touch_by_early_event", "journeys of contacts of whom something happens now that we knew before",
             _into_touched(r, _once(r, named.where(e.c.early, e.c.at > LOOKED_AT, e.c.at <= NOW)))),
        ]  # fmt: skip
    changed = select(*of).select_from(leading(ch, j, j.c.contact_id == ch.c.contact_id))
    changed = changed.where(here, ch.c.seq > FROM_SEQ, ch.c.seq <= TO_SEQ, ch.c.field.in_(sorted(inside.fields)))
    due = select(j.c.stage_id, j.c.contact_id, j.c.journey_id)
    alone = due.where(j.c.campaign_id == CAMPAIGN, j.c.alarm_at <= NOW, governed(j))
    run = due.where(due_in_run(j))
    everyone = select(*of).where(j.c.campaign_id == CAMPAIGN, j.c.ended_at.is_(None), governed(j))
    return Touched(
        due=("touch_due", "journeys that time moves", _into_touched(r, alone.order_by(j.c.alarm_at).limit(CHUNK))),
        run=("touch_run", "journeys that time moves together, of a part of a run", _into_touched(r, run)),
        by_event=tuple(by_event),
        by_change=("touch_by_change", "journeys of contacts with a changed field", _into_touched(r, _once(r, changed)))
        if inside.fields else None,
        moved=("touch_moved", "journeys that moved in this round and may move again",
               _into_touched(r, _once(r, _again(r)))),
        inside=("touch_inside", "everyone inside, after the text changed", _into_touched(r, everyone)),
    )  # fmt: skip


def _again(r: Rows) -> Select[tuple[int, int, int]]:
    """Who has just moved and is due already, or came where something that has happened may count."""
    m, j = r.tables.move.alias("m"), r.tables.journey.alias("j")
    asked = _asked(r, m)
    # Most are due long after: the row of the move tells, and their journeys need not be read.
    soonest = {stage.name: _soonest(stage) for stage in r.plan.stages if stage.exits}
    waited = [(m.c.to_stage_id == stage_id(stage), fixed(time)) for stage, time in soonest.items()]
    perhaps = [m.c.at <= NOW - case(*waited)] if waited else []
    if soonest and not asked:  # most are told by one comparison
        perhaps = [and_(m.c.at <= NOW - fixed(min(soonest.values())), *perhaps)]
    here = select(func.coalesce(m.c.to_stage_id, 0), m.c.contact_id, m.c.journey_id)
    here = here.select_from(leading(m, j, of_journey(j, m)))
    return here.where(m.c.move_id > ENTRY_MARK, or_(false(), *asked, *perhaps), *asked_again(r, m, j.c.due_at))


def asked_again(r: Rows, m: FromClause, due_at: Column) -> Sequence[Column]:
    """Whether who has made the move `m`, and is due at `due_at`, is looked at once more in this round."""
    # Who is held out is in no stage from the first move on, and may convert like everyone.
    somewhere = or_(m.c.to_stage_id.is_not(None), m.c.nth == 1) if r.plan.holdout else m.c.to_stage_id.is_not(None)
    return somewhere, or_(*_asked(r, m), due_at <= NOW)


def _asked(r: Rows, m: FromClause) -> Sequence[Column]:
    """Moves after which something that has already happened may count."""
    asked = [m.c.to_stage_id == stage_id(stage) for stage in r.plan.stages if any(map(_listens, stage.exits))]
    return [*asked, m.c.nth == 1] if r.plan.conversions else asked


def _soonest(stage: StagePlan) -> int:
    """Milliseconds for which nobody who comes to the stage is due, whatever the calendar does."""
    return min(
        _at_least(exit.candidate.moment.duration)
        if isinstance(exit.candidate, OnClock) and isinstance(exit.candidate.moment, After)
        else 0
        for exit in stage.exits
    )


#: By how much a zone's clock is moved at most: some have skipped a day to come to the other side of the date line.
_SHIFTED = 26 * 3_600_000


def _at_least(duration: Duration) -> int:
    days = 28 * duration.months + duration.days
    return max(0, days * DAY - _SHIFTED) + duration.milliseconds


def _listens(exit: Exit) -> bool:
    """Whether something that has already happened may move who has just arrived."""
    return isinstance(exit.candidate, OnEvent | OnConversion)


def _into_touched(r: Rows, which: Select[tuple[int, int, int]]) -> Executable:
    put = r.insert(r.work.touched).from_select(["stage_id", "contact_id", "journey_id"], which)
    return put.on_conflict_do_nothing()
