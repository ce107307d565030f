"""A syntax tree as JSON and back, so that it can be kept. JSON can do no harm, whoever wrote it.

A node is a list: the number of its kind, its fields, and its span as four numbers; the file's path is not repeated. The
numbers below 0 are plain values that JSON does not have.
"""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any

from campflow.diagnostics.source import Span
from campflow.language import syntax


def _alone(node: Any) -> tuple[Any, ...]:
    """What there is of a node without fields."""
    return (node.span,)


_KINDS: tuple[type[Any], ...] = tuple(
    kind
    for _, kind in sorted(vars(syntax).items())
    if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == syntax.__name__ and kind != syntax.FlowFile
)
_FIELDS = {kind: tuple(field.name for field in fields(kind))[:-1] for kind in _KINDS}
#: Gets all fields and the span of a node at once.
_PARTS: dict[type[Any], Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*names, "span") if names else _alone for kind, names in _FIELDS.items()
}
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
_PLAIN: dict[int, tuple[type[Any], Callable[[Any], Any]]] = {
    -1: (tuple, tuple),
    -2: (Decimal, Decimal),
    -3: (dt.datetime, dt.datetime.fromisoformat),
    -4: (dt.date, dt.date.fromisoformat),
    -5: (dt.time, dt.time.fromisoformat),
}
_AS_IT_IS = frozenset({str, int, bool, type(None)})
SHAPE = ";".join(f"{kind.__name__}({','.join(_FIELDS[kind])})" for kind in _KINDS)
"""What the kinds look like: what was packed with another shape cannot be read."""


def pack(tree: syntax.FlowFile) -> str:
    """The tree as one line of text."""
    return json.dumps(packed(tree), separators=(",", ":"), ensure_ascii=True)


def packed(tree: syntax.FlowFile) -> list[Any]:
    """The tree as values that JSON has."""
    return [_packed(each) for each in tree.declarations]


def unpack(written: str | bytes, path: str) -> syntax.FlowFile:
    """The tree of the file with that path. Raises ValueError for what `pack` did not write."""
    try:
        return unpacked(json.loads(written), path)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not a tree ({error})") from error


def unpacked(found: Any, path: str) -> syntax.FlowFile:
    """The tree again. Raises ValueError for what `packed` did not make."""
    try:
        return syntax.FlowFile(path, tuple([_unpacked(each, path) for each in found]))
    except (TypeError, ValueError, LookupError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"{path}: not a tree ({error})") from error


def _packed(value: Any) -> Any:
    kind = type(value)
    number = _NUMBERS.get(kind)
    if number is not None:
        *inside, (_, line, column, end_line, end_column) = _PARTS[kind](value)
        parts = [each if type(each) in _AS_IT_IS else _packed(each) for each in inside]
        return [number, *parts, line, column, end_line, end_column]
    if kind is tuple:
        return [-1, *[each if type(each) in _AS_IT_IS else _packed(each) for each in value]]
    for number, (plain, _) in _PLAIN.items():
        if isinstance(value, plain):
            return [number, str(value)]
    return value


def _unpacked(value: Any, path: str) -> Any:
    if type(value) is not list:
        return value
    number = value[0]
    if number >= 0:
        *inside, line, column, end_line, end_column = value
        del inside[0]
        parts = [_unpacked(each, path) if type(each) is list else each for each in inside]
        return _KINDS[number](*parts, Span(path, line, column, end_line, end_column))
    if number == -1:
        return tuple([_unpacked(each, path) for each in value[1:]])
    return _PLAIN[number][1](value[1])
