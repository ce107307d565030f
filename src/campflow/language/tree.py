"""A syntax tree in readable lines, for `campflow compile --to tree`: one node a line, its parts indented, no places."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from typing import Any

from campflow.language import syntax


def dump(node: Any) -> str:
    """The node as text: `Stage name=welcome`, then its parts, two blanks further in. Ends with a line end."""
    return "".join(f"{line}\n" for line in _lines(node, ""))


def _lines(node: Any, label: str) -> Iterator[str]:
    """The node itself with all that is short, then one block for each part that is not."""
    value = _brief(node)
    if value is not None:
        yield f"{label}{type(node).__name__} {value}"
        return
    short = [label + type(node).__name__]
    long: list[tuple[str, Any]] = []
    for field in fields(node):
        value = getattr(node, field.name)
        if field.name == "span" or value is None or value == () or value is False:
            continue
        brief = _brief(value)
        if brief is None:
            long.append((field.name, value))
        else:
            short.append(f"{field.name}={brief}")
    yield " ".join(short)
    for name, value in long:
        for part in value if isinstance(value, tuple) else (value,):
            yield from (f"  {line}" for line in _lines(part, "" if name in _OBVIOUS else f"{name}: "))


_OBVIOUS = frozenset({"declarations", "fields", "items", "steps", "arms", "options", "rules"})


def _brief(value: Any) -> str | None:
    """A name, a value or several of them in a word; None for what needs lines of its own."""
    match value:
        case syntax.Name(text):
            return text
        case syntax.Text(text):
            return _quoted(text)
        case syntax.Number(number):
            return f"{number:f}"
        case syntax.Percent(number):
            return f"{number:f}%"
        case syntax.Money(amount, currency):
            return f"{amount:f} {currency}"
        case syntax.YesNo(answer):
            return "yes" if answer else "no"
        case syntax.Date(day):
            return day.isoformat()
        case syntax.DateTime(moment):
            return moment.isoformat(" ")
        case syntax.TimeOfDay(time):
            return time.isoformat()
        case syntax.Duration(parts):
            return " ".join(f"{count} {unit}" + ("" if count == 1 else "s") for count, unit in parts)
        case syntax.Reference(parts):
            return ".".join(part.text for part in parts)
        case syntax.Window(last):
            return "since entry" if last is None else f"last {_brief(last)}"
        case True:
            return "yes"
        case str() | int() | Decimal() | dt.date():
            return str(value)
        case tuple() if all(isinstance(part, syntax.Name) for part in value):
            return f"({', '.join(part.text for part in value)})"
    return None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
