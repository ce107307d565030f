"""Values for a template that nobody has to be known for: what each name holds is guessed from how it is used."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import nodes

from campflow.content.record import Record
from campflow.content.values import Amount
from campflow.content.variables import PAGE_URL, RECORDS

_WHEN = dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)
_MONEY = Amount(Decimal("42.00"), "EUR")
_OF_A_DATE = frozenset({"year", "month", "day", "hour", "minute", "weekday", "isoweekday", "isoformat"})
_MATH = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg)

#: Words in names, and what such a field holds.
_BY_NAME: Mapping[str, str] = {
    "url": "https://example.com/a", "link": "https://example.com/a", "email": "ada@example.com", "name": "Ada",
    "phone": "+41446681800", "country": "FR", "language": "en",
}  # fmt: skip

Path = tuple[str, ...]


def specimen(trees: Iterable[nodes.Template]) -> dict[str, object]:
    """A value for each name that these templates may read, of a kind that their filters and operators take."""
    guesses: dict[Path, object] = {}
    for tree in trees:
        for path, value in _guessed(tree):
            known = path[:2] if path[0] in RECORDS else path[:1]
            if value is not None or known not in guesses:
                guesses[known] = _by_name(known[-1]) if value is None else value
    records: dict[str, dict[str, object]] = {name: {} for name in RECORDS}
    found: dict[str, object] = {}
    for path, value in guesses.items():
        if path[0] not in RECORDS:
            found[path[0]] = value
        elif len(path) > 1:
            records[path[0]][path[1]] = value
    found |= {name: Record(fields) for name, fields in records.items()}
    return found | {"unsubscribe_url": "https://example.com/u/token", PAGE_URL: _page_url}


def _page_url(page: str, variant: str = "") -> str:
    return f"https://example.com/l/{page}/token"


def _guessed(tree: nodes.Template) -> Iterator[tuple[Path, object | None]]:
    """Each path that is read, with its value where its use says something about that; the last word counts."""
    for node in tree.find_all((nodes.Name, nodes.Getattr)):
        if (path := _path(node)) is not None:
            yield path, _of_parts(path)
    for used in tree.find_all(nodes.Filter):
        if used.name == "date" and (path := _path(used.node)) is not None:
            yield path, _WHEN
    for loop in tree.find_all(nodes.For):
        if (path := _path(loop.iter)) is not None:
            yield path, ("one", "two")
    for compared in tree.find_all(nodes.Compare):
        right = compared.ops[0].expr
        if isinstance(right, nodes.Const) and (path := _path(compared.expr)) is not None:
            yield path, right.value
    for worked in tree.find_all(_MATH):
        for side in worked.iter_child_nodes():
            if (path := _path(side)) is not None:
                yield path, 42


def _path(node: Any) -> Path | None:
    match node:
        case nodes.Name(name=name, ctx="load"):
            return (name,)
        case nodes.Getattr(node=inner, attr=attr):
            before = _path(inner)
            return None if before is None else (*before, attr)
        case nodes.Filter(node=inner):
            return _path(inner)
    return None


def _of_parts(path: Path) -> object | None:
    """What has halves is money, what has a year is a day."""
    part = path[2:3] if path[0] in RECORDS else path[1:2]
    if part and part[0] in ("value", "currency"):
        return _MONEY
    return _WHEN if part and part[0] in _OF_A_DATE else None


def _by_name(name: str) -> str:
    return next((value for word, value in _BY_NAME.items() if word in name), name)
