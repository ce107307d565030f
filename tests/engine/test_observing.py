"""Observers are told of what is committed: in order, at least once, from where they were; and nobody waits for one."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic import BaseModel
from sqlalchemy import func, insert, select, update
from tests import databases
from tests.databases import POSTGRES, Store
from tests.web.served import NOW, signed_up, write_project

from campflow.cli.operating import one_pass
from campflow.engine import observer_rows as rows
from campflow.engine.clock import ManualClock
from campflow.engine.doctor import Case
from campflow.engine.doctor_work import observers
from campflow.engine.observing import Observing, Watchers
from campflow.engine.runtime import Runtime
from campflow.hooks.contracts import Moved, ObserverPlugin, Settled
from campflow.model.times import parse_time
from campflow.people.contacts import Identity
from campflow.people.forgetting import forget
from campflow.project import Project
from campflow.running import open_runtime
from campflow.storage.database import database_now
from campflow.storage.writers import HOLDER


class Settings(BaseModel):
    pass


@dataclass
class Notes:
    """An observer that remembers. `trouble`: it takes what it is told, and fails then."""

    runtime: list[Runtime] = field(default_factory=list)
    told: list[Moved | Settled] = field(default_factory=list)
    trouble: Exception | None = None
    batches: int = 0
    gate: asyncio.Event | None = None

    async def open(self) -> None:
        pass

    async def moved(self, moves: Sequence[Moved]) -> None:
        await self._take(moves)

    async def settled(self, fates: Sequence[Settled]) -> None:
        await self._take(fates)

    async def _take(self, told: Sequence[Moved | Settled]) -> None:
        self.batches += 1
        for runtime in self.runtime:  # nobody's transaction is in its way
            with runtime.database.transaction() as connection:
                connection.execute(select(func.count()).select_from(runtime.database.tables.move))
        self.told += told
        if self.gate is not None:
            await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble

    async def close(self) -> None:
        pass

    @property
    def moves(self) -> list[tuple[str, str | None, str | None]]:
        return [(each.contact_key, each.from_stage, each.to_stage) for each in self.told if isinstance(each, Moved)]

    @property
    def fates(self) -> list[tuple[str, str]]:
        return [(each.contact_key, each.state) for each in self.told if isinstance(each, Settled)]


def watched(**observers: Notes) -> Watchers:
    def plugin(name: str, notes: Notes) -> ObserverPlugin:
        return ObserverPlugin(name, Settings, lambda settings, context: notes, batch=2)

    plugins = {name: plugin(name, notes) for name, notes in observers.items()}
    return Watchers(plugins, named=frozenset(observers))


@pytest.fixture
def project(store: Store, tmp_path: Path) -> Path:
    """Ada and Bob have signed up, and nobody has looked yet."""
    write_project(tmp_path, store.shared_url(tmp_path))
    opened = Project.open(tmp_path)
    with closing(opened.database()) as database:
        ManualClock(database).move(parse_time(NOW, "UTC"))
    with closing(open_runtime(opened)) as runtime:
        signed_up(runtime)
    return tmp_path


def opened(folder: Path, **observers: Notes) -> Runtime:
    runtime = open_runtime(Project.open(folder))
    runtime.watchers = watched(**observers)
    rows.enrol(runtime.database, runtime.watchers.named)
    return runtime


@pytest.fixture
def runtime(project: Path) -> Iterator[tuple[Runtime, Notes]]:
    """After one pass that moved people and sent to them, told to an observer."""
    notes = Notes()
    with closing(opened(project, log=notes)) as runtime:
        notes.runtime.append(runtime)
        asyncio.run(one_pass(runtime))
        yield runtime, notes


def tell(runtime: Runtime, watchers: Watchers | None = None) -> dict[str, str]:
    async def work() -> dict[str, str]:
        observing = Observing(lambda: runtime.database, watchers or runtime.watchers)
        try:
            return await observing.drain()
        finally:
            await observing.close()

    return asyncio.run(work())


async def until(done: Callable[[], bool]) -> None:
    """Lets the others work until it is so."""
    for _ in range(2_000):
        if done():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it does not come to that")


def at_once(runtime: Runtime) -> None:
    """No observer waits for its next try any more."""
    with runtime.database.transaction() as connection:
        connection.execute(update(runtime.database.tables.observer).values(retry_at=None))


def test_moves_and_fates_are_told_in_order_and_once(runtime: tuple[Runtime, Notes]) -> None:
    running, notes = runtime
    t = running.database.tables
    assert notes.moves
    assert notes.fates
    numbers = [each.number for each in notes.told if isinstance(each, Moved)]
    with running.database.reader() as connection:
        assert numbers == list(connection.scalars(select(t.move.c.move_id).order_by(t.move.c.move_id)))
        sent = connection.execute(select(t.message.c.state)).scalars().all()
        assert sorted(state for _, state in notes.fates) == sorted(sent)
        assert connection.scalar(select(func.count()).select_from(t.fate)) == 0, "what all know is not kept"
    before = list(notes.told)
    asyncio.run(one_pass(running))
    assert notes.told == before


def test_each_move_says_where_by_what_and_when(runtime: tuple[Runtime, Notes]) -> None:
    _, notes = runtime
    first = next(each for each in notes.told if isinstance(each, Moved))
    assert (first.from_stage, first.to_stage, first.cause) == (None, "hello", "signup")
    assert first.line.startswith("enter")
    assert first.at.tzinfo is not None
    fate = next(each for each in notes.told if isinstance(each, Settled))
    assert (fate.channel, fate.message, fate.campaign) == ("pigeon", "hello", first.campaign)


def test_it_goes_on_where_it_was_after_a_restart_and_begins_when_it_is_named(project: Path) -> None:
    first, second = Notes(), Notes()
    with closing(opened(project, log=first)) as runtime:
        asyncio.run(one_pass(runtime))
    with closing(opened(project, log=first, late=second)) as runtime:
        asyncio.run(one_pass(runtime))
    assert len(first.told) == len(set(first.told))
    assert second.told == [], "what was before it came is not told"


def test_what_failed_is_told_again_and_keeps_nobody_else_waiting(project: Path) -> None:
    bad, good = Notes(trouble=RuntimeError("no room")), Notes()
    with closing(opened(project, bad=bad, good=good)) as runtime:
        _, failures = asyncio.run(one_pass(runtime))
        assert failures == {"observer bad": "RuntimeError: no room"}
        assert good.moves
        assert good.fates
        assert bad.batches == 1
        assert tell(runtime) == {}, "it is left alone for a while"
        assert bad.batches == 1
        with runtime.database.reader() as connection:
            (behind,) = [each for each in rows.behind(connection, runtime.database.tables) if each.failures]
            assert (behind.name, behind.trouble, behind.moves) == ("bad", "RuntimeError: no room", len(good.moves))
            case = Case(runtime.database, 0, lambda: 0, targets=frozenset({"observe bad", "observe good"}))
            (found,) = observers(case, connection)
            assert "`bad`, which fails: RuntimeError: no room" in found.said
        at_once(runtime)
        bad.trouble = None
        assert tell(runtime) == {}
        assert bad.told[2:] == good.told, "the same, from where it was"


def test_the_pause_after_a_failure_grows(project: Path) -> None:
    bad = Notes(trouble=RuntimeError("no"))
    with closing(opened(project, bad=bad)) as runtime:
        runtime.tick(runtime.clock.now())
        pauses = []
        for _ in range(12):
            at_once(runtime)
            tell(runtime)
            with runtime.database.reader() as connection:
                retry = connection.scalar(select(runtime.database.tables.observer.c.retry_at))
                assert retry is not None
                pauses.append(round((retry - database_now(connection)) / 1000))
        assert pauses[0] <= 1 < pauses[3] <= 8
        assert 290 <= pauses[-1] <= 300


def test_one_process_tells_at_a_time_and_a_dead_one_is_followed(runtime: tuple[Runtime, Notes]) -> None:
    running, notes = runtime
    with running.database.transaction() as connection:
        connection.execute(update(running.database.tables.observer).values(moved=0))
    turn = rows.take(running.database, "log", 60)
    assert turn is not None
    before = len(notes.told)
    tell(running)
    assert len(notes.told) == before, "another one has the turn"
    o = running.database.tables.observer
    with running.database.transaction() as connection:
        host, machine, _, _ = str(connection.scalar(select(o.c.owner))).rsplit("/", 3)
        connection.execute(update(o).values(owner=f"{host}/{machine}/999999/1"))
    tell(running)
    assert len(notes.told) > before
    assert not rows.told(running.database, turn, 1, 1), "who has lost the turn writes nothing"


def test_a_slow_one_keeps_its_turn_and_holds_up_nobody(project: Path) -> None:
    async def work(slow: Notes, quick: Notes, runtime: Runtime) -> None:
        slow.gate = asyncio.Event()
        observing = Observing(lambda: runtime.database, runtime.watchers)
        await observing.look()
        await until(lambda: bool(slow.told and quick.fates))
        await observing.look()  # returns although one is at work
        assert slow.batches == 1
        slow.gate.set()
        assert await observing.drain() == {}
        await observing.close()

    slow, quick = Notes(), Notes()
    with closing(opened(project, slow=slow, quick=quick)) as runtime:
        channels = runtime.channels()
        runtime.tick(runtime.clock.now())
        runtime.release(runtime.clock.now())
        asyncio.run(runtime.deliver(channels))
        asyncio.run(work(slow, quick, runtime))
        assert slow.told == quick.told


def test_whoever_is_cancelled_gives_the_turn_back(project: Path) -> None:
    async def work(notes: Notes, runtime: Runtime) -> None:
        notes.gate = asyncio.Event()
        observing = Observing(lambda: runtime.database, runtime.watchers)
        await observing.look()
        await until(lambda: bool(notes.told))
        await observing.close()

    notes = Notes()
    with closing(opened(project, log=notes)) as runtime:
        runtime.tick(runtime.clock.now())
        asyncio.run(work(notes, runtime))
        cut, notes.gate = list(notes.told), None
        tell(runtime)
        assert notes.told[len(cut) : 2 * len(cut)] == cut, "told, and not known to be: again"


def test_an_erased_person_is_not_told_of(project: Path) -> None:
    notes = Notes()
    with closing(opened(project, log=notes)) as runtime:
        runtime.tick(runtime.clock.now())
        with runtime.database.transaction() as connection:
            forget(connection, runtime.database.tables, 1, Identity("ada", "ada@acme.example"), 0)
        tell(runtime)
        assert "ada" not in {key for key, _, _ in notes.moves}
        assert notes.moves


def test_without_observers_nothing_is_written_for_them(project: Path) -> None:
    notes = Notes()
    with closing(opened(project, log=notes)) as runtime:
        t = runtime.database.tables
        rows.enrol(runtime.database, ())
        asyncio.run(one_pass(runtime))
        with runtime.database.reader() as connection:
            assert connection.scalar(select(func.count()).select_from(t.message)) == 2
            assert connection.scalar(select(func.count()).select_from(t.fate)) == 0
            assert connection.scalar(select(func.count()).select_from(t.observer)) == 0
    assert notes.told == []


def test_an_observer_that_no_plugin_is_waits_and_is_named(project: Path) -> None:
    with closing(opened(project, log=Notes())) as runtime:
        runtime.watchers = replace(runtime.watchers, plugins={})
        asyncio.run(one_pass(runtime))
        with runtime.database.reader() as connection:
            (found,) = observers(Case(runtime.database, 0, lambda: 0), connection)
        assert "take [observers.log] out" in found.todo


# On SQLite one writes at a time: nobody can be late.
@pytest.mark.parametrize("store", [kind for kind in databases.kinds() if kind == POSTGRES], indirect=True)
def test_a_number_that_is_committed_late_is_not_passed_over(store: Store, project: Path) -> None:
    """Two who write side by side: the later number is committed first."""
    notes = Notes()
    with closing(opened(project, log=notes)) as runtime:
        runtime.tick(runtime.clock.now())
        tell(runtime)
        database, t = runtime.database, runtime.database.tables
        with database.reader() as connection:
            model = connection.execute(select(t.move)).mappings().first()
        assert model is not None
        horizon, before = rows.Horizon(), len(notes.moves)

        def look() -> int:
            with database.reader() as connection:
                return horizon.look(connection, t)[0]

        def write(nth: int) -> dict[str, object]:
            return {**{name: value for name, value in model.items() if name != "move_id"}, "nth": nth}

        base = look()
        with database.transaction(HOLDER) as slow:
            early = slow.execute(insert(t.move).values(write(100)).returning(t.move.c.move_id)).scalar_one()
            with database.transaction(HOLDER) as quick:
                late = quick.execute(insert(t.move).values(write(101)).returning(t.move.c.move_id)).scalar_one()
            assert early is not None and late is not None and early < late  # noqa: PT018
            assert look() == base, "the later one is there, the earlier one may yet come"
            tell(runtime)
            assert len(notes.moves) == before
        assert look() >= late
        tell(runtime)
        numbers = [each.number for each in notes.told if isinstance(each, Moved)]
        assert numbers[-2:] == [early, late]
