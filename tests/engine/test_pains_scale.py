"""What went wrong in other engines, cases 29 to 33: costs that grow with everybody instead of with what is due.

The other cases: `test_pains_sending.py`. Cost is counted in steps of SQLite's virtual machine, a hundred at a time: the
same on every machine.
"""

from collections.abc import Callable, Iterable

import pytest
from tests.engine.mailroom import Mailroom, campaign, mailroom

#: What more people may cost at the most: a tree that is a level deeper.
MORE = 1.5

FEW, MANY = 200, 3_000

WAITING = campaign(
    "stage a { send mail hello\n on purchase -> b\n after 300 days -> z }\n stage b { after 1 day -> z }\n final z"
)


def steps(room: Mailroom, work: Callable[[], object]) -> int:
    """Hundreds of steps that the database goes to do some work."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    with room.database.reader() as connection:  # in memory: there is only one
        driver = connection.connection.driver_connection
    assert driver is not None
    driver.set_progress_handler(count, 100)
    try:
        work()
    finally:
        driver.set_progress_handler(None, 0)
    return counted[0]


def names(count: int) -> list[str]:
    return [f"p{number}" for number in range(count)]


def crowd(text: str, count: int) -> Mailroom:
    """So many people who have signed up, and of whom the database has statistics."""
    room = mailroom(text, url="sqlite://")
    rows = (f"{name},{name}@x.example,trial\n".encode() for name in names(count))
    room.people((b"key,email,plan\n", *rows))
    room.events((b"key,event,at\n", *(f"{name},signup,2026-03-02 10:00\n".encode() for name in names(count))))
    room.people((b"key,plan\n", *(f"{name},pro\n".encode() for name in names(count))), now=room.clock)
    room.people((b"key,plan\n", *(f"{name},trial\n".encode() for name in names(count))), now=room.clock + 1)
    room.look("2026-03-02 10:00")
    with room.database.transaction() as connection:
        connection.exec_driver_sql("ANALYZE")
    return room


def bought(room: Mailroom, who: Iterable[str], at: str) -> None:
    room.events("key,event,at,amount\n" + "\n".join(f"{name},purchase,{at},1 EUR" for name in who))


def test_pain_29_one_changed_person_costs_one_person() -> None:
    cost = {}
    for count in (FEW, MANY):
        room = crowd(WAITING.replace("after 300 days -> z }", 'when plan == "pro" -> z\n after 300 days -> z }'), count)
        room.people("key,plan\np7,pro\n", now=room.clock + 1)
        cost[count] = steps(room, lambda room=room: room.tick("2026-03-02 11:00"))  # type: ignore[misc]
        assert room.stages()["p7"] == "z"
    assert cost[MANY] < cost[FEW] * MORE, cost


def test_pain_30_who_has_passed_costs_nothing_more() -> None:
    cost = {}
    for count in (FEW, MANY):
        room = crowd(WAITING, count)
        bought(room, names(count)[10:], "2026-03-02 11:00")
        room.look("2026-03-02 11:00", "2026-03-03 11:00")
        bought(room, names(10), "2026-03-04 10:00")
        cost[count] = steps(room, lambda room=room: room.look("2026-03-04 10:00"))  # type: ignore[misc]
        assert list(room.stages().values()).count("b") == 10
    assert cost[MANY] < cost[FEW] * MORE, cost


def test_pain_31_a_segment_is_asked_of_those_who_changed_and_not_of_everybody() -> None:
    people = "segment buyers = did purchase at least 2 times\n"
    text = people + campaign(
        "stage a { send mail hello\n after 300 days -> z }\n final z", enter="when in segment buyers"
    )
    cost = {}
    for count in (FEW, MANY):
        room = crowd(text, count)
        bought(room, names(10), "2026-03-04 10:00")
        bought(room, names(10), "2026-03-04 10:05")
        cost[count] = steps(room, lambda room=room: room.look("2026-03-04 11:00"))  # type: ignore[misc]
        assert sorted(room.stages()) == sorted(names(10))
    assert cost[MANY] < cost[FEW] * MORE, cost


@pytest.mark.parametrize("count", [FEW, MANY])
def test_pain_33_an_idle_look_is_a_few_steps(count: int) -> None:
    room = crowd(WAITING, count)
    room.look("2026-03-02 11:00")
    assert steps(room, lambda: room.tick("2026-03-02 11:00")) < 20
