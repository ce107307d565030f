"""What contacts did: what an event is about, windows of time, and figures over events."""

from collections.abc import Iterable
from typing import Literal

from campflow.checking.lengths import length
from campflow.checking.names import EventWords
from campflow.checking.scope import Scope
from campflow.checking.wording import events as say
from campflow.checking.wording import names as say_names
from campflow.language import syntax
from campflow.model.expressions import (
    INTEGER,
    NUMBER,
    TIME,
    Aggregate,
    EventField,
    EventPattern,
    Last,
    SinceEntry,
    Window,
)
from campflow.model.people import Kind, ValueType

Function = Literal["count", "sum", "avg", "min", "max", "first", "last"]

_ADDABLE: frozenset[Kind] = frozenset({"integer", "number", "money"})
_ORDERED: frozenset[Kind] = _ADDABLE | {"date", "time"}


def about(node: syntax.EventPattern, event: EventWords, scope: Scope) -> bool:
    """Whether the second word (`clicked welcome`) names what events of this kind are about. Reports where not."""
    if node.about is None:
        return True
    kind = event.event.about
    if kind is None:
        scope.report(say.takes_no_second_word(node.event.text, node.about))
        return False
    known: dict[str, Iterable[str]] = {
        "message": scope.names.messages,
        "page": scope.names.pages,
        "campaign": scope.names.campaigns,
    }
    if node.about.text in known[kind]:
        return True
    scope.report(say_names.unknown(kind, node.about, sorted(known[kind])))
    return False


def window(node: syntax.Window | None, scope: Scope) -> tuple[bool, Window]:
    """Whether the window is sound, and it; reports where not."""
    if node is None:
        return True, None
    if node.last is not None:
        last = length(node.last, scope)
        return last is not None, Last(last) if last else None
    if scope.entry is None:
        scope.report(say.nobody_entered("since entry", node.span))
        return False, None
    return True, SinceEntry()


def times_fit(node: syntax.Did, scope: Scope) -> bool:
    """Whether `at least N times` asks for anything; reports where not."""
    if node.times >= 1:
        return True
    scope.report(say.always_times(node.times, node.span))
    return False


def aggregated(node: syntax.Aggregate, event: EventWords, scope: Scope) -> tuple[bool, EventField | None]:
    """Whether what is calculated over is sound, and it: a field for sum, avg, min and max; None for the others."""
    if node.function in ("count", "first", "last"):
        if node.field:
            scope.report(say.needs_no_field(node.function, event.event.name, node.field.span))
        return node.field is None, None
    wanted = _ORDERED if node.function in ("min", "max") else _ADDABLE
    usable = [name for name, field in event.fields.items() if field and field.type.kind in wanted]
    if node.field is None:
        scope.report(say.needs_field(node.function, event.event.name, usable, node.span))
        return False, None
    if node.field.text not in event.fields:
        scope.report(say_names.unknown("field", node.field, event.fields, of=event.event.name))
        return False, None
    field = event.fields[node.field.text]
    if field and field.type.kind not in wanted:
        scope.report(say.cannot_aggregate(node.function, node.field, field.type, usable))
        return False, None
    if field is None:
        return False, None
    return True, EventField(event.event.name, field.name, field.type, field.optional)


def aggregate(function: Function, pattern: EventPattern, field: EventField | None, window: Window) -> Aggregate:
    """The figure with its type: a count is a whole number, first and last are moments, an average keeps no unit
    but money's."""
    if field is None:
        return Aggregate(function, pattern, None, window, INTEGER if function == "count" else TIME)
    averaged = function == "avg" and field.type.kind == "integer"
    return Aggregate(function, pattern, field, window, NUMBER if averaged else field.type)


#: Types by which one journey a contact and value can be told from another.
KEY_KINDS: frozenset[Kind] = frozenset({"text", "integer", "choice", "email", "phone", "url"})


def is_key(type_: ValueType) -> bool:
    return type_.kind in KEY_KINDS
