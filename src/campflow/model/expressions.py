"""Typed expressions: every name bound, every unit known. `type` is what the expression yields."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from campflow.model.functions import Function
from campflow.model.people import ConstantValue, Duration, ValueType

YESNO = ValueType("yesno")
INTEGER = ValueType("integer")
NUMBER = ValueType("number")
TIME = ValueType("time")


@dataclass(frozen=True, slots=True)
class Constant:
    """A value as written; dates and local times are ISO texts, read in the campaign's zone."""

    value: ConstantValue
    type: ValueType


@dataclass(frozen=True, slots=True)
class Now:
    """The moment at which the condition is asked."""

    type: ValueType = TIME


@dataclass(frozen=True, slots=True)
class ContactField:
    name: str
    type: ValueType
    optional: bool


@dataclass(frozen=True, slots=True)
class EventField:
    """A field of the event at hand: in a `where`, a `worth`, or an aggregate."""

    event: str
    name: str
    type: ValueType
    optional: bool


@dataclass(frozen=True, slots=True)
class EventTime:
    """When the event at hand happened. Not written by users: planning needs it to name moments."""

    event: str
    type: ValueType = TIME


@dataclass(frozen=True, slots=True)
class FirstReaching:
    """The first instant to which adding `duration` gives at least `time`. Like EventTime, made by planning.

    It is not `time - duration` where a clock change or a short month lies between.
    """

    time: "Expression"
    duration: Duration
    type: ValueType = TIME


@dataclass(frozen=True, slots=True)
class EntryField:
    """`entry.cart_id`: a field of the event that started the journey; `events` are those that have it."""

    events: tuple[str, ...]
    name: str
    type: ValueType


@dataclass(frozen=True, slots=True)
class RfmScore:
    """A quintile 1..5 over the project's RFM event; missing for who has no such event."""

    score: Literal["recency", "frequency", "monetary"]
    type: ValueType = INTEGER


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Numbers, money with numbers, time ± duration (a time), time - time (a duration)."""

    operator: Literal["+", "-", "*", "/"]
    left: "Expression"
    right: "Expression"
    type: ValueType


@dataclass(frozen=True, slots=True)
class Compare:
    """False where a side is missing.

    Durations are compared only as `time - time CMP duration` (or mirrored): see the language page, small print.
    """

    operator: Literal["==", "!=", "<", "<=", ">", ">="]
    left: "Expression"
    right: "Expression"
    type: ValueType = YESNO


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple["Expression", ...]
    type: ValueType = YESNO


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple["Expression", ...]
    type: ValueType = YESNO


@dataclass(frozen=True, slots=True)
class Not:
    operand: "Expression"
    type: ValueType = YESNO


@dataclass(frozen=True, slots=True)
class IsMissing:
    operand: "Expression"
    type: ValueType = YESNO


@dataclass(frozen=True, slots=True)
class InOptions:
    """Membership in constants or expressions of one type; false where the value is missing."""

    operand: "Expression"
    options: tuple["Expression", ...]
    type: ValueType = YESNO


@dataclass(frozen=True, slots=True)
class ListHas:
    list: "Expression"
    item: "Expression"
    type: ValueType = YESNO


@dataclass(frozen=True, slots=True)
class TextMatch:
    """Code point by code point, case matters."""

    operator: Literal["starts with", "contains"]
    operand: "Expression"
    pattern: "Expression"
    type: ValueType = YESNO


@dataclass(frozen=True, slots=True)
class InSegment:
    """A segment by name with its condition already resolved."""

    name: str
    condition: "Expression"
    type: ValueType = YESNO


@dataclass(frozen=True, slots=True)
class Last:
    """The window `last D`: holds the events e with e + D > now and e <= now."""

    duration: Duration


@dataclass(frozen=True, slots=True)
class SinceEntry:
    """The window `since entry`: events after the one that started the journey."""


Window: TypeAlias = Last | SinceEntry | None


@dataclass(frozen=True, slots=True)
class EventPattern:
    """The events of one name, about one thing where `about` is set, for which `where` holds."""

    event: str
    about: str | None
    where: "Expression | None"


@dataclass(frozen=True, slots=True)
class Did:
    """At least `times` (>= 1) matching events in the window."""

    pattern: EventPattern
    times: int
    window: Window
    type: ValueType = YESNO


@dataclass(frozen=True, slots=True)
class InArm:
    """Whether the contact is in this arm of a split. Not written by users: planning makes it of what an arm holds."""

    split: str
    arm: str
    type: ValueType = YESNO


@dataclass(frozen=True, slots=True)
class Aggregate:
    """count is an integer, 0 for none; sum is 0 for none; avg, min, max, first, last are missing for none.

    first and last are times (of the event); the others are over `field`.
    """

    function: Literal["count", "sum", "avg", "min", "max", "first", "last"]
    pattern: EventPattern
    field: EventField | None
    window: Window
    type: ValueType


@dataclass(frozen=True, slots=True)
class Call:
    """A plugin's function of values; missing as `Function` says."""

    function: Function
    arguments: tuple["Expression", ...]
    type: ValueType


Expression: TypeAlias = (
    Constant
    | Now
    | ContactField
    | EventField
    | EventTime
    | FirstReaching
    | EntryField
    | RfmScore
    | Arithmetic
    | Compare
    | And
    | Or
    | Not
    | IsMissing
    | InOptions
    | ListHas
    | TextMatch
    | InSegment
    | Did
    | InArm
    | Aggregate
    | Call
)


#: The fields of each kind of expression, looked up once.
_FIELDS: dict[type, tuple[str, ...]] = {}


def _field_names(expression: Expression | EventPattern) -> tuple[str, ...]:
    kind = type(expression)
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(field.name for field in fields(expression))
    return _FIELDS[kind]


def parts(expression: Expression | EventPattern) -> Iterator[Expression | EventPattern]:
    """The expressions and event patterns directly inside, in the order written."""
    for name in _field_names(expression):
        value = getattr(expression, name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Expression | EventPattern):
                yield item


def walk(expression: Expression | EventPattern) -> Iterator[Expression | EventPattern]:
    """The expression and everything inside it, segments' conditions too."""
    yield expression
    for part in parts(expression):
        yield from walk(part)
