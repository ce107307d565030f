"""The SQL program: named statements with their purpose, ready for the driver.

Statements take named parameters: ids that `deploy` assigned (`campaign`, `stage_welcome`, `statement_3`, `send_2`)
and what a tick knows (`now`, `mark`, …). Texts are compiled once; a tick pays nothing for building them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campflow.planning.plan import BySchedule, CampaignPlan, Plan


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `constants` are the values written in the `.flow` file."""

    name: str
    purpose: str
    sql: str
    constants: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CampaignProgram:
    """What a tick runs for one campaign; `advance` says in which order.

    fresh     who is looked at from outside: by new events, changed fields, new contacts, time
    touch     which journeys are looked at: due ones, and those of contacts with new events or changed fields
    arrive    entrants of each `enter` statement, none where one is all and offers an entry once; `enter` writes their
              journeys and first moves
    await_    when time alone may let somebody in
    convert   counts conversions
    move      one statement a stage, by its name: the winner of each touched journey
    run       the same of a part of a run, for the stages in which people wait together
    wait      by stage, who of a round's moves waits together; part of `move` where that answers with what
              it did
    settle    by stage, when to look again at those who stayed; reschedule, the same for all, after the text changed
    carry     where a `moved` line takes who is in a stage, when a text is put into force
    follow    what a round of moves brings about, in this order; within, the names of those that are part of `enter` and
              `move`, where these answer with what they did; whose, the stages of those that act on who comes to one
    hold_out  who of the arrivals is held out; read: the figures of each split that is measured, by its name
    """

    plan: CampaignPlan
    fresh_by_event: tuple[Statement, ...]
    fresh_by_change: Statement | None
    fresh_by_contact: Statement | None
    fresh_by_time: Statement | None
    fresh_again: Statement | None
    touch_due: Statement
    touch_run: Statement
    touch_by_event: tuple[Statement, ...]
    touch_by_change: Statement | None
    touch_moved: Statement
    touch_inside: Statement
    arrive: tuple[Statement, ...]
    await_: tuple[Statement, ...]
    hold_out: Statement | None
    enter: tuple[Statement, ...]
    convert: tuple[Statement, ...]
    move: Mapping[str, Statement]
    run: Mapping[str, Statement]
    settle: Mapping[str, Statement]
    wait: Mapping[str, Statement]
    carry: tuple[Statement, ...]
    reschedule: tuple[Statement, ...]
    follow: tuple[Statement, ...]
    within: frozenset[str]
    whose: Mapping[str, str]
    read: Mapping[str, Statement]
    quiet: Statement | None
    limits: tuple[Statement, ...]
    budget: Statement | None

    @property
    def by_schedule(self) -> bool:
        """Whether some entry follows a calendar, so that a tick looks at everybody at its moments."""
        return any(isinstance(entry.way, BySchedule) for entry in self.plan.entries)

    @property
    def tells(self) -> bool:
        """Whether what follows from moves adds events or changes of fields."""
        return any(statement.name.startswith(("emit_", "announce_", "set_")) for statement in self.follow)

    @property
    def cancels(self) -> bool:
        """Whether what follows from moves cancels messages."""
        return any(statement.name == "cancel" for statement in self.follow)

    def statements(self) -> tuple[Statement, ...]:
        """All of them, in the order in which a tick meets them."""
        one_each = (
            self.fresh_by_change, self.fresh_by_contact, self.fresh_by_time, self.touch_due, self.touch_run,
            self.touch_by_change,
        )  # fmt: skip
        groups = (
            self.fresh_by_event, self.touch_by_event, self.arrive, _some(self.hold_out), self.enter, self.await_,
            self.convert, tuple(self.move.values()), tuple(self.run.values()), tuple(self.wait.values()),
            tuple(self.settle.values()), self.follow, self.carry,
            self.reschedule, tuple(self.read.values()),
            _some(self.quiet), self.limits, _some(self.budget),
        )  # fmt: skip
        return (
            *(each for each in one_each if each is not None),
            *(each for group in groups for each in group),
            self.touch_moved,
            self.touch_inside,
            *((self.fresh_again,) if self.fresh_again else ()),
        )


def _some(statement: Statement | None) -> tuple[Statement, ...]:
    return () if statement is None else (statement,)


@dataclass(frozen=True, slots=True)
class Program:
    """All campaigns of a project, in the order in which a tick serves them.

    `scores` make the RFM scores anew, once a day; empty where no condition reads them.
    """

    plan: Plan
    campaigns: tuple[CampaignProgram, ...]
    scores: tuple[Statement, ...]
