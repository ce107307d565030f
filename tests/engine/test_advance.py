"""Ticks: cut into chunks or not, often or late, twice or after a crash, they come to the same rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError
from tests.databases import Store
from tests.engine.workbench import Bench, instant

from campflow.engine.advance import TOGETHER, advance
from campflow.errors import DeployError
from campflow.storage.database import Database
from campflow.storage.writers import ALONE, Writer

pytestmark = pytest.mark.usefixtures("store")

TEXT = """
contact {
  email email
  plan one of trial, pro
  score number = 0
}
event signup
event purchase {
  amount money
}
event told {
  what text
}

campaign trials {
  runs from 2026-03-01
  audience plan == "trial"
  enter on signup, every time
  leave on unsubscribed
  convert on purchase within 14 days worth amount -> customer
  stage welcome {
    send mail hello
    on clicked hello -> engaged
    after 3 days -> nudge
  }
  stage engaged {
    set score = score + 10
    emit told { what "engaged" }
    after 1 week -> lost
  }
  stage nudge {
    send mail nudge in 2 hours
    when score > 5 -> engaged
    after 2 days -> lost
  }
  final customer
  final lost
}

campaign heard {
  runs from 2026-03-01
  audience plan == "trial"
  enter on told where what == "engaged", every time
  stage hello {
    send mail told
    after 1 day -> end
  }
  final end
}
"""


def _bench(url: str = "") -> Bench:
    bench = Bench(TEXT, ["hello", "nudge", "told"], url=url)
    bench.people("key,email,plan\n" + "\n".join(f"c{i:02},c{i:02}@x.example,trial" for i in range(20)))
    rows = ["key,event,at,about,amount"]
    for i in range(20):
        rows.append(f"c{i:02},signup,2026-03-0{1 + i % 5} 10:0{i % 6},,")
        if i % 3 == 0:
            rows.append(f"c{i:02},clicked,2026-03-0{2 + i % 5} 11:00,hello,")
        if i % 4 == 0:
            rows.append(f"c{i:02},purchase,2026-03-0{4 + i % 5} 12:00,,{i + 5}")
        if i % 7 == 0:
            rows.append(f"c{i:02},unsubscribed,2026-03-0{3 + i % 5} 13:00,hello,")
        if i % 5 == 0:
            rows.append(f"c{i:02},signup,2026-03-20 09:00,,")
    report = bench.events("\n".join(rows))
    assert report.refused == 0
    return bench


def _rows(bench: Bench) -> tuple[object, ...]:
    return bench.moves(), [row[:3] for row in bench.planned()], bench.conversions()


@pytest.fixture(scope="module")
def whole() -> tuple[object, ...]:
    bench = _bench()
    bench.tick("2026-04-10")
    rows = _rows(bench)
    assert len(bench.moves()) > 60
    assert {"engaged", "nudge", "customer", "lost", "hello", "end", None} <= {new for _, _, new, _ in bench.moves()}
    return rows


@pytest.mark.parametrize("chunk", [1, 2, 7])
def test_the_size_of_a_chunk_changes_nothing(whole: tuple[object, ...], chunk: int) -> None:
    bench = _bench()
    bench.tick("2026-04-10", chunk=chunk)
    assert _rows(bench) == whole


@pytest.mark.parametrize("together", [1, 2, 3])
def test_who_waits_in_a_run_moves_like_everyone_else(whole: tuple[object, ...], together: int) -> None:
    bench = _bench()
    for day in range(0, 40, 2):
        bench.tick(1_772_323_200_000 + day * 86_400_000, chunk=5, together=together)
    bench.tick("2026-04-10", together=together)
    assert _rows(bench) == whole


@pytest.mark.parametrize("hours", [6, 24, 100])
def test_how_often_the_engine_looks_changes_nothing(whole: tuple[object, ...], hours: int) -> None:
    bench = _bench()
    for hour in range(0, 40 * 24, hours):
        bench.tick(1_772_323_200_000 + hour * 3_600_000)  # from 2026-03-01
    bench.tick("2026-04-10")
    assert _rows(bench) == whole


def test_a_second_tick_at_the_same_moment_does_nothing(whole: tuple[object, ...]) -> None:
    bench = _bench()
    assert bench.tick("2026-04-10")
    assert not bench.tick("2026-04-10")
    assert _rows(bench) == whole


class _Dying(Database):
    """A database whose process dies in the middle of a transaction, after so many that were committed."""

    left = 0

    @contextmanager
    def transaction(self, writer: Writer = ALONE) -> Iterator[Connection]:
        with super().transaction(writer) as connection:
            yield connection
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt


@pytest.mark.parametrize("together", [1, TOGETHER])
def test_a_tick_that_dies_in_a_chunk_is_finished_by_the_next(
    whole: tuple[object, ...], store: Store, tmp_path: Path, together: int
) -> None:
    """However many chunks were complete: those are there, the others are done again."""
    for survived in (0, 1, 2, 3, 5, 8, 13):
        bench = _bench(store.shared_url(tmp_path))
        bench.deploy("2026-03-01")
        dying = _Dying(bench.url, bench.database.tables)
        dying.left = survived
        assert bench.deployment is not None
        with pytest.raises(KeyboardInterrupt):
            advance(dying, bench.program, bench.deployment, instant("2026-04-10"), chunk=4, together=together)
        dying.close()
        bench.tick("2026-04-10", chunk=4, together=together)
        assert _rows(bench) == whole
        bench.database.close()


def test_nobody_passes_one_stage_entry_twice_because_the_database_forbids_it() -> None:
    bench = _bench()
    bench.tick("2026-04-10")
    move, key = bench.database.tables.move, ("journey_id", "nth")
    with bench.database.reader() as connection:
        entries = [tuple(row) for row in connection.execute(select(*(move.c[name] for name in key)))]
        again = dict(connection.execute(select(move).limit(1)).mappings().one())
        del again["move_id"]
    assert len(set(entries)) == len(entries)
    forbidden = pytest.raises(IntegrityError, match=r"move_once|journey_id, move\.nth")
    with bench.database.transaction() as connection, forbidden:
        connection.execute(move.insert().values(again))


# --- a changed text ---------------------------------------------------------------------------------------------

WAIT = """
contact {
  email email
}
event signup
campaign wait {
  audience email is set
  enter on signup
  stage here {
    send mail hello
    after {days} days -> there
  }
  stage there {
    after 10 days -> end
  }
  final end
}
"""


def _waiting(days: int) -> Bench:
    bench = Bench(WAIT.replace("{days}", str(days)), ["hello"])
    bench.people("key,email\na,a@x.example")
    bench.deploy("2026-03-01")
    bench.events("key,event,at\na,signup,2026-03-01 12:00")
    bench.tick("2026-03-02")
    return bench


@pytest.mark.parametrize(("days", "moved"), [(2, "2026-03-03 12:00"), (9, "2026-03-10 12:00")])
def test_a_changed_wait_counts_from_when_the_stage_was_entered(days: int, moved: str) -> None:
    bench = _waiting(5)
    bench.deploy("2026-03-02", WAIT.replace("{days}", str(days)))
    bench.tick("2026-03-11")
    assert [at for _, old, _, at in bench.moves() if old == "here"] == [moved]
    assert [name for _, name, _, _ in bench.planned()] == ["hello"]


def test_a_message_is_not_sent_again_because_its_place_in_the_file_changed() -> None:
    bench = _waiting(5)
    text = (
        WAIT.replace("{days}", "5")
        .replace("send mail hello\n", "")
        .replace("days -> there", "days -> there\n    send mail hello")
    )
    bench.deploy("2026-03-02", text)
    bench.tick("2026-03-20")
    assert [name for _, name, _, _ in bench.planned()] == ["hello"]


def test_a_stage_with_people_in_it_cannot_be_taken_out() -> None:
    bench = _waiting(5)
    text = WAIT.replace("{days}", "5")
    without = text.replace("stage here {\n    send mail hello\n    after 5 days -> there\n  }\n", "")
    with pytest.raises(DeployError, match="no stage `here` any more, but 1 person is in it"):
        bench.deploy("2026-03-02", without)
    bench.deploy("2026-03-02", text)
    bench.tick("2026-03-10")
    bench.deploy("2026-03-10", without)
    bench.tick("2026-03-20")
    assert bench.stages() == {"a": "end"}
