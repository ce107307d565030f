"""What went wrong in other engines, cases 14 to 23: local time, limits, lateness. See `test_pains_sending.py`."""

import pytest
from tests.engine.mailroom import PEOPLE, Mailroom, campaign, mailroom
from tests.engine.workbench import Bench

from campflow.checking.vocabulary import ChannelWords, ContentFile, ContentIndex, Vocabulary
from campflow.compiler import check_sources
from campflow.diagnostics.source import Source
from campflow.language.formatter import format_text

NINE = campaign("stage a { send mail hello at 09:00\n after 9 days -> z }\n final z", "timezone contact")


def lives_in(zone: str, text: str, signup: str) -> Mailroom:
    room = mailroom(text, zone="UTC")
    room.people(f"key,email,timezone\nada,ada@x.example,{zone}")
    room.happened(("ada", "signup", signup))
    return room


def planned(bench: Bench) -> list[str | None]:
    return [at for _, _, at, _ in bench.planned()]


@pytest.mark.parametrize(
    ("zone", "at"),
    [("Asia/Tokyo", "2026-03-03 00:00"), ("America/New_York", "2026-03-02 14:00"), ("", "2026-03-03 09:00")],
)
def test_pain_14_nine_is_nine_where_the_contact_lives_and_not_in_utc(zone: str, at: str) -> None:
    room = lives_in(zone, NINE, "2026-03-02 10:00")
    room.every(1, "2026-03-02 10:00", "2026-03-03 12:00")
    assert room.taken == [("ada", "hello", at)]


def test_pain_15_an_hour_that_comes_twice_makes_no_loop() -> None:
    text = campaign(
        "stage a { send mail hello at 02:30\n at 02:30 -> b }\n stage b { at 02:30 -> z }\n final z", "timezone contact"
    )
    room = lives_in("Europe/Berlin", text, "2026-10-24 10:00")
    for minute in range(48 * 4):
        room.look(1_792_836_000_000 + minute * 900_000)  # from 2026-10-24 10:00, each quarter of an hour
    room.look("2026-10-27")
    assert [(new, at) for _, _, new, at in room.moves()] == [
        ("a", "2026-10-24 10:00"), ("b", "2026-10-25 00:30"), ("z", "2026-10-26 01:30"),
    ]  # fmt: skip
    assert room.taken == [("ada", "hello", "2026-10-25 00:30")]


@pytest.mark.parametrize(
    ("signup", "at"),
    [("2026-03-07 20:00", "2026-03-08 13:00"), ("2026-10-31 20:00", "2026-11-01 14:00")],
)
def test_pain_16_nine_in_new_york_is_nine_on_both_sides_of_a_clock_change(signup: str, at: str) -> None:
    room = lives_in("America/New_York", NINE, signup)
    room.tick(signup)
    assert planned(room) == [at]


@pytest.mark.parametrize(
    ("zone", "send", "at"),
    [
        ("America/New_York", "on monday at 20:00", "2026-03-10 00:00"),
        ("Asia/Tokyo", "on monday at 08:00", "2026-03-08 23:00"),
        ("America/New_York", "at 09:00", "2026-03-07 14:00"),
    ],
)
def test_pain_17_a_weekday_is_that_of_the_contact_and_not_of_utc(zone: str, send: str, at: str) -> None:
    text = campaign(f"stage a {{ send mail hello {send}\n after 30 days -> z }}\n final z", "timezone contact")
    room = lives_in(zone, text, "2026-03-06 20:00")
    room.tick("2026-03-06 20:00")
    assert planned(room) == [at]


def test_pain_18_a_time_stays_as_it_was_written_however_often_it_is_rewritten() -> None:
    text = campaign("stage a { send mail hello at 19:00\n after 9 days -> z }\n final z").strip() + "\n"
    for _ in range(3):
        done = format_text(Source("a.flow", text))
        assert isinstance(done, str)
        text = done
    assert "send mail hello at 19:00" in text


def test_pain_19_a_limit_binds_campaigns_and_never_a_transactional_message() -> None:
    sends = (
        "send mail hello { expires 3 days }\n send mail bye { expires 3 days }\n send mail news { transactional yes }"
    )
    room = mailroom(
        campaign(f"stage a {{ {sends}\n after 9 days -> z }}\n final z", "limit 1 mail per day"),
    )
    room.join("ada")
    room.every(2, "2026-03-02 10:00", "2026-03-04 10:00")
    assert room.taken == [
        ("ada", "hello", "2026-03-02 10:00"), ("ada", "news", "2026-03-02 10:00"), ("ada", "bye", "2026-03-03 10:00"),
    ]  # fmt: skip


def test_pain_20_the_fourth_of_a_week_goes_as_soon_as_the_first_has_left_the_window() -> None:
    sends = "\n ".join(
        f"send mail {name} in {hours} hours" for name, hours in (("hello", 1), ("bye", 20), ("news", 40))
    )
    room = mailroom(
        campaign(
            f"stage a {{ {sends}\n after 2 days -> b }}\n stage b {{ send mail hello\n after 20 days -> z }}\n final z",
            "limit 3 mail per week",
        )
    )
    room.join("ada")
    room.every(1, "2026-03-02 10:00", "2026-03-14 10:00")
    assert [at for _, _, at in room.taken] == [
        "2026-03-02 11:00", "2026-03-03 06:00", "2026-03-04 02:00", "2026-03-09 11:00",
    ]  # fmt: skip


def test_pain_20_a_limit_of_one_channel_does_not_bind_another() -> None:
    """Written as a check: an sms rule in a campaign that only mails changes nothing about its mail."""
    room = mailroom(
        campaign(
            "stage a { send mail hello\n send mail bye\n after 9 days -> z }\n final z",
            "limit 5 mail per day, 9 messages per day",
        ),
    )
    room.join("ada")
    room.look("2026-03-02 10:00")
    assert len(room.taken) == 2


def test_pain_20_a_limit_of_nothing_is_refused_instead_of_meaning_never() -> None:
    text = PEOPLE + campaign("stage a { send mail hello\n after 9 days -> z }\n final z", "limit 0 mail per day")
    words = Vocabulary(
        channels={"mail": ChannelWords("mail", None)},
        content=ContentIndex((ContentFile("content/hello.mail.txt", "hello", "mail"),)),
    )
    found = check_sources([Source("a.flow", text)], words).diagnostics
    assert [one.span.line for one in found if one.severity == "error"] == [text[: text.index("limit")].count("\n") + 1]


WEEKLY = campaign("stage a { send mail hello\n after 7 days -> a2 }\n stage a2 { send mail bye\n after 7 days -> a3 }\n"
                  " stage a3 { send mail news\n after 7 days -> z }\n final z")  # fmt: skip


def test_pain_21_after_weeks_off_the_overdue_mail_is_not_dumped_on_anybody() -> None:
    room = mailroom(WEEKLY)
    room.join("ada")
    room.look("2026-03-02 10:00", "2026-04-20 10:00")
    assert room.taken == [("ada", "hello", "2026-03-02 10:00")]
    assert [(name, state) for _, name, _, state in room.planned()] == [
        ("hello", "accepted"), ("bye", "expired"), ("news", "expired"),
    ]  # fmt: skip
    assert room.stages() == {"ada": "z"}


def test_pain_22_what_is_hours_past_its_time_is_recorded_and_not_sent() -> None:
    room = mailroom(
        campaign("stage a { send mail hello at 18:00 { expires 2 hours }\n after 9 days -> z }\n final z").replace(
            "hello at 18:00 { expires 2 hours }", "hello { expires 2 hours } at 18:00"
        ),
    )
    room.join("ada")
    room.look("2026-03-02 10:00", "2026-03-02 23:00")
    assert room.taken == []
    assert [state for _, _, _, state in room.planned()] == ["expired"]


def test_pain_23_mail_goes_out_in_the_business_hours_of_each() -> None:
    room = mailroom(
        campaign("stage a { send mail hello\n after 9 days -> z }\n final z", "quiet 17:00 to 09:00"), zone="UTC"
    )
    zones = {"ada": "Asia/Tokyo", "bob": "America/New_York", "cleo": "Europe/Berlin", "dan": ""}
    room.people("key,email,timezone\n" + "\n".join(f"{who},{who}@x.example,{zone}" for who, zone in zones.items()))
    room.happened(*((who, "signup", "2026-03-02 10:00") for who in zones))
    room.every(1, "2026-03-02 10:00", "2026-03-03 10:00")
    assert {who: at for who, _, at in room.taken} == {
        "ada": "2026-03-03 00:00",  # 19:00 there, so at 09:00 the next morning
        "bob": "2026-03-02 14:00",  # 05:00 there
        "cleo": "2026-03-02 10:00", "dan": "2026-03-02 10:00",
    }  # fmt: skip
