"""The release under contention: what a limit lets through holds for all daemons and campaigns together."""

import threading
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select, text
from tests.databases import Store
from tests.engine.workbench import Bench, instant

from campflow.engine.deployed import Deployment
from campflow.engine.fates import RETRY, Outcome
from campflow.engine.gates import CHUNK, Gates
from campflow.engine.leasing import lease
from campflow.engine.outbox import Clerk, members, release
from campflow.hooks.contracts import Receipt
from campflow.people.costs import Prices
from campflow.sql.program import Program
from campflow.storage.database import Database

pytestmark = pytest.mark.usefixtures("store")

PEOPLE = """
contact {
  email email
  score number = 0
}
event signup
"""


MESSAGES = ["hello", "bye", "news"]


def campaign(name: str, clauses: str, *sends: str) -> str:
    actions = "\n    ".join(sends)
    return f"""
campaign {name} {{
  audience score > -1
  enter on signup
  {clauses}
  stage a {{
    {actions}
    after 30 days -> z
  }}
  final z
}}
"""


def bench(*campaigns: str, people: int = 200, url: str = "") -> Bench:
    made = Bench(PEOPLE + "".join(campaigns), MESSAGES, url=url)
    made.people([b"key,email\n", *(f"k{n},k{n}@example.com\n".encode() for n in range(people))])
    made.deploy("2026-03-01 00:00")
    told = [f"k{n},2026-03-01T10:00:00Z,s{n}\n".encode() for n in range(people)]
    made.events([b"contact,at,id\n", *told], now=instant("2026-03-01 10:00"), event="signup")
    return made


def hand_over(database: Database, gates: Gates, now: int, size: int = 10_000, owner: str = "test") -> int:
    """What a daemon does: release, lease, hand over, write down. Every provider says yes."""
    tables, sent = database.tables, 0
    with database.transaction() as connection:
        release(connection, tables, now, (), gates)
    while batch := lease(database, "mail", owner, size, 60, now, (), gates):
        with database.reader() as connection:
            ids = sorted(connection.scalars(select(tables.message.c.message_id).where(members(tables, batch))))
        clerk = Clerk(database, batch, RETRY, Random(0), gates=gates)
        going = clerk.hand_over(ids, Outcome(), now)
        clerk.close(Outcome([Receipt(each, "accepted") for each in going]), now)
        sent += len(going)
    return sent


def gates_of(made: Bench, chunk: int = CHUNK) -> Gates:
    assert made.deployment is not None
    return Gates(made.database.tables, made.program, made.deployment, {"mail": "email"}, chunk=chunk)


def sent_per_person(made: Bench) -> Counter[str]:
    return Counter(key for key, _, _, state in made.planned() if state == "accepted")


def test_two_daemons_and_two_campaigns_never_both_win_one_persons_daily_limit(store: Store, tmp_path: Path) -> None:
    """mautic#6729, #11763: frequency rules over all campaigns, whoever sends at the same moment."""
    limit = "limit 1 email per day".replace("email", "mail")
    made = bench(
        campaign("one", limit, "send mail hello"), campaign("two", limit, "send mail bye"),
        url=store.shared_url(tmp_path),
    )  # fmt: skip
    now = instant("2026-03-01 10:01")
    made.tick("2026-03-01 10:01")
    assert made.deployment is not None
    errors: list[BaseException] = []

    def daemon(name: str, program: Program, deployment: Deployment) -> None:
        database = Database(made.url, made.database.tables)
        try:
            for step in range(20):
                gates = Gates(database.tables, program, deployment, {"mail": "email"})
                hand_over(database, gates, now + step, 7, name)
        except BaseException as error:
            errors.append(error)
        finally:
            database.close()

    daemons = [threading.Thread(target=daemon, args=(name, made.program, made.deployment)) for name in "ab"]
    for each in daemons:
        each.start()
    for each in daemons:
        each.join()
    assert not errors
    assert sent_per_person(made) == {f"k{n}": 1 for n in range(200)}
    assert hand_over(made.database, gates_of(made), instant("2026-03-02 10:02")) == 200


def test_who_withdraws_a_second_before_gets_nothing() -> None:
    made = bench(campaign("one", "", "send mail hello"), people=3)
    made.tick("2026-03-01 10:01")
    now, gates = instant("2026-03-01 10:01"), gates_of(made)
    tables = made.database.tables
    with made.database.transaction() as connection:
        release(connection, tables, now, (), gates)
    batch = lease(made.database, "mail", "test", 10, 60, now, (), gates)
    assert batch is not None
    with made.database.transaction() as connection:
        connection.execute(
            tables.consent.insert().values(contact_id=2, channel="", purpose="", given=False, at=now + 1)
        )
    clerk = Clerk(made.database, batch, RETRY, Random(0), gates=gates)
    assert clerk.hand_over([1, 2, 3], Outcome(), now + 1_000) == {1, 3}
    assert [(key, state) for key, _, _, state in made.planned()] == [
        ("k0", "ready"),
        ("k1", "skipped"),
        ("k2", "ready"),
    ]


def test_the_campaign_with_priority_goes_first_whatever_was_planned_first() -> None:
    made = bench(
        campaign("early", "limit 1 mail per day", "send mail hello"),
        campaign("late", "limit 1 mail per day\n  priority 5", "send mail bye"),
        people=20,
    )
    made.tick("2026-03-01 10:01")
    hand_over(made.database, gates_of(made), instant("2026-03-01 10:01"))
    assert {message for _, message, _, state in made.planned() if state == "accepted"} == {"bye"}


def test_what_was_planned_earlier_spends_no_money_of_what_is_on_its_way() -> None:
    """Bo was planned for first and waits for a limit; Cy, who was planned for later, is ready meanwhile."""
    first = campaign("first", "priority 5", "send mail news").replace("score > -1", "score > 5")
    made = Bench(PEOPLE + first + campaign("poor", "limit 1 mail per day\n budget 10 EUR", "send mail hello"), MESSAGES)
    made.people("key,email,score\nbo,bo@x.example,9\ncy,cy@x.example,1\n")
    made.deploy("2026-03-01 00:00")
    made.events("contact,at,id\nbo,2026-03-01 10:00,1\n", now=instant("2026-03-01 10:00"), event="signup")
    made.tick("2026-03-01 10:00")
    assert made.deployment is not None
    gates = Gates(
        made.database.tables, made.program, made.deployment, {"mail": "email"}, Prices({"mail": 1_000}, "EUR")
    )
    hand_over(made.database, gates, instant("2026-03-01 10:00"))
    made.events("contact,at,id\ncy,2026-03-01 10:05,2\n", now=instant("2026-03-01 10:05"), event="signup")
    made.tick("2026-03-01 10:05")
    for now in ("2026-03-01 10:05", "2026-03-02 10:01"):
        with made.database.transaction() as connection:
            release(connection, made.database.tables, instant(now), (), gates)
    states = {(key, message): state for key, message, _, state in made.planned()}
    assert states == {("bo", "news"): "accepted", ("bo", "hello"): "planned", ("cy", "hello"): "ready"}


@pytest.mark.parametrize("chunk", [1, 3, 50_000])
def test_how_many_are_decided_at_once_changes_nothing(chunk: int) -> None:
    made = bench(
        campaign("one", "limit 2 mail per day", "send mail hello", "send mail news", "send mail bye"), people=10
    )
    made.tick("2026-03-01 10:01")
    hand_over(made.database, gates_of(made, chunk), instant("2026-03-01 10:01"))
    assert sent_per_person(made) == {f"k{n}": 2 for n in range(10)}
    assert hand_over(made.database, gates_of(made, chunk), instant("2026-03-02 10:01")) == 10


def test_nobody_who_waits_is_read_before_their_time() -> None:
    """mautic#5423: a tick costs what is due, also where thousands wait for a limit."""
    made = bench(campaign("one", "limit 1 mail per week", "send mail hello", "send mail bye"), people=50)
    made.tick("2026-03-01 10:01")
    gates = gates_of(made)
    hand_over(made.database, gates, instant("2026-03-01 10:01"))
    hand_over(made.database, gates, instant("2026-03-01 10:02"))
    with made.database.reader() as connection:
        waiting = connection.scalar(text("SELECT min(release_at) FROM message WHERE state = 'planned'"))
    assert waiting == instant("2026-03-08 10:01")
