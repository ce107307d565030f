"""Durations as people write them outside of a `.flow` file, in settings and flags: `1 day`, `2 hours 30 minutes`."""

import re

from campflow.model.people import Duration

_UNITS = {
    "second": Duration(milliseconds=1_000),
    "minute": Duration(milliseconds=60_000),
    "hour": Duration(milliseconds=3_600_000),
    "day": Duration(days=1),
    "week": Duration(days=7),
    "month": Duration(months=1),
    "year": Duration(months=12),
}
_PART = re.compile(r"\s*(\d{1,6})\s*(second|minute|hour|day|week|month|year)s?(?=\s|$)\s*")


def parse_duration(text: str) -> Duration:
    """The duration that a text says. Raises ValueError with what to write for one that says none."""
    months = days = milliseconds = position = 0
    while position < len(text) and (part := _PART.match(text, position)):
        count, unit = int(part[1]), _UNITS[part[2]]
        months += count * unit.months
        days += count * unit.days
        milliseconds += count * unit.milliseconds
        position = part.end()
    if position < len(text) or not (months or days or milliseconds):
        raise ValueError(f"`{text}` is not a duration: write for example 1 day, or 2 hours 30 minutes")
    return Duration(months, days, milliseconds)
