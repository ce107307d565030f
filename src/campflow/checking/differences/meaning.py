"""What a part of the model means, apart from where and how it was written."""

from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from campflow.diagnostics.source import Span
from campflow.model.expressions import InSegment
from campflow.model.flow import OptionValue

T = TypeVar("T")

#: Places and spelling; and the types of fields, whose change is a difference of its own.
_WITHOUT_MEANING = frozenset({"span", "text", "order", "nth", "type", "optional"})


def meaning(part: object, through_segments: bool = False) -> Hashable:
    """Equal for parts that say the same. A segment counts by its name, or also by what it stands for."""
    if isinstance(part, tuple):
        inside = [meaning(each, through_segments) for each in part]
        options = bool(part) and all(isinstance(each, OptionValue) for each in part)
        return frozenset(inside) if options else tuple(inside)
    if not is_dataclass(part):
        assert isinstance(part, Hashable)  # noqa: S101 -- the model is frozen
        return part
    left_out = _WITHOUT_MEANING
    if isinstance(part, InSegment) and not through_segments:
        left_out |= {"condition"}
    kept = [getattr(part, field.name) for field in fields(part) if field.name not in left_out]
    return type(part).__name__, *(meaning(each, through_segments) for each in kept)


def rebuilt(part: T, change: Callable[[Any], Any]) -> T:
    """The same with `change` done to every construct in it, the innermost first."""
    rebuilding: Any = part
    if isinstance(rebuilding, Span):
        return part
    if isinstance(rebuilding, tuple):
        rebuilding = tuple(rebuilt(each, change) for each in rebuilding)
    elif is_dataclass(rebuilding) and not isinstance(rebuilding, type):
        inside = {field.name: getattr(rebuilding, field.name) for field in fields(rebuilding)}
        rebuilding = change(replace(rebuilding, **{name: rebuilt(each, change) for name, each in inside.items()}))
    return rebuilding  # type: ignore[no-any-return]  # a change keeps the kind of what it changes
