"""A campaign tried out: the real engine on a scratch database, with people and behaviour that are made up.

Time goes in steps, as with a daemon that looks a few times a day. Moves are made in event time, so only the order of
what happens within one step may differ from a daemon that is never late. Messages are accepted at their planned time.
Chance is asked for each person and message by name: the same seed gives the same people with the same whims, also
where the campaign's text or a rate has changed.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from sqlalchemy import Connection, bindparam, insert, select, update

from campflow.engine.advance import advance
from campflow.engine.behaviour import AMONG, HOUR, MINUTE, Behaviour, times
from campflow.engine.deploy import Deployed, Deployment, deploy
from campflow.engine.fates import READY, RETRY, Outcome, write_down
from campflow.engine.made_up import Maker
from campflow.engine.outbox import release
from campflow.engine.pulse import is_due
from campflow.engine.punctual import without_address
from campflow.model.calendar import DAY, add
from campflow.model.constants import Stored
from campflow.model.flow import After, AtTime, Send
from campflow.model.people import Duration
from campflow.sql.program import Program
from campflow.storage.database import Database, insert_many
from campflow.storage.tables import contact_column, event_column
from campflow.storage.zones import ensure_zones

#: Who tells the events of a simulation.
SOURCE = "simulation"

_COLUMNS = ("contact_id", "name", "about", "at", "source", "event_id", "message_id", "early")


@dataclass(frozen=True, slots=True)
class Scenario:
    """From `start` (milliseconds) on for so many days of the project's calendar."""

    seed: int
    start: int
    days: int


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of one person; `fields` are the values of its own columns."""

    contact_id: int
    name: str
    about: str | None
    at: int
    message_id: int | None
    fields: Mapping[str, Stored]


@dataclass(slots=True)
class Simulation:
    """`database` is a scratch one with its tables installed, and nobody in it. `zone` is the project's.

    `sources` are the texts by path, `addresses` the contact fields that channels write to. `reactions` counts what
    was drawn, by message and reaction.
    """

    database: Database
    program: Program
    behaviour: Behaviour
    maker: Maker
    sources: Mapping[str, str]
    zone: str
    addresses: Mapping[str, str | None]
    reactions: dict[str, dict[str, int]] = field(default_factory=dict)
    _waiting: list[tuple[int, int, Happening]] = field(default_factory=list)
    _told: int = 0
    _seen_message: int = 0
    _shares: dict[str, Mapping[str, float]] = field(default_factory=dict)
    _copies: dict[tuple[int, str], int] = field(default_factory=dict)

    def run(self, people: Iterable[Mapping[str, Stored]], scenario: Scenario) -> Deployment:
        """Let the people, given by their fields, live through the period."""
        end = self.end(scenario)
        past = add(self.zone, scenario.start, Duration(days=-self.behaviour.past(self._rfm)))
        count = self._settle_in(people, past)
        self._plan_lives(count, past, scenario.start, end, scenario.seed)
        self._record(scenario.start - 1)
        deployment = self._deploy(scenario.start)
        self._live(deployment, scenario, end)
        return deployment

    def end(self, scenario: Scenario) -> int:
        return add(self.zone, scenario.start, Duration(days=scenario.days))

    @property
    def _rfm(self) -> str | None:
        return self.program.plan.rfm.event if self.program.plan.rfm else None

    # --- before the first day -----------------------------------------------------------------------------------

    def _settle_in(self, people: Iterable[Mapping[str, Stored]], now: int) -> int:
        """Write the people down, as numbers 1 to the one that is returned."""
        contact = self.database.tables.contact
        rows = [
            {"contact_key": f"person{number}", "created_at": now,
             **{contact_column(name): value for name, value in fields.items()}}
            for number, fields in enumerate(people, start=1)
        ]  # fmt: skip
        zones = [each.name for each in self.behaviour.flow.contact.fields if each.type.kind == "timezone"]
        used = {str(zone) for row in rows for name in zones if (zone := row.get(contact_column(name))) is not None}
        with self.database.transaction() as connection:
            ensure_zones(connection, self.database.tables, used)
            connection.execute(insert(contact), rows)
        return len(rows)

    def _plan_lives(self, people: int, past: int, start: int, end: int, seed: int) -> None:
        """What everybody will do by themselves."""
        for event in self.behaviour.own_events(self._rfm):
            for person in range(1, people + 1):
                chance = Random(f"{seed} {event.name} {person}")  # noqa: S311 -- made-up people, no secrets
                once = (chance.randrange(start, end),)
                for at in once if event.rate is None else times(event.rate, past, end, chance):
                    self._expect(self._own(person, event.name, at, chance))

    def _own(self, person: int, event: str, at: int, chance: Random) -> Happening:
        name, _, page = event.partition(" ")
        declared = self.behaviour.flow.event(name)
        written, examples = self.behaviour.written.fields.get(name, {}), self.behaviour.measured.examples.get(name)
        said = dict(chance.choice(examples)) if examples else {}
        fields = [each for each in (declared.fields if declared else ()) if each.name in written or each.name not in said]
        said |= self.maker.fields(tuple(fields), written, chance)
        columns = {event_column(name, each): value for each, value in said.items()}
        return Happening(person, name, page or None, at, None, columns)

    def _deploy(self, start: int) -> Deployment:
        """Nothing that lies before the first day lets anybody in."""
        made = deploy(self.database, self.program, sources=self.sources, author="", now=start)
        return Deployment({name: _not_before(each, start) for name, each in made.campaigns.items()})

    # --- day by day ---------------------------------------------------------------------------------------------

    def _live(self, deployment: Deployment, scenario: Scenario, end: int) -> None:
        now, step = scenario.start, step_of(self.program)
        news = self._step(deployment, now, now)
        while now < end:
            since, now = now, min(now + step, end)
            if self._record(now) or news or self._is_due(deployment, since, now):
                news = self._step(deployment, since, now)
        while self._record(end) or news:  # reactions to the last messages, and what comes of them
            news = self._step(deployment, end, end)

    def _step(self, deployment: Deployment, since: int, now: int) -> bool:
        """Move everybody up to `now`, and hand over what may go. Returns whether campaigns were told of a fate."""
        advance(self.database, self.program, deployment, now)
        with self.database.transaction() as connection:
            return self._hand_over(connection, since, now)

    def _is_due(self, deployment: Deployment, since: int, now: int) -> bool:
        if self.program.scores or any(each.by_schedule for each in self.program.campaigns):
            return True
        ids = [each.ids["campaign"] for each in deployment.campaigns.values()]
        with self.database.reader() as connection:
            return is_due(connection, self.database.tables, ids, since, now)

    def _hand_over(self, connection: Connection, since: int, now: int) -> bool:
        """Every channel takes what may go: at its planned time, or now where something has held it back till now."""
        tables, listens = self.database.tables, self.behaviour.heard
        m, s = tables.message.c, tables.send.c
        released = release(connection, tables, now, listens)
        refused = without_address(connection, tables, self.behaviour.flow.contact, self.addresses)
        if refused:
            outcome = Outcome(refused=refused)
            write_down(connection, tables, 0, outcome, now, RETRY, Random(), listens)  # noqa: S311 -- draws nothing
        ready = (
            select(m.message_id, m.contact_id, m.planned_at, s.message)
            .join_from(tables.message, tables.send, s.send_id == m.send_id)
            .where(m.state == READY)
            .order_by(m.message_id)
        )
        accepted = []
        for key, person, planned, message in connection.execute(ready).all():
            at = now if key <= self._seen_message and planned <= since else planned
            accepted.append({"id": key, "at": at})
            for each in self._reactions(person, message, key, at):
                self._expect(each)
        self._seen_message = max([self._seen_message, *(row["id"] for row in accepted)])
        if accepted:
            taken = update(tables.message).where(m.message_id == bindparam("id"))
            connection.execute(taken.values(state="accepted", settled_at=bindparam("at")), accepted)
        return bool((refused and "failed" in listens) or (released.expired and "expired" in listens))

    def _reactions(self, person: int, message: str, key: int, at: int) -> Iterator[Happening]:
        """What comes of a copy of a message. Counted all of it, told what campaigns listen to."""
        if message not in self._shares:
            self._shares[message] = {each.name: each.rate or 0 for each in self.behaviour.reactions(message)}
        nth = self._copies[person, message] = self._copies.get((person, message), 0) + 1
        chance = Random(f"{self.maker.seed} {message} {person} {nth}")  # noqa: S311 -- made-up people, no secrets
        drawn = self.behaviour.draw(self._shares[message], chance)
        counts = self.reactions.setdefault(message, {})
        for name, delay in {"sent": 0, **drawn}.items():
            counts[name] = counts.get(name, 0) + 1
            for said in (name, AMONG.get(name, "")):
                if said in self.behaviour.heard:
                    yield Happening(person, said, message, at + delay, key, {})

    # --- events -------------------------------------------------------------------------------------------------

    def _expect(self, happening: Happening) -> None:
        self._told += 1
        heapq.heappush(self._waiting, (happening.at, self._told, happening))

    def _record(self, until: int) -> bool:
        """Tell what has happened up to then, in its order. Returns whether there was anything."""
        due: list[tuple[int, Happening]] = []
        while self._waiting and self._waiting[0][0] <= until:
            _, number, happening = heapq.heappop(self._waiting)
            due.append((number, happening))
        if not due:
            return False
        fields = list(dict.fromkeys(column for _, each in due for column in each.fields))
        rows = [
            (each.contact_id, each.name, each.about, each.at, SOURCE, str(number), each.message_id, False,
             *map(each.fields.get, fields))
            for number, each in due
        ]  # fmt: skip
        with self.database.transaction() as connection:
            insert_many(connection, insert(self.database.tables.event), [*_COLUMNS, *fields], rows)
        return True


def step_of(program: Program) -> int:
    """How often to look: four times a day; each hour where a campaign counts in hours, more often where mail expires
    sooner than that.
    """
    exits = [exit.candidate for campaign in program.campaigns for stage in campaign.plan.stages for exit in stage.exits]
    clocks = [each.moment for each in exits if isinstance(each, OnClock)]
    expiries = [_shortest(each.plan) for each in program.campaigns]
    short = [length(each.duration) for each in clocks if isinstance(each, After)]
    in_hours = any(isinstance(each, AtTime) for each in clocks) or min((*short, *expiries), default=DAY) < DAY
    return max(5 * MINUTE, min(HOUR if in_hours else 6 * HOUR, min(expiries, default=DAY) // 3))
