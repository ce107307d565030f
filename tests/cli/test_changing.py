"""`campflow plan`, `apply`, `rollback`, `versions`: exit codes, plan files, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal, stand_still

PEOPLE = 12


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from which each test's own is copied."""
    still = stand_still(Terminal(tmp_path_factory.mktemp("once")))
    rows = [f"{n},c{n}@example.com,2026-03-0{2 + n % 3} 10:00" for n in range(PEOPLE)]
    still.write("new.csv", "\n".join(["email", *(f"c{n}@example.com" for n in range(PEOPLE))]))
    still.write("did.csv", "\n".join(["id,contact,at", *rows]))
    still("people", "import", "new.csv")
    still("events", "import", "did.csv", "--event", "signup")
    still("tick", "--now", "2026-03-05 12:00")
    assert inside(still) == {"hello": 8, "reminder": 4}
    return still.folder


@pytest.fixture
def running(once: Path, tmp_path: Path) -> Terminal:
    """Twelve people, four of whom signed up on each of 2, 3 and 4 March; it is noon of 5 March."""
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    return Terminal(tmp_path)


def inside(campflow: Terminal) -> dict[str, int]:
    (welcome,) = [each for each in campflow.json("status")["campaigns"] if each["name"] == "welcome"]
    return {stage["name"]: stage["people"] for stage in welcome["stages"] if stage["people"]}


def in_force(campflow: Terminal) -> str:
    return next(str(each["text"]) for each in campflow.json("versions") if each["state"] == "in force")


def test_a_plan_of_nothing(running: Terminal) -> None:
    assert running("plan").stdout == "Nothing would change.\n"
    assert running("plan", "--detailed-exitcode").stdout == "Nothing would change.\n"


def test_exit_codes(running: Terminal) -> None:
    running.change("welcome.flow", "after 7 days", "after 9 days")
    running("plan", code=0)
    running("plan", "--detailed-exitcode", code=2)
    running.change("welcome.flow", "stage reminder", "stage nudge")
    running.change("welcome.flow", "-> reminder", "-> nudge")
    running("plan", code=1)
    said = running("plan", "--detailed-exitcode", code=1).stdout
    assert "refused: there is no stage `reminder` any more, and 4 people are in it" in said
    assert "moved reminder -> nudge" in said


def test_a_plan_says_who_is_where_and_changes_nothing(running: Terminal) -> None:
    running.change("welcome.flow", "after 3 days", "after 2 days")
    before = in_force(running), inside(running), running.json("outbox")
    (plan,) = running.json("plan")["campaigns"]
    assert (plan["what"], plan["people"], plan["destructive"], plan["refused"]) == ("changed", 12, True, [])
    hello = next(stage for stage in plan["stages"] if stage["name"] == "hello")
    assert [(group["people"], group["to"], group["wait"]) for group in hello["groups"]] == [
        (4, None, "earlier"), (4, "reminder", "same"),
    ]  # fmt: skip
    assert plan["planned"] == [{"channel": "email", "message": "reminder", "state": "planned", "count": 4}]
    assert (in_force(running), inside(running), running.json("outbox")) == before
    text = running("plan").stdout
    assert "    4 move to reminder at once\n" in text
    assert "way out changed: waits shorter: 3 days → 2 days" in text


def test_apply_does_what_the_plan_file_says(running: Terminal) -> None:
    running.change("welcome.flow", "after 3 days", "after 2 days")
    running("plan", "--out", "march.plan")
    said = running("apply", "march.plan").stdout
    assert "4 move to reminder at once" in said
    assert inside(running) == {"hello": 4, "reminder": 8}
    assert "after 2 days" in in_force(running)
    assert running("plan").stdout == "Nothing would change.\n"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("file", "welcome.flow: changed since then"),
        ("people", "campaign welcome, stage hello: 4 people now, 8 in the plan"),
        ("version", "campaign welcome: another text was put into force since then"),
    ],
)
def test_apply_refuses_when_the_world_has_moved(running: Terminal, what: str, said: str) -> None:
    running.change("welcome.flow", "after 7 days", "after 9 days")
    running("plan", "--out", "march.plan")
    if what == "file":
        running.change("welcome.flow", "after 9 days", "after 8 days")
    elif what == "people":
        text = (running.folder / "welcome.flow").read_text("utf-8")
        running.change("welcome.flow", "after 9 days", "after 7 days")
        running("tick", "--now", "2026-03-06 12:00")
        running.write("welcome.flow", text)
    else:
        running("apply", "--yes")
    before = in_force(running), inside(running)
    told = running("apply", "march.plan", code=1).stderr
    assert "the world has moved since the plan was made, so nothing was done" in told
    assert said in told
    assert (in_force(running), inside(running)) == before


def test_apply_asks_and_refuses_where_nobody_can_be_asked(running: Terminal) -> None:
    running.change("welcome.flow", "after 7 days", "after 9 days")
    assert "say --yes" in running("apply", code=2).words
    assert "after 7 days" in in_force(running)
    assert "1 changed. Done." in running("apply", "--yes").stdout
    assert "after 9 days" in in_force(running)


def test_what_is_no_plan_is_not_applied(running: Terminal) -> None:
    running.write("notes.txt", "hello")
    assert "notes.txt is not a plan" in running("apply", "notes.txt", code=2).words
    running.write("notes.txt", json.dumps({"kind": "shopping"}))
    assert "notes.txt is not a plan" in running("apply", "notes.txt", code=2).words


def test_a_plan_of_one_file_leaves_the_others_as_they_are(running: Terminal) -> None:
    running.write(
        "other.flow", (running.folder / "welcome.flow").read_text("utf-8").replace("campaign welcome", "campaign other")
    )
    running("tick")
    running.change("welcome.flow", "after 7 days", "after 9 days")
    running.change("other.flow", "after 7 days", "after 8 days")
    running("plan", "other.flow", "--out", "other.plan")
    running("apply", "other.plan")
    texts = {each["campaign"]: each["text"] for each in running.json("versions") if each["state"] == "in force"}
    assert "after 8 days" in texts["other"]
    assert "after 7 days" in texts["welcome"]


def test_editing_one_campaign_of_a_file_makes_no_version_of_the_other(running: Terminal) -> None:
    text = (running.folder / "welcome.flow").read_text("utf-8")
    running.write("welcome.flow", text + "\n" + text.replace("campaign welcome", "campaign other"))
    running("tick")
    running.write(
        "welcome.flow",
        "# a word before\n"
        + text
        + "\n"
        + text.replace("campaign welcome", "campaign other").replace("after 7 days", "after 9 days"),
    )
    running("tick")
    assert [(each["campaign"], each["version"]) for each in running.json("versions")] == [
        ("welcome", 1), ("other", 1), ("other", 2),
    ]  # fmt: skip


def test_a_campaign_that_is_gone(running: Terminal) -> None:
    (running.folder / "welcome.flow").unlink()
    told = running("tick", "--now", "2026-03-05 13:00").stderr
    assert "campaign welcome: its text is gone from the files with 12 people inside" in told
    running("tick", "--now", "2026-03-06 12:00")
    assert inside(running) == {"hello": 4, "reminder": 8}, "it runs on until that is applied"
    said = running("plan").stdout
    assert "campaign welcome   gone   destructive" in said
    assert "8 stay where they are, and nothing moves them any more" in said
    running("apply", "--yes")
    running("tick", "--now", "2026-03-20")
    assert inside(running) == {"hello": 4, "reminder": 8}
    assert [each["state"] for each in running.json("versions")] == ["", "taken out of force"]


def test_a_campaign_that_comes_back(running: Terminal) -> None:
    """Nobody enters for what happened meanwhile; who is inside goes on, and what is too late is not sent."""
    text = (running.folder / "welcome.flow").read_text("utf-8")
    (running.folder / "welcome.flow").unlink()
    running("apply", "--yes")
    running.write("new.csv", "email\nlate@example.com\n")
    running.write("did.csv", "id,contact,at\nx,late@example.com,2026-03-10 10:00\n")
    running("people", "import", "new.csv")
    running("events", "import", "did.csv", "--event", "signup")
    running("tick", "--now", "2026-03-12")
    running.write("welcome.flow", text)
    said = running("tick", "--now", "2026-03-20").stderr
    running("tick")
    assert said == ""
    assert inside(running) == {"reader": 12}
    assert running.json("explain", "late@example.com")["journeys"] == []


def test_versions_list_and_show(running: Terminal) -> None:
    first = in_force(running)
    running.change("welcome.flow", "after 7 days", "after 9 days")
    running("apply", "--yes")
    rows = running.json("versions", "welcome")
    assert [(each["version"], each["state"], each["people"]) for each in rows] == [(1, "", 0), (2, "in force", 12)]
    assert all(each["author"] and len(each["hash"]) == 64 for each in rows)
    assert running("versions", "welcome", "--show", "1").stdout == first + "\n"
    assert "no version 7" in running("versions", "welcome", "--show", "7", code=2).words


def test_rollback_puts_the_earlier_text_in_force_and_run_leaves_it_there(running: Terminal) -> None:
    running.change("welcome.flow", "after 7 days", "after 9 days")
    running("tick")
    assert "after 9 days" in in_force(running)
    said = running("rollback", "welcome", "--yes").stdout
    assert "1 changed. Done." in said
    assert "after 7 days" in in_force(running)
    assert "this text was rolled back" in running("tick").stderr
    assert "after 7 days" in in_force(running)
    assert running.json("status")["not_in_force"] == {"welcome": "changed"}
    running("apply", "--yes")
    assert "after 9 days" in in_force(running)
    running("rollback", "welcome", "--to", "1", "--yes")
    assert "after 7 days" in in_force(running)


def test_a_rollback_with_people_in_a_stage_that_the_earlier_text_lacks(running: Terminal) -> None:
    text = (running.folder / "welcome.flow").read_text("utf-8")
    text = text.replace("stage reminder", "stage nudge").replace("-> reminder", "-> nudge")
    running.write("welcome.flow", text.replace("  final customer", "  moved reminder -> nudge\n  final customer"))
    running("apply", "--yes")
    assert inside(running) == {"hello": 8, "nudge": 4}
    assert "moved nudge -> reminder" in running("rollback", "welcome", "--yes", code=1).stdout
    running("rollback", "welcome", "--moved", "nudge -> reminder", "--yes")
    assert inside(running) == {"hello": 8, "reminder": 4}
    assert "two stages" in running("rollback", "welcome", "--moved", "nudge", code=2).words


def test_nothing_to_roll_back(running: Terminal) -> None:
    assert "has no earlier text" in running("rollback", "welcome", "--yes", code=1).words
    assert "did you mean `welcome`" in running("rollback", "welcom", "--yes", code=2).words


# --- a bad new text leaves the old one running --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("welcome.flow", "after 3 days -> reminder", "after 3 dayz -> reminder"),
        ("welcome.flow", "-> reminder", "-> nowhere"),
        ("welcome.flow", "send email welcome", "send email welkome"),
        ("welcome.flow", "stage hello {", "stage hello"),
        ("people.flow", "event purchase", "event purchas"),
        ("people.flow", "contact {", "contact"),
    ],
)
def test_a_file_with_errors_leaves_the_text_in_force_running(running: Terminal, name: str, old: str, new: str) -> None:
    running.change(name, old, new)
    running("check", code=1)
    said = running("tick", "--now", "2026-03-06 12:00").stderr
    assert "campaign welcome: its file has errors, so the text in force goes on" in said
    assert inside(running) == {"hello": 4, "reminder": 8}
    assert running.json("status")["not_in_force"] == {"welcome": "broken"}
    assert "error[" in running("plan", code=1).stderr


def test_a_broken_campaign_keeps_no_new_one_waiting(running: Terminal) -> None:
    text = (running.folder / "welcome.flow").read_text("utf-8")
    running.write("other.flow", text.replace("campaign welcome", "campaign other"))
    running.change("welcome.flow", "-> reminder", "-> nowhere")
    running("tick", "--now", "2026-03-06 12:00")
    assert {each["campaign"] for each in running.json("versions")} == {"welcome", "other"}


def test_a_segment_of_a_campaign_that_waits_stays_as_it_was(running: Terminal) -> None:
    """Two campaigns read it; what one of them waits with must not reach the other."""
    text = (running.folder / "welcome.flow").read_text("utf-8")
    running.write("segments.flow", "segment readers = letters\n")
    running.change("welcome.flow", "audience  letters", "audience  in segment readers")
    running.write(
        "other.flow",
        text.replace("campaign welcome", "campaign other").replace("audience  letters", "audience  in segment readers"),
    )
    running("tick")
    running.write("segments.flow", "segment readers = letters and first_name is missing\n")
    running.change("welcome.flow", "after 3 days", "after 1 day")
    said = running("tick").stderr
    assert "campaign welcome: its new text would touch 8 of the 12 people inside at once" in said
    assert "campaign other: it reads a segment that another campaign waits with" in said
    segments = {each["campaign"]: each["segments"] for each in running.json("versions") if each["state"] == "in force"}
    assert set(map(str, segments.values())) == {"{'readers': 'segment readers = letters'}"}


# --- edits reach newcomers ----------------------------------------------------------------------------------------


def test_newcomers_get_the_new_text_and_who_is_inside_finishes_with_the_old_one(running: Terminal) -> None:
    running.change("welcome.flow", "after 3 days -> reminder", "after 9 days -> reminder")
    running.change("welcome.flow", "  audience  letters\n", "  audience  letters\n  edits     reach newcomers\n")
    (plan,) = running.json("plan")["campaigns"]
    assert (plan["reach"], plan["destructive"]) == ("newcomers", False)
    assert [group["version"] for stage in plan["stages"] for group in stage["groups"]] == [1, 1]
    assert "8 stay, with the text they entered under" in running("plan").stdout
    assert running("tick").stderr == "", "it does nothing to anybody, so it needs no `apply`"
    running.write("new.csv", "email\nnew@example.com\n")
    running.write("did.csv", "id,contact,at\nx,new@example.com,2026-03-05 12:30\n")
    running("people", "import", "new.csv")
    running("events", "import", "did.csv", "--event", "signup")
    running("tick", "--now", "2026-03-10")
    assert inside(running) == {"hello": 1, "reminder": 12}
    states = [(each["version"], each["state"], each["people"]) for each in running.json("versions")]
    assert states == [(1, "kept", 12), (2, "in force", 1)]
    # They convert, and end, by their own text; when none may convert any more it is let go.
    running("tick", "--now", "2026-03-16")
    assert inside(running) == {"reminder": 1, "reader": 12}
    running("tick", "--now", "2026-05-01")
    running("tick", "--now", "2026-05-02")
    assert [each["state"] for each in running.json("versions")] == ["", "in force"]
    assert len(running.json("outbox")) == 2 * PEOPLE + 2


def send_newcomers_another_reminder(running: Terminal) -> None:
    running.change("welcome.flow", "send email reminder at 09:00", "send email later at 09:00")
    running.change("welcome.flow", "  audience  letters\n", "  audience  letters\n  edits     reach newcomers\n")


def test_a_kept_text_that_can_no_longer_be_read_is_refused(running: Terminal) -> None:
    send_newcomers_another_reminder(running)
    (running.folder / "content" / "reminder.email.md").rename(running.folder / "content" / "later.email.md")
    said = running("plan", code=1).stdout
    assert "refused: people inside go on with version 1, which can no longer be read" in said
    assert "reminder" in said
    assert "let the text take them over: `edits reach everyone`" in said


def test_a_kept_text_that_can_no_longer_be_read_beside_an_unchanged_one_is_said(running: Terminal) -> None:
    send_newcomers_another_reminder(running)
    reminder = running.folder / "content" / "reminder.email.md"
    running.write("content/later.email.md", reminder.read_text("utf-8"))
    running("apply", "--yes")
    reminder.unlink()
    for command in (("plan",), ("apply", "--yes")):
        said = running(*command, code=1).stdout
        assert "campaign welcome   unchanged\n  refused: people inside go on with version 1, which can no" in said
        assert "1 unchanged. Refused: nothing can be applied" in said


def test_edits_that_reach_everyone_take_over_those_who_were_kept(running: Terminal) -> None:
    running.change("welcome.flow", "  audience  letters\n", "  audience  letters\n  edits     reach newcomers\n")
    running("apply", "--yes")
    assert [each["state"] for each in running.json("versions")] == ["kept", "in force"]
    running.change("welcome.flow", "  edits     reach newcomers\n", "")
    running.change("welcome.flow", "after 7 days", "after 9 days")
    running("apply", "--yes")
    states = [(each["state"], each["people"]) for each in running.json("versions")]
    assert states == [("", 0), ("", 0), ("in force", 12)]


def test_content_of_a_kept_text_that_is_taken_away_stops_nobody(running: Terminal) -> None:
    """The people go on; what cannot be written any more is rejected, and that is said."""
    send_newcomers_another_reminder(running)
    reminder = running.folder / "content" / "reminder.email.md"
    running.write("content/later.email.md", reminder.read_text("utf-8"))
    running("apply", "--yes")
    for file in (running.folder / "content").glob("**/reminder.email.md"):
        file.unlink()
    said = running("tick", "--now", "2026-03-06 12:00").stderr
    assert "campaign welcome: people inside go on with version 1, which lacks something" in said
    assert inside(running) == {"hello": 4, "reminder": 8}
