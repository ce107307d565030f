"""A tick: everybody who is due moves on. `advance` is a function of the database and `now`, nothing else.

The work is cut into chunks, each one transaction: complete or not there. In a chunk the fresh contacts enter and the
touched journeys move, round after round, until nobody moves any more; every round is a handful of statements over all
of them at once. How far a campaign has looked is written with the chunk, so a process may die between any two.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, exists, func, select, update

from campflow.engine.deploy import Deployed, Deployment
from campflow.engine.schedule import occurrences
from campflow.engine.scores import refresh_scores
from campflow.sql.program import CampaignProgram, Program, Statement
from campflow.sql.workspace import creation, workspace
from campflow.storage.database import Database
from campflow.storage.tables import Tables

#: Contacts, events or journeys looked at in one transaction: long enough to be fast, short enough to let others write.
CHUNK = 50_000


@dataclass(slots=True)
class Advance:
    """What a tick did: journeys begun, moves (entries included), messages planned, conversions, journeys left."""

    entered: int = 0
    moved: int = 0
    planned: int = 0
    converted: int = 0
    left: int = 0

    def __bool__(self) -> bool:
        return any((self.entered, self.moved, self.planned, self.converted))


def advance(database: Database, program: Program, deployment: Deployment, now: int, *, chunk: int = CHUNK) -> Advance:
    """Move everybody whom the events, fields and the clock up to `now` (milliseconds) move.

    Campaigns come in the order in which they need each other, and again while one has told another something new.
    """
    done, tell = Advance(), _may_tell(program)
    refresh_scores(database, program, now)
    while True:
        before = _told(database) if tell else None
        for campaign in program.campaigns:
            _Tick(database, campaign, deployment.campaigns[campaign.plan.name], now, chunk, done).run()
        if not tell or _told(database) == before:
            return done


def _told(database: Database) -> tuple[int, int]:
    """How much the campaigns could have told each other: the last event and the last change of a field."""
    with database.reader() as connection:
        row = connection.execute(_last_of_each(database.tables)).one()
    return row.looked_event or 0, row.looked_change or 0


def _may_tell(program: Program) -> bool:
    return any(
        statement.name.startswith(("emit_", "announce_", "set_"))
        for campaign in program.campaigns
        for statement in campaign.follow
    )


@dataclass(slots=True)
class _Tick:
    """One campaign's share of a tick."""

    database: Database
    program: CampaignProgram
    deployed: Deployed
    now: int
    chunk: int
    done: Advance
    work: Any = field(default_factory=workspace)
    calendar: list[dict[str, Any]] = field(default_factory=list)

    @property
    def tables(self) -> Tables:
        return self.database.tables

    def run(self) -> None:
        with self.database.reader() as connection:
            seen = self._seen(connection)
            ends = self._ends(connection)
            due = self._due(connection, seen)
            self.calendar = self._calendar(connection, seen)
        program = self.program
        if due["journey"]:
            self._by_time(program.touch_due)
        if due["prospect"] and program.fresh_by_time is not None:
            self._by_time(program.fresh_by_time)
        if due["event"]:
            self._chunk([program.fresh_by_event[1:], program.touch_by_event[1:]], {})
        self._by_seq("looked_event", seen, ends, [program.fresh_by_event[:1], program.touch_by_event[:1]])
        self._by_seq("looked_change", seen, ends, [_some(program.fresh_by_change), _some(program.touch_by_change)])
        if self.calendar:
            self._everybody(ends["looked_contact"])
        self._by_seq("looked_contact", seen, ends, [_some(program.fresh_by_contact)])
        if self.now > seen["looked_at"]:
            with self.database.transaction() as connection:
                self._look(connection, {"looked_at": self.now})

    # --- how far it has looked ---

    def _seen(self, connection: Connection) -> dict[str, int]:
        mine = {"campaign": self.deployed.ids["campaign"]}
        return dict(connection.execute(_looked(self.tables), mine).mappings().one())

    def _ends(self, connection: Connection) -> dict[str, int]:
        row = connection.execute(_last_of_each(self.tables)).mappings().one()
        return {name: last or 0 for name, last in row.items()}

    def _due(self, connection: Connection, seen: Mapping[str, int]) -> dict[str, bool]:
        """Whether time has brought anything: for journeys, for prospects, an event that was known before."""
        asked = {"campaign": self.deployed.ids["campaign"], "now": self.now, "looked_at": seen["looked_at"]}
        return dict(connection.execute(_due_by_time(self.tables), asked).mappings().one())

    def _look(self, connection: Connection, values: Mapping[str, int]) -> None:
        c = self.tables.campaign
        mine = update(c).where(c.c.campaign_id == self.deployed.ids["campaign"])
        connection.execute(mine.where(*(c.c[name] < value for name, value in values.items())).values(values))

    # --- chunks ---

    def _by_time(self, statement: Statement) -> None:
        """Again while there are more than a chunk; whoever was looked at is due later, or never."""
        while self._chunk([(statement,)], {"chunk": self.chunk}) == self.chunk:
            pass

    def _by_seq(
        self, name: str, seen: Mapping[str, int], ends: Mapping[str, int], statements: Iterable[Iterable[Statement]]
    ) -> None:
        """What came in since the last look, a stretch of it at a time."""
        if seen[name] >= ends[name]:
            return
        wanted = [list(each) for each in statements]
        with self.database.reader() as connection:
            start, end = self._seen(connection)[name], ends[name]
        while start < end:
            stop = min(start + self.chunk, end) if any(wanted) else end
            self._chunk(wanted, {"from_seq": start, "to_seq": stop}, {name: stop})
            start = stop

    def _everybody(self, last: int) -> None:
        """A schedule is due: everyone is looked at."""
        for start in range(0, last, self.chunk):
            stretch = {"from_seq": start, "to_seq": min(start + self.chunk, last)}
            self._chunk([_some(self.program.fresh_by_contact)], stretch)

    def _calendar(self, connection: Connection, seen: Mapping[str, int]) -> list[dict[str, Any]]:
        """The occurrences of the campaign's schedules since the last look."""
        if not self.program.by_schedule:
            return []
        after = max(seen["looked_at"], self.deployed.start - 1)
        until = min(self.now, self.deployed.end - 1)
        return list(occurrences(connection, self.tables, self.program.plan, after, until))

    def _chunk(
        self,
        statements: Iterable[Iterable[Statement]],
        stretch: Mapping[str, int],
        looked: Mapping[str, int] | None = None,
    ) -> int:
        """Look at those whom the statements find, in one transaction. Returns how many that were."""
        with self.database.transaction() as connection:
            chunk = _Chunk(connection, self)
            chunk.begin()
            found = sum(chunk.run(each, stretch) for group in statements for each in group)
            if found:
                chunk.rounds()
            if looked:
                self._look(connection, looked)
        return found


def _some(statement: Statement | None) -> tuple[Statement, ...]:
    return () if statement is None else (statement,)


# Built once: an idle tick is little more than these.


@lru_cache(maxsize=8)
def _looked(tables: Tables) -> Select[Any]:
    c = tables.campaign.c
    names = ("looked_at", "looked_event", "looked_change", "looked_contact")
    return select(*(c[name] for name in names)).where(c.campaign_id == bindparam("campaign"))


@lru_cache(maxsize=8)
def _last_of_each(tables: Tables) -> Select[Any]:
    last = {
        "looked_event": tables.event.c.seq,
        "looked_change": tables.change.c.seq,
        "looked_contact": tables.contact.c.contact_id,
    }
    return select(*(select(func.max(column)).scalar_subquery().label(name) for name, column in last.items()))


@lru_cache(maxsize=8)
def _due_by_time(tables: Tables) -> Select[bool, bool, bool]:
    journey, prospect, event = tables.journey.c, tables.prospect.c, tables.event.c
    mine: Any = bindparam("campaign")
    now: Any = bindparam("now")
    return select(
        exists().where(journey.campaign_id == mine, journey.due_at <= now).label("journey"),
        exists().where(prospect.campaign_id == mine, prospect.due_at <= now).label("prospect"),
        exists().where(event.early, event.at > bindparam("looked_at"), event.at <= now).label("event"),
    )


class _Chunk:
    """The rounds of one transaction."""

    def __init__(self, connection: Connection, tick: _Tick) -> None:
        self.connection, self.tick, self.program, self.done = connection, tick, tick.program, tick.done
        deployed = tick.deployed
        self.parameters: dict[str, Any] = {
            **deployed.ids, "now": tick.now, "start": deployed.start, "end": deployed.end, **tick._seen(connection),
        }  # fmt: skip

    def begin(self) -> None:
        work = self.tick.work
        for statement in creation(self.connection.dialect):
            self.connection.exec_driver_sql(statement)
        for table in (work.fresh, work.touched, work.arrival, work.occurrence):
            self.connection.exec_driver_sql(f"DELETE FROM {table.name}")  # noqa: S608  (our own names)
        if self.tick.calendar:  # whoever is looked at, for whatever reason, may have missed an occurrence
            self.connection.execute(work.occurrence.insert(), self.tick.calendar)

    def run(self, statement: Statement, more: Mapping[str, int] | None = None) -> int:
        """Run one statement; the number of rows it wrote."""
        parameters = {**self.parameters, **statement.constants, **(more or {})}
        return self.connection.exec_driver_sql(statement.sql, parameters).rowcount

    def rounds(self) -> None:
        """Entries, conversions, moves and what follows from them, until nobody moves."""
        program, done = self.program, self.done
        while True:
            self.parameters["entry_mark"] = entry_mark = self._last_move()
            self._enter()
            self.parameters["mark"] = mark = self._last_move()
            done.converted += sum(self.run(each) for each in program.convert)
            moved = sum(self.run(each) for each in program.move)
            for each in program.settle:
                self.run(each)
            if moved:
                self.run(program.follow[0])
            if moved or mark > entry_mark or program.convert:
                self._effects()
            self._delete("touched")
            done.moved += self._last_move() - entry_mark
            if not moved and mark == entry_mark:
                return
            self.run(program.touch_moved)
            if program.fresh_again is not None:
                self.run(program.fresh_again)

    def _enter(self) -> None:
        if not self._has("fresh"):
            return
        self.parameters["journey_mark"] = self._scalar("SELECT coalesce(max(journey_id), 0) FROM journey")
        if sum(self.run(each) for each in self.program.arrive):
            journeys, first_moves = self.program.enter
            self.done.entered += self.run(journeys)
            self.run(first_moves)
            self._delete("arrival")
        for each in self.program.await_:
            self.run(each)
        self._delete("fresh")

    def _effects(self) -> None:
        for each in self.program.follow[1:]:
            rows = self.run(each)
            if each.name.startswith("plan_"):
                self.done.planned += rows

    def _last_move(self) -> int:
        return self._scalar("SELECT coalesce(max(move_id), 0) FROM move")

    def _has(self, table: str) -> bool:
        return bool(self._scalar(f"SELECT EXISTS (SELECT 1 FROM {table})"))  # noqa: S608  (our own names)

    def _delete(self, table: str) -> None:
        self.connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608  (our own names)

    def _scalar(self, sql: str) -> int:
        return int(self.connection.exec_driver_sql(sql).scalar_one())
