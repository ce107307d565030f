"""Arms: who is drawn into which, once and for good. The hash is that of `model/draws.py`, computed by the database."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, FromClause, Select, and_, case, func, literal, null, select
from sqlalchemy.dialects import postgresql, sqlite

from campflow.model.draws import P
from campflow.model.expressions import InArm
from campflow.planning.plan import HELD_OUT, ByEvent, SplitPlan
from campflow.sql.conditions import Column, Scope, after, in_arm, matching
from campflow.sql.dialects import leading
from campflow.sql.rows import (
    CAMPAIGN,
    ENTRY_MARK,
    LOOKED_AT,
    NOW,
    Rows,
    Written,
    arm_id,
    of_journey,
    of_split,
    split_id,
    stage_id,
)
from campflow.sql.subqueries import some

Insert: TypeAlias = sqlite.Insert | postgresql.Insert

_COLUMNS = ("contact_id", "split_id", "arm_id", "campaign_id", "journey_id", "at", "seq", "drawn")


def exposures(r: Rows) -> Iterator[Written]:
    """For each split of a stage: who has just entered the stage, and has no arm yet, gets one.

    Of two journeys of a contact in one look, that counts which came first, not that which needed fewer rounds.
    """
    many = any(isinstance(entry.way, ByEvent) and entry.way.per is not None for entry in r.plan.entries)
    m, j, c = r.tables.move.alias("m"), r.tables.journey.alias("j"), r.tables.contact.alias("c")
    for stage in r.plan.stages:
        for split in stage.splits:
            moved = leading(leading(m, j, of_journey(j, m)), c, c.c.contact_id == m.c.contact_id)
            query = select(
                m.c.contact_id, split_id(split.name).label("split_id"), _arm(split, c, m.c.at).label("arm_id"),
                CAMPAIGN.label("campaign_id"), m.c.journey_id, m.c.at, j.c.since_seq.label("seq"),
                _is_drawn(split, m.c.at).label("drawn"),
            ).select_from(moved)  # fmt: skip
            query = query.where(m.c.move_id > ENTRY_MARK, m.c.to_stage_id == stage_id(stage))
            put = _put_earliest(r, query) if many else _put_first(r, query.order_by(m.c.at, m.c.move_id))
            yield f"expose_{split.name}", f"the arm of who meets {split.name}", put


def _put_first(r: Rows, query: Select[Any]) -> Insert:
    return r.insert(r.tables.exposure).from_select(list(_COLUMNS), query).on_conflict_do_nothing()


def _put_earliest(r: Rows, query: Select[Any]) -> Insert:
    """What an earlier look has found stands, and an arm that was given stays."""
    x, met = r.tables.exposure, query.subquery("met")
    turn = func.row_number().over(partition_by=met.c.contact_id, order_by=(met.c.at, met.c.journey_id))
    first = select(met, turn.label("turn")).subquery("first")
    one = select(*(first.c[name] for name in _COLUMNS)).where(first.c.turn == 1)
    put = r.insert(x).from_select(list(_COLUMNS), one)
    new = put.excluded
    return put.on_conflict_do_update(
        index_elements=[x.c.contact_id, x.c.split_id],
        set_={"at": new.at, "seq": new.seq, "journey_id": new.journey_id},
        where=and_(x.c.at > LOOKED_AT, new.at < x.c.at, new.arm_id == x.c.arm_id, new.drawn == x.c.drawn),
    )


def hold_out(r: Rows) -> Written | None:
    """Who of the arrivals is held out; drawn at the first entry, and kept."""
    split = r.plan.holdout
    if split is None:
        return None
    a, c = r.work.arrival, r.tables.contact.alias("c")
    query = select(
        a.c.contact_id, split_id(split.name), _arm(split, c, a.c.at), CAMPAIGN, null(), a.c.at, a.c.since_seq,
        _is_drawn(split, a.c.at),
    ).select_from(leading(a, c, c.c.contact_id == a.c.contact_id)).order_by(a.c.at)  # fmt: skip
    put = r.insert(r.tables.exposure).from_select(list(_COLUMNS), query).on_conflict_do_nothing()
    return "hold_out", "who enters for the first time and is held out", put


def is_held_out(r: Rows, contact_id: Column) -> Column | None:
    """Whether a contact is in the holdout; None where the campaign has none."""
    holdout = r.plan.holdout
    return None if holdout is None else in_arm(r.tables, contact_id, InArm(holdout.name, HELD_OUT))


def _arm(split: SplitPlan, contact: FromClause, at: Column) -> Column:
    """The arm drawn; from the decision on, the winner."""
    place = (contact.c.draw * of_split("turn_a", split.name) + of_split("turn_b", split.name)) % literal(
        P, BigInteger()
    )
    drawn = case(
        *((place < of_split("cut", split.name, name), arm_id(split.name, name)) for name, _ in split.arms[:-1]),
        else_=arm_id(split.name, split.arms[-1][0]),
    )
    if split.decide is None:
        return drawn
    return case((_is_drawn(split, at), drawn), else_=of_split("winner", split.name))


def _is_drawn(split: SplitPlan, at: Column) -> Column:
    return literal(True) if split.decide is None else at <= of_split("decided", split.name)


def readings(r: Rows) -> Iterator[Written]:
    """For each split with a `measure`: how many were drawn into each arm and had time enough, and how many did it.

    `now` is the moment of the reading. Rows: arm_id, people, successes.
    """
    x, c = r.tables.exposure.alias("x"), r.tables.contact.alias("c")
    clock = r.clock(c)
    for split in (split for stage in r.plan.stages for split in stage.splits):
        if split.measure is None:
            continue
        e, until = r.tables.event.alias("e"), clock.add(x.c.at, split.measure.within)
        scope = Scope(r.tables, c, e.c.at, clock, event=e)
        did = some(
            e, *matching(split.measure.pattern, e, scope), after(e, x.c.at, x.c.seq), e.c.at <= until, e.c.at <= NOW
        )
        source = leading(x, c, c.c.contact_id == x.c.contact_id)
        query = select(x.c.arm_id, func.count(), func.sum(case((did, 1), else_=0))).select_from(source)
        query = query.where(x.c.split_id == split_id(split.name), x.c.drawn, until <= NOW).group_by(x.c.arm_id)
        yield f"read_{split.name}", f"who was drawn into the arms of {split.name}, and did what it measures", query
