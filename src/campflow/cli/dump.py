"""The contents of a room as an indented text: what `campflow compile FILE --to …` prints."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum

from campflow.diagnostics.source import Span


def dump(value: object) -> str:
    """A value of frozen dataclasses as a tree: one line a field, empty ones left out, places as `@line:column`."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _named(str(key), inner)
    elif isinstance(value, tuple | list | frozenset | set):
        for inner in sorted(value, key=str) if isinstance(value, frozenset | set) else value:
            first, *rest = _lines(inner)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    elif is_dataclass(value) and not isinstance(value, type):
        span = getattr(value, "span", None)
        yield type(value).__name__ + (f" @{span.line}:{span.column}" if isinstance(span, Span) else "")
        for field in (each for each in fields(value) if each.repr):
            inner = getattr(value, field.name)
            if not isinstance(inner, Span) and inner not in (None, (), frozenset(), {}):
                yield from (f"  {line}" for line in _named(field.name, inner))
    else:
        yield _scalar(value)


def _named(name: str, value: object) -> Iterator[str]:
    lines = list(_lines(value))
    if len(lines) == 1 and not isinstance(value, tuple | list | frozenset | set | Mapping):
        yield f"{name}: {lines[0]}"
        return
    nested = is_dataclass(value)
    yield f"{name}: {lines[0]}" if nested else f"{name}:"
    yield from (line if nested else f"  {line}" for line in lines[1 if nested else 0 :])


def _scalar(value: object) -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Decimal | dt.date | dt.time):
        return str(value)
    return repr(value)
