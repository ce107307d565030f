"""PostgreSQL plans by what it has counted: a tick that fills the tables has it count again."""

import pytest
from tests import databases
from tests.databases import Store
from tests.engine.workbench import Bench

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.parametrize("store", databases.kinds()[1:], indirect=True)]

TEXT = """
contact {
  email email
}
campaign welcome {
  audience email is set
  enter when email is set
  stage first {
    send mail hello
    after 30 days -> end
  }
  final end
}
"""
COUNTED = "SELECT reltuples FROM pg_class WHERE oid = '{table}'::regclass"


def test_a_tick_that_fills_the_tables_has_them_counted(store: Store) -> None:
    people = 10_000
    bench = Bench(TEXT, ["hello"])
    bench.people(b"key,email\n" if n < 0 else b"c%d,c%d@x.example\n" % (n, n) for n in range(-1, people))
    bench.deploy("2026-03-01")
    assert bench.tick("2026-03-01 12:00").planned == people
    with bench.database.reader() as connection:
        for table in ("journey", "move", "message"):
            found = connection.exec_driver_sql(COUNTED.format(table=table)).scalar_one()
            assert found == people, table
