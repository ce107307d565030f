"""Filters of plugins, as those see them who need no template: by name, and by what may be written behind it."""

from collections.abc import Callable
from inspect import Parameter, Signature, signature

#: Filters of plugins, by name.
Filters = frozenset[tuple[str, Callable[..., object]]]
NO_FILTERS: Filters = frozenset()


def arguments_of(function: Callable[..., object]) -> Signature:
    """What may be written behind the name of a filter: the parameters after the value, without types and defaults.

    The same for the same function whenever it is asked for. Raises TypeError or ValueError where that cannot be told.
    """
    value, *others = signature(function).parameters.values() or (Parameter("none", Parameter.KEYWORD_ONLY),)
    if value.kind not in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.VAR_POSITIONAL):
        raise TypeError("it takes no value")
    if value.kind is Parameter.VAR_POSITIONAL:
        others.insert(0, value)
    has = Parameter.empty
    return Signature(
        [each.replace(annotation=has, default=has if each.default is has else None) for each in others],
    )
