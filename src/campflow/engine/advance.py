"""A tick: everybody who is due moves on. `advance` is a function of the database and `now`, nothing else.

The work is cut into chunks, each one transaction: complete or not there. In a chunk the fresh contacts enter and the
touched journeys move, round after round, until nobody moves any more; every round is a handful of statements over all
of them at once. How far a campaign has looked is written with the chunk, so a process may die between any two.

One process at a time moves the people of a campaign, and of those whose order in a tick may matter to it
(`engine/turns.py`); a chunk sees one moment of the database.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, exists, func, select, update

from campflow.engine.blame import functions_blamed
from campflow.engine.deployed import Deployed, Deployment
from campflow.engine.pulse import MINUTE
from campflow.engine.schedule import occurrences
from campflow.engine.scores import refresh_scores
from campflow.engine.splits import decide, decisions, readings
from campflow.engine.turns import Busy, TurnLost, Turns
from campflow.errors import CollisionError, OutdatedError
from campflow.sql.dialects import Compared
from campflow.sql.program import CampaignProgram, Program, Statement
from campflow.sql.workspace import set_up, workspace
from campflow.storage.bulk import count_again
from campflow.storage.database import Database
from campflow.storage.tables import Tables
from campflow.storage.writers import ALONE, HOLDER, Writer, mover

#: Contacts, events or journeys looked at in one transaction: long enough to be fast, short enough to let others write.
CHUNK = 50_000

#: Milliseconds by which the clocks of two machines differ at most, as long as both go.
AHEAD = 3_600_000

#: Moves and messages of a tick from which on PostgreSQL counts anew what the tables hold.
MANY = 20_000

#: Rows of a work table after which its room is given back.
LARGE = 10_000

#: Journeys that wait together from which on they are found by a run.
TOGETHER = 1_000

#: How often a chunk is tried again beside others that change the same rows, before it is done alone.
TRIES = 3


@dataclass(slots=True)
class Advance:
    """What a tick did: journeys begun, moves (entries included), messages planned, conversions.

    `busy` campaigns were left to another process that was moving their people, `lost` ones were taken over by another.
    """

    entered: int = 0
    moved: int = 0
    planned: int = 0
    converted: int = 0
    busy: int = 0
    lost: int = 0

    def __bool__(self) -> bool:
        return any((self.entered, self.moved, self.planned, self.converted))


@dataclass(frozen=True, slots=True)
class _Sizes:
    """How much is done at once; see `advance`."""

    chunk: int = CHUNK
    together: int = TOGETHER


def advance(
    database: Database,
    program: Program,
    deployment: Deployment,
    now: int,
    *,
    chunk: int = CHUNK,
    together: int = TOGETHER,
) -> Advance:
    """Move everybody whom the events, fields and the clock up to `now` (milliseconds) move.

    Campaigns come in the order in which they need each other, and again while one has told another something new. How
    many are looked at in one transaction (`chunk`), and how many who wait `together` are worth a run, changes the time
    that it takes and nothing else.
    """
    sizes = _Sizes(chunk, together)
    done, turns = Advance(), Turns(database)
    with database.reader() as connection:
        midnights = readings(connection, database.tables, program, deployment.campaigns, now)
    try:
        for midnight, deciding in midnights.items():  # a split may be decided then, before anybody goes farther
            _wait_for(database, midnight)
            _advance(database, program, deployment, midnight, sizes, done, turns)
            for campaign in deciding:
                _decide(database, campaign, deployment.campaigns[campaign.plan.name], midnight, done, turns)
        _advance(database, program, deployment, now, sizes, done, turns)
    finally:
        turns.give_back()
    if done.moved + done.planned >= MANY:
        _count_again(database)
    return done


def _count_again(database: Database) -> None:
    """Whoever asks next, the release first of all, is planned for by what the tables hold now."""
    t = database.tables
    with database.transaction(HOLDER) as connection:
        count_again(connection, t.journey, t.move, t.message)


def _decide(
    database: Database, program: CampaignProgram, deployed: Deployed, midnight: int, done: Advance, turns: Turns
) -> None:
    if deployed.turn in turns.others:
        return
    try:
        with database.transaction(HOLDER) as connection:
            fence = turns.take(connection, deployed.turn)
            decide(connection, database.tables, program, deployed, midnight)
        turns.keep(deployed.turn, fence)
    except Busy:
        done.busy += 1
    except TurnLost:
        done.lost += 1


def look_inside(
    database: Database, program: Program, deployment: Deployment, campaigns: Collection[str], now: int
) -> Advance:
    """Look at everyone inside these campaigns, whether they are due or not: their text has changed."""
    done, turns = Advance(), Turns(database)
    try:
        for campaign in program.campaigns:
            if campaign.plan.name in campaigns:
                deployed = deployment.campaigns[campaign.plan.name]
                _Tick(database, campaign, deployed, now, _Sizes(), done, turns).look_inside()
    finally:
        turns.give_back()
    return done


def is_behind(connection: Connection, tables: Tables, campaign_id: int, now: int) -> bool:
    """Whether a tick at `now` would find something that a campaign has not looked at. A look at index entries."""
    seen = dict(connection.execute(_looked(tables), {"campaign": campaign_id}).mappings().one())
    if seen["looked_at"] // MINUTE < now // MINUTE:  # schedules and midnights
        return True
    ends = _ends(connection, tables, seen, now)
    if any(seen[name] < last for name, last in ends.items()):
        return True
    asked = {"campaign": campaign_id, "now": now, "looked_at": seen["looked_at"]}
    return any(connection.execute(_due_by_time(tables), asked).one())


def _ends(connection: Connection, tables: Tables, seen: Mapping[str, int], now: int) -> dict[str, int]:
    """How far a campaign that has `seen` so much may look now.

    Not beyond a change that a clock ahead of this one has dated: it counts when its time has come. One that lies AHEAD
    and more was dated by a clock that was wrong, and is waited for by nobody.
    """
    row = connection.execute(_last_of_each(tables), {"now": now}).mappings().one()
    ends = {name: last or 0 for name, last in row.items()}
    if seen["looked_change"] < ends["looked_change"]:
        ch = tables.change.c
        later = select(func.min(ch.seq)).where(ch.seq > seen["looked_change"], ch.at > now, ch.at <= now + AHEAD)
        first = connection.scalar(later)
        if first is not None:
            ends["looked_change"] = min(ends["looked_change"], first - 1)
    return ends


def _wait_for(database: Database, midnight: int) -> None:
    """What is known and happened later than this midnight is seen when the look goes on from there."""
    c, e = database.tables.campaign.c, database.tables.event
    seen = select(func.coalesce(func.min(c.looked_event), 0)).scalar_subquery()
    with database.transaction() as connection:
        connection.execute(update(e).where(e.c.seq > seen, e.c.at > midnight, ~e.c.early).values(early=True))


def _advance(
    database: Database, program: Program, deployment: Deployment, now: int, sizes: _Sizes, done: Advance, turns: Turns
) -> None:
    tell = _may_tell(program, deployment)
    refresh_scores(database, program, now)
    while True:
        before = _told(database, now) if tell else None
        for campaign in program.campaigns:
            _Tick(database, campaign, deployment.campaigns[campaign.plan.name], now, sizes, done, turns).run()
        if not tell or _told(database, now) == before:
            return


def _told(database: Database, now: int) -> tuple[int, int]:
    """How much the campaigns could have told each other: the last event and the last change of a field."""
    with database.reader() as connection:
        row = connection.execute(_last_of_each(database.tables), {"now": now}).one()
    return row.looked_event or 0, row.looked_change or 0


def _may_tell(program: Program, deployment: Deployment) -> bool:
    return any(
        _tells(each)
        for campaign in program.campaigns
        for each in (campaign, *(kept.program for kept in deployment.campaigns[campaign.plan.name].kept))
    )


def _tells(program: CampaignProgram) -> bool:
    """Whether it adds events or changes."""
    return any(statement.name.startswith(("emit_", "announce_", "set_")) for statement in program.follow)


def _cancels(program: CampaignProgram) -> bool:
    return any(statement.name == "cancel" for statement in program.follow)


@dataclass(slots=True)
class _Tick:
    """One campaign's share of a tick."""

    database: Database
    program: CampaignProgram
    deployed: Deployed
    now: int
    sizes: _Sizes
    done: Advance
    turns: Turns
    work: Any = field(default_factory=workspace)
    calendar: list[dict[str, Any]] = field(default_factory=list)

    @property
    def tables(self) -> Tables:
        return self.database.tables

    def run(self) -> None:
        if self.deployed.turn in self.turns.others:
            return
        try:
            with self._blamed():
                self._run()
        except Busy:
            self.done.busy += 1
        except TurnLost:
            self.done.lost += 1

    @property
    def _id(self) -> int:
        return self.deployed.ids["campaign"]

    def _run(self) -> None:
        with self.database.reader() as connection:
            seen = self._seen(connection)
            ends = _ends(connection, self.tables, seen, self.now)
            due = self._due(connection, seen)
            self.calendar = self._calendar(connection, seen)
        program = self.program
        if due["journey"]:
            self._by_time(lambda text: (text.touch_due,))
        if due["run"]:
            self._by_run()
        if due["prospect"] and program.fresh_by_time is not None:
            self._by_time(lambda text: _some(text.fresh_by_time))
        if due["event"]:
            self._chunk(lambda text: (*text.fresh_by_event[1:], *text.touch_by_event[1:]), {})
        self._by_seq("looked_event", seen, ends, lambda text: (*text.fresh_by_event[:1], *text.touch_by_event[:1]))
        self._by_seq(
            "looked_change", seen, ends, lambda text: (*_some(text.fresh_by_change), *_some(text.touch_by_change))
        )
        if self.calendar:
            self._everybody(ends["looked_contact"])
        else:
            self._by_seq("looked_contact", seen, ends, lambda text: _some(text.fresh_by_contact))
        if self.now > seen["looked_at"]:
            with self.database.transaction(HOLDER) as connection:
                fence = self.turns.take(connection, self.deployed.turn)
                self._look(connection, {"looked_at": self.now})
            self.turns.keep(self.deployed.turn, fence)

    # --- how far it has looked ---

    def _seen(self, connection: Connection) -> dict[str, int]:
        mine = {"campaign": self._id}
        return dict(connection.execute(_looked(self.tables), mine).mappings().one())

    def _due(self, connection: Connection, seen: Mapping[str, int]) -> dict[str, bool]:
        """Whether time has brought anything: for journeys, for prospects, an event that was known before."""
        asked = {"campaign": self._id, "now": self.now, "looked_at": seen["looked_at"]}
        return dict(connection.execute(_due_by_time(self.tables), asked).mappings().one())

    def _look(self, connection: Connection, values: Mapping[str, int]) -> None:
        c = self.tables.campaign
        mine = update(c).where(c.c.campaign_id == self._id)
        connection.execute(mine.where(*(c.c[name] < value for name, value in values.items())).values(values))

    def _leave_for_later(self, connection: Connection, stretch: Mapping[str, int]) -> None:
        """Events of a stretch that lie ahead are looked at when their time has come, by this clock and no other.

        Whether they did when they were recorded was for the recorder's clock to say. And who has looked farther ahead
        than now had not seen them: it looks again from now on.
        """
        e, c = self.tables.event, self.tables.campaign
        ahead = (e.c.seq > stretch["from_seq"], e.c.seq <= stretch["to_seq"], e.c.at > self.now)
        connection.execute(update(e).where(*ahead, ~e.c.early).values(early=True))
        passed = exists().where(*ahead, e.c.at <= c.c.looked_at)
        again = update(c).where(c.c.campaign_id == self._id, c.c.looked_at > self.now, passed)
        connection.execute(again.values(looked_at=self.now))

    # --- chunks ---

    def _by_time(self, statements: "Chosen") -> None:
        """Again while there are more than a chunk; whoever was looked at is due later, or never."""
        while self._chunk(statements, {"chunk": self.sizes.chunk}) >= self.sizes.chunk:
            pass

    def _by_run(self) -> None:
        """Journeys that wait together, a stretch of a run at a time; whoever was looked at is found otherwise now."""
        asked = {"campaign": self._id, "now": self.now}
        while True:
            with self.database.reader() as connection:
                run = connection.execute(_next_run(self.tables), asked).first()
            if run is None:
                return
            last = min(run.first_journey_id + self.sizes.chunk - 1, run.last_journey_id)
            self._chunk(lambda text: (), {}, part=_Part(run.run_id, run.stage_id, run.first_journey_id, last))

    def _leave(self, connection: Connection, part: "_Part", found: int) -> None:
        """The run begins after this part. Who is due there all the same, as no text governs them, gets an alarm."""
        j, r = self.tables.journey, self.tables.due_run
        if found < part.span:
            here = (j.c.journey_id.between(part.first, part.last), Compared(j.c.campaign_id) == self._id)
            left = (*here, j.c.due_at <= self.now, j.c.alarm_at.is_(None))
            connection.execute(update(j).where(*left).values(alarm_at=j.c.due_at))
        mine = r.c.run_id == part.run_id
        connection.execute(delete(r).where(mine, r.c.last_journey_id <= part.last))
        connection.execute(update(r).where(mine).values(first_journey_id=part.last + 1))

    def _by_seq(self, name: str, seen: Mapping[str, int], ends: Mapping[str, int], statements: "Chosen") -> None:
        """What came in since the last look, a stretch of it at a time."""
        if seen[name] >= ends[name]:
            return
        wanted = any(statements(text) for text, _ in self._texts())
        with self.database.reader() as connection:
            start, end = self._seen(connection)[name], ends[name]
        while start < end:
            stop = min(start + self.sizes.chunk, end) if wanted else end
            self._chunk(statements, {"from_seq": start, "to_seq": stop}, {name: stop})
            start = stop

    def _everybody(self, last: int) -> None:
        """A schedule is due: everyone is looked at, whether new or not."""
        for start in range(0, last, self.sizes.chunk):
            stop = min(start + self.sizes.chunk, last)
            stretch = {"from_seq": start, "to_seq": stop}
            self._chunk(lambda text: _some(text.fresh_by_contact), stretch, {"looked_contact": stop})

    def _calendar(self, connection: Connection, seen: Mapping[str, int]) -> list[dict[str, Any]]:
        """The occurrences of the campaign's schedules since the last look."""
        if not self.program.by_schedule:
            return []
        after = max(seen["looked_at"], self.deployed.start - 1)
        until = min(self.now, self.deployed.end - 1)
        return list(occurrences(connection, self.tables, self.program.plan, after, until))

    def _chunk(
        self,
        statements: "Chosen",
        stretch: Mapping[str, int],
        looked: Mapping[str, int] | None = None,
        part: "_Part | None" = None,
    ) -> int:
        """Look at those whom the statements find, or at a part of a run, in one transaction. Returns how many they are.

        It begins anew where others changed the same rows meanwhile.
        """
        texts = [text for text, _ in self._texts()]
        beside = mover(tells=any(map(_tells, texts)), cancels=any(map(_cancels, texts)))
        before = asdict(self.done)
        for writer in (beside,) * TRIES:
            try:
                return self._chunk_once(writer, statements, stretch, looked, part)
            except CollisionError:
                for name, count in before.items():
                    setattr(self.done, name, count)
        return self._chunk_once(ALONE, statements, stretch, looked, part)

    def _chunk_once(
        self,
        writer: Writer,
        statements: "Chosen",
        stretch: Mapping[str, int],
        looked: Mapping[str, int] | None,
        part: "_Part | None",
    ) -> int:
        """The texts that are kept come first, each with its own people, and then the newest."""
        found = 0
        with self.database.transaction(writer) as connection:
            fence = self.turns.take(connection, self.deployed.turn)
            began = before = None
            for text, ids in self._texts():
                chunk = _Chunk(connection, self, text, ids)
                chunk.begin()
                before = chunk.mark() if before is None else before
                chunk.parameters["chunk_mark"] = before
                these = sum(chunk.run(each, stretch) for each in statements(text))
                if part is not None:
                    found += chunk.move_run(part)
                if began is not None and text is self.program:
                    these += chunk.again(began)
                began = chunk.mark() if began is None and text is not self.program else began
                if these:
                    chunk.rounds()
                found += these
            if part is not None:
                self._leave(connection, part, found)
            if looked:
                if "looked_event" in looked:
                    self._leave_for_later(connection, stretch)
                self._look(connection, looked)
        self.turns.keep(self.deployed.turn, fence)
        return found

    def look_inside(self) -> None:
        """Look at everyone who is inside under the newest text."""
        with self._blamed():
            self._chunk(lambda text: (text.touch_inside,) if text is self.program else (), {})

    def _blamed(self) -> AbstractContextManager[None]:
        return functions_blamed(self.program.plan.name, (text.plan.campaign for text, _ in self._texts()))

    def _texts(self) -> list[tuple[CampaignProgram, Mapping[str, int]]]:
        """The programs of the live versions, the newest last."""
        kept = [(each.program, each.ids) for each in self.deployed.kept]
        return [*kept, (self.program, self.deployed.ids)]


#: The statements of a text that find whom to look at.
Chosen = Callable[[CampaignProgram], Sequence[Statement]]


def _some(statement: Statement | None) -> tuple[Statement, ...]:
    return () if statement is None else (statement,)


# Built once: an idle tick is little more than these.


@lru_cache(maxsize=8)
def _looked(tables: Tables) -> Select[Any]:
    c = tables.campaign.c
    names = ("looked_at", "looked_event", "looked_change", "looked_contact", "version_id")
    return select(*(c[name] for name in names)).where(c.campaign_id == bindparam("campaign"))


@lru_cache(maxsize=8)
def _last_of_each(tables: Tables) -> Select[Any]:
    """Events later than now are kept apart by `early`; changes and contacts later than now are left for then."""
    now: Any = bindparam("now")
    event, change, contact = tables.event.c, tables.change.c, tables.contact.c

    def until(number: ColumnElement[int], at: ColumnElement[int]) -> ColumnElement[int]:
        last = select(number).where(at <= now).order_by(number.desc()).limit(1)
        return last.scalar_subquery()

    return select(
        select(func.max(event.seq)).scalar_subquery().label("looked_event"),
        until(change.seq, change.at).label("looked_change"),
        until(contact.contact_id, contact.created_at).label("looked_contact"),
    )


@lru_cache(maxsize=8)
def _due_by_time(tables: Tables) -> Select[bool, bool, bool, bool]:
    journey, run, prospect, event = tables.journey.c, tables.due_run.c, tables.prospect.c, tables.event.c
    mine: Any = bindparam("campaign")
    now: Any = bindparam("now")
    return select(
        exists().where(journey.campaign_id == mine, journey.alarm_at <= now).label("journey"),
        exists().where(run.campaign_id == mine, run.due_at <= now).label("run"),
        exists().where(prospect.campaign_id == mine, prospect.due_at <= now).label("prospect"),
        exists().where(event.early, event.at > bindparam("looked_at"), event.at <= now).label("event"),
    )


@lru_cache(maxsize=8)
def _next_run(tables: Tables) -> Select[int, int, int, int]:
    """The run of a campaign that is due first."""
    r = tables.due_run.c
    due = select(r.run_id, r.stage_id, r.first_journey_id, r.last_journey_id)
    due = due.where(r.campaign_id == bindparam("campaign"), r.due_at <= bindparam("now"))
    return due.order_by(r.due_at, r.run_id).limit(1)


@dataclass(frozen=True, slots=True)
class _Part:
    """Of a run of journeys that came to a stage together: those that are looked at in one transaction."""

    run_id: int
    stage_id: int
    first: int
    last: int

    @property
    def span(self) -> int:
        return self.last - self.first + 1


#: How many journeys moved, and whether any of them may move again in this round.
Moved = tuple[int, bool]


class _Chunk:
    """The rounds of one transaction."""

    def __init__(self, connection: Connection, tick: _Tick, program: CampaignProgram, ids: Mapping[str, int]) -> None:
        self.connection, self.tick, self.program, self.done = connection, tick, program, tick.done
        deployed, seen = tick.deployed, tick._seen(connection)
        if seen["version_id"] != deployed.ids["version"]:
            raise OutdatedError(f"another text of campaign `{deployed.name}` was put into force: start again with it")
        self.parameters: dict[str, Any] = {
            **ids, "now": tick.now, "start": deployed.start, "end": deployed.end, **seen,
            "together": tick.sizes.together, **decisions(connection, tick.tables, program.plan, ids["campaign"]),
        }  # fmt: skip

    def begin(self) -> None:
        work = self.tick.work
        set_up(self.connection)
        for table in (work.fresh, work.touched, work.arrival, work.occurrence):
            self.connection.exec_driver_sql(f"DELETE FROM {table.name}")  # noqa: S608  (our own names)
        if self.tick.calendar:  # whoever is looked at, for whatever reason, may have missed an occurrence
            self.connection.execute(work.occurrence.insert(), self.tick.calendar)

    def run(self, statement: Statement, more: Mapping[str, int] | None = None) -> int:
        """Run one statement; the number of rows it wrote."""
        parameters = {**self.parameters, **statement.constants, **(more or {})}
        return self.connection.exec_driver_sql(statement.sql, parameters).rowcount

    def mark(self) -> int:
        """Moves after it are later than now."""
        return self._last_move()

    def again(self, mark: int) -> int:
        """Look from outside at those whose journey has ended since then."""
        if self.program.fresh_again is None:
            return 0
        return self.run(self.program.fresh_again, {"entry_mark": mark})

    def move_run(self, part: _Part) -> int:
        """Move on who is due in a part of a run, and look at who stays there. Returns how many were looked at."""
        self.parameters |= {"first_journey": part.first, "last_journey": part.last}
        moved, more = 0, False
        for stage, statement in self.program.run.items():
            if self.parameters[f"stage_{stage}"] == part.stage_id:
                self.parameters["entry_mark"] = self.parameters["mark"] = self._last_move()
                moved, again = self._moved(statement)
                more = self._follow(0, {stage: moved}, again)
        stay = self.run(self.program.touch_run) if moved < part.span else 0
        if more or stay:
            self.rounds()
        return moved + stay

    def rounds(self) -> None:
        """Entries, conversions, moves and what follows from them, until nobody moves."""
        while True:
            self.parameters["entry_mark"] = self._last_move()
            entered, again = self._enter()
            self.parameters["mark"] = self._last_move()
            self.done.converted += sum(self.run(each) for each in self.program.convert)
            moved: dict[str, int] = {}
            for stage, looked_at in self._touched().items():
                moved[stage], once_more = self._move(stage, looked_at)
                again = again or once_more
            if not self._follow(entered, moved, again):
                return

    def _follow(self, entered: int, moved_from: Mapping[str, int], again: bool) -> bool:
        """What follows from a round. Whether there is somebody to look at in another one."""
        program, moved = self.program, sum(moved_from.values())
        if moved or entered or program.convert:
            came = {exit.target for stage, n in moved_from.items() if n for exit in program.plan.stage(stage).exits}
            self._effects(moved, came | ({program.plan.first_stage.name} if entered else set()))
        self._delete("touched")
        self.done.moved += entered + moved
        if not moved and not entered:
            return False
        looked_at = self.run(program.touch_moved) if again else 0
        if program.fresh_again is not None:
            looked_at += self.run(program.fresh_again)
        return looked_at > 0

    def _enter(self) -> Moved:
        if not self._has("fresh"):
            return 0, False
        entered, again = 0, False
        journeys, *then = self.program.enter
        if then:
            self.parameters["journey_mark"] = self._scalar("SELECT coalesce(max(journey_id), 0) FROM journey")
        if not self.program.arrive or sum(self.run(each) for each in self.program.arrive) > 0:
            for each in _some(self.program.hold_out):
                self.run(each)
            entered, again = self._moved(journeys)
            for each in then:
                self.run(each)
            self.done.entered += entered
            self._delete("arrival")
        for each in self.program.await_:
            self.run(each)
        self._delete("fresh")
        return entered, again

    def _touched(self) -> dict[str, int]:
        """How many journeys of each stage are looked at, in the order of the stages."""
        found = self.connection.exec_driver_sql("SELECT stage_id, count(*) AS n FROM touched GROUP BY stage_id")
        counted = {row.stage_id: row.n for row in found}
        here = ((stage, counted.get(self.parameters[f"stage_{stage}"], 0)) for stage in self.program.move)
        return {stage: n for stage, n in here if n}

    def _move(self, stage: str, looked_at: int) -> Moved:
        """Move on who leaves the stage; where somebody stays, say when to look again."""
        moved, again = self._moved(self.program.move[stage])
        if moved < looked_at and stage in self.program.settle:
            self.run(self.program.settle[stage])
        return moved, again

    def _moved(self, statement: Statement) -> Moved:
        """Run a statement that moves journeys. A statement that does more than that answers with what it did."""
        parameters = {**self.parameters, **statement.constants}
        result = self.connection.exec_driver_sql(statement.sql, parameters)
        if not result.returns_rows:
            return result.rowcount, result.rowcount > 0
        told = result.one()
        self.done.planned += told.planned
        return told.moved, told.again > 0

    def _effects(self, moved: int, came: Collection[str | None]) -> None:
        """What follows from these moves, which can have led to no other stages than those where somebody `came`."""
        planned = 0
        if self.program.wait:
            self.parameters["run_mark"] = self._scalar("SELECT coalesce(max(run_id), 0) FROM due_run")
            for stage, statement in self.program.wait.items():
                if moved >= self.tick.sizes.together and stage in came:
                    self.run(statement)
        for each in self.program.follow:
            if each.name in self.program.within or (each.name == "follow" and not moved):
                continue
            if self.program.whose.get(each.name) not in {None, *came}:
                continue
            if each.name.startswith("plan_"):
                self.parameters["message_mark"] = self._scalar("SELECT coalesce(max(message_id), 0) FROM message")
                planned = self.run(each)
                self.done.planned += planned
            elif planned or not each.name.startswith("run_"):
                self.run(each)

    def _last_move(self) -> int:
        return self._scalar("SELECT coalesce(max(move_id), 0) FROM move")

    def _has(self, table: str) -> bool:
        return bool(self._scalar(f"SELECT EXISTS (SELECT 1 FROM {table})"))  # noqa: S608  (our own names)

    def _delete(self, table: str) -> None:
        gone = self.connection.exec_driver_sql(f"DELETE FROM {table}").rowcount  # noqa: S608  (our own names)
        # PostgreSQL keeps the room of what was deleted, and takes it for rows when it plans the next chunk.
        if gone >= LARGE and self.connection.dialect.name == "postgresql":
            self.connection.exec_driver_sql(f"TRUNCATE {table}")

    def _scalar(self, sql: str) -> int:
        return int(self.connection.exec_driver_sql(sql).scalar_one())
