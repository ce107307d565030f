"""When to look at who has come to a stage, and by what they are found then.

Who comes to a stage in one statement, at one moment, waits there for one other. Such journeys are not found one by one:
a row of `due_run` tells between which ids they lie and when to look. So a move of many writes no index, and PostgreSQL
writes it where the journey lies. All others have an alarm of their own, `journey.alarm_at`.

A run may hold journeys that have moved on since, and others that were never in it: whoever reads it looks at `due_at`.
"""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import FromClause, Insert, and_, case, func, insert, null, or_, select

from campflow.model.flow import After, AtTime, OnDate
from campflow.planning.plan import OnBecoming, OnClock, Otherwise, StagePlan
from campflow.sql.calendar import DAY, LocalTime
from campflow.sql.candidates import clock_moment
from campflow.sql.conditions import Column
from campflow.sql.dialects import Compared, NoNumber, least
from campflow.sql.rows import (
    CAMPAIGN,
    FIRST_JOURNEY,
    JOURNEY_MARK,
    LAST_JOURNEY,
    MARK,
    NOW,
    RUN_MARK,
    TOGETHER,
    Rows,
    Written,
    governed,
    stage_id,
)
from campflow.sql.subqueries import one, some

_RUN = ("campaign_id", "stage_id", "due_at", "first_journey_id", "last_journey_id")


def due_on_entry(r: Rows, stage: StagePlan, at: Column, clock: LocalTime) -> Column:
    """When to look at who enters the stage: at once where a condition decides, else at its first moment."""
    if _decides_at_once(stage):
        return at
    moments = [clock_moment(each, at, clock) for each in _first_moments(stage, clock)]
    return least(*moments) if moments else NoNumber()


def _decides_at_once(stage: StagePlan) -> bool:
    return any(isinstance(exit.candidate, OnBecoming | Otherwise) for exit in stage.exits)


def _moments(stage: StagePlan) -> Sequence[After | AtTime | OnDate]:
    """Those of the stage's ways out by the clock."""
    return list(dict.fromkeys(exit.candidate.moment for exit in stage.exits if isinstance(exit.candidate, OnClock)))


def _first_moments(stage: StagePlan, clock: LocalTime) -> Sequence[After | AtTime | OnDate]:
    """The moments of the stage's ways out by the clock of which one is the first, whenever somebody enters."""
    sums = [each for each in _moments(stage) if isinstance(each, After) and clock.is_sum(each.duration)]
    others = [each for each in _moments(stage) if each not in sums]
    return [*others, min(sums, key=_milliseconds)] if sums else others


def _milliseconds(moment: After) -> int:
    return moment.duration.days * DAY + moment.duration.milliseconds


# --- who waits together -------------------------------------------------------------------------------------------


def waits_together(r: Rows, stage: StagePlan) -> bool:
    """Whether all who come to the stage at one moment wait for one other, whoever they are."""
    if _decides_at_once(stage) or not _moments(stage):
        return False
    clock = r.clock(r.tables.contact)
    sums = all(isinstance(each, After) and clock.is_sum(each.duration) for each in _moments(stage))
    return sums or not r.plan.zone.of_contact


def run_of(r: Rows, stage: StagePlan, moved: FromClause, *which: Column) -> Insert:
    """The run of those that these moves take to the stage: where they are many, come at one moment, lie close together,
    and are not due already."""
    g = (
        select(
            func.count().label("n"),
            func.min(moved.c.at).label("at"),
            func.max(moved.c.at).label("last_at"),
            func.min(moved.c.journey_id).label("first"),
            func.max(moved.c.journey_id).label("last"),
        )
        .select_from(moved)
        .where(moved.c.to_stage_id == stage_id(stage), *which)
        .subquery("g")
    )
    due = due_on_entry(r, stage, g.c.at, r.clock(r.tables.contact))
    close = g.c.last - g.c.first < 2 * g.c.n
    run = select(CAMPAIGN, stage_id(stage), due, g.c.first, g.c.last)
    run = run.where(g.c.n >= TOGETHER, g.c.at == g.c.last_at, close, due > NOW)
    return insert(r.tables.due_run).from_select(list(_RUN), run)


def due_in_run(j: FromClause) -> Column:
    """Of a journey: whether it is due, and found by the part of a run that is looked at."""
    part = j.c.journey_id.between(FIRST_JOURNEY, LAST_JOURNEY)
    return and_(part, Compared(j.c.campaign_id) == CAMPAIGN, j.c.due_at <= NOW, j.c.alarm_at.is_(None), governed(j))


def runs_of_moves(r: Rows) -> Iterator[Written]:
    """For SQLite: the runs of this round's moves, one statement a stage, before the journeys follow."""
    m = r.tables.move.alias("m")
    for stage in _moved_to(r):
        run = run_of(r, stage, m, m.c.move_id > MARK)
        yield f"wait_{stage.name}", f"who comes to {stage.name} and waits together", run


def _moved_to(r: Rows) -> Sequence[StagePlan]:
    """The stages that somebody moves to, and in which people wait together."""
    targets = {exit.target for stage in r.plan.stages for exit in stage.exits}
    return [stage for stage in r.plan.stages if stage.name in targets and waits_together(r, stage)]


def of_this_round(r: Rows) -> Mapping[str, Column]:
    """For SQLite: of each stage in which people wait together, whether this round has a run there."""
    run = r.tables.due_run.alias("d")
    return {stage.name: some(run, run.c.run_id > RUN_MARK, run.c.stage_id == stage_id(stage)) for stage in _moved_to(r)}


def alarm(to_stage: Column, due: Column, together: Mapping[str, Column]) -> Column:
    """The alarm of who comes to a stage: none where `together` has a run for it."""
    in_run = [and_(to_stage == stage_id(stage), there) for stage, there in together.items()]
    return case((or_(*in_run), null()), else_=due) if in_run else due


# --- on entry -----------------------------------------------------------------------------------------------------


def entry_alarm(r: Rows, due: Column, at_a_moment: bool) -> Column:
    """The alarm of who enters: none where everyone does `at_a_moment`, the same for all, or all arrivals of this round
    do."""
    if not waits_together(r, r.plan.first_stage):
        return due
    if at_a_moment:
        return NoNumber()
    a = r.work.arrival.alias("s")
    same = one(select(and_(func.count() >= TOGETHER, func.min(a.c.at) == func.max(a.c.at))).select_from(a), a)
    return case((same, null()), else_=due)


def run_of_entries(r: Rows, begun: FromClause) -> Insert | None:
    """The run of these new journeys, where they have no alarm: then none of them has. None where nobody waits
    together."""
    if not waits_together(r, r.plan.first_stage):
        return None
    first, last = func.min(begun.c.journey_id), func.max(begun.c.journey_id)
    run = select(CAMPAIGN, stage_id(r.plan.first_stage), func.min(begun.c.due_at), first, last)
    run = run.where(begun.c.due_at.is_not(None), begun.c.alarm_at.is_(None)).having(func.count() > 0)
    return insert(r.tables.due_run).from_select(list(_RUN), run)


def runs_of_new_journeys(r: Rows) -> Iterator[Written]:
    """For SQLite, where nobody else adds any meanwhile: the first tells of all, the last is the last of the table."""
    if not waits_together(r, r.plan.first_stage):
        return
    j, other = r.tables.journey.alias("j"), r.tables.journey.alias("o")
    last = one(select(func.max(other.c.journey_id)), other)
    run = select(CAMPAIGN, stage_id(r.plan.first_stage), j.c.due_at, j.c.journey_id, last)
    run = run.where(j.c.journey_id > JOURNEY_MARK, j.c.due_at.is_not(None), j.c.alarm_at.is_(None))
    put = insert(r.tables.due_run).from_select(list(_RUN), run.order_by(j.c.journey_id).limit(1))
    yield "enter_waits", "new journeys that wait together", put
