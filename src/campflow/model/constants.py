"""How a constant of a `.flow` file is stored: instants in milliseconds, days as numbers, lists as JSON."""

import datetime as dt
import json

from campflow.model.calendar import SECOND, to_instant
from campflow.model.people import ConstantValue, Duration, Money, ValueType

Stored = str | int | float | bool | None

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 -- a local time: its zone is a parameter here
_EPOCH_DAY = _EPOCH.date().toordinal()


def stored(value: ConstantValue | None, type: ValueType, zone: str) -> Stored:
    """The column's value for a constant of a field's type; `zone` is that of its local times."""
    match value:
        case Money():
            return value.minor
        case tuple():
            return list_text(value)
        case str() if type.kind == "date":
            return dt.date.fromisoformat(value).toordinal() - _EPOCH_DAY
        case str() if type.kind == "time":
            return to_instant(zone, local_milliseconds(dt.datetime.fromisoformat(value)))
        case int() if type.kind == "number":
            return float(value)
        case Duration():
            raise TypeError("no field holds a duration")
        case _:
            return value


def list_text(values: tuple[ConstantValue, ...] | list[Stored]) -> str:
    """A list as it is stored: one JSON text, written in one way only."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def local_milliseconds(moment: dt.datetime) -> int:
    """A local date and time as milliseconds since 1970-01-01 00:00 local."""
    passed = moment.replace(tzinfo=None) - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * SECOND + passed.microseconds // 1_000


def day_number(day: dt.date) -> int:
    """A calendar day as days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def stored_text(value: Stored) -> str | None:
    """A stored value as a text from which SQL's CAST makes the value again; None where it is missing."""
    if value is None:
        return None
    return str(int(value)) if isinstance(value, bool) else str(value)
