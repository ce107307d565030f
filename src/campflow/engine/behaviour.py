"""How made-up people behave: what they do by themselves, how they react to a message, and how soon.

What the author has written counts before what the project has measured, and that before a round figure of our own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import log
from random import Random
from typing import Literal, TypeAlias

from campflow.engine.made_up import Weights
from campflow.model.calendar import DAY
from campflow.model.constants import Stored
from campflow.model.flow import Campaign, Emit, Flow, Once, OnEvent
from campflow.model.people import heard_as
from campflow.planning.moments import events_in, fields_in
from campflow.planning.planner import expressions, patterns

HOUR, MINUTE = 3_600_000, 60_000

#: What rates of events count by.
MONTH = 30 * DAY

#: How far back the past of made-up people goes where a condition asks for it, in days.
PAST = 365

#: An event that nobody has counted: times per person and 30 days.
USUAL, USUAL_ENTRY = 0.3, 1.0

Source: TypeAlias = Literal["written", "measured", "default"]


@dataclass(frozen=True, slots=True)
class Reaction:
    """`share` of the messages sent get it (0..1), half of those within `median` milliseconds."""

    share: float
    median: int


#: Round figures. A message that bounces gets no other reaction.
REACTIONS: Mapping[str, Reaction] = {
    "bounced": Reaction(0.01, MINUTE),
    "delivered": Reaction(1.0, MINUTE),
    "opened": Reaction(0.30, 4 * HOUR),
    "clicked": Reaction(0.03, 5 * HOUR),
    "replied": Reaction(0.005, 10 * HOUR),
    "unsubscribed": Reaction(0.003, 6 * HOUR),
    "complained": Reaction(0.0005, 8 * HOUR),
    "returned": Reaction(0.01, 7 * DAY),
    "scanned": Reaction(0.02, 5 * DAY),
}


@dataclass(frozen=True, slots=True)
class Habits:
    """What one source knows of how people behave; what it does not know is not in it.

    reactions  share of the messages sent, by message (None: any) and reaction
    delays     half of a reaction comes within so many milliseconds
    events     times per person and 30 days; None: each person does it once, at some moment of the period
    people     values of contact fields
    fields     values of events' fields, by event and field
    examples   what events said, all their fields at once, by event
    cost       of one message in minor units of the currency, by channel
    past       days before the period in which people did things already
    """

    reactions: Mapping[tuple[str | None, str], float] = field(default_factory=dict)
    delays: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, float | None] = field(default_factory=dict)
    people: Mapping[str, Weights] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, Weights]] = field(default_factory=dict)
    examples: Mapping[str, Sequence[Mapping[str, Stored]]] = field(default_factory=dict)
    cost: Mapping[str, Decimal] = field(default_factory=dict)
    past: int | None = None


@dataclass(frozen=True, slots=True)
class Assumption:
    """A rate that the outcome rests on. `message` None: an event, per person and 30 days, `rate` None: once each."""

    message: str | None
    name: str
    rate: float | None
    source: Source


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`written` and `measured` with our own figures behind them, for the campaigns of a simulation.

    `main` is the one that is asked about, `others` run because it looks at what they do.
    """

    flow: Flow
    main: Campaign
    others: tuple[Campaign, ...]
    written: Habits
    measured: Habits

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        return (self.main, *self.others)

    @property
    def heard(self) -> frozenset[str]:
        """The names of all events that change anything; about a page with its name, as in `submitted demo`."""
        of_page = {each.name for each in self.flow.events if each.about == "page"}
        heard = {each for campaign in self.campaigns for each in patterns(campaign)}
        names = {(name, each.about) for each in heard for name in heard_as(each.event)}
        return frozenset(f"{name} {about}" if about and name in of_page else name for name, about in names)

    # --- by themselves ------------------------------------------------------------------------------------------

    def own_events(self, rfm: str | None) -> tuple[Assumption, ...]:
        """How often people do what the campaigns listen for, or the scores count, by the events' names."""
        of_page = {each.name for each in self.flow.events if each.about == "page"}
        declared = {each.name for each in self.flow.events if each.about is None}
        wanted = {name for name in self.heard if name in declared or name.partition(" ")[0] in of_page}
        wanted |= {name for name in declared if name == rfm}
        emitted = {action.event for action in _actions(self.campaigns) if isinstance(action, Emit)}
        told = emitted - self.written.events.keys()
        return tuple(self._frequency(name) for name in sorted(wanted - told))

    def _frequency(self, name: str) -> Assumption:
        if name in self.written.events:
            return Assumption(None, name, self.written.events[name], "written")
        entries = [each for each in self.main.entries if _is_on(each.trigger, name)]
        if any(isinstance(each.reentry, Once) and each.per is None for each in entries):
            return Assumption(None, name, None, "default")
        if name in self.measured.events:
            return Assumption(None, name, self.measured.events[name], "measured")
        return Assumption(None, name, USUAL_ENTRY if entries else USUAL, "default")

    def past(self, rfm: str | None) -> int:
        """How many days before the period people did things already: where somebody asks for it, a year."""
        if self.written.past is not None:
            return self.written.past
        declared = {each.name for each in self.flow.events if each.about is None}
        asked = [each for campaign in self.campaigns for each in expressions(campaign)]
        looks_back = any(events_in(each) & declared or (rfm and "rfm" in fields_in(each)) for each in asked)
        return PAST if looks_back else 0

    # --- to a message -------------------------------------------------------------------------------------------

    def reactions(self, message: str) -> tuple[Assumption, ...]:
        """The share of this message's copies that get each reaction."""
        return tuple(self._share(message, name) for name in REACTIONS)

    def _share(self, message: str, name: str) -> Assumption:
        known: tuple[tuple[Source, Habits], ...] = (("written", self.written), ("measured", self.measured))
        for source, habits in known:
            for key in ((message, name), (None, name)):
                if key in habits.reactions:
                    return Assumption(message, name, habits.reactions[key], source)
        return Assumption(message, name, REACTIONS[name].share, "default")

    def draw(self, shares: Mapping[str, float], chance: Random) -> dict[str, int]:
        """The reactions that one copy of a message gets, each with its delay in milliseconds.

        Chance is asked equally often whatever the rates are, so that another rate leaves all other draws as they were.
        """
        got = {}
        for name, usual in REACTIONS.items():
            luck, late = chance.random(), chance.random()
            if luck < shares[name]:
                median = self.written.delays.get(name, usual.median)
                got[name] = max(1, round(-log(1 - late) / log(2) * median))
        if "bounced" in got:
            return {"bounced": got["bounced"]}
        if "clicked" in got:  # nobody clicks in what they have not opened
            got["opened"] = min(got.get("opened", got["clicked"]), got["clicked"])
        return got


def times(rate: float, start: int, end: int, chance: Random) -> Iterator[int]:
    """Moments from `start` to before `end` of something that comes `rate` times in 30 days, at no time more likely."""
    at = float(start)
    while rate > 0 and (at := at + chance.expovariate(rate / MONTH)) < end:
        yield int(at)


def _is_on(trigger: object, name: str) -> bool:
    return isinstance(trigger, OnEvent) and name in (
        trigger.pattern.event,
        f"{trigger.pattern.event} {trigger.pattern.about}",
    )


def _actions(campaigns: Iterable[Campaign]) -> Iterator[object]:
    for campaign in campaigns:
        for stage in campaign.stages:
            yield from stage.actions
            yield from (action for split in stage.splits for arm in split.arms for action in arm.actions)
