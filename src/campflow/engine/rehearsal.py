"""Running `test` blocks: the real engine on a database in memory, with a clock that the test moves."""

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from campflow.engine.cast import Cast, ImpossibleStep
from campflow.engine.coverage import Walked, walked
from campflow.engine.deploy import deploy
from campflow.engine.deployed import Deployment
from campflow.engine.expectations import found_instead, moment, post_found_instead
from campflow.engine.listing import ListedMessage, messages
from campflow.engine.punctual import Punctual
from campflow.engine.splits import forced
from campflow.engine.story import Journey, Person, calendars, story
from campflow.model.calendar import add
from campflow.model.flow import Campaign, Flow, Send
from campflow.model.tests import (
    ClockAfter,
    ClockAt,
    Expectation,
    ExpectSent,
    ForcedArm,
    SomebodyDid,
    SomebodyIs,
    Step,
    Test,
)
from campflow.model.times import shown
from campflow.sql.program import Program
from campflow.storage.database import Database

#: When a test begins that names no time, of a campaign that names none: local midnight.
BEGINNING = dt.datetime(2026, 1, 1)  # noqa: DTZ001 -- its zone is the test's

#: Deployed databases kept for tests that begin at the same moment.
_KEPT = 32


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed: what was found instead, and the story of its contact up to there."""

    step: Step
    found: str
    person: Person | None
    journeys: tuple[Journey, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a test; `zone` is that of its times."""

    test: Test
    zone: str
    failures: tuple[Failure, ...]
    walked: Walked

    @property
    def ok(self) -> bool:
        return not self.failures


@dataclass(frozen=True, slots=True)
class _Opening:
    """A database just after its campaigns were put into force."""

    program: Program
    deployment: Deployment
    copy: sqlite3.Connection


@dataclass(slots=True)
class Rehearsal:
    """Runs tests one after the other; none sees anything of another.

    `database` is one in memory with its tables installed, and nobody in it. `program` gives the SQL program of the
    campaigns with these names and of those that they need. `sources` are the texts by path, `zone` is the project's,
    `addresses` are the contact fields that channels write to.
    """

    database: Database
    flow: Flow
    program: Callable[[frozenset[str]], Program]
    sources: Mapping[str, str]
    zone: str
    addresses: Mapping[str, str | None]
    _empty: sqlite3.Connection | None = None
    _programs: dict[frozenset[str], Program] = field(default_factory=dict)
    _openings: dict[tuple[frozenset[str], int | None], _Opening] = field(default_factory=dict)

    def run(self, test: Test) -> Outcome:
        """Take the steps of a test. It goes on after an expectation that is not met, and ends at an impossible step."""
        campaign = self.flow.campaign(test.campaign)
        assert campaign is not None  # noqa: S101 -- the checker has seen to it
        zone = self.zone if campaign.zone in (None, "contact") else str(campaign.zone)
        start = _start(test, campaign, zone)
        opening = self._open(self._about(test), start)
        failures = tuple(_Run(self, campaign, zone, opening, start).failures(test))
        return Outcome(test, zone, failures, walked(self.database, opening.deployment))

    def _about(self, test: Test) -> frozenset[str]:
        """The campaign, and all that send a message to which the test has a reaction: any of them may be meant."""
        named = {step.about for step in test.steps if isinstance(step, SomebodyDid) and step.about}
        senders = (each.name for each in self.flow.campaigns if named & _messages(each))
        return frozenset({test.campaign, *senders})

    def _open(self, about: frozenset[str], start: int) -> _Opening:
        """Bring the database to the moment before the first step."""
        if about not in self._programs:
            self._programs[about] = self.program(about)
        program = self._programs[about]
        # What says itself when it runs does so whenever it was put into force.
        moves_with_start = any(campaign.plan.runs is None for campaign in program.campaigns)
        key = about, start if moves_with_start else None
        if key not in self._openings:
            self._openings[key] = self._deploy(program, start)
            if len(self._openings) > _KEPT:
                self._openings.pop(next(iter(self._openings))).copy.close()
        _restore(self.database, self._openings[key].copy)
        return self._openings[key]

    def _deploy(self, program: Program, start: int) -> _Opening:
        if self._empty is None:
            self._empty = _copied(self.database)
        _restore(self.database, self._empty)
        deployment = deploy(self.database, program, sources=self.sources, author="", now=start)
        return _Opening(program, deployment, _copied(self.database))


class _Run:
    """One test on its way."""

    def __init__(self, rehearsal: Rehearsal, campaign: Campaign, zone: str, opening: _Opening, start: int) -> None:
        database, flow = rehearsal.database, rehearsal.flow
        self.database, self.campaign, self.zone = database, campaign, zone
        self.cast = Cast(database, flow, zone, rehearsal.addresses)
        self.daemon = Punctual(database, flow, opening.program, opening.deployment, rehearsal.addresses, start)
        self.settled = True
        self.arms: dict[str, str] = {}
        self._force({})
        self.stories: dict[str, tuple[Journey, ...]] = {}

    def failures(self, test: Test) -> Iterator[Failure]:
        for step in test.steps:
            try:
                found = self._take(step)
            except ImpossibleStep as error:
                yield self._failure(step, str(error))
                return
            if found is not None:
                yield self._failure(step, found)
        self._settle()

    def _take(self, step: Step) -> str | None:
        """What was found, where that is not what the step expects. Raises ImpossibleStep."""
        if not isinstance(step, Expectation):
            self.stories.clear()
        match step:
            case SomebodyIs(contact) if contact not in self.cast.ids:
                self.cast.appear(step, self.daemon.now)
                self.settled = False
            case SomebodyIs():
                self._settle()
                self.cast.change(step, self.daemon.now)
                self.settled = False
            case SomebodyDid():
                self._settle()
                self.cast.do(step, self.daemon.now)
                self.settled = False
            case ClockAt(written):
                self._move_to(moment(self.zone, written))
            case ClockAfter(duration):
                self._move_to(add(self.zone, self.daemon.now, duration))
            case ForcedArm(split, arm):
                self._settle()
                self._force({split: arm})
            case ExpectSent(post=True):
                self._settle()
                return post_found_instead(step, self._posts(), self.zone)
            case _:
                self._settle()
                return found_instead(step, self._story(step.contact), self.campaign, self.zone)
        return None

    def _force(self, arms: Mapping[str, str]) -> None:
        """From here on, who meets these splits gets these arms. In others it is the first; nobody is held out."""
        self.arms |= arms
        plans = {campaign.plan.name: campaign.plan for campaign in self.daemon.program.campaigns}
        self.daemon.deployment = Deployment({
            name: forced(deployed, plans[name], self.arms if name == self.campaign.name else {})
            for name, deployed in self.daemon.deployment.campaigns.items()
        })  # fmt: skip

    def _settle(self) -> None:
        """Everyone sees what has happened before the next thing does, as with a daemon that is never late."""
        if not self.settled:
            self.daemon.settle()
            self.settled = True

    def _move_to(self, target: int) -> None:
        if target < self.daemon.now:
            stands = shown(self.daemon.now, self.zone)
            raise ImpossibleStep(f"the clock stands at {stands} already, and cannot be turned back")
        self._settle()
        self.daemon.move_to(target)

    def _story(self, contact: str) -> tuple[Journey, ...]:
        """As of now; looked up once until something happens."""
        if contact not in self.stories:
            with self.database.reader() as connection:
                tables, person = self.database.tables, self._person(contact)
                known = calendars((self.campaign,), self.zone)
                self.stories[contact] = story(connection, tables, person, self.campaign.name, known)
        return self.stories[contact]

    def _posts(self) -> tuple[ListedMessage, ...]:
        """All that the test's campaign has posted."""
        campaign_id = self.daemon.deployment.campaigns[self.campaign.name].ids["campaign"]
        with self.database.reader() as connection:
            return messages(connection, self.database.tables, posts=(campaign_id, None))

    def _person(self, contact: str) -> Person:
        return Person(self.cast.ids[contact], contact, None)

    def _failure(self, step: Step, found: str) -> Failure:
        contact = getattr(step, "contact", None)
        if contact not in self.cast.ids:
            return Failure(step, found, None, ())
        return Failure(step, found, self._person(contact), self._story(contact))


def _start(test: Test, campaign: Campaign, zone: str) -> int:
    """The first moment of a test: the one it names before anything happens, else the campaign's first."""
    for step in test.steps:
        if isinstance(step, ClockAt):
            return moment(zone, step.moment)
        if not isinstance(step, SomebodyIs | ForcedArm):
            break
    first = dt.datetime.combine(campaign.runs.start, dt.time()) if campaign.runs else BEGINNING
    return moment(zone, first)


def _messages(campaign: Campaign) -> set[str]:
    """The names of all that a campaign may send."""
    actions = (action for stage in campaign.stages for action in stage.all_actions())
    return {action.message for action in actions if isinstance(action, Send)}


# --- copies of a database ---------------------------------------------------------------------------------------


def _copied(database: Database) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    with _driver(database) as connection:
        connection.backup(copy)
    return copy


def _restore(database: Database, copy: sqlite3.Connection) -> None:
    with _driver(database) as connection:
        copy.backup(connection)


@contextmanager
def _driver(database: Database) -> Iterator[sqlite3.Connection]:
    """The one connection of a database in memory, beneath SQLAlchemy."""
    pooled = database.engine.raw_connection()
    try:
        yield cast(sqlite3.Connection, pooled.driver_connection)
    finally:
        pooled.close()
