"""What a campaign is measured against: each goal with its figure so far, and the budget. Counted from rows, all of it.

Who is held out is no part of a goal: nothing was done for them.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, func, not_, select

from campflow.measuring.intervals import Interval, wilson
from campflow.model.calendar import DAY, to_instant, to_local
from campflow.model.flow import Campaign, Goal
from campflow.model.people import Money
from campflow.sql.queue import is_planned
from campflow.storage.tables import Tables

#: What a goal of money begins with.
COST_PER = "cost per "

#: What `detail` of a message begins with that waits for budget.
WAITS_FOR_BUDGET = "waits: budget"

Verdict = Literal["met", "not met", "too early"]


@dataclass(frozen=True, slots=True)
class GoalStatus:
    """A goal and its figure at its day, or now: a share of 0..1, or minor units; None where nothing counts yet.

    `low` and `high` are how far chance alone may have moved a share (95 %). While the day is not over, a share is `met`
    or `not met` only where all of that says so, else it is `too early`. `days_left` is None where no day is written.
    """

    metric: str
    operator: str
    target: float
    is_money: bool
    by: dt.date | None
    figure: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    days_left: int | None


@dataclass(frozen=True, slots=True)
class Spending:
    """In minor units of the project's currency; `budget` is None where none is written. `waiting` counts messages."""

    spent: int
    budget: int | None
    waiting: int


def is_held_out(tables: Tables) -> ColumnElement[bool]:
    """Of a row of `journey`: it ended where it began, in no stage."""
    journey = tables.journey.c
    return and_(journey.stage_id.is_(None), journey.nth == 1)


def goals(
    connection: Connection, tables: Tables, campaign_id: int, campaign: Campaign, now: int, zone: str
) -> tuple[GoalStatus, ...]:
    """Each goal of the campaign in the order of the file. `zone` is the project's: days end there where it is each
    contact's own."""
    own = zone if campaign.zone in (None, "contact") else campaign.zone
    return tuple(_goal(connection, tables, campaign_id, goal, now, own or zone) for goal in campaign.goals)


def spending(connection: Connection, tables: Tables, campaign_id: int, campaign: Campaign | None) -> Spending:
    cost, message = tables.cost.c, tables.message.c
    spent = connection.scalar(select(func.coalesce(func.sum(cost.amount), 0)).where(cost.campaign_id == campaign_id))
    waits = select(func.count()).where(
        message.campaign_id == campaign_id, is_planned(tables.message), message.detail.startswith(WAITS_FOR_BUDGET)
    )
    budget = campaign.budget.minor if campaign and campaign.budget else None
    return Spending(int(spent or 0), budget, connection.scalar(waits) or 0)


def _goal(connection: Connection, tables: Tables, campaign_id: int, goal: Goal, now: int, zone: str) -> GoalStatus:
    end = None if goal.by is None else to_instant(zone, (_days(goal.by) + 1) * DAY)
    until = now if end is None else min(now, end - 1)
    over = end is not None and now >= end
    name = goal.metric.removeprefix(COST_PER)
    converted = _converted(connection, tables, campaign_id, name, until)
    is_money = isinstance(goal.value, Money)
    target = float(goal.value.minor) if isinstance(goal.value, Money) else goal.value
    chance: Interval | None = None
    if is_money:
        figure = _spent(connection, tables, campaign_id, until) / converted if converted else None
    else:
        entered = _entered(connection, tables, campaign_id, until)
        figure = converted / entered if entered else None
        chance = wilson(converted, entered) if entered else None
    bounds = [] if figure is None else [figure] if over or chance is None else [chance.low, chance.high]
    today = dt.date(1970, 1, 1) + dt.timedelta(days=to_local(zone, now) // DAY)
    return GoalStatus(
        metric=goal.metric,
        operator=goal.operator,
        target=target,
        is_money=is_money,
        by=goal.by,
        figure=figure,
        low=chance.low if chance else None,
        high=chance.high if chance else None,
        verdict=_verdict(goal.operator, bounds, target, over),
        days_left=None if goal.by is None else max(0, (goal.by - today).days),
    )


def _verdict(operator: str, bounds: Sequence[float], target: float, over: bool) -> Verdict:
    reached = [_holds(operator, each, target) for each in bounds]
    if reached and all(reached):
        return "met"
    if over or (reached and not any(reached)):
        return "not met"
    return "too early"


def _holds(operator: str, figure: float, target: float) -> bool:
    match operator:
        case "<":
            return figure < target
        case "<=":
            return figure <= target
        case ">":
            return figure > target
        case _:
            return figure >= target


def _entered(connection: Connection, tables: Tables, campaign_id: int, until: int) -> int:
    journey = tables.journey.c
    mine = (journey.campaign_id == campaign_id, journey.entered_at <= until, not_(is_held_out(tables)))
    return connection.scalar(select(func.count()).where(*mine)) or 0


def _converted(connection: Connection, tables: Tables, campaign_id: int, name: str, until: int) -> int:
    conversion, journey = tables.conversion.c, tables.journey.c
    counted = (
        select(func.count())
        .select_from(tables.conversion)
        .join(tables.journey, journey.journey_id == conversion.journey_id)
        .where(conversion.campaign_id == campaign_id, conversion.name == name, conversion.at <= until)
        .where(not_(is_held_out(tables)))
    )
    return connection.scalar(counted) or 0


def _spent(connection: Connection, tables: Tables, campaign_id: int, until: int) -> int:
    cost = tables.cost.c
    spent = select(func.sum(cost.amount)).where(cost.campaign_id == campaign_id, cost.at <= until)
    return int(connection.scalar(spent) or 0)


def _days(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - 719_163
