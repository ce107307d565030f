"""The two-worker test of each family of generated statements: one worker stands before a statement of it, and another
works meanwhile. Whatever it does, the rows are those of one worker alone.
"""

import re
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest
from sqlalchemy import select
from tests import databases
from tests.databases import Store
from tests.engine.stopping import Walk, beside, stopped
from tests.engine.workbench import Bench, instant

from campflow.engine.advance import TOGETHER, Advance, advance
from campflow.engine.deploy import deploy
from campflow.engine.errand_rows import hold
from campflow.engine.scores import refresh_scores
from campflow.errors import OutdatedError
from campflow.planning.plan import Rfm
from campflow.storage.database import Database

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.parametrize("store", databases.kinds()[1:], indirect=True)]

PEOPLE = """
contact {
  email email
  score number = 0
}
event signup
event praised
event purchase {
  amount money
}
"""

#: Every family but those that a text in force, or a midnight, makes.
ALL = (
    PEOPLE
    + """
campaign first {
  audience email is set
  enter on signup
  leave on unsubscribed
  convert on purchase within 9 days
  holdout 5%
  stage welcome {
    set score = score + 1
    emit praised
    notify team "somebody new"
    split tone {
      50% warm { send mail hello }
      50% cold { send mail bye }
    }
    send mail nudge
    send wall news
    on praised if score > 99 -> bought
    on purchase -> bought
    after 1 day -> end
  }
  stage bought {
    after 30 days -> end
  }
  final end
}
campaign second {
  audience email is set
  enter on entered first
  stage only {
    on converted first -> end
    after 9 days -> end
  }
  final end
}
"""
)
FAMILIES = {
    "announce", "arrive", "cancel", "changed", "convert", "emit", "enter", "errand", "expose", "fresh", "hold_out",
    "move", "plan", "set", "settle", "touch",
}  # fmt: skip

#: Those that make nobody wait: nothing is told, and neither campaign asks what the other does.
QUIET = PEOPLE + "".join(
    f"""
campaign {name} {{
  audience email is set
  enter on signup
  holdout 5%
  stage welcome {{
    notify team "somebody new"
    split tone {{
      50% warm {{ send mail hello }}
      50% cold {{ send mail bye }}
    }}
    send mail nudge
    send wall news
    on purchase -> bought
    after 1 day -> end
  }}
  stage bought {{
    after 30 days -> end
  }}
  final end
}}
"""
    for name in ("first", "second")
)
MORNING, NOON = instant("2026-03-01 10:00"), instant("2026-03-01 12:00")
CROWD = 12


def _bench(text: str) -> Bench:
    bench = Bench(text, ["hello", "bye", "nudge", "news"], sinks=["team"])
    bench.people("key,email\n" + "\n".join(f"c{n},c{n}@x.example" for n in range(2 * CROWD)))
    bench.deploy("2026-03-01")
    _happens(bench, "signup", *range(CROWD))
    return bench


def _happens(bench: Bench, event: str, *who: int, at: str = "2026-03-01 10:00") -> None:
    field, value = (",amount", ",5 EUR") if event == "purchase" else ("", "")
    rows = "".join(f"c{n},{event},{at}{value}\n" for n in who)
    assert not bench.events(f"key,event,at{field}\n{rows}", now=NOON).refused


def _ticks(bench: Bench, now: int = NOON, together: int = TOGETHER) -> Callable[[Database], Advance]:
    program, deployment = bench.program, bench.deployment
    assert deployment is not None
    return lambda database: advance(database, program, deployment, now, together=together)


def _statements(bench: Bench) -> dict[str, str]:
    """What is run, by campaign and name: the statements that moves are made of as one are not run by themselves."""
    return {
        f"{each.plan.name}.{one.name}": one.sql
        for each in bench.program.campaigns
        for one in each.statements()
        if one.name not in each.within
    }


def _family(name: str) -> str:
    name = name.partition(".")[2]
    return next((each for each in FAMILIES if re.match(rf"{each}(_|$)", name)), name)


def _rows(bench: Bench) -> dict[str, list[tuple[object, ...]]]:
    """All that the campaigns have made, in the order of people and not of numbers."""
    t = bench.database.tables
    asked = {
        "journey": ["campaign_id", "stage_id", "since", "nth", "due_at", "ended_at"],
        "move": ["nth", "from_stage_id", "to_stage_id", "statement_id", "at"],
        "message": ["nth", "send_id", "planned_at", "state"],
        "errand": ["nth", "errand_statement_id", "at", "state"],
        "exposure": ["split_id", "arm_id", "at"],
        "conversion": ["campaign_id", "name", "at"],
        "event": ["name", "about", "at"],
        "change": ["field", "at", "old"],
        "contact": ["score"],
    }
    with bench.database.reader() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(
                select(*(getattr(t, name).c[each] for each in ("contact_id", *columns)))
            )), key=str)
            for name, columns in asked.items()
        }  # fmt: skip


def test_whoever_stands_in_the_middle_of_a_campaign_is_alone_there(store: Store) -> None:
    """At each statement another worker comes: it leaves the campaign alone, or waits and then finds nothing to do."""
    alone, bench = _bench(ALL), _bench(ALL)
    met: list[str] = []
    for day in ("2026-03-01 12:00", "2026-03-02 12:00"):
        alone.tick(day)
        with ExitStack() as others:
            came = []
            for name in Walk(bench, _ticks(bench, instant(day)), _statements(bench)):
                met.append(name)
                came.append(others.enter_context(beside(bench, _ticks(bench, instant(day)))))
            assert not any(each.go() for each in came)
        for each in (alone, bench):
            _happens(each, "purchase", 1, 2, at="2026-03-01 15:00")
            _happens(each, "unsubscribed", 3, at="2026-03-01 15:00")
    assert _rows(bench) == _rows(alone)
    assert {_family(name) for name in met} >= FAMILIES


def test_two_campaigns_take_in_the_same_people_at_the_same_moment(store: Store) -> None:
    """While one stands before each of its statements, people come, and the other campaign is worked through."""
    alone, bench = _bench(QUIET), _bench(QUIET)
    coming = iter(range(CROWD, 2 * CROWD))
    firsts = {name: text for name, text in _statements(bench).items() if name.startswith("first.")}
    came = 0
    for _ in Walk(bench, _ticks(bench), firsts):
        if (who := next(coming, None)) is not None:
            _happens(bench, "signup", who)
            with beside(bench, _ticks(bench)) as other:
                came += other.go().entered
    assert came == 2 * CROWD  # the second campaign had them all, whoever else was at work
    _happens(alone, "signup", *range(CROWD, 2 * CROWD))
    for each in (alone, bench):
        each.tick(NOON)
    assert _rows(bench) == _rows(alone)


def test_nothing_that_is_told_while_people_are_moved_is_passed_over(store: Store) -> None:
    """At each statement somebody buys: who moves people may not have seen it, and the next look does."""
    alone, bench = _bench(QUIET), _bench(QUIET)
    for each in (alone, bench):
        each.tick("2026-03-01 11:00")
        _happens(each, "signup", *range(CROWD, 2 * CROWD))
    buying = iter(range(CROWD))
    for _ in Walk(bench, _ticks(bench), _statements(bench)):
        if (who := next(buying, None)) is not None:
            _happens(bench, "purchase", who, at="2026-03-01 11:30")
    assert next(buying, None) is None
    _happens(alone, "purchase", *range(CROWD), at="2026-03-01 11:30")
    for each in (alone, bench):
        each.tick(NOON + 60_000)
    assert _rows(bench) == _rows(alone)


# --- who waits together -------------------------------------------------------------------------------------------

TOGETHER_IN = (
    PEOPLE
    + """
campaign first {
  audience email is set
  enter at 2026-03-01 12:00
  stage welcome {
    send mail hello
    on purchase              -> bought
    after 1 day if score > 3 -> bought
    after 1 day              -> later
  }
  stage later {
    send mail bye
    after 1 day -> end
  }
  final bought
  final end
}
"""
)


def test_whoever_moves_a_run_is_alone_there_and_hears_later_of_what_happened_meanwhile(store: Store) -> None:
    """At each statement another worker comes, and now and then somebody has bought before the run was due."""
    alone, bench = _bench(TOGETHER_IN), _bench(TOGETHER_IN)
    met: list[str] = []
    buying = iter(range(1, CROWD))
    for day in ("2026-03-01 12:00", "2026-03-01 16:00", "2026-03-02 12:00", "2026-03-03 12:00"):
        alone.tick(day)
        for name in Walk(bench, _ticks(bench, instant(day), 2), _statements(bench)):
            met.append(name)
            with beside(bench, _ticks(bench, instant(day), 2)) as other:
                if name == "first.run_from_welcome":
                    _happens(bench, "purchase", next(buying), at="2026-03-02 12:00")
            assert not other.go()
        if day == "2026-03-01 12:00":
            for each in (alone, bench):
                _happens(each, "purchase", 0, at="2026-03-01 15:00")  # leaves before the run is due
    assert {"first.run_from_welcome", "first.run_from_later", "first.touch_run"} <= set(met)
    assert _rows(bench)["move"] == _rows(alone)["move"]
    assert _rows(bench)["message"] == _rows(alone)["message"]


# --- errands ------------------------------------------------------------------------------------------------------


def test_two_who_take_errands_at_once_do_different_ones(store: Store) -> None:
    bench = _bench(QUIET)
    bench.tick(NOON)
    s = bench.database.tables.errand_statement.c.errand_statement_id
    with bench.database.reader() as connection:
        statements = list(connection.scalars(select(s)))

    def takes(database: Database) -> tuple[int, ...]:
        held = hold(database, statements, "test", 5, 60, NOON)
        return held.errands if held else ()

    with stopped(bench, takes, "UPDATE errand SET state") as first, beside(bench, takes) as second:
        assert second.done, "it waits for who takes others"
        mine, others = first.go(), second.go()
    assert len(mine) == len(others) == 5
    assert not set(mine) & set(others)


# --- scores -------------------------------------------------------------------------------------------------------

SCORED = (
    PEOPLE
    + """
campaign first {
  audience email is set
  enter when rfm.recency >= 3
  stage only {
    after 9 days -> end
  }
  final end
}
"""
)


def _scored() -> Bench:
    bench = Bench(SCORED, ["hello"], rfm=Rfm("purchase", "amount"))
    bench.people("key,email\n" + "\n".join(f"c{n},c{n}@x.example" for n in range(6)))
    bench.deploy("2026-03-01")
    rows = [f"c{n},purchase,2026-03-0{1 + n // 3} 0{n}:00,{n} EUR" for n in range(6)]
    bench.events("key,event,at,amount\n" + "\n".join(rows), now=NOON)
    return bench


def _scores(bench: Bench) -> list[tuple[object, ...]]:
    t = bench.database.tables
    with bench.database.reader() as connection:
        changes = [tuple(row) for row in connection.execute(select(t.change.c.contact_id, t.change.c.at))]
        scores = connection.execute(select(t.rfm))
        return sorted([*changes, *map(tuple, scores)])


def _scoring(bench: Bench, now: str) -> Callable[[Database], None]:
    return lambda database: refresh_scores(database, bench.program, instant(now))


def test_two_who_score_at_once_note_each_change_once(store: Store) -> None:
    alone, bench = _scored(), _scored()
    alone.tick("2026-03-02 09:00")
    scoring = _scoring(bench, "2026-03-02 09:00")
    with stopped(bench, scoring, "pg_advisory_xact_lock") as second:
        with stopped(bench, scoring, "INSERT INTO rfm") as first, beside(bench, scoring) as third:
            assert not third.done
            first.go()
            third.go()
        _happens(bench, "purchase", 5, at="2026-03-01 22:00")  # learned of late: it counts tomorrow
        second.go()
    assert _scores(bench) == _scores(alone)


def test_who_is_late_by_a_midnight_does_not_bring_yesterdays_scores_back(store: Store) -> None:
    alone, bench = _scored(), _scored()
    alone.tick("2026-03-03 00:01")
    with stopped(bench, _scoring(bench, "2026-03-02 23:59"), "pg_advisory_xact_lock") as late:
        _scoring(bench, "2026-03-03 00:01")(bench.database)
        late.go()
    assert _scores(bench) == _scores(alone)


# --- texts put into force -----------------------------------------------------------------------------------------


def _puts(bench: Bench, text: str) -> Callable[[Database], bool]:
    """Puts a text into force; says whether it was another one."""
    program = bench._compile(text)
    sources = {"test.flow": text}
    return lambda database: any(
        each.is_new for each in deploy(database, program, sources=sources, author="test", now=NOON).campaigns.values()
    )


@pytest.mark.parametrize("to", ["hello", "end"])  # renamed, or ended: that is a move, and what follows from it
def test_people_are_carried_once_whoever_moves_them_or_carries_them_as_well(store: Store, to: str) -> None:
    one = QUIET[: QUIET.index("\ncampaign second")]
    text = one.replace("  final end", f"  moved welcome -> {to}\n  final end {{ send mail bye }}").replace(
        "stage welcome", "stage hello"
    )
    alone, ticked, put = _bench(one), _bench(one), _bench(one)
    alone.tick(NOON)
    alone.deploy(NOON, text)

    with stopped(ticked, _ticks(ticked), "INSERT INTO exposure") as tick, beside(ticked, _puts(ticked, text)) as puts:
        assert not puts.done
        with suppress(OutdatedError):  # its next chunk comes after the new text
            tick.go()
        assert puts.go()
    with pytest.raises(OutdatedError):
        ticked.tick(NOON)
    assert _rows(ticked) == _rows(alone)

    put.tick(NOON)
    _happens(put, "signup", CROWD)
    carrying = "UPDATE journey" if to == "hello" else "INSERT INTO move"
    with (
        stopped(put, _puts(put, text), carrying) as first,
        beside(put, _puts(put, text)) as second,
        beside(put, _ticks(put)) as late,
    ):
        assert not second.done
        assert not late.done
        assert first.go()
        assert not second.go()
        with pytest.raises(OutdatedError):
            late.go()
    _happens(alone, "signup", CROWD)
    for each in (alone, put):
        each.deploy(NOON, text)
        each.tick(NOON)
    assert _rows(put) == _rows(alone)
