"""A resolved project: contacts, events, segments, campaigns and their stages.

`order` counts the items of a campaign in the order of the file (arms inside their split's place): at one moment,
the lower order wins.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal, TypeAlias

from campflow.diagnostics.source import Span
from campflow.model.expressions import EventPattern, Expression
from campflow.model.people import Contact, Duration, Event, Money
from campflow.model.tests import Test

Weekday = Literal[0, 1, 2, 3, 4, 5, 6]  # Monday is 0, as in datetime


# --- what makes contacts enter and move ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnEvent:
    pattern: EventPattern


@dataclass(frozen=True, slots=True)
class After:
    duration: Duration


@dataclass(frozen=True, slots=True)
class AtTime:
    """The next such local time strictly after the stage was entered."""

    time: dt.time
    weekday: Weekday | None


@dataclass(frozen=True, slots=True)
class OnDate:
    """A local moment; who enters the stage later than it moves on at once."""

    moment: dt.datetime


@dataclass(frozen=True, slots=True)
class When:
    condition: Expression


@dataclass(frozen=True, slots=True)
class Else:
    """On entry, when no `when` of the stage held."""


Trigger: TypeAlias = OnEvent | After | AtTime | OnDate | When | Else


@dataclass(frozen=True, slots=True)
class WayOut:
    """`text` is the statement as written, blanks folded: what `explain` shows."""

    trigger: Trigger
    guard: Expression | None
    target: str
    order: int
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Every:
    """A local time each day, on one weekday, or on one day of the month (its last where the month is shorter)."""

    time: dt.time
    weekday: Weekday | None
    day_of_month: int | None


@dataclass(frozen=True, slots=True)
class Once:
    """`once`."""


@dataclass(frozen=True, slots=True)
class Again:
    """`again after D`, counted from the last entry."""

    after: Duration


@dataclass(frozen=True, slots=True)
class EveryTime:
    """`every time`."""


Reentry: TypeAlias = Once | Again | EveryTime


@dataclass(frozen=True, slots=True)
class Enter:
    """`per` is a field of the entering event: one journey per contact and value. OnDate is `enter at`."""

    trigger: OnEvent | Every | OnDate | When
    guard: Expression | None
    per: str | None
    reentry: Reentry
    order: int
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Leave:
    trigger: OnEvent | When
    guard: Expression | None
    order: int
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Convert:
    """`name` is "conversion" for the unnamed one. Counted at or before entry + within."""

    name: str
    pattern: EventPattern
    within: Duration
    worth: Expression | None
    target: str | None
    order: int
    text: str
    span: Span


# --- what happens in a stage ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SendTime:
    """The next `time` (on `weekday`), the moment of entry included; or `delay` after the entry."""

    time: dt.time | None = None
    weekday: Weekday | None = None
    delay: Duration | None = None


@dataclass(frozen=True, slots=True)
class OptionValue:
    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Send:
    """`nth` tells two sends of one message in one stage apart: 0 for the first. `expires` None: the project's.

    `purpose` and `transactional` are what the message's front matter says. A `post` is the campaign's, and goes out
    once, whoever comes there: nobody's consent, limits and quiet hours bind it.
    """

    channel: str
    message: str
    options: tuple[OptionValue, ...]
    time: SendTime
    expires: Duration | None
    nth: int
    order: int
    text: str
    span: Span
    purpose: str | None = None
    transactional: bool = False
    post: bool = False


@dataclass(frozen=True, slots=True)
class SetField:
    field: str
    value: Expression
    order: int
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Emit:
    event: str
    fields: tuple[OptionValue, ...]
    order: int
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Notify:
    sink: str
    message: str
    order: int
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Sync:
    audience: str
    order: int
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Do:
    action: str
    options: tuple[OptionValue, ...]
    order: int
    text: str
    span: Span


Action: TypeAlias = Send | SetField | Emit | Notify | Sync | Do


@dataclass(frozen=True, slots=True)
class Arm:
    """`share` is a percentage, 0..100."""

    name: str
    share: float
    actions: tuple[Action, ...]
    ways_out: tuple[WayOut, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Measure:
    pattern: EventPattern
    within: Duration


@dataclass(frozen=True, slots=True)
class Decide:
    """`confidence` is a percentage, 0..100."""

    confidence: float
    after: Duration


@dataclass(frozen=True, slots=True)
class Split:
    name: str
    arms: tuple[Arm, ...]
    measure: Measure | None
    decide: Decide | None
    order: int
    span: Span


@dataclass(frozen=True, slots=True)
class Stage:
    """`actions` and `ways_out` leave out what stands inside an arm. A final stage has no ways out."""

    name: str
    title: str | None
    final: bool
    actions: tuple[Action, ...]
    splits: tuple[Split, ...]
    ways_out: tuple[WayOut, ...]
    span: Span

    def all_actions(self) -> tuple[Action, ...]:
        """Those inside arms too, in the order of the file."""
        inside = (action for split in self.splits for arm in split.arms for action in arm.actions)
        return tuple(sorted((*self.actions, *inside), key=lambda action: action.order))

    def all_ways_out(self) -> tuple[WayOut, ...]:
        """Those inside arms too, in the order of the file."""
        inside = (way for split in self.splits for arm in split.arms for way in arm.ways_out)
        return tuple(sorted((*self.ways_out, *inside), key=lambda way: way.order))


# --- the campaign -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Runs:
    """Local days, both included."""

    start: dt.date
    end: dt.date | None


@dataclass(frozen=True, slots=True)
class Goal:
    """`value` is an amount of money, or a number: 0.12 where 12% was written."""

    metric: str
    operator: Literal["<", "<=", ">", ">="]
    value: float | Money
    by: dt.date | None
    span: Span


@dataclass(frozen=True, slots=True)
class LimitRule:
    """`channel` None counts the messages of all channels."""

    count: int
    channel: str | None
    per: Duration


@dataclass(frozen=True, slots=True)
class Limit:
    rules: tuple[LimitRule, ...]
    or_skip: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Quiet:
    start: dt.time
    end: dt.time


@dataclass(frozen=True, slots=True)
class Attribution:
    model: str
    within: Duration


@dataclass(frozen=True, slots=True)
class Moved:
    old: str
    new: str
    span: Span


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign, complete.

    `zone` is an IANA name, "contact" for each contact's own (else the project's), or None for the project's.
    `holdout` is a percentage, 0..100. The first stage is where entrants start. Clauses that are not written are None
    or empty.
    """

    name: str
    title: str | None
    runs: Runs | None
    owner: str | None
    zone: str | None
    purpose: str | None
    audience: Expression
    entries: tuple[Enter, ...]
    leaves: tuple[Leave, ...]
    conversions: tuple[Convert, ...]
    goals: tuple[Goal, ...]
    budget: Money | None
    holdout: float | None
    limits: tuple[Limit, ...]
    priority: int
    quiet: Quiet | None
    attribution: Attribution | None
    edits: Literal["everyone", "newcomers"]
    moves: tuple[Moved, ...]
    stages: tuple[Stage, ...]
    span: Span

    def stage(self, name: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.name == name), None)


@dataclass(frozen=True, slots=True)
class Segment:
    name: str
    title: str | None
    condition: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Flow:
    """All of a project's `.flow` files, resolved.

    `currency` is the one currency of the project, None where no money is written and no setting names one.
    `events` are the declared ones followed by the built-in ones. `tests` are in the order of the files.
    """

    contact: Contact
    events: tuple[Event, ...]
    segments: tuple[Segment, ...]
    campaigns: tuple[Campaign, ...]
    currency: str | None
    tests: tuple[Test, ...] = ()

    def event(self, name: str) -> Event | None:
        return next((event for event in self.events if event.name == name), None)

    def campaign(self, name: str) -> Campaign | None:
        return next((campaign for campaign in self.campaigns if campaign.name == name), None)


@dataclass(frozen=True, slots=True)
class CheckedFlow:
    """A flow in which the checks found no error: the only thing that may be planned."""

    flow: Flow
