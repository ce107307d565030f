"""Lengths of time where a clause asks for one, and the small helpers that all clauses share."""

from collections.abc import Sequence
from typing import TypeVar

from campflow.checking.literals import duration
from campflow.checking.scope import Scope
from campflow.checking.wording import types as say
from campflow.language import syntax
from campflow.model.people import Duration

T = TypeVar("T")


def length(node: syntax.Duration, scope: Scope) -> Duration | None:
    """The length of time, or None after a mistake was reported."""
    found = duration(node)
    if found is None:
        scope.report(say.too_long(f"`{scope.texts.written(node.span)}`", node.span))
    return found


def lost(written: object | None, resolved: object | None) -> bool:
    """Whether something was written and could not be resolved."""
    return written is not None and resolved is None


def whole(items: Sequence[T | None]) -> tuple[T, ...] | None:
    """All items, or None where one of them is mistaken."""
    sound = tuple(item for item in items if item is not None)
    return sound if len(sound) == len(items) else None
