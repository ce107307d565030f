"""Stored values as people read them: money in its currency, instants and days in the calendar."""

import datetime as dt
from typing import TYPE_CHECKING

from campflow.model.currencies import exponent
from campflow.model.flow import Flow
from campflow.model.people import ValueType
from campflow.model.times import shown

if TYPE_CHECKING:
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
