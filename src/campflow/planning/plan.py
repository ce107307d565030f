"""The plan: what the engine does to sets of contacts, in no database's words.

A campaign is entries (who comes in, and when), conversions, and stages with exits. An exit says which moment it
offers to a journey; the engine takes the earliest moment of all exits, at one moment the one written first.
"""

from dataclasses import dataclass
from typing import TypeAlias

from campflow.diagnostics.source import Span
from campflow.model.expressions import EventPattern, Expression, InArm
from campflow.model.flow import (
    Action,
    After,
    AtTime,
    Campaign,
    Convert,
    Decide,
    Every,
    Measure,
    OnDate,
    Reentry,
    Runs,
    Segment,
)
from campflow.model.people import Contact, Duration, Event


@dataclass(frozen=True, slots=True)
class Zone:
    """Whose clock counts: `name`, or each contact's own with `name` for who has none."""

    name: str
    of_contact: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A line of the file that can cause a move. `order` is its identity within the campaign's version."""

    order: int
    text: str
    span: Span


# --- moments at which a condition may become true --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Each:
    """For each event of this name (about this thing), the time that the expression gives on it."""

    event: str
    about: str | None
    time: Expression


@dataclass(frozen=True, slots=True)
class Value:
    """One time, taken from the contact, the entry or a constant."""

    time: Expression


Moment: TypeAlias = Each | Value


@dataclass(frozen=True, slots=True)
class Becoming:
    """A condition that may become true by an event, a changed field, or time alone.

    Besides the start of the stretch asked about, it can become true only at one of `moments`, or when one of
    `fields` changes; `by_time` is false where no moment can lie after the last event.
    """

    condition: Expression
    moments: tuple[Moment, ...]
    events: frozenset[str]
    fields: frozenset[str]
    by_time: bool


# --- exits --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnEvent:
    """The first matching event later than the entry; `asked_once` where the answer reads fields."""

    pattern: EventPattern
    guard: Expression | None
    asked_once: bool


@dataclass(frozen=True, slots=True)
class OnConversion:
    """The moment at which this conversion was counted."""

    name: str


@dataclass(frozen=True, slots=True)
class OnClock:
    """A moment known on entry; its guard is asked once, then."""

    moment: After | AtTime | OnDate
    guard: Expression | None


@dataclass(frozen=True, slots=True)
class OnBecoming:
    becoming: Becoming


@dataclass(frozen=True, slots=True)
class Otherwise:
    """The moment of entry, where none of the conditions holds then."""

    conditions: tuple[Expression, ...]


Candidate: TypeAlias = OnEvent | OnConversion | OnClock | OnBecoming | Otherwise


@dataclass(frozen=True, slots=True)
class Exit:
    """`target` None is leaving."""

    statement: Statement
    candidate: Candidate
    target: str | None


@dataclass(frozen=True, slots=True)
class Acting:
    """What happens on entry; with `arm` only to who is in it."""

    action: Action
    arm: InArm | None


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """A split, drawn when somebody enters its stage for the first time. `arms` are names and shares in percent."""

    name: str
    arms: tuple[tuple[str, float], ...]
    measure: Measure | None
    decide: Decide | None


#: The holdout is a split of this name, drawn at the first entry: who is in the arm HELD_OUT walks no stage.
HOLDOUT, HELD_OUT, WALKING = "holdout", "yes", "no"


@dataclass(frozen=True, slots=True)
class StagePlan:
    """`exits` hold the campaign's leave clauses and conversion arrows too, in the order of the file."""

    name: str
    final: bool
    splits: tuple[SplitPlan, ...]
    actions: tuple[Acting, ...]
    exits: tuple[Exit, ...]


# --- coming in ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ByEvent:
    """Each matching event that was not seen before; `per` is the event's field that tells journeys apart."""

    pattern: EventPattern
    per: str | None


@dataclass(frozen=True, slots=True)
class BySchedule:
    """Each local occurrence of the schedule."""

    schedule: Every | OnDate


@dataclass(frozen=True, slots=True)
class ByBecoming:
    becoming: Becoming


@dataclass(frozen=True, slots=True)
class Entry:
    """`condition` is the audience with the statement's own `if`; a Becoming holds it already."""

    statement: Statement
    way: ByEvent | BySchedule | ByBecoming
    condition: Expression
    reentry: Reentry


@dataclass(frozen=True, slots=True)
class Wakes:
    """What makes the engine look at somebody: events of these names, changes of these fields."""

    events: frozenset[str]
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """`holdout` is None where nobody is held out. `announces` are the built-in events of this campaign that some
    condition of the project reads. `gated` are the sends, by their order, whose messages wait until it is asked
    whether they may go: for limits, quiet hours, a budget, or consent that must have been given.
    """

    name: str
    campaign: Campaign
    zone: Zone
    runs: Runs | None
    expires: Duration
    entries: tuple[Entry, ...]
    holdout: SplitPlan | None
    conversions: tuple[tuple[Statement, Convert], ...]
    stages: tuple[StagePlan, ...]
    outside: Wakes
    inside: Wakes
    announces: frozenset[str]
    gated: frozenset[int]

    @property
    def first_stage(self) -> StagePlan:
        return self.stages[0]

    @property
    def splits(self) -> tuple[SplitPlan, ...]:
        """The holdout among them, first."""
        inside = (split for stage in self.stages for split in stage.splits)
        return (*((self.holdout,) if self.holdout else ()), *inside)

    def stage(self, name: str) -> StagePlan:
        return next(stage for stage in self.stages if stage.name == name)


@dataclass(frozen=True, slots=True)
class Rfm:
    """The event whose recency, frequency and sum are scored, and its field that says how much."""

    event: str
    amount: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All campaigns, those that others depend on first.

    `reads` are the events that any condition looks at; `rfm` is None where no condition reads a score. `opt_in` are the
    purposes for which consent must have been given.
    """

    contact: Contact
    events: tuple[Event, ...]
    zone: str
    campaigns: tuple[CampaignPlan, ...]
    reads: frozenset[str]
    rfm: Rfm | None
    opt_in: frozenset[str] = frozenset()
    segments: tuple[Segment, ...] = ()
