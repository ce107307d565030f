"""The syntax tree: one frozen dataclass per construct of a `.flow` file, each with its span, nothing resolved.

Names are `Name` nodes, so that a diagnostic can underline just the name. A statement's span covers the whole
statement. The order of items in every tuple is the order of the file.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from campflow.diagnostics.source import Span


@dataclass(frozen=True, slots=True)
class Name:
    text: str
    span: Span


# --- values -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Number:
    """`42`, `1_000`, `3.5`; whole is true where no point was written."""

    value: Decimal
    whole: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Percent:
    """`12%`: value is 12."""

    value: Decimal
    span: Span


@dataclass(frozen=True, slots=True)
class Money:
    """`40 EUR`."""

    amount: Decimal
    currency: str
    span: Span


@dataclass(frozen=True, slots=True)
class YesNo:
    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Date:
    value: dt.date
    span: Span


@dataclass(frozen=True, slots=True)
class DateTime:
    """`2026-12-01 09:00`: a local time, naive."""

    value: dt.datetime
    span: Span


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """`09:00`."""

    value: dt.time
    span: Span


Unit = Literal["second", "minute", "hour", "day", "week", "month", "year"]


@dataclass(frozen=True, slots=True)
class Duration:
    """`2 hours 30 minutes`: the parts as written, units in the singular."""

    parts: tuple[tuple[int, Unit], ...]
    span: Span


Value: TypeAlias = Text | Number | Percent | Money | YesNo | Date | DateTime | TimeOfDay | Duration


# --- expressions ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reference:
    """`plan`, `contact.plan`, `entry.cart_id`, `rfm.recency`, `now`: names joined by points."""

    parts: tuple[Name, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    operator: Literal["not", "-"]
    operand: "Expression"
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    operator: Literal["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "and", "or"]
    left: "Expression"
    right: "Expression"
    span: Span


@dataclass(frozen=True, slots=True)
class Between:
    value: "Expression"
    low: "Expression"
    high: "Expression"
    span: Span


@dataclass(frozen=True, slots=True)
class InOptions:
    """`country in ("FR", "CH")`, `country not in (…)`."""

    value: "Expression"
    options: tuple["Expression", ...]
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class InList:
    """`"vip" in tags`, `"vip" not in tags`."""

    item: "Expression"
    list: Reference
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class InSegment:
    """`in segment vip`, `not in segment vip`."""

    segment: Name
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class TextMatch:
    """`sku starts with "A-"`, `url contains "pricing"`."""

    operator: Literal["starts with", "contains"]
    value: "Expression"
    pattern: "Expression"
    span: Span


@dataclass(frozen=True, slots=True)
class IsMissing:
    """`phone is missing`; negated: `first_name is set`."""

    value: "Expression"
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Window:
    """`last 90 days` (duration set) or `since entry` (duration None)."""

    last: Duration | None
    span: Span


@dataclass(frozen=True, slots=True)
class EventPattern:
    """An event as conditions and triggers name it: `purchase where amount > 50 EUR`, `clicked welcome`."""

    event: Name
    about: Name | None
    where: "Expression | None"
    span: Span


@dataclass(frozen=True, slots=True)
class Did:
    """`did purchase where … at least 2 times in last 90 days`; times is 1 where not written."""

    pattern: EventPattern
    times: int
    window: Window | None
    span: Span


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`count(purchase, last 30 days)`, `sum(purchase.amount, since entry)`, `last(purchase)`."""

    function: Literal["count", "sum", "avg", "min", "max", "first", "last"]
    pattern: EventPattern
    field: Name | None
    window: Window | None
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`length(first_name)`: a function that a plugin adds."""

    function: Name
    arguments: tuple["Expression", ...]
    span: Span


Expression: TypeAlias = (
    Value
    | Reference
    | Unary
    | Binary
    | Between
    | InOptions
    | InList
    | InSegment
    | TextMatch
    | IsMissing
    | Did
    | Aggregate
    | Call
)


# --- people -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TypeName:
    """`text`, `one of trial, pro` (name "one of", choices set), `list of text` (name "list of", element set)."""

    name: str
    choices: tuple[Name, ...]
    element: "TypeName | None"
    span: Span


@dataclass(frozen=True, slots=True)
class FieldDeclaration:
    name: Name
    type: TypeName
    optional: bool
    default: "Value | Name | None"
    span: Span


@dataclass(frozen=True, slots=True)
class ContactDeclaration:
    fields: tuple[FieldDeclaration, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class EventDeclaration:
    name: Name
    fields: tuple[FieldDeclaration, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class SegmentDeclaration:
    name: Name
    title: Text | None
    condition: Expression
    span: Span


# --- campaigns: clauses -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Runs:
    """`runs 2026-12-01 to 2027-02-28` (both days included), `runs from DATE` (end None)."""

    start: Date
    end: Date | None
    span: Span


@dataclass(frozen=True, slots=True)
class Owner:
    value: Text
    span: Span


@dataclass(frozen=True, slots=True)
class Timezone:
    """`timezone contact` (zone None) or `timezone "Europe/Paris"`."""

    zone: Text | None
    span: Span


@dataclass(frozen=True, slots=True)
class Purpose:
    """`purpose newsletter`: what consent a campaign's messages need."""

    name: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Audience:
    condition: Expression
    span: Span


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@dataclass(frozen=True, slots=True)
class OnEvent:
    """`on EVENT [MESSAGE] [where E]`."""

    pattern: EventPattern
    span: Span


@dataclass(frozen=True, slots=True)
class After:
    duration: Duration
    span: Span


@dataclass(frozen=True, slots=True)
class AtTime:
    """`at 09:00`, `at 09:00 on monday`."""

    time: TimeOfDay
    weekday: Weekday | None
    span: Span


@dataclass(frozen=True, slots=True)
class OnDate:
    """`on 2026-12-24`, `on 2026-12-24 18:00` (midnight where no time is written)."""

    moment: Date | DateTime
    span: Span


@dataclass(frozen=True, slots=True)
class When:
    condition: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Else:
    span: Span


@dataclass(frozen=True, slots=True)
class Every:
    """`every day at 09:00` (weekday and day None), `every monday at …`, `every month on 1 at …` (day set)."""

    weekday: Weekday | None
    day_of_month: int | None
    time: TimeOfDay
    span: Span


@dataclass(frozen=True, slots=True)
class At:
    """`enter at 2026-12-01 09:00`: once."""

    moment: DateTime
    span: Span


Trigger: TypeAlias = OnEvent | After | AtTime | OnDate | When | Else


@dataclass(frozen=True, slots=True)
class Reentry:
    """`once`, `again after 30 days` (duration set), `every time`."""

    rule: Literal["once", "again", "every time"]
    after: Duration | None
    span: Span


@dataclass(frozen=True, slots=True)
class Enter:
    trigger: OnEvent | Every | At | When
    per: Name | None
    guard: Expression | None
    reentry: Reentry | None
    span: Span


@dataclass(frozen=True, slots=True)
class Leave:
    trigger: OnEvent | When
    guard: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Convert:
    name: Name | None
    pattern: EventPattern
    within: Duration
    worth: Expression | None
    target: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class Goal:
    """`goal conversion >= 12% by DATE`, `goal cost per conversion <= 40 EUR`; metric is the words joined by blanks."""

    metric: str
    operator: Literal["<", "<=", ">", ">="]
    value: Percent | Money | Number
    by: Date | None
    span: Span


@dataclass(frozen=True, slots=True)
class Budget:
    amount: Money
    span: Span


@dataclass(frozen=True, slots=True)
class Holdout:
    share: Percent
    span: Span


@dataclass(frozen=True, slots=True)
class LimitRule:
    """`1 email per day`; channel None stands for `messages`."""

    count: int
    channel: Name | None
    per: Duration
    span: Span


@dataclass(frozen=True, slots=True)
class Limit:
    rules: tuple[LimitRule, ...]
    or_skip: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Priority:
    value: int
    span: Span


@dataclass(frozen=True, slots=True)
class Quiet:
    start: TimeOfDay
    end: TimeOfDay
    span: Span


@dataclass(frozen=True, slots=True)
class Attribute:
    """`attribute last touch within 30 days`; model is the words joined by blanks."""

    model: str
    within: Duration
    span: Span


@dataclass(frozen=True, slots=True)
class Edits:
    reach: Literal["everyone", "newcomers"]
    span: Span


@dataclass(frozen=True, slots=True)
class Moved:
    """`moved nudge -> reminder`."""

    old: Name
    new: Name
    span: Span


# --- campaigns: stages ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """One line of an options or fields block: a name and what stands after it."""

    name: Name
    value: "Expression"
    span: Span


@dataclass(frozen=True, slots=True)
class SendTime:
    """`at 09:00`, `on monday at 09:00` (weekday set), `in 2 hours` (duration set)."""

    time: TimeOfDay | None
    weekday: Weekday | None
    delay: Duration | None
    span: Span


@dataclass(frozen=True, slots=True)
class Send:
    channel: Name
    message: Name
    options: tuple[Option, ...]
    time: SendTime | None
    span: Span


@dataclass(frozen=True, slots=True)
class Set:
    field: Name
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Emit:
    event: Name
    fields: tuple[Option, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Notify:
    sink: Name
    text: Text
    span: Span


@dataclass(frozen=True, slots=True)
class Sync:
    audience: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Do:
    action: Name
    options: tuple[Option, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class WayOut:
    trigger: Trigger
    guard: Expression | None
    target: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Arm:
    share: Percent
    name: Name
    items: tuple["Action | WayOut", ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Measure:
    pattern: EventPattern
    within: Duration
    span: Span


@dataclass(frozen=True, slots=True)
class Decide:
    confidence: Percent
    after: Duration
    span: Span


@dataclass(frozen=True, slots=True)
class Split:
    name: Name
    arms: tuple[Arm, ...]
    measure: Measure | None
    decide: Decide | None
    span: Span


Action: TypeAlias = Send | Set | Emit | Notify | Sync | Do


@dataclass(frozen=True, slots=True)
class Stage:
    """`stage NAME "Title" { … }` or `final NAME [{ … }]`."""

    name: Name
    title: Text | None
    final: bool
    items: tuple[Action | WayOut | Split, ...]
    span: Span


Clause: TypeAlias = (
    Runs
    | Owner
    | Timezone
    | Purpose
    | Audience
    | Enter
    | Leave
    | Convert
    | Goal
    | Budget
    | Holdout
    | Limit
    | Priority
    | Quiet
    | Attribute
    | Edits
    | Moved
)


@dataclass(frozen=True, slots=True)
class CampaignDeclaration:
    name: Name
    title: Text | None
    items: tuple[Clause | Stage, ...]
    span: Span


# --- tests ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TestContact:
    __test__ = False

    name: Name
    fields: tuple[Option, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class AtMoment:
    """`at 2026-12-03 10:00` (or a date alone: midnight)."""

    moment: DateTime | Date
    span: Span


@dataclass(frozen=True, slots=True)
class AfterPause:
    duration: Duration
    span: Span


@dataclass(frozen=True, slots=True)
class Happens:
    """`ada clicked welcome`, `ada purchase { amount 60 EUR }`."""

    contact: Name
    event: Name
    about: Name | None
    fields: tuple[Option, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ForceArm:
    """`arm subject_line = direct`; `arm holdout = yes` (arm is the name `yes`)."""

    split: Name
    arm: Name
    span: Span


@dataclass(frozen=True, slots=True)
class ExpectIn:
    contact: Name
    stage: Name
    span: Span


@dataclass(frozen=True, slots=True)
class ExpectSent:
    contact: Name
    negated: bool
    channel: Name
    message: Name
    at: DateTime | None
    span: Span


@dataclass(frozen=True, slots=True)
class ExpectConverted:
    contact: Name
    negated: bool
    conversion: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class ExpectLeft:
    contact: Name
    negated: bool
    span: Span


Step: TypeAlias = (
    TestContact | AtMoment | AfterPause | Happens | ForceArm | ExpectIn | ExpectSent | ExpectConverted | ExpectLeft
)


@dataclass(frozen=True, slots=True)
class TestDeclaration:
    __test__ = False

    title: Text
    campaign: Name
    steps: tuple[Step, ...]
    span: Span


Declaration: TypeAlias = (
    ContactDeclaration | EventDeclaration | SegmentDeclaration | CampaignDeclaration | TestDeclaration
)


@dataclass(frozen=True, slots=True)
class FlowFile:
    """One parsed file."""

    path: str
    declarations: tuple[Declaration, ...]
