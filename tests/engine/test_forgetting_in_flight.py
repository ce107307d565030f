"""A person is forgotten while a batch with their messages is on its way to the provider."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from sqlalchemy import select
from tests.engine.test_outbox_delivery import NOW, Office, Post

from campflow.engine.leasing import lease
from campflow.engine.letters import read_batch
from campflow.hooks.contracts import Message, Receipt
from campflow.people.contacts import Identity
from campflow.people.dossier import rows_of
from campflow.people.forgetting import forget


def forget_person(office: Office, number: int) -> None:
    with office.database.transaction() as connection:
        who = Identity(f"k{number}", f"p{number}@a.example")
        assert forget(connection, office.t, number, who, NOW).rows["message"] == 1


def rows_about(office: Office, number: int) -> dict[str, int]:
    with office.database.reader() as connection:
        found = {t.name: len(connection.execute(select(t).where(mine)).all()) for t, mine in rows_of(office.t, number)}
    return {name: count for name, count in found.items() if count}


def test_the_batch_goes_on_without_who_is_forgotten_and_nothing_of_them_comes_back(tmp_path: Path) -> None:
    """Two is with the provider at that moment, three comes in the next window."""

    async def answer(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages:
            if message.message_id == 2:
                forget_person(office, 2)
                forget_person(office, 3)
                yield Receipt(2, "rejected", detail="p2@a.example does not exist")
            else:
                yield Receipt(message.message_id, "accepted")

    office = Office(tmp_path, answer)
    for number in range(1, 6):
        office.person(number)
    office.deliver()
    assert office.post.windows == [[1, 2], [4], [5]]
    assert office.states() == {1: "accepted", 4: "accepted", 5: "accepted"}
    assert [rows_about(office, number) for number in (2, 3)] == [{}, {}]
    with office.database.reader() as connection:
        assert connection.execute(select(office.t.attempt)).all() == []
        assert connection.scalar(select(office.t.batch.c.closed_at)) == NOW
    assert office.deliver().accepted == 0


def test_a_message_whose_contact_is_gone_is_refused_and_holds_nobody_up(tmp_path: Path) -> None:
    """Forgetting takes both; whatever else takes a contact away must not let a message out without a person."""
    office = Office(tmp_path)
    for number in (1, 2):
        office.person(number)
    with office.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM event WHERE contact_id = 1")
        connection.exec_driver_sql("DELETE FROM contact WHERE contact_id = 1")
    office.deliver()
    assert office.states() == {1: "rejected", 2: "accepted"}
    assert office.row(1).detail == "the contact is no longer there"


def test_a_lease_whose_messages_are_all_forgotten_is_empty(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.person(1)
    batch = lease(office.database, "post", "me", 10, 30.0, NOW)
    assert batch is not None
    forget_person(office, 1)
    with office.database.reader() as connection:
        assert read_batch(connection, office.t, office.stationery, batch) == []
    office.person(2)
    assert office.deliver().accepted == 1
