"""Jinja2 with bounds: no way out of the template, no endless loop, no text as large as the memory.

Content files are written by the people who write the `.flow` files. The sandbox is there so that nothing that a
contact, an import or a form put into a field runs, and so that a slip in a template costs one message, not a daemon.
What it may cost is counted: see `budget.py`.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Namespace

from campflow.content.budget import budget_of, weight
from campflow.content.filter_words import NO_FILTERS, Filters
from campflow.content.filtering import tamed
from campflow.content.filters import BITS, MARKING, PLAIN, WOVEN, metered
from campflow.content.weaving import weave

_GLOBALS = ("dict", "cycler", "joiner")

#: What may be called of a value: nothing else of it that can be called is there. `format` would pad and reach out.
_METHODS: Mapping[type | tuple[type, ...], frozenset[str]] = {
    str: frozenset({
        "lower", "upper", "title", "capitalize", "strip", "lstrip", "rstrip", "startswith", "endswith", "split",
        "isdigit", "find", "count",
    }),
    (dt.date, dt.time): frozenset({
        "year", "month", "day", "hour", "minute", "second", "weekday", "isoweekday", "isoformat", "date", "time",
    }),
    dict: frozenset({"items", "keys", "values", "get"}),
    LoopContext: frozenset({"cycle", "changed"}),
    Cycler: frozenset({"next", "reset"}),
}  # fmt: skip

#: Words that read another file, or take values as they are.
_REFUSED: Mapping[type[nodes.Node], tuple[str, str]] = {
    nodes.Include: ("include", "each content file stands alone"),
    nodes.Import: ("import", "each content file stands alone"),
    nodes.FromImport: ("from", "each content file stands alone"),
    nodes.Extends: ("extends", "each content file stands alone"),
    nodes.Block: ("block", "each content file stands alone"),
    nodes.ScopedEvalContextModifier: ("autoescape", "values are always escaped in HTML"),
}


class _Namespace(Namespace):
    """It may hold itself many times over: nothing of that is ever written."""

    def __repr__(self) -> str:
        return "namespace"


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


@pass_context
def _written(context: Context, value: Any) -> Any:
    """The same, paid for."""
    if isinstance(value, Iterator):
        raise SecurityError("a list of what a filter made is written with `| join(', ')`")
    budget_of(context).weigh(value)
    return shown(value)


class Sandbox(ImmutableSandboxedEnvironment):
    """`html` decides whether values are escaped."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, html: bool, filters: Filters) -> None:
        super().__init__(autoescape=html, undefined=StrictUndefined, finalize=_written, cache_size=0)
        known = {**{name: tamed(name, function) for name, function in filters}, **PLAIN}
        self.filters = {name: metered(name, function) for name, function in known.items()} | {**WOVEN, **MARKING}
        self.globals = {name: self.globals[name] for name in _GLOBALS} | {"range": _range, "namespace": _Namespace}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """What reads another file, or would let a value be markup, is refused."""
        tree = super()._parse(source, name, filename)
        for node in tree.find_all(tuple(_REFUSED)):
            word, reason = _REFUSED[type(node)]
            raise TemplateSyntaxError(f"`{word}` cannot be used here: {reason}", node.lineno)
        for used in tree.find_all(nodes.Filter):
            if used.name == "safe":
                reason = "values are always escaped in HTML; write markup in the template itself"
                raise TemplateSyntaxError(f"`safe` cannot be used here: {reason}", used.lineno)
        return tree

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        return super()._generate(weave(source), name, filename, defer_init)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        budget = budget_of(__context)
        budget.step(3)
        budget.weigh(getattr(__obj, "__self__", None), *args, *kwargs.values())
        result = super().call(__context, __obj, *args, **kwargs)
        budget.weigh(result)
        return result

    def call_test(
        self,
        name: str,
        value: Any,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        context: Context | None = None,
        eval_ctx: EvalContext | None = None,
    ) -> Any:
        """A test that a filter asks of each item."""
        if context is not None:
            budget = budget_of(context)
            budget.step()
            budget.weigh(value, *(args or ()))
        return super().call_test(name, value, args, kwargs, context, eval_ctx)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        budget = budget_of(context)
        budget.step()
        if operator == "%" and isinstance(left, str):
            raise SecurityError("`%` does not format texts here: write `~` between the pieces")
        if operator == "*":
            for items, times in ((left, right), (right, left)):
                if hasattr(items, "__len__") and isinstance(times, int):
                    budget.spend(weight(items, budget.work) * max(times, 1))
        if operator == "+":
            budget.weigh(left, right)
        if operator == "**" and (not isinstance(right, int | float) or abs(right) > 64):
            raise SecurityError("the result is too large: a power goes up to 64")
        if sum(value.bit_length() for value in (left, right) if isinstance(value, int)) > BITS:
            raise SecurityError("the result is too large")
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> None:
        """No text has a method `format`: see `is_safe_attribute`."""
        return

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if not super().is_safe_attribute(obj, attr, value):
            return False
        for kind, methods in _METHODS.items():
            if isinstance(obj, kind) and attr in methods:
                return True
        return isinstance(obj, Namespace) or not callable(value)


@lru_cache(maxsize=16)
def sandbox(html: bool, filters: Filters = NO_FILTERS) -> Sandbox:
    """The one environment for HTML, or for plain text, with these filters; it only reads after it is made."""
    return Sandbox(html, filters)
