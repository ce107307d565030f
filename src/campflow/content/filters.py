"""The filters of content: Jinja's without those that pad, repeat or reach into objects, each paid for as it is used."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import wraps
from html import unescape
from typing import Any

from jinja2 import pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS, do_join, do_replace, do_round, do_sum, do_tojson
from jinja2.runtime import Context, Undefined, markup_join, str_join
from jinja2.utils import _PassArg
from markupsafe import Markup, escape

from campflow.content.budget import budget_of

Function = Callable[..., Any]

#: Digits that may be asked for behind the point, and before it.
_DIGITS = 20

#: Bits of the largest whole number that templates work with.
BITS = 4_096


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


@pass_context
def _join(context: Context, value: Iterable[Any], d: Any = "", attribute: str | int | None = None) -> Any:
    items = list(value)
    _check_paths([attribute])
    budget_of(context).spend(len(str(d)) * len(items))
    return do_join(context.eval_ctx, items, d, attribute)


@pass_context
def _replace(context: Context, s: Any, old: Any, new: Any, count: int | None = None) -> Any:
    budget_of(context).spend(str(s).count(str(old)) * len(str(new)))
    return do_replace(context.eval_ctx, s, old, new, count)


@pass_context
def _sum(context: Context, iterable: Iterable[Any], attribute: str | int | None = None, start: Any = 0) -> Any:
    """Of numbers. Lists are not added: each addition copies what is there already."""
    if not isinstance(start, int | float | Decimal):
        raise SecurityError("the filter `sum` adds numbers")
    return do_sum(context.environment, iterable, attribute, start)


def _round(value: Any, precision: int = 0, method: Any = "common") -> float:
    if not isinstance(precision, int) or abs(precision) > _DIGITS:
        raise SecurityError(f"the filter `round` rounds to {_DIGITS} digits and not more")
    return do_round(value, precision, method)


def _int(value: Any, default: int = 0, base: int = 10) -> int:
    number: int = FILTERS["int"](value, default, base)
    if number.bit_length() > BITS:
        raise SecurityError("the number is too large")
    return number


@pass_context
def _tojson(context: Context, value: Any) -> Any:
    """Without an indent: nobody reads it, and each line could begin with a million blanks."""
    return do_tojson(context.eval_ctx, value)


@pass_context
def _each(context: Context, items: Iterable[Any] | None) -> Iterator[Any]:
    """What a `for` goes through, counted. A missing list has no items."""
    budget = budget_of(context)
    for item in () if items is None else items:
        budget.step()
        yield item


@pass_context
def _sized(context: Context, value: Any) -> Any:
    """What an operator handles, paid for."""
    budget_of(context).weigh(value)
    return value


@pass_context
def _concat(context: Context, values: list[Any]) -> Any:
    """`~`"""
    budget = budget_of(context)
    budget.step()
    budget.weigh(*values)
    return (markup_join if context.eval_ctx.autoescape else str_join)(values)


@pass_context
def _spent(context: Context, characters: int) -> None:
    """What stands between the tags of a loop or macro, at each turn."""
    budget_of(context).spend(characters)


@pass_context
def _link(context: Context, value: Any, number: int, of: int, hosts: str) -> Any:
    """The address to write for a link that leads to `value`."""
    budget = budget_of(context)
    budget.step(3)
    budget.weigh(value)
    tracker = context.resolve(TRACKER)
    if isinstance(value, Markup):
        return escape(tracker.link(number, of, hosts, unescape(str(value))))
    return tracker.link(number, of, hosts, value)


@pass_context
def _tail(context: Context, value: Any, of: int, what: str) -> Markup:
    """What stands at the end of a mail that is tracked."""
    return Markup(context.resolve(TRACKER).tail(of, what))  # noqa: S704 -- our own markup, of signed tokens


def _check_paths(paths: Iterable[Any]) -> None:
    if any(isinstance(path, str) and len(path) > _LONGEST_PATH for path in paths):
        raise SecurityError(f"an attribute has at most {_LONGEST_PATH} characters")


_OF_JINJA = (
    "abs", "capitalize", "count", "dictsort", "e", "escape", "first", "float", "groupby", "items", "last", "length",
    "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "string",
    "striptags", "title", "trim", "truncate", "unique", "upper", "urlencode", "wordcount",
)  # fmt: skip

#: Each filter by its name, as a function of a value.
PLAIN: Mapping[str, Function] = {name: FILTERS[name] for name in _OF_JINJA} | {
    "default": _default,
    "d": _default,
    "date": _date,
    "int": _int,
    "join": _join,
    "replace": _replace,
    "round": _round,
    "sum": _sum,
    "tojson": _tojson,
}

#: Filters that walk a path through each item, as in `attribute="a.b"`.
_BY_PATH = frozenset({"groupby", "map", "max", "min", "rejectattr", "selectattr", "sort", "sum", "unique"})
_LONGEST_PATH = 200

#: What is woven into a template; no template can write these names.
EACH, SIZED, CONCAT, SPENT = "$each", "$sized", "$concat", "$spent"
WOVEN: Mapping[str, Function] = {EACH: _each, SIZED: _sized, CONCAT: _concat, SPENT: _spent}

#: Where a context keeps who writes the links, and what asks for them: put around links by `content/marking.py`.
TRACKER, LINK, TAIL = "$tracker", "campflow_link", "campflow_tail"
MARKING: Mapping[str, Function] = {LINK: _link, TAIL: _tail}


def metered(name: str, function: Function) -> Function:
    """The filter, paid for before it works by what it is given, and afterwards by what it made."""
    passed = _PassArg.from_obj(function)

    @pass_context
    @wraps(function, updated=())
    def meter(context: Context, value: Any = None, *args: Any, **kwargs: Any) -> Any:
        budget = budget_of(context)
        budget.step(3)
        if name in _BY_PATH:
            # The words behind `map` are another filter's.
            _check_paths([kwargs.get("attribute"), *(args if name != "map" else ())])
        if isinstance(value, Iterator):
            value = budget.flow(value)
        budget.weigh(value, *args, *kwargs.values())
        first: dict[Any, Any] = {
            _PassArg.context: context,
            _PassArg.eval_context: context.eval_ctx,
            _PassArg.environment: context.environment,
        }
        result = function(*([] if passed is None else [first[passed]]), value, *args, **kwargs)
        budget.weigh(result)
        return result

    return meter
