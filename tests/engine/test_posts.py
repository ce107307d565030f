"""Posts: a message to nobody in particular belongs to the campaign, and is made once however many people come by."""

from collections.abc import Sequence

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from tests.engine.mailroom import PEOPLE, Mailroom, campaign, mailroom
from tests.engine.workbench import instant

from campflow.people.contacts import Identity
from campflow.people.forgetting import forget
from campflow.storage.tables import NOBODY

pytestmark = pytest.mark.usefixtures("store")

ONE = "stage a { send wall hello\n after 30 days -> z }\n final z"


def shop(*campaigns: str, zone: str = "UTC") -> Mailroom:
    return mailroom(*campaigns, zone=zone)


def walls(room: Mailroom) -> list[tuple[str, str]]:
    """What was posted, and when."""
    return [(message, at) for who, message, at in room.taken if who == "everybody"]


def test_a_stage_that_everyone_enters_posts_once() -> None:
    room = shop(campaign(ONE))
    room.join("ada", at="2026-03-02 10:00")
    room.look("2026-03-02 10:00")
    room.join("bob", "cid", at="2026-03-03 10:00")
    room.every(6, "2026-03-02 12:00", "2026-03-05 12:00")
    assert room.posts() == [("hello", "2026-03-02 10:00", "accepted")]
    assert walls(room) == [("hello", "2026-03-02 10:00")]
    assert room.stages() == {"ada": "a", "bob": "a", "cid": "a"}


def test_nobody_came_and_nothing_is_posted() -> None:
    room = shop(campaign(ONE))
    room.look("2026-03-02 10:00")
    assert room.posts() == []


@pytest.mark.parametrize("chunk", [1, 2, 50_000])
def test_however_late_the_daemon_looks_the_rows_are_the_same(chunk: int) -> None:
    """Who is looked at first need not have come first: ada has the lower number, and came last."""
    punctual, late = (
        shop(campaign("stage a { send wall hello at 09:00\n after 30 days -> z }\n final z")) for _ in "ab"
    )
    for room in (punctual, late):
        room.people("key,email\nada,ada@x.example\nbob,bob@x.example\ncid,cid@x.example")
        room.happened(("ada", "signup", "2026-03-03 10:00"), ("cid", "signup", "2026-03-02 10:00"),
                      ("bob", "signup", "2026-03-02 23:00"))  # fmt: skip
    punctual.every(1, "2026-03-02 00:00", "2026-03-03 12:00")
    late.tick("2026-03-03 08:00", chunk=chunk)
    assert late.posts() == [("hello", "2026-03-03 09:00", "planned")]
    late.look("2026-03-03 12:00")
    assert late.posts() == punctual.posts() == [("hello", "2026-03-03 09:00", "accepted")]


def test_an_earlier_move_that_is_made_later_brings_a_waiting_post_forward() -> None:
    room = shop(campaign("stage a { send wall hello in 3 days\n after 30 days -> z }\n final z"))
    room.join("ada", at="2026-03-03 10:00")
    room.tick("2026-03-03 10:00")
    assert room.posts() == [("hello", "2026-03-06 10:00", "planned")]
    room.join("bob", at="2026-03-02 10:00")
    room.tick("2026-03-04 10:00")
    assert room.posts() == [("hello", "2026-03-05 10:00", "planned")]
    room.look("2026-03-05 10:00", "2026-03-06 10:00")
    assert walls(room) == [("hello", "2026-03-05 10:00")]


def test_after_a_long_sleep_it_has_expired_and_is_not_made_for_who_comes_then() -> None:
    room = shop(campaign(ONE))
    room.join("ada", at="2026-03-02 10:00")
    room.look("2026-03-05 10:00")
    room.join("bob", at="2026-03-05 11:00")
    room.look("2026-03-05 12:00")
    assert room.posts() == [("hello", "2026-03-02 10:00", "expired")]
    assert walls(room) == []


def test_the_database_forbids_a_second_one() -> None:
    room = shop(campaign(ONE))
    room.join("ada")
    room.look("2026-03-02 10:00")
    m = room.database.tables.message
    with room.database.reader() as connection:
        row = dict(connection.execute(select(m)).mappings().one())
    del row["message_id"]
    with pytest.raises(IntegrityError), room.database.transaction() as connection:
        connection.execute(insert(m).values(row))


# --- again and again ---------------------------------------------------------------------------------------------


def test_a_recurring_campaign_posts_once_each_time_it_comes() -> None:
    room = shop(campaign(ONE.replace("30 days", "7 days"), enter="every month on 1 at 09:00, every time"))
    room.people("key,email\nada,ada@x.example\nbob,bob@x.example")
    room.every(12, "2026-03-01 00:00", "2026-06-02 00:00")
    assert [at for _, at, _ in room.posts()] == [f"2026-0{month}-01 09:00" for month in (3, 4, 5, 6)]
    assert {state for *_, state in room.posts()} == {"accepted"}


def test_one_occurrence_is_one_all_over_the_world() -> None:
    """06:00 on the first of the month is nineteen hours earlier in Tokyo than in Honolulu, and another day in UTC."""
    room = shop(
        campaign(ONE.replace("30 days", "7 days"), "timezone contact", enter="every month on 1 at 06:00, every time")
    )
    room.people(
        "key,email,timezone\nhana,h@x.example,Pacific/Honolulu\nkenta,k@x.example,Asia/Tokyo\n"
        "lea,l@x.example,Europe/Paris"
    )
    room.every(3, "2026-03-31 12:00", "2026-04-02 00:00")
    (march, april) = room.posts()
    assert march[2] == "expired", "nobody looked in March"
    assert april == ("hello", "2026-03-31 21:00", "accepted")
    assert len([move for move in room.moves() if move[1] is None]) == 5


def test_who_moves_to_another_zone_takes_part_in_no_other_occurrence() -> None:
    """Half past midnight on Monday in Tokyo is still Sunday in Honolulu, where kenta flies then."""
    weekly = "stage a { after 1 hour -> b }\n stage b { send wall news\n after 3 days -> z }\n final z"
    room = shop(campaign(weekly, "timezone contact", enter="every monday at 00:30, every time"))
    room.people("key,email,timezone\nkenta,k@x.example,Asia/Tokyo\nkumi,l@x.example,Asia/Tokyo")
    room.look("2026-03-01 15:30", "2026-03-01 15:31")
    assert room.stages() == {"kenta": "a", "kumi": "a"}
    room.people("key,timezone\nkenta,Pacific/Honolulu", now=instant("2026-03-01 15:45"))
    room.look("2026-03-01 16:30", "2026-03-01 16:31")
    assert room.stages() == {"kenta": "b", "kumi": "b"}
    assert room.posts() == [("news", "2026-03-01 16:30", "accepted")]


def test_a_late_look_lets_people_in_by_the_zone_that_it_finds() -> None:
    """kenta was in Honolulu when Monday began in Tokyo, and has flown there since; the engine slept meanwhile."""
    weekly = "stage a { after 1 hour -> b }\n stage b { send wall news\n after 3 days -> z }\n final z"
    room = shop(campaign(weekly, "timezone contact", enter="every monday at 00:30, every time"))
    room.people("key,email,timezone\nkenta,k@x.example,Pacific/Honolulu\nkumi,l@x.example,Asia/Tokyo")
    room.look("2026-03-01 12:00")
    room.people("key,timezone\nkenta,Asia/Tokyo", now=instant("2026-03-01 16:00"))
    room.look("2026-03-01 17:00")
    assert room.stages() == {"kenta": "b", "kumi": "b"}
    assert room.posts() == [("news", "2026-03-01 16:30", "accepted")]


def test_who_caused_it_may_be_forgotten() -> None:
    """The post stays, is made in its time, and nobody who comes later makes another."""
    room = shop(campaign("stage a { send wall hello in 1 day\n after 30 days -> z }\n final z"))
    room.join("ada", at="2026-03-02 10:00")
    room.look("2026-03-02 10:00")
    with room.database.transaction() as connection:
        forget(connection, room.database.tables, 1, Identity("ada", "ada@x.example"), 0)
    room.join("bob", at="2026-03-02 11:00")
    room.every(1, "2026-03-02 12:00", "2026-03-04 12:00")
    assert room.posts() == [("hello", "2026-03-03 10:00", "accepted")]
    assert walls(room) == [("hello", "2026-03-03 10:00")]


def test_who_comes_in_otherwise_does_not_begin_an_occurrence() -> None:
    enter = "every month on 20 at 09:00\n  enter on signup"
    room = shop(campaign(ONE, enter=enter))
    room.people("key,email\ncid,c@x.example")
    room.join("ada", at="2026-03-02 10:00")
    room.join("bob", at="2026-03-03 11:00")
    room.every(12, "2026-03-02 12:00", "2026-03-21 12:00")
    assert [at for _, at, _ in room.posts()] == ["2026-03-02 10:00", "2026-03-20 09:00"]


# --- edits, arms, leaving ------------------------------------------------------------------------------------------


ELSEWHERE = {
    "options": "stage a { send wall hello { expires 2 days }\n after 30 days -> z }\n final z",
    "order": "stage a { send mail bye\n send wall hello\n after 30 days -> z }\n final z",
    "name": "stage b { send wall hello\n after 30 days -> z }\n final z",
    "stage": "stage a { after 1 hour -> c }\n stage c { send wall hello\n after 30 days -> z }\n final z",
    "arms": "stage a { split s { 50% x { send wall hello }\n 50% y { send wall hello } }\n after 30 days -> z }\n"
    " final z",
}


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("what", ELSEWHERE)
def test_another_text_or_another_place_does_not_post_it_again(what: str, kept: bool) -> None:
    """mautic/mautic#16262: an edit of a live campaign that sent everything again."""
    if kept and what == "name":
        return  # with `edits reach newcomers` nobody has to be moved
    edits, moved = "edits reach newcomers" if kept else "", "moved a -> b" if what == "name" else ""
    room = shop(campaign(ONE, edits))
    room.join("ada")
    room.look("2026-03-02 10:00")
    old = room.program.campaigns[0]
    room.deploy("2026-03-02 12:00", PEOPLE + campaign(ELSEWHERE[what], f"{edits}\n{moved}"),
                recall=lambda version: old)  # fmt: skip
    room.join("bob", "cid", "dan", "eve", at="2026-03-02 13:00")
    room.every(2, "2026-03-02 13:00", "2026-03-03 01:00")
    assert walls(room) == [("hello", "2026-03-02 10:00")]
    assert {stage for who, stage in room.stages().items() if who != "ada"} <= {"a", "b", "c"}


def test_one_message_written_at_two_places_is_one_post_and_another_name_another() -> None:
    room = shop(campaign(
        "stage a { send wall hello\n after 1 day -> b }\n"
        "stage b { send wall hello\n send wall bye\n after 30 days -> z }\n final z"
    ))  # fmt: skip
    room.join("ada", "bob")
    room.every(6, "2026-03-02 10:00", "2026-03-04 10:00")
    assert walls(room) == [("hello", "2026-03-02 10:00"), ("bye", "2026-03-03 10:00")]


def test_an_arm_posts_once_when_the_first_gets_it() -> None:
    text = campaign(
        "stage a { split s { 50% x { send wall hello }\n 50% y { send wall bye } }\n after 30 days -> z }\n final z"
    )
    room = shop(text)
    for day in range(2, 8):
        room.join(*(f"p{day}{letter}" for letter in "abcdef"), at=f"2026-03-0{day} 10:00")
    room.every(12, "2026-03-02 10:00", "2026-03-09 10:00")
    assert sorted(message for message, _ in walls(room)) == ["bye", "hello"]


def test_an_arm_that_nobody_gets_posts_nothing() -> None:
    room = shop(
        campaign(
            "stage a { split s { 100% x { send wall hello }\n 0% y { send wall bye } }\n after 30 days -> z }\n final z"
        )
    )
    room.join("ada", "bob")
    room.look("2026-03-02 10:00")
    assert walls(room) == [("hello", "2026-03-02 10:00")]


def test_who_is_held_out_causes_no_post() -> None:
    room = shop(campaign(ONE, "holdout 99%"))
    room.join(*(f"p{n}" for n in range(40)))
    room.look("2026-03-02 10:00")
    inside = [who for who, _, to, _ in room.moves() if to is not None]
    assert bool(room.posts()) == bool(inside)
    assert len(inside) < 40
    all_out = shop(campaign(ONE, "holdout 99%"))
    out = next(f"p{n}" for n in range(40) if f"p{n}" not in inside)
    all_out.join(out)
    all_out.look("2026-03-02 10:00")
    assert all_out.posts() == []


def test_who_caused_it_may_leave() -> None:
    room = shop(campaign("stage a { send wall hello in 1 day\n send mail bye in 1 day\n after 30 days -> z }\n final z",
                         "leave on unsubscribed"))  # fmt: skip
    room.join("ada")
    room.look("2026-03-02 10:00")
    room.happened(("ada", "unsubscribed", "2026-03-02 12:00"))
    room.look("2026-03-02 12:00", "2026-03-03 10:00")
    assert room.planned() == [("ada", "bye", "2026-03-03 10:00", "cancelled")]
    assert walls(room) == [("hello", "2026-03-03 10:00")]


# --- what binds persons binds no post ------------------------------------------------------------------------------


def test_limits_and_quiet_hours_are_of_people() -> None:
    room = shop(campaign("stage a { send wall hello\n send wall bye\n send wall news\n after 30 days -> z }\n final z",
                         "limit 1 message per week\n quiet 00:00 to 23:00"))  # fmt: skip
    room.join("ada")
    room.look("2026-03-02 10:00")
    assert walls(room) == [("hello", "2026-03-02 10:00"), ("bye", "2026-03-02 10:00"), ("news", "2026-03-02 10:00")]


def test_posts_count_in_nobodys_limit() -> None:
    room = shop(campaign("stage a { send wall hello\n send mail bye\n after 30 days -> z }\n final z",
                         "limit 1 message per week"))  # fmt: skip
    room.join("ada", "bob")
    room.look("2026-03-02 10:00")
    assert sorted(room.taken) == [
        ("ada", "bye", "2026-03-02 10:00"), ("bob", "bye", "2026-03-02 10:00"),
        ("everybody", "hello", "2026-03-02 10:00"),
    ]  # fmt: skip


@pytest.mark.parametrize("clauses", ["", "limit 1 message per day\n quiet 21:00 to 08:00"])
def test_what_people_hear_is_the_same_beside_a_post(clauses: str) -> None:
    def heard(stage: str) -> Sequence[tuple[str, str, str]]:
        room = shop(campaign(f"stage a {{ {stage} send mail hello\n after 1 day -> b }}\n"
                             "stage b { send mail bye\n after 9 days -> z }\n final z", clauses))  # fmt: skip
        room.join("ada", "bob")
        room.every(6, "2026-03-02 10:00", "2026-03-05 10:00")
        return sorted(each for each in room.taken if each[0] != "everybody")

    assert heard("send wall news\n") == heard("") != []


def test_no_event_of_anybody_tells_of_it() -> None:
    """`on sent` is about what was sent to a contact."""
    room = shop(campaign("stage a { send wall hello\n on sent -> z\n after 30 days -> y }\n final y\n final z"))
    room.join("ada")
    room.every(1, "2026-03-02 10:00", "2026-03-02 14:00")
    assert walls(room)
    assert room.stages() == {"ada": "a"}
    e = room.database.tables.event
    with room.database.reader() as connection:
        assert connection.execute(select(e.c.name).where(e.c.contact_id == NOBODY)).all() == []


def test_two_campaigns_post_each_its_own() -> None:
    room = shop(campaign(ONE), campaign(ONE, name="other"))
    room.join("ada")
    room.look("2026-03-02 10:00")
    assert walls(room) == [("hello", "2026-03-02 10:00")] * 2
