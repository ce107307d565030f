"""What went wrong in other engines, cases 24 to 28: live edits, stuck people, failures that stall. See
`test_pains_sending.py`."""

from collections import Counter

from tests.engine.mailroom import PEOPLE, Mailroom, campaign, mailroom
from tests.engine.workbench import instant

from campflow.hooks.contracts import Receipt

TWO = campaign(
    "stage a { send mail hello\n on clicked hello -> b\n after 2 days -> b }\n"
    " stage b { send mail bye\n after 2 days -> z }\n final z"
)


def sent(room: Mailroom) -> Counter[tuple[str, str]]:
    return Counter((who, message) for who, message, _ in room.taken)


def test_pain_24_replacing_what_people_have_passed_processes_nobody_again() -> None:
    """History stays; who has passed is not looked at: nothing is sent and nothing moves."""
    room = mailroom(TWO)
    room.join(*(f"p{n}" for n in range(20)))
    room.every(12, "2026-03-02 10:00", "2026-03-08 10:00")
    before, sends = room.moves(), sent(room)
    replaced = room.text.replace(
        "stage a { send mail hello\n on clicked hello -> b", "stage a { send mail news\n on purchase -> b"
    )
    room.deploy("2026-03-08 12:00", replaced)
    done = room.tick("2026-03-08 12:00")
    room.every(12, "2026-03-08 12:00", "2026-03-20 12:00")
    assert not done
    assert room.moves() == before
    assert sent(room) == sends


def test_pain_25_a_stage_put_in_behind_people_leaves_nobody_pending() -> None:
    """Who is before it walks through, who is past it has nothing due there, and who comes later walks through."""
    room = mailroom(TWO)
    room.join("early")
    room.look("2026-03-02 10:00", "2026-03-04 10:00")  # `early` is in b now
    room.join("ada", at="2026-03-04 10:00")
    room.look("2026-03-04 11:00")
    longer = room.text.replace("-> b\n", "-> news\n", 1).replace("after 2 days -> b }", "after 2 days -> news }", 1)
    longer = longer.replace(" stage b {", " stage news { send mail news\n after 1 day -> b }\n stage b {", 1)
    room.deploy("2026-03-04 12:00", longer)
    room.join("late", at="2026-03-05 10:00")
    room.every(6, "2026-03-04 12:00", "2026-03-20 12:00")
    assert room.stages() == dict.fromkeys(["early", "ada", "late"], "z")
    assert sent(room) == {
        ("early", "hello"): 1, ("early", "bye"): 1, **{(who, mail): 1 for who in ("ada", "late") for mail in
                                                        ("hello", "news", "bye")},
    }  # fmt: skip
    with room.database.reader() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM journey WHERE due_at IS NOT NULL").scalar_one() == 0


def test_pain_26_leaving_and_rejoining_the_audience_keeps_what_a_journey_waits_for() -> None:
    room = mailroom(TWO.replace("audience  email is set", 'audience  plan == "trial"'))
    room.join("ada")
    room.look("2026-03-02 10:00")
    for hour, plan in ((11, "pro"), (12, "trial"), (13, "pro"), (14, "trial")):
        now = instant(f"2026-03-02 {hour}:00")
        room.people(f"key,email,plan\nada,ada@x.example,{plan}", now=now)
        room.look(now, now)
    room.every(6, "2026-03-02 16:00", "2026-03-08 10:00")
    assert [(new, at) for _, _, new, at in room.moves()] == [
        ("a", "2026-03-02 10:00"), ("b", "2026-03-04 10:00"), ("z", "2026-03-06 10:00"),
    ]  # fmt: skip
    assert sent(room) == {("ada", "hello"): 1, ("ada", "bye"): 1}


def test_pain_27_a_message_that_fails_for_good_stops_nobody_on_the_way() -> None:
    room = mailroom(TWO)
    room.answers = lambda each: Receipt(each, "rejected", detail="550 no such user")
    room.join("ada", "bob")
    room.every(6, "2026-03-02 10:00", "2026-03-08 10:00")
    assert room.stages() == {"ada": "z", "bob": "z"}
    assert {state for _, _, _, state in room.planned()} == {"rejected"}


def test_pain_28_switched_off_and_on_everything_goes_on_where_it_was() -> None:
    """The process is off for a day and a half; what was planned in between is sent late, once, at its recorded time."""
    room = mailroom(TWO)
    room.join("ada")
    room.look("2026-03-02 10:00")
    room.look("2026-03-05 09:00", "2026-03-05 10:00")
    assert room.taken == [("ada", "hello", "2026-03-02 10:00"), ("ada", "bye", "2026-03-05 09:00")]
    assert [at for _, name, at, _ in room.planned() if name == "bye"] == ["2026-03-04 10:00"]
    room.every(12, "2026-03-05 12:00", "2026-03-08 12:00")
    assert room.stages() == {"ada": "z"}


def test_pain_28_a_campaign_that_is_taken_out_and_written_again_resumes() -> None:
    other = campaign("stage a { after 9 days -> z }\n final z", enter="on purchase", name="other")
    room = mailroom(TWO, other)
    room.join("ada")
    room.look("2026-03-02 10:00")
    whole = room.text
    room.deploy("2026-03-03", PEOPLE.replace("event never", "") + other + "")
    room.look("2026-03-03 12:00", "2026-03-05 10:00")
    assert room.stages() == {"ada": "a"}
    room.deploy("2026-03-05 12:00", whole)
    room.every(12, "2026-03-05 12:00", "2026-03-09 12:00")
    assert room.stages() == {"ada": "z"}
    assert [at for who, name, at, _ in room.planned() if name == "bye"] == ["2026-03-04 10:00"]
