"""Two workers on one database at the same moment: nobody is claimed twice, nobody moves twice, nobody is lost.

Each is a trap that was seen failing on PostgreSQL (`UPDATE … LIMIT` claims, moves in two statements).
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.databases import Store
from tests.engine.workbench import Bench, instant

from campflow.engine.advance import TOGETHER, advance
from campflow.engine.leasing import lease
from campflow.engine.outbox import release
from campflow.storage.database import Database

pytestmark = pytest.mark.usefixtures("store")

TEXT = """
contact {
  email email
}
event signup
event purchase
campaign welcome {
  audience email is set
  enter on signup
  stage first {
    send mail hello
    on purchase -> bought
    after 1 day -> late
  }
  stage late {
    send mail nudge
    on purchase -> bought
    after 30 days -> end
  }
  stage bought {
    send mail told
    after 1 day -> end
  }
  final end
}
"""
PEOPLE, DAYS = 120, 4


def _bench(url: str) -> Bench:
    bench = Bench(TEXT, ["hello", "nudge", "told"], url=url)
    bench.people("key,email\n" + "\n".join(f"c{n:03},c{n:03}@x.example" for n in range(PEOPLE)))
    bench.deploy("2026-03-01")
    return bench


def _happen(bench: Bench, day: int) -> None:
    """Someone signs up, and others buy, around the moment at which the timers of the first stage act."""
    rows = [f"c{n:03},signup,2026-03-0{day} 10:00" for n in range(PEOPLE) if n % DAYS + 1 == day]
    rows += [f"c{n:03},purchase,2026-03-0{day} 09:59" for n in range(PEOPLE) if n % DAYS + 2 == day and n % 3 == 0]
    bench.events("key,event,at\n" + "\n".join(rows), now=instant(f"2026-03-0{day} 10:00"))


def _at_once(work: Callable[[Database], object], bench: Bench) -> None:
    """Two workers, each with connections of its own."""

    def worker(_: int) -> None:
        with closing(Database(bench.url, bench.database.tables)) as database:
            work(database)

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(worker, range(2)))


def _told(bench: Bench) -> tuple[object, ...]:
    return bench.moves(), bench.planned()


@pytest.mark.parametrize("together", [1, TOGETHER])
def test_two_who_tick_make_the_moves_and_messages_of_one(store: Store, tmp_path: Path, together: int) -> None:
    alone, shared = _bench(store.shared_url(tmp_path)), _bench(store.shared_url(tmp_path))
    assert shared.deployment is not None
    for day in range(1, DAYS + 2):
        _happen(alone, day)
        alone.tick(f"2026-03-0{day} 12:00")
    for day in range(1, DAYS + 2):
        _happen(shared, day)
        program, deployment, now = shared.program, shared.deployment, instant(f"2026-03-0{day} 12:00")
        _at_once(
            lambda database: advance(database, program, deployment, now, chunk=7, together=together),  # noqa: B023  (it ends in this turn of the loop)
            shared,
        )
    assert _told(shared) == _told(alone)
    assert len(shared.moves()) > 2 * PEOPLE


def test_what_arrives_while_another_moves_people_is_neither_lost_nor_doubled(store: Store, tmp_path: Path) -> None:
    """One learns of events while two tick: whatever the order, every purchase moved its person once."""
    bench = _bench(store.shared_url(tmp_path))
    deployment, now = bench.deployment, instant("2026-03-09 12:00")
    assert deployment is not None

    def work(database: Database) -> None:
        for _ in range(DAYS):
            advance(database, bench.program, deployment, now, chunk=11)

    def learn() -> None:
        for day in range(1, DAYS + 2):
            _happen(bench, day)

    with ThreadPoolExecutor(1) as learning:
        arriving = learning.submit(learn)
        _at_once(work, bench)
        arriving.result()
    bench.tick(now)
    entries = Counter(key for key, old, _, _ in bench.moves() if old is None)
    assert entries == {f"c{n:03}": 1 for n in range(PEOPLE)}
    t = bench.database.tables
    with bench.database.reader() as connection:
        doubled = select(t.move.c.journey_id).group_by(t.move.c.journey_id, t.move.c.nth).having(func.count() > 1)
        assert connection.execute(doubled).all() == []
        lost = select(func.count()).select_from(t.move).where(t.move.c.to_stage_id.in_(_sending(bench)))
        assert connection.scalar(lost) == connection.scalar(select(func.count()).select_from(t.message))


def _sending(bench: Bench) -> list[int]:
    s = bench.database.tables.stage.c
    with bench.database.reader() as connection:
        return list(connection.scalars(select(s.stage_id).where(s.name != "end")))


def test_two_who_lease_never_hold_the_same_message(store: Store, tmp_path: Path) -> None:
    bench = _bench(store.shared_url(tmp_path))
    for day in range(1, DAYS + 1):
        _happen(bench, day)
    now = instant("2026-03-04 12:00")
    bench.tick(now)
    with bench.database.transaction() as connection:
        release(connection, bench.database.tables, now)
    ready = [state for *_, state in bench.planned()].count("ready")
    batches: list[tuple[int, int, int]] = []

    def work(database: Database) -> None:
        while batch := lease(database, "mail", "test", 3, 60, now):
            batches.append((batch.first_message_id, batch.last_message_id, batch.fence))

    _at_once(work, bench)
    t = bench.database.tables
    with bench.database.reader() as connection:
        ids = list(connection.scalars(select(t.message.c.message_id).where(t.message.c.state == "ready")))
    held = Counter(number for number in ids for first, last, _ in batches if first <= number <= last)
    assert ready > 30
    assert held == dict.fromkeys(ids, 1)
    assert len({fence for *_, fence in batches}) == len(batches)
