"""Jinja2 with bounds: no way out of the template, no endless loop, no text as large as the memory.

Content files are written by the people who write the `.flow` files. The sandbox is there so that nothing that a
contact, an import or a form put into a field runs, and so that a slip in a template costs one message, not a daemon.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

#: Calls and turns of loops that filling one template may take.
STEPS = 100_000

#: Where a context keeps the count; no template can write this name.
BUDGET = "$steps"

_EACH = "$each"
_LONGEST = 100_000

#: Jinja's filters without those that pad, repeat or reach into objects.
_FILTERS = (
    "abs", "capitalize", "count", "dictsort", "e", "escape", "first", "float", "groupby", "int", "items", "join",
    "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round",
    "safe", "select", "selectattr", "sort", "string", "striptags", "sum", "title", "tojson", "trim", "truncate",
    "unique", "upper", "urlencode", "wordcount",
)  # fmt: skip
_GLOBALS = ("dict", "cycler", "joiner", "namespace")
_TEXT_METHODS = frozenset({
    "lower", "upper", "title", "capitalize", "strip", "lstrip", "rstrip", "startswith", "endswith", "split", "isdigit",
    "find", "count",
})  # fmt: skip
_DATE_ATTRIBUTES = frozenset({
    "year", "month", "day", "hour", "minute", "second", "weekday", "isoweekday", "isoformat", "date", "time",
})  # fmt: skip


class Budget:
    """How many steps are left."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = STEPS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise SecurityError(f"it takes more than {STEPS:,} steps to fill")


def _spend(context: Context) -> None:
    budget = context.resolve(BUDGET)
    if isinstance(budget, Budget):
        budget.spend()


@pass_context
def _each(context: Context, items: Iterable[Any] | None) -> Iterator[Any]:
    """What a `for` goes through, counted. A missing list has no items."""
    for item in () if items is None else items:
        _spend(context)
        yield item


def _default(value: Any, default: Any = "", boolean: bool = False) -> Any:
    """The value, or `default` where the contact has none."""
    missing = value is None or isinstance(value, Undefined) or (boolean and not value)
    return default if missing else value


def _date(value: Any, format: str = "%Y-%m-%d") -> str:
    """A date or time written as `format` says, in the words of Python's strftime."""
    if value is None:
        return ""
    if not isinstance(value, dt.date | dt.datetime):
        raise SecurityError("the filter `date` needs a date or a time")
    if len(format) > 100 or re.search(r"%[^a-zA-Z%]", format):
        raise SecurityError(f"the date format {format[:100]!r} cannot be used: write for example %d.%m.%Y")
    return value.strftime(format)


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > 1_000:
        raise SecurityError("a range may have 1,000 numbers")
    return numbers


def shown(value: Any) -> Any:
    """What stands in the text for a value: a missing field is empty."""
    if value is None:
        return ""
    if value is True or value is False:
        return "yes" if value else "no"
    return value


class Sandbox(ImmutableSandboxedEnvironment):
    """`html` decides whether values are escaped."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, html: bool) -> None:
        super().__init__(autoescape=html, undefined=StrictUndefined, finalize=shown, cache_size=0)
        self.filters = {name: FILTERS[name] for name in _FILTERS}
        self.filters |= {"default": _default, "d": _default, "date": _date, _EACH: _each}
        self.globals = {name: self.globals[name] for name in _GLOBALS} | {"range": _range}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Every loop is counted; what reads another file is refused."""
        tree = super()._parse(source, name, filename)
        for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)):
            word = {"FromImport": "from"}.get(type(node).__name__, type(node).__name__.lower())
            raise TemplateSyntaxError(f"`{word}` cannot be used here: each content file stands alone", node.lineno)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, _EACH, [], [], None, None, lineno=loop.iter.lineno)
        return tree

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        _spend(__context)
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """`*`, `**` and `%`: the operators that can make something huge of two small things."""
        if operator == "%" and isinstance(left, str):
            raise SecurityError("`%` does not format texts here: write `~` between the pieces")
        if operator == "*":
            for items, times in ((left, right), (right, left)):
                if hasattr(items, "__len__") and isinstance(times, int):
                    _fits(len(items) * times, _LONGEST)
        if operator == "**" and isinstance(right, int):
            _fits(abs(right), 64)
        _fits(sum(value.bit_length() for value in (left, right) if isinstance(value, int)), 4_096)
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str):
            return attr in _TEXT_METHODS
        if isinstance(obj, dt.date | dt.datetime | dt.time):
            return attr in _DATE_ATTRIBUTES
        return super().is_safe_attribute(obj, attr, value)


def _fits(size: int, most: int) -> None:
    if size > most:
        raise SecurityError("the result is too large")


#: One environment for HTML, one for plain text; both only read after they are made.
SANDBOXES: dict[bool, Sandbox] = {html: Sandbox(html) for html in (False, True)}
