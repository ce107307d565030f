"""The filters that a template uses: that they are there and are given what they take; what those of plugins make."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache, wraps
from inspect import Parameter, Signature
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.runtime import Undefined

from campflow.content.filter_words import Filters, arguments_of
from campflow.content.filters import MARKING, WOVEN
from campflow.content.record import Record
from campflow.diagnostics.diagnostic import did_you_mean

#: What a filter of a plugin may make, beside texts and lists of all these.
_VALUES = (bool, int, float, Decimal, type(None), dt.date, dt.datetime, dt.time, Record)


def refuse_misused(tree: nodes.Template, known: Mapping[str, object], plugins: Filters) -> None:
    """Raises TemplateSyntaxError for a filter that is not among the `known`, or one of a plugin that is given what it
    does not take."""
    arguments = {name: arguments_of(function) for name, function in plugins}
    for used in tree.find_all(nodes.Filter):
        if used.name not in known:
            near = did_you_mean(used.name, known.keys() - {*WOVEN, *MARKING})
            raise TemplateSyntaxError(f"there is no filter `{used.name}`{f': {near}' if near else ''}", used.lineno)
        if used.name in arguments and not (used.dyn_args or used.dyn_kwargs):
            try:
                arguments[used.name].bind(*used.args, **{str(each.key): each.value for each in used.kwargs})
            except TypeError as error:
                says = f"{used.name}{arguments[used.name]}"
                raise TemplateSyntaxError(f"the filter is written `{says}`: {error}", used.lineno) from error


@lru_cache(maxsize=16)
def stand_ins(arguments: frozenset[tuple[str, Signature]]) -> Filters:
    """Filters that take these arguments, for who looks whether a template compiles and never fills it."""
    return frozenset((name, _stand_in(name, takes)) for name, takes in arguments)


def _stand_in(name: str, takes: Signature) -> Callable[..., object]:
    def never(value: object, *args: object, **kwargs: object) -> object:
        raise SecurityError(f"the filter `{name}` is not at hand")

    parameters = takes.parameters.values()
    never.__signature__ = Signature(  # type: ignore[attr-defined]  # what `inspect.signature` looks for first
        [Parameter("value", Parameter.POSITIONAL_ONLY), *parameters]
    )
    return never


def tamed(name: str, function: Callable[..., object]) -> Callable[..., object]:
    """A plugin's filter, as a function of plain values that makes plain values: no markup, nothing that can be called.

    What it makes is escaped as every other value is.
    """

    @wraps(function, updated=())
    def filter(value: Any, *args: Any, **kwargs: Any) -> object:
        if isinstance(value, Undefined):
            str(value)  # says which name is unknown
        given = _text(value)
        made = function(given, *args, **kwargs)
        return made if made is given else _plain(name, made)

    return filter


def _plain(name: str, made: object) -> object:
    if isinstance(made, list | tuple):
        return [_plain(name, each) for each in made]
    if isinstance(made, str) or type(made) in _VALUES:
        return _text(made)
    raise SecurityError(f"the filter `{name}` made a {type(made).__name__}: it can make a text, a number, yes or no, "
                        "a date, a time, nothing, or a list of these")  # fmt: skip


def _text(value: Any) -> Any:
    """A text that says of itself that it is markup, as the text that it is."""
    if isinstance(value, Iterator):
        return [_text(each) for each in value]
    return str.__str__(value) if isinstance(value, str) else value
