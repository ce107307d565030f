"""What went wrong in other engines, cases 1 to 13: duplicates, losses, loops. The numbers are those of the list of
public issues that campflow was designed against; each test shows the case on the real engine."""

import threading
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from tests.engine.mailroom import PEOPLE, Mailroom, campaign, mailroom
from tests.engine.workbench import instant

from campflow.checking.vocabulary import Vocabulary
from campflow.compiler import check_sources
from campflow.diagnostics.source import Source
from campflow.engine.advance import advance
from campflow.engine.fates import RETRY, Outcome
from campflow.engine.leasing import lease
from campflow.engine.outbox import Batch, Clerk, LeaseLost, members, take_over
from campflow.hooks.contracts import Receipt
from campflow.storage.database import Database

HELLO = campaign("stage a { send mail hello\n on clicked hello -> z\n after 3 days -> z }\n final z")
NOW = instant("2026-03-02 10:00")


def states(room: Mailroom) -> Counter[str]:
    return Counter(state for _, _, _, state in room.planned())


def ids(database: Database, batch: Batch) -> list[int]:
    with database.reader() as connection:
        m = database.tables.message.c
        return sorted(connection.scalars(select(m.message_id).where(members(database.tables, batch))))


def test_pain_01_taking_a_decision_out_of_a_live_campaign_sends_nothing_again() -> None:
    room = mailroom(HELLO)
    room.join("ada", "bob")
    room.look("2026-03-02 10:00", "2026-03-02 11:00")
    room.deploy("2026-03-02 12:00", room.text.replace("on clicked hello -> z\n", ""))
    room.every(1, "2026-03-02 12:00", "2026-03-06 12:00")
    assert [(who, message) for who, message, _ in room.taken] == [("ada", "hello"), ("bob", "hello")]


def test_pain_02_a_run_longer_than_its_lease_is_taken_over_and_nobody_is_mailed_twice() -> None:
    room = mailroom(HELLO)
    room.join(*(f"p{n}" for n in range(6)))
    room.tick(NOW)
    batch = lease(room.database, "mail", "slow", 10, 0, NOW, (), room.gates)
    assert batch is not None
    slow, mine = Clerk(room.database, batch, RETRY, Random(0)), ids(room.database, batch)
    handed = slow.hand_over(mine[:2], Outcome(), NOW)
    assert take_over(room.database, {"mail": False}, NOW).uncertain == 2
    room.send(NOW)
    with pytest.raises(LeaseLost):
        slow.hand_over(mine[2:4], Outcome([Receipt(each, "accepted") for each in handed]), NOW)
    assert len(room.taken) == len({who for who, _, _ in room.taken}) == 4
    assert states(room) == {"accepted": 4, "uncertain": 2}


def test_pain_03_what_one_process_has_picked_another_does_not_see() -> None:
    room = mailroom(HELLO)
    room.join(*(f"p{n}" for n in range(10)))
    room.tick(NOW)
    batches = [lease(room.database, "mail", who, 5, 60, NOW, (), room.gates) for who in ("one", "two", "three")]
    picked = [set(ids(room.database, batch)) if batch else set() for batch in batches]
    assert [len(each) for each in picked] == [5, 5, 0]
    assert not picked[0] & picked[1]


def test_pain_04_one_bad_address_spoils_itself_and_not_its_batch() -> None:
    room = mailroom(HELLO)
    room.answers = lambda each: (
        Receipt(each, "rejected", detail="no such user") if each == 2 else Receipt(each, "accepted")
    )
    room.join("ada", "bob", "cleo")
    room.every(6, "2026-03-02 10:00", "2026-03-04 10:00")
    assert [who for who, _, _ in room.taken] == ["ada", "cleo"]
    assert states(room) == {"accepted": 2, "rejected": 1}


def test_pain_05_a_message_for_certain_days_is_sent_once_not_every_day() -> None:
    room = mailroom(
        campaign("stage a { send mail hello on thursday at 09:00\n after 2 months -> z }\n final z"),
    )
    room.join("ada")
    room.every(3, "2026-03-02 10:00", "2026-04-02 10:00")
    assert room.taken == [("ada", "hello", "2026-03-05 10:00")]


def test_pain_06_the_database_forbids_a_second_message_of_one_statement_and_stage_entry() -> None:
    room = mailroom(HELLO)
    room.join("ada")
    room.happened(("ada", "signup", "2026-03-02 10:00:01"), ("ada", "signup", "2026-03-02 10:00:02"))
    room.look("2026-03-02 10:00", "2026-03-02 10:01")
    assert len(room.taken) == 1
    t = room.database.tables
    with room.database.reader() as connection:
        again = dict(connection.execute(select(t.message)).mappings().one()) | {"message_id": None}
    with room.database.transaction() as connection, pytest.raises(IntegrityError, match=r"message\.send_id"):
        connection.execute(insert(t.message).values(again))


def test_pain_07_stopping_and_going_on_does_not_start_over() -> None:
    room = mailroom(HELLO)
    room.join(*(f"p{n:02}" for n in range(40)))
    room.tick(NOW)
    for _ in range(3):  # three windows of five, and each time the process is stopped in good order
        batch = lease(room.database, "mail", "stopped", 20, 60, NOW, (), room.gates)
        assert batch is not None
        clerk, window = Clerk(room.database, batch, RETRY, Random(0)), ids(room.database, batch)[:5]
        receipts = [Receipt(each, "accepted") for each in sorted(clerk.hand_over(window, Outcome(), NOW))]
        clerk.close(Outcome(receipts), NOW)
        room._keep(window, NOW)
    room.send(NOW)
    assert Counter(who for who, _, _ in room.taken) == {f"p{n:02}": 1 for n in range(40)}


def test_pain_08_what_was_picked_and_not_handed_over_when_the_process_died_is_sent_by_the_next() -> None:
    room = mailroom(HELLO)
    room.join(*(f"p{n}" for n in range(9)))
    room.tick(NOW)
    assert lease(room.database, "mail", "killed", 5, 0, NOW, (), room.gates) is not None
    assert take_over(room.database, {"mail": False}, NOW).uncertain == 0
    room.send(NOW)
    assert sorted(who for who, _, _ in room.taken) == [f"p{n}" for n in range(9)]


def test_pain_09_once_means_once_for_two_processes_that_look_at_one_moment(tmp_path: Path) -> None:
    """Four times the event, two daemons at the same time; and the database has the last word."""
    room = mailroom(HELLO, url=f"sqlite:///{tmp_path}/two.db")
    room.join(*(f"p{n:03}" for n in range(100)))
    room.happened(*((f"p{n:03}", "signup", "2026-03-02 10:00") for n in range(100) for _ in range(3)))
    assert room.deployment is not None
    others = [Database(room.url, room.database.tables) for _ in range(2)]
    ticks = [
        threading.Thread(target=advance, args=(each, room.program, room.deployment, NOW), kwargs={"chunk": 7})
        for each in others
    ]
    for tick in ticks:
        tick.start()
    for tick in ticks:
        tick.join()
    assert Counter(who for who, *_ in room.moves()) == {f"p{n:03}": 1 for n in range(100)}
    t = room.database.tables
    with room.database.reader() as connection:
        again = dict(connection.execute(select(t.journey).limit(1)).mappings().one()) | {"journey_id": None}
    with room.database.transaction() as connection, pytest.raises(IntegrityError, match=r"journey\.entry"):
        connection.execute(insert(t.journey).values(again))
    for each in (*others, room.database):
        each.close()


def test_pain_10_two_events_at_one_moment_make_one_entry_and_one_message() -> None:
    room = mailroom(
        campaign(
            "stage a { after 1 hour -> b }\n stage b { send mail hello\n after 1 day -> z }\n final z",
            enter="on signup, every time",
        )
    )
    room.join("ada")
    room.happened(("ada", "signup", "2026-03-02 10:00"))
    room.every(1, "2026-03-02 10:00", "2026-03-04 10:00")
    assert [(who, message) for who, message, _ in room.taken] == [("ada", "hello")]


def test_pain_11_coming_again_is_a_passage_of_its_own_and_stalls_nobody() -> None:
    room = mailroom(
        campaign("stage a { send mail hello\n after 1 day -> z }\n final z", enter="on signup, every time"),
    )
    room.join("ada", "bob")
    room.happened(("ada", "signup", "2026-03-02 12:00"), ("ada", "signup", "2026-03-05 10:00"))
    room.happened(("bob", "signup", "2026-03-06 10:00"))
    room.every(2, "2026-03-02 10:00", "2026-03-08 10:00")
    assert Counter(who for who, _, _ in room.taken) == {"ada": 2, "bob": 2}
    assert [at for who, old, _, at in room.moves() if who == "ada" and old is None] == [
        "2026-03-02 10:00", "2026-03-05 10:00",
    ]  # fmt: skip


@pytest.mark.parametrize("round_trip", ["else -> a", 'when plan == "trial" -> a\n after 1 day -> a'])
def test_pain_12_a_circle_without_a_wait_is_refused(round_trip: str) -> None:
    text = PEOPLE + campaign(f'stage a {{ when plan == "trial" -> b\n else -> b }}\n stage b {{ {round_trip} }}')
    found = check_sources([Source("a.flow", text)], Vocabulary()).diagnostics
    assert "spin-cycle" in {one.code for one in found}


def test_pain_13_however_small_the_chunks_everybody_is_mailed() -> None:
    room = mailroom(HELLO)
    people = [f"p{n:04}" for n in range(1_500)]
    room.people("key,email\n" + "\n".join(f"{who},{who}@x.example" for who in people))
    room.events("key,event,at\n" + "\n".join(f"{who},signup,2026-03-02 10:00" for who in people))
    room.tick(NOW, chunk=64)
    room.send(NOW, size=100)
    assert Counter(who for who, _, _ in room.taken) == dict.fromkeys(people, 1)
