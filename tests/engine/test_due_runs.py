"""People who wait together are found by their run: a row for all of them, and no alarm of their own."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from tests.engine.workbench import Bench, instant

from campflow.engine.doctor import Case
from campflow.engine.doctor_work import due_journeys
from campflow.engine.figures import lag
from campflow.engine.pulse import is_due

pytestmark = pytest.mark.usefixtures("store")

TEXT = """
contact {
  email  email
  vip    yesno = no
}
event bought
campaign spring {
  audience  email is set
  enter     at 2026-03-01 09:00
  stage hello {
    on bought                -> thanked
    after 2 days if vip      -> thanked
    after 2 days             -> asked
  }
  stage asked {
    after 4 days             -> gone
  }
  final thanked
  final gone
}
"""
ENTERED = "2026-03-01 09:00"


def bench_of(people: int = 6, text: str = TEXT) -> Bench:
    bench = Bench(text, [])
    bench.deploy("2026-02-28")
    bench.people(
        "key,email,vip\n" + "".join(f"p{n},p{n}@x.example,{'yes' if n == 2 else 'no'}\n" for n in range(people))
    )
    return bench


def runs(bench: Bench) -> list[tuple[int, int, int]]:
    """When they are due, and their first and last journey."""
    r = bench.database.tables.due_run.c
    with bench.database.reader() as connection:
        rows = connection.execute(select(r.due_at, r.first_journey_id, r.last_journey_id).order_by(r.run_id)).all()
    return [(row[0], row[1], row[2]) for row in rows]


def alarms(bench: Bench) -> list[int | None]:
    j = bench.database.tables.journey.c
    with bench.database.reader() as connection:
        return list(connection.scalars(select(j.alarm_at).order_by(j.journey_id)))


def stages(bench: Bench) -> Sequence[str | None]:
    """Where everybody came to last."""
    last: dict[str, str | None] = {}
    for contact, _, new, _ in bench.moves():
        last[contact] = new
    return [last[each] for each in sorted(last)]


def test_who_enters_at_one_moment_waits_in_a_run_and_moves_into_the_next_one() -> None:
    bench = bench_of()
    bench.tick(ENTERED, together=2)
    assert alarms(bench) == [None] * 6
    [(due, first, last)] = runs(bench)
    assert (due, last - first) == (instant("2026-03-03 09:00"), 5)
    bench.tick("2026-03-03 09:00", together=2)
    assert alarms(bench) == [None] * 6
    assert [due for due, _, _ in runs(bench)] == [instant("2026-03-07 09:00")]
    bench.tick("2026-03-07 09:00", together=2)
    assert stages(bench) == ["gone", "gone", "thanked", "gone", "gone", "gone"]
    assert runs(bench) == []


def test_few_have_an_alarm_each() -> None:
    bench = bench_of()
    bench.tick(ENTERED)
    bench.tick("2026-03-03 09:00")
    due = instant("2026-03-07 09:00")
    assert alarms(bench) == [due, due, None, due, due, due]
    assert runs(bench) == []


def test_a_run_is_worked_through_a_chunk_at_a_time() -> None:
    """Twelve people, five at a time: a tick that ends after the first five leaves the other seven in the run."""
    bench = bench_of(12)
    bench.tick(ENTERED, together=2)
    [(_, first, last)] = runs(bench)
    bench.tick("2026-03-03 09:00", chunk=5, together=2)
    assert stages(bench).count("asked") == 11
    assert [(due, begin - first, last - end) for due, begin, end in runs(bench)] == [
        (instant("2026-03-07 09:00"), 0, 7), (instant("2026-03-07 09:00"), 5, 2), (instant("2026-03-07 09:00"), 10, 0),
    ]  # fmt: skip


def test_who_leaves_a_run_earlier_is_passed_over() -> None:
    bench = bench_of()
    bench.tick(ENTERED, together=2)
    bench.events("key,event,at\np1,bought,2026-03-02 10:00\n", instant("2026-03-02 11:00"))
    bench.tick("2026-03-02 11:00", together=2)
    bench.tick("2026-03-03 09:00", together=2)
    assert stages(bench) == ["asked", "thanked", "thanked", "asked", "asked", "asked"]
    assert len([move for move in bench.moves() if move[0] == "p1"]) == 2


def test_a_late_tick_passes_through_two_runs_at_once() -> None:
    late, punctual = bench_of(), bench_of()
    for bench, ticks in (
        (late, (ENTERED, "2026-03-20")),
        (punctual, (ENTERED, "2026-03-03 09:00", "2026-03-07 09:00")),
    ):
        for tick in ticks:
            bench.tick(tick, together=2)
    assert late.moves() == punctual.moves()
    assert runs(late) == []


def test_another_text_sets_alarms_and_the_run_does_no_harm() -> None:
    bench = bench_of()
    bench.tick(ENTERED, together=2)
    bench.deploy("2026-03-02", TEXT.replace("after 2 days             -> asked", "after 3 days             -> asked"))
    assert set(alarms(bench)) == {instant("2026-03-03 09:00")}  # the first of its moments
    for day in ("03", "04"):
        bench.tick(f"2026-03-{day} 09:00", together=2)
    assert stages(bench) == ["asked", "asked", "thanked", "asked", "asked", "asked"]
    assert [due for due, _, _ in runs(bench)] == [instant("2026-03-08 09:00")]


def test_whom_no_text_governs_as_their_run_is_due_gets_an_alarm() -> None:
    """A version that nobody reads any more: when one governs them again, they are found."""
    bench = bench_of()
    bench.tick(ENTERED, together=2)
    j = bench.database.tables.journey
    with bench.database.transaction() as connection:
        connection.execute(j.update().where(j.c.journey_id % 2 == 0).values(version_id=-1))
    bench.tick("2026-03-03 09:00", together=2)
    assert stages(bench).count("hello") == 3
    assert alarms(bench).count(instant("2026-03-03 09:00")) == 3
    with bench.database.transaction() as connection:
        connection.execute(j.update().where(j.c.version_id == -1).values(version_id=1))
    bench.tick("2026-03-03 10:00", together=2)
    assert stages(bench).count("hello") == 0


def test_a_run_that_is_due_is_seen_by_the_pulse_the_lag_and_the_doctor() -> None:
    bench = bench_of()
    bench.tick(ENTERED, together=2)
    assert bench.deployment is not None
    t, campaign = bench.database.tables, bench.deployment.campaigns["spring"].ids["campaign"]
    soon, late = instant("2026-03-03 08:59"), instant("2026-03-03 10:00")
    with bench.database.reader() as connection:
        assert not is_due(connection, t, [campaign], instant(ENTERED), soon)
        assert is_due(connection, t, [campaign], instant(ENTERED), late)
        assert (lag(connection, t, soon), lag(connection, t, late)) == (0, 3600)
        case = Case(bench.database, late, lambda: late)
        assert [found.count for found in due_journeys(case, connection)] == [6]


def zoned(text: str) -> Bench:
    """Four people who enter at their own nine o'clock, in Berlin and in New York."""
    text = text.replace("  vip    yesno = no\n", "  vip    yesno = no\n  timezone timezone?\n")
    bench = Bench(text.replace("campaign spring {\n", "campaign spring {\n  timezone contact\n"), [])
    bench.deploy("2026-02-28")
    rows = (f"p{n},p{n}@x.example,{zone}\n" for n, zone in enumerate(("Europe/Berlin", "America/New_York") * 2))
    bench.people("key,email,timezone\n" + "".join(rows))
    return bench


def test_who_enters_at_the_nine_oclock_of_their_zone_has_an_alarm() -> None:
    """Some enter six hours later than others: there is no moment for which all of them wait."""
    for text in (TEXT, TEXT.replace("2 days", "48 hours")):
        bench = zoned(text)
        bench.tick("2026-03-01 23:00", together=1)
        assert None not in alarms(bench)
        for tick in ("2026-03-03 08:00", "2026-03-03 14:00"):
            bench.tick(tick, together=1)
        assert stages(bench) == ["asked"] * 4
        bench.tick("2026-03-20", together=1)
        assert stages(bench) == ["gone"] * 4


def test_zones_make_no_difference_to_who_waits_for_hours() -> None:
    """They move at the same moment, and wait together then."""
    text = TEXT.replace("enter     at 2026-03-01 09:00", "enter     on bought").replace(
        "on bought                -> thanked", ""
    )
    bench = zoned(text.replace("2 days", "48 hours"))
    rows = "".join(f"p{n},bought,2026-03-01 10:00\n" for n in range(4))
    bench.events(f"key,event,at\n{rows}", instant("2026-03-01 11:00"))
    bench.tick("2026-03-01 11:00", together=2)
    assert alarms(bench) == [None] * 4
    for tick in ("2026-03-03 10:00", "2026-03-20"):
        bench.tick(tick, together=2)
    assert stages(bench) == ["gone"] * 4
