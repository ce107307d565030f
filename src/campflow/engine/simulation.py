"""A campaign tried out: the real engine on a scratch database, with people and behaviour that are made up.

Time goes in steps, as with a daemon that looks a few times a day. Moves are made in event time, so only the order of
what happens within one step may differ from a daemon that is never late.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random

from sqlalchemy import Connection, bindparam, func, insert, select, update

from campflow.engine.advance import advance
from campflow.engine.behaviour import HOUR, MINUTE
from campflow.engine.deploy import deploy
from campflow.engine.deployed import Deployed, Deployment
from campflow.engine.fates import RETRY, Outcome, write_down
from campflow.engine.gates import Gates
from campflow.engine.leasing import unroll
from campflow.engine.lives import Lives
from campflow.engine.outbox import release
from campflow.engine.pulse import is_due
from campflow.engine.punctual import without_address, without_consent
from campflow.model.calendar import DAY, add
from campflow.model.constants import Stored
from campflow.model.flow import After, AtTime, Flow, Send
from campflow.model.people import Duration
from campflow.people.consent import LISTENED, follow_events
from campflow.planning.plan import CampaignPlan, OnClock
from campflow.sql.program import Program
from campflow.sql.queue import is_marked
from campflow.storage.database import Database, insert_many
from campflow.storage.tables import NOBODY, contact_column
from campflow.storage.zones import ensure_zones

#: Who tells the events of a simulation.
SOURCE = "simulation"

_COLUMNS = ("contact_id", "name", "about", "at", "source", "event_id", "message_id", "early")


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to before `end`; what people did since `past` they have done already. In milliseconds."""

    past: int
    start: int
    end: int

    @classmethod
    def of(cls, zone: str, start: int, days: int, past_days: int) -> "Period":
        """So many days of a zone's calendar."""
        return cls(add(zone, start, Duration(days=-past_days)), start, add(zone, start, Duration(days=days)))


@dataclass(slots=True)
class Simulation:
    """`database` is a scratch one with its tables installed, and nobody in it.

    `sources` are the texts by path, `addresses` the contact fields that channels write to.
    """

    database: Database
    flow: Flow
    program: Program
    lives: Lives
    sources: Mapping[str, str]
    addresses: Mapping[str, str | None]
    _last_message: int = 0

    def run(self, people: Iterable[Mapping[str, Stored]], period: Period) -> Deployment:
        """Let the people, given by their fields, live through the period. What came of it is in the database."""
        count = self._settle_in(people, period.past)
        rfm = self.program.plan.rfm
        self.lives.plan(count, rfm.event if rfm else None, period.past, period.start, period.end)
        self._record(period.start - 1)
        deployment = self._deploy(period.start)
        self._live(deployment, period)
        return deployment

    # --- before the first day -----------------------------------------------------------------------------------

    def _settle_in(self, people: Iterable[Mapping[str, Stored]], now: int) -> int:
        """Write the people down as numbers 1, 2, …; returns how many they are."""
        rows = [
            {"contact_key": f"person{number}", "created_at": now,
             **{contact_column(name): value for name, value in fields.items()}}
            for number, fields in enumerate(people, start=1)
        ]  # fmt: skip
        columns = [contact_column(each.name) for each in self.flow.contact.fields if each.type.kind == "timezone"]
        zones = {str(row[column]) for row in rows for column in columns if row.get(column) is not None}
        with self.database.transaction() as connection:
            ensure_zones(connection, self.database.tables, zones)
            connection.execute(insert(self.database.tables.contact), rows)
        return len(rows)

    def _deploy(self, start: int) -> Deployment:
        """Nothing that lies before the first day lets anybody in."""
        made = deploy(self.database, self.program, sources=self.sources, author="", now=start)
        return Deployment({name: _not_before(each, start) for name, each in made.campaigns.items()})

    # --- step by step -------------------------------------------------------------------------------------------

    def _live(self, deployment: Deployment, period: Period) -> None:
        now, end, step = period.start, period.end - 1, step_of(self.program)
        news = self._step(deployment, now, now)
        while now < end:
            since, now = now, min(now + step, end)
            if self._record(now) or news or self._is_due(deployment, since, now):
                news = self._step(deployment, since, now)
        while self._record(end) or news:  # reactions to the last messages, and what comes of them
            news = self._step(deployment, end, end)

    def _record(self, until: int) -> bool:
        """Tell what has happened up to then, in its order. Returns whether there was anything."""
        due = list(self.lives.due(until))
        if due:
            fields = list(dict.fromkeys(column for _, each in due for column in each.fields))
            rows = [
                (each.person, each.name, each.about, each.at, SOURCE, str(number), each.message_id, False,
                 *map(each.fields.get, fields))
                for number, each in due
            ]  # fmt: skip
            tables = self.database.tables
            with self.database.transaction() as connection:
                last = connection.scalar(select(func.max(tables.event.c.seq))) or 0
                insert_many(connection, insert(tables.event), [*_COLUMNS, *fields], rows)
                if not LISTENED.isdisjoint(each.name for _, each in due):
                    follow_events(connection, tables, self.addresses, last)
        return bool(due)

    def _is_due(self, deployment: Deployment, since: int, now: int) -> bool:
        """Whether time alone has brought anything."""
        if self.program.scores or any(each.by_schedule for each in self.program.campaigns):
            return True
        ids = [each.ids["campaign"] for each in deployment.campaigns.values()]
        with self.database.reader() as connection:
            return is_due(connection, self.database.tables, ids, since, now)

    def _step(self, deployment: Deployment, since: int, now: int) -> bool:
        """Move everybody up to `now`, and hand over what may go. Returns whether campaigns were told of a fate."""
        advance(self.database, self.program, deployment, now)
        with self.database.transaction() as connection:
            told = self._let_go(connection, deployment, now)
            self._accept(connection, since, now)
        return told

    def _let_go(self, connection: Connection, deployment: Deployment, now: int) -> bool:
        """Make ready what may go, and give up what cannot. Returns whether campaigns were told of that."""
        tables, listens = self.database.tables, self.program.plan.reads
        # Made-up people say yes to everything: only who has said no gets nothing.
        gates = Gates(tables, self.program, deployment, self.addresses, opt_in=())
        unroll(connection, tables)
        released = release(connection, tables, now, listens, gates)
        without_consent(connection, gates, self.addresses, now)
        refused = without_address(connection, tables, self.flow.contact, self.addresses)
        if refused:
            never = Random()  # noqa: S311 -- of these none is tried again, so it draws nothing
            write_down(connection, tables, 0, Outcome(refused=refused), now, RETRY, never, listens)
        return bool((refused and "failed" in listens) or (released.expired and "expired" in listens))

    def _accept(self, connection: Connection, since: int, now: int) -> None:
        """Every channel takes what is ready: as of its time, or now where something held it back till now."""
        m, s = self.database.tables.message, self.database.tables.send
        ready = (
            select(m.c.message_id, m.c.contact_id, m.c.release_at, s.c.message)
            .join(s, s.c.send_id == m.c.send_id)
            .where(is_marked(m))
            .order_by(m.c.message_id)
        )
        accepted = []
        for key, person, release_at, message in connection.execute(ready).all():
            at = now if key <= self._last_message and release_at <= since else release_at
            accepted.append({"id": key, "at": at})
            if person != NOBODY:
                self.lives.react(person, message, key, at)
        if accepted:
            taken = update(m).where(m.c.message_id == bindparam("id"))
            connection.execute(taken.values(state="accepted", queue=None, settled_at=bindparam("at")), accepted)
        self._last_message = connection.scalar(select(func.max(m.c.message_id))) or 0


def _not_before(deployed: Deployed, start: int) -> Deployed:
    return replace(deployed, start=max(deployed.start, start))


# --- how often to look ------------------------------------------------------------------------------------------


def step_of(program: Program) -> int:
    """Milliseconds: six hours; one where a campaign counts in hours; a third of the time in which mail expires."""
    plans = [campaign.plan for campaign in program.campaigns]
    moments = [
        exit.candidate.moment
        for plan in plans
        for stage in plan.stages
        for exit in stage.exits
        if isinstance(exit.candidate, OnClock)
    ]
    lasts = min(map(_expires, plans), default=DAY)
    timers = [_length(each.duration) for each in moments if isinstance(each, After)]
    in_hours = any(isinstance(each, AtTime) for each in moments) or min((lasts, *timers)) < DAY
    return max(5 * MINUTE, min(HOUR if in_hours else 6 * HOUR, lasts // 3))


def _expires(plan: CampaignPlan) -> int:
    """The shortest time in which a message of the campaign expires."""
    acting = (each.action for stage in plan.stages for each in stage.actions)
    sends = (action for action in acting if isinstance(action, Send))
    return min((_length(each.expires or plan.expires) for each in sends), default=DAY)


def _length(duration: Duration) -> int:
    return (duration.months * 30 + duration.days) * DAY + duration.milliseconds
