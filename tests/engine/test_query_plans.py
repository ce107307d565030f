"""The cost of a tick grows with what is due: no compiled statement reads a growing table from end to end."""

import re

import pytest
from tests.engine.workbench import Bench

from campflow.engine.gates import Gates, decided, held, passing, planned
from campflow.planning.plan import Rfm
from campflow.sql.program import Statement
from campflow.sql.workspace import set_up

TEXT = """
contact {
  email    email
  plan     one of trial, pro
  score    number = 0
  born     date?
  timezone timezone?
}
event signup
event purchase {
  amount money
}
event cart_updated {
  cart_id text
}
segment big = sum(purchase.amount, last 30 days) >= 100 EUR

campaign everything {
  timezone contact
  audience plan == "trial"
  enter on signup if score > 3, every time
  enter every monday at 09:00, again after 30 days
  enter when now - last(purchase) > 60 days, again after 10 days
  leave on unsubscribed
  leave when score < 0
  convert on purchase within 14 days worth amount -> won
  holdout 5%
  limit 1 mail per day, 3 messages per week
  limit 20 messages per month or skip
  quiet 21:00 to 08:00
  budget 100 EUR
  stage first {
    send mail hello at 09:00
    split tone {
      50% warm {
        send mail hello
        on clicked hello -> won
      }
      50% cold {
        set score = 3
      }
      measure clicked hello within 1 day
      decide at 95% after 3 days
    }
    on clicked hello if in segment big -> second
    when count(purchase, last 90 days) == 0 -> second
    after 3 days if rfm.monetary > 2 -> second
    at 10:00 on friday -> won
  }
  stage second {
    set score = score + 1
    send mail hello
    emit purchase { amount 5 EUR }
    else -> won
  }
  final won
}

campaign carts {
  audience born is set
  enter on cart_updated per cart_id, every time
  stage waiting {
    on cart_updated where cart_id == entry.cart_id -> done
    on 2026-12-24 -> done
  }
  final done
}
"""

#: Reads all contacts on purpose: the scores of a day, in which everybody is compared with everybody.
WHOLE = {"changed_scores", "scores", "forget_scores"}
GROWING = "contact|event|change|journey|prospect|move|message|conversion|batch|exposure|consent|suppression|errand"


#: Rows of each growing table and of each partial index, as SQLite's statistics have it.
ROWS, FEW = 300_000, 1_000


@pytest.fixture(scope="module", params=["without statistics", "with statistics"])
def bench(request: pytest.FixtureRequest) -> Bench:
    made = Bench(TEXT, ["hello"], rfm=Rfm("purchase", "amount"), url="sqlite://")
    if request.param == "with statistics":
        with made.database.transaction() as connection:
            connection.exec_driver_sql("ANALYZE")
            asked = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?"
            for table in GROWING.split("|"):
                for index, sql in connection.exec_driver_sql(asked, (table,)).all():
                    # What is due, or on its way, is little.
                    rows = FEW if " WHERE " in (sql or "") else ROWS
                    told = " ".join(str(max(rows // 100**column, 1)) for column in range(4))
                    connection.exec_driver_sql("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", (table, index, told))
            connection.exec_driver_sql("ANALYZE sqlite_master")  # reads them
    return made


def _statements(bench: Bench) -> dict[str, Statement]:
    found = {f"{c.plan.name}.{s.name}": s for c in bench.program.campaigns for s in c.statements()}
    return found | {s.name: s for s in bench.program.scores}


def _plan(bench: Bench, statement: Statement) -> list[str]:
    with bench.database.transaction() as connection:
        set_up(connection)
        needed = dict.fromkeys(re.findall(r":(\w+)", statement.sql), 1)
        rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement.sql, {**needed, **statement.constants})
        return [row[3] for row in rows]


def _aliases(sql: str) -> set[str]:
    """Every name by which a statement reads a growing table."""
    named = re.findall(rf"\b({GROWING}) AS (\w+)", sql)
    return {alias for _, alias in named} | set(GROWING.split("|"))


def test_no_statement_of_a_tick_scans_a_growing_table(bench: Bench) -> None:
    scans = {
        name: [line for line in _plan(bench, statement) if _is_scan(line, _aliases(statement.sql))]
        for name, statement in _statements(bench).items()
        if name not in WHOLE
    }
    assert len(scans) > 40
    assert {name: lines for name, lines in scans.items() if lines} == {}


def test_nor_all_journeys_of_a_campaign_but_where_its_text_has_changed(bench: Bench) -> None:
    """An index that begins with the campaign is no way to the few that are new, or to a stretch of them."""
    whole = re.compile(r"INDEX sqlite_autoindex_journey_\d \(campaign_id=\?\)$")
    reads = {
        name
        for name, statement in _statements(bench).items()
        if any(whole.search(line) for line in _plan(bench, statement))
    }
    everyone = ("touch_inside", "reschedule_", "carry_")
    assert {name for name in reads if not name.split(".")[1].startswith(everyone)} == set()


def test_nor_does_the_release(bench: Bench) -> None:
    """What is asked of all candidates, of a batch and of a window, whatever campaign they are of."""
    tables = bench.database.tables
    gates = Gates(tables, bench.program, None, {"mail": "email"}, opt_in=["news"])
    dialect = type(bench.database.engine.dialect)(paramstyle="named")  # type: ignore[call-arg]  # every dialect takes it
    for statement in (*gates.refusals, planned(tables, True), held(tables), decided(tables), passing(tables)):
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        constants = {name: bound.value for name, bound in compiled.binds.items() if bound.value is not None}
        lines = _plan(bench, Statement("release", "", str(compiled), constants))
        assert [line for line in lines if _is_scan(line, _aliases(str(compiled)))] == [], str(compiled)


def test_no_row_is_compared_with_all_moves_of_a_round(bench: Bench) -> None:
    """A subquery that is asked for each row must find its own rows by an index, not among all that are new."""
    for name, statement in _statements(bench).items():
        with bench.database.transaction() as connection:
            set_up(connection)
            needed = dict.fromkeys(re.findall(r":(\w+)", statement.sql), 1)
            asked = "EXPLAIN QUERY PLAN " + statement.sql
            rows = connection.exec_driver_sql(asked, {**needed, **statement.constants}).all()
        inside = {row[0] for row in rows if row[3].startswith("CORRELATED")}
        for key, parent, _, line in rows:
            if parent in inside:
                inside.add(key)
                assert "(rowid>?" not in line, (name, line)


def _is_scan(line: str, names: set[str]) -> bool:
    words = line.split()
    if words[:3] == ["BLOOM", "FILTER", "ON"]:  # made of the whole table
        return words[3] in names
    # These indexes hold no more than what is about to go out.
    few = words[-1] in ("message_ready", "batch_open")
    return words[0] == "SCAN" and words[1] in names and "VIRTUAL" not in line and not few


def test_a_scan_would_be_seen(bench: Bench) -> None:
    whole = Statement("whole", "", "SELECT count(*) FROM journey AS j WHERE j.nth = 3", {})
    assert any(_is_scan(line, _aliases(whole.sql)) for line in _plan(bench, whole))


def test_every_statement_says_what_it_is_for(bench: Bench) -> None:
    assert all(statement.purpose for statement in _statements(bench).values())
