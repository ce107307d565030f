"""People and what they do: the fields of a contact, and the events with their fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from campflow.diagnostics.source import Span

Kind = Literal[
    "text", "integer", "number", "yesno", "date", "time", "money",
    "email", "phone", "country", "language", "timezone", "url",
    "choice", "list", "duration",
]  # fmt: skip

#: Kinds that are texts in conditions and in the database.
TEXT_KINDS: frozenset[Kind] = frozenset({"text", "email", "phone", "country", "language", "timezone", "url", "choice"})

#: The largest that is kept of each kind, money in minor units: where values are added up, one row stops no statement.
LARGEST: Mapping[Kind, int | float] = MappingProxyType({"integer": 2**62 - 1, "money": 10**15, "number": 1e150})


@dataclass(frozen=True, slots=True)
class ValueType:
    """The type of a field or an expression.

    `choices` are the values of a `one of`; `element` is the type inside a `list of`. `time` is an instant,
    `date` a calendar day; `duration` exists only in expressions.
    """

    kind: Kind
    choices: tuple[str, ...] = ()
    element: "ValueType | None" = None

    def __str__(self) -> str:
        """As it is written in a `.flow` file."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        return f"list of {self.element}" if self.kind == "list" else self.kind


@dataclass(frozen=True, slots=True)
class Duration:
    """A stretch of calendar: months and days are counted in a time zone, milliseconds on the clock.

    A year is 12 months and a week 7 days. Adding goes months first (the last day where the day is missing), then
    days, then milliseconds; so does taking away, which is adding its negative.
    """

    months: int = 0
    days: int = 0
    milliseconds: int = 0

    def __neg__(self) -> "Duration":
        return Duration(-self.months, -self.days, -self.milliseconds)

    @property
    def in_milliseconds(self) -> int:
        """About how long it is: a day of 24 hours, a month of 30 days."""
        return (30 * self.months + self.days) * 86_400_000 + self.milliseconds

    def __str__(self) -> str:
        """`1 month 2 days 3 hours`: as it is written in a `.flow` file."""
        parts = [(self.months // 12, "year"), (self.months % 12, "month"), (self.days, "day")]
        rest = self.milliseconds
        for size, unit in ((3_600_000, "hour"), (60_000, "minute"), (1_000, "second")):
            parts.append((rest // size, unit))
            rest %= size
        return " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in parts if n) or "0 seconds"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the minor unit of its currency (cents for EUR, yen for JPY)."""

    minor: int
    currency: str


#: What a constant can be: texts, numbers, yes/no, days, local times, durations, money.
#: A `time` constant is an ISO text of a local time ("2026-12-01T09:00:00"): its zone is the campaign's.
ConstantValue: TypeAlias = str | int | float | bool | Duration | Money | tuple["ConstantValue", ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A declared field; `default` is None where there is none. A `date` constant is an ISO text."""

    name: str
    type: ValueType
    optional: bool
    default: ConstantValue | None
    span: Span


@dataclass(frozen=True, slots=True)
class Contact:
    fields: tuple[Field, ...]
    span: Span | None

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True, slots=True)
class Event:
    """`about` says what a built-in event's second word names; declared events have none."""

    name: str
    fields: tuple[Field, ...]
    about: Literal["message", "page", "campaign"] | None
    span: Span | None

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)


#: What somebody wrote, where a channel tells it.
_WRITTEN = (Field("text", ValueType("text"), True, None, Span("", 1, 1, 1, 1)),)

#: Where the link led that was followed.
_URL = (Field("url", ValueType("url"), True, None, Span("", 1, 1, 1, 1)),)

#: Which variant of a page somebody was shown, where it has several.
_VARIANT = (Field("variant", ValueType("text"), True, None, Span("", 1, 1, 1, 1)),)

#: Reactions that people write in words of their own.
_IN_WORDS = frozenset({"replied", "unsubscribed", "resubscribed"})

_FIELDS = {**dict.fromkeys(_IN_WORDS, _WRITTEN), "clicked": _URL, "clicked_any": _URL}

#: Reactions that channels report, and what the engine says of campaigns (language page, section 3).
#: `opened_any` and `clicked_any` also count what machines did: see `heard_as`.
BUILT_IN_EVENTS: tuple[Event, ...] = (
    *(
        Event(name, _FIELDS.get(name, ()), "message", None)
        for name in (
            "sent", "delivered", "opened", "clicked", "opened_any", "clicked_any", "replied", "bounced",
            "complained", "unsubscribed", "resubscribed", "failed", "expired", "returned", "scanned",
        )
    ),
    *(Event(name, _VARIANT, "page", None) for name in ("visited", "submitted")),
    *(Event(name, (), "campaign", None) for name in ("entered", "left", "converted")),
)  # fmt: skip


def heard_as(event: str) -> tuple[str, ...]:
    """The events that count as `event`: an opening or a click by a person is among those by anybody."""
    return {"opened_any": ("opened", "opened_any"), "clicked_any": ("clicked", "clicked_any")}.get(event, (event,))
