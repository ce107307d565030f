"""How fast `campflow test` is: python benchmarks/rehearsal.py [--tests N]

N `test` blocks over one campaign, each from signup to its end. The bound is what no test can do without: a database of
its own, copied by SQLite. Nothing is asserted.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator

import figures

from campflow.checking.vocabulary import ChannelWords, ContentFile, ContentIndex, Vocabulary
from campflow.compiler import check_sources, compile_flow
from campflow.diagnostics.source import Source
from campflow.engine.rehearsal import Rehearsal
from campflow.model.people import Duration
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import tables

PROJECT = """
contact {
  email email
  plan  one of trial, pro
}
event signup
campaign trial {
  audience plan == "trial"
  enter on signup, once
  stage welcome {
    send email welcome
    on clicked welcome -> engaged
    after 3 days -> lost
  }
  stage engaged {
    send email tips at 09:00
    after 7 days -> lost
  }
  final lost
}
"""

TEST = """
test "{number}" of trial {{
  contact ada {{
    email "ada{number}@example.com"
    plan "trial"
  }}
  at 2026-12-03 10:00
  ada signup
  expect ada sent email welcome
  after 1 day
  ada clicked welcome
  expect ada in engaged
  after 30 days
  expect ada in lost
}}
"""


def seconds(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def rows(count: int, rounds: int) -> Iterator[figures.Row]:
    text = PROJECT + "".join(TEST.format(number=number) for number in range(count))
    content = ContentIndex(tuple(ContentFile(f"content/{n}.email.md", n, "email") for n in ("welcome", "tips")))
    words = Vocabulary(channels={"email": ChannelWords("email", "email")}, content=content, timezone="UTC")
    checked = check_sources([Source("a.flow", text)], words)
    if checked.flow is None:
        raise SystemExit(str(checked.diagnostics))
    sound, flow = checked.flow, checked.flow.flow
    database = Database("sqlite://", tables(flow.contact, flow.events))
    install(database)
    rehearsal = Rehearsal(
        database=database,
        flow=flow,
        program=lambda names: compile_flow(
            sound, zone="UTC", expires=Duration(days=1), tables=database.tables, dialect=database.engine.dialect,
            only=names,
        ),
        sources={"a.flow": text},
        zone="UTC",
        addresses={"email": "email"},
    )  # fmt: skip

    def all_tests() -> None:
        for test in flow.tests:
            if not rehearsal.run(test).ok:
                raise SystemExit(f"test {test.name} failed")

    rehearsal.run(flow.tests[0])  # compiled and deployed once, as for any number of tests
    pooled = database.engine.raw_connection()
    driver = pooled.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise SystemExit("not SQLite")
    empty = sqlite3.connect(":memory:")
    driver.backup(empty)
    ours, bare = [], []
    for _ in range(rounds):
        ours.append(seconds(all_tests) / count * 1000)
        bare.append(seconds(lambda: [empty.backup(driver) for _ in flow.tests]) / count * 1000)
    yield figures.of(f"a test, one of {count}", "ms cpu", ours, bare, "an empty database")


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--tests", type=int, default=200)
    options = parser.parse_args()
    figures.show("`campflow test`", rows(options.tests, options.rounds), options.json)


if __name__ == "__main__":
    main()
