"""Stored values as people read them: money in its currency, instants and days in the calendar."""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from campflow.model.currencies import exponent
from campflow.model.flow import Flow
from campflow.model.people import ValueType
from campflow.model.times import shown

if TYPE_CHECKING:
    from campflow.engine.goals import GoalStatus
    from campflow.engine.status import CampaignStatus
    from campflow.project import Project


def worth(project: "Project", campaign: str, conversion: str, value: float | None) -> str:
    """` worth 40.00 EUR`; empty where nothing is worth, a plain number where the flow does not say what of."""
    if value is None:
        return ""
    flow = _flow(project)
    found = flow.campaign(campaign) if flow else None
    clauses = [each for each in found.conversions if each.name == conversion] if found else []
    kind = clauses[0].worth.type if clauses and clauses[0].worth else ValueType("number")
    return f" worth {_text(project, kind, value)}"


def measured_lines(campaign: "CampaignStatus", project: "Project") -> Iterator[str]:
    """Goals, budget and errands, a line each; those of which there is nothing to say are left out."""
    for goal in campaign.goals:
        yield _goal(goal, project)
    spending, money = campaign.spending, ValueType("money")
    if spending.spent or spending.budget is not None:
        of = "" if spending.budget is None else f" of the budget of {_text(project, money, spending.budget)}"
        waits = f"; {spending.waiting:,} message{_s(spending.waiting)} for it" if spending.waiting else ""
        yield f"{_text(project, money, spending.spent)}{of} spent{waits}"
    waiting = campaign.errands.get("ready", 0) + campaign.errands.get("running", 0)
    told = [f"{waiting:,} waiting"] if waiting else []
    told += [f"{campaign.errands[state]:,} {state}" for state in ("failed", "uncertain") if campaign.errands.get(state)]
    if told:
        yield f"errands: {', '.join(told)} (`campflow errands`)"


def _s(count: int) -> str:
    return " waits" if count == 1 else "s wait"


def _goal(goal: "GoalStatus", project: "Project") -> str:
    """`goal conversion >= 12% by 2027-01-31: 10.4 % (9.1 to 11.8), too early, 12 days left`"""
    money = ValueType("money")
    target = _text(project, money, goal.target) if goal.is_money else f"{goal.target * 100:.10g}%"
    written = f"goal {goal.metric} {goal.operator} {target}" + (f" by {goal.by}" if goal.by else "")
    if goal.figure is None:
        so_far = "nothing to count yet"
    elif goal.is_money:
        so_far = _text(project, money, goal.figure)
    else:
        so_far = f"{goal.figure * 100:.1f} %"
        if goal.low is not None and goal.high is not None:
            so_far += f" ({goal.low * 100:.1f} to {goal.high * 100:.1f})"
    left = "" if goal.days_left is None else f", {goal.days_left:,} day{'' if goal.days_left == 1 else 's'} left"
    return f"{written}: {so_far}, {goal.verdict}{left}"


def event_value(project: "Project", event: str, field: str, value: object) -> str:
    """A field of an event."""
    flow = _flow(project)
    declared = flow.event(event) if flow else None
    known = declared.field(field) if declared else None
    return _text(project, known.type if known else ValueType("text"), value)


def _flow(project: "Project") -> Flow | None:
    return project.checked.flow.flow if project.checked.flow else None


def _text(project: "Project", type: ValueType, value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if type.kind == "money":
            flow = _flow(project)
            currency = (flow.currency if flow else None) or project.settings.currency or ""
            digits = exponent(currency) if currency else 2
            return f"{value / 10**digits:,.{digits}f} {currency}".strip()
        if type.kind == "time":
            return shown(int(value), project.settings.timezone)
        if type.kind == "date":
            return (dt.date(1970, 1, 1) + dt.timedelta(days=int(value))).isoformat()
        return f"{value:,.10g}"
    return str(value)
