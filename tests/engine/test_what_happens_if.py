"""One defined answer for each "what happens if I edit …": the table of docs/how-to/change-a-live-campaign.md.

Ada waits in `first` since 2 March 12:00, and clicked on the 3rd; Bo is in `second` since the 3rd; Cy has ended.
It is noon of 4 March.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, select
from tests.engine.live import Live, of, told
from tests.engine.workbench import instant, shown

from campflow.engine.turns import TurnLost, Turns
from campflow.errors import OutdatedError
from campflow.running import open_runtime
from campflow.storage.tables import Tables
from campflow.storage.writers import HOLDER

TEXT = """
contact {
  email email
  score number = 1
}
event signup
event bought
event went

campaign trials "Trials" {
  runs      from 2026-03-01
  audience  score > 0
  enter     on signup, once
  convert   on bought within 30 days

  stage first {
    send email one
    send email reminder in 5 days
    on went      -> second
    after 4 days -> second
  }

  stage second {
    send email two
    after 10 days -> done
    on bought     -> done
  }

  final done
}
"""

ROWS = """
key,event,at,about
ada,signup,2026-03-02 12:00,
bo,signup,2026-03-02 12:00,
cy,signup,2026-03-02 12:00,
ada,clicked,2026-03-03 12:00,one
bo,went,2026-03-03 12:00,
cy,went,2026-03-03 12:00,
cy,bought,2026-03-03 18:00,
"""


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """From which each test's own is copied."""
    live = Live.begin(tmp_path_factory.mktemp("once") / "live", TEXT, ["one", "two", "three", "reminder"])
    live.people(["key,email", *(f"{key},{key}@x.example" for key in ("ada", "bo", "cy", "dan"))])
    live.events(ROWS.strip().splitlines())
    live.tick("2026-03-04 12:00")
    assert stages(live) == {"ada": "first", "bo": "second", "cy": "done"}
    return live


@pytest.fixture
def live(once: Live, tmp_path: Path) -> Live:
    return once.copy(tmp_path / "live")


def stages(live: Live) -> dict[str, str | None]:
    return dict(live.rows(lambda t: select(t.contact.c.contact_key, t.stage.c.name).join(
        t.journey, t.journey.c.contact_id == t.contact.c.contact_id
    ).outerjoin(t.stage, t.stage.c.stage_id == t.journey.c.stage_id)))  # fmt: skip


def messages(live: Live, key: str) -> list[tuple[str, str, str | None]]:
    """(name, state, planned for) of a contact's messages."""

    def query(t: Tables) -> Select[Any]:
        return (
            select(t.send.c.message, t.message.c.state, t.message.c.planned_at)
            .join(t.message, t.message.c.send_id == t.send.c.send_id)
            .join(t.contact, t.contact.c.contact_id == t.message.c.contact_id)
            .where(t.contact.c.contact_key == key)
            .order_by(t.message.c.message_id)
        )

    return [(name, state, shown(at)) for name, state, at in live.rows(query)]


def moved_at(live: Live, key: str) -> str | None:
    """When the last move of a contact was."""
    found = live.rows(lambda t: select(t.move.c.at).join(
        t.contact, t.contact.c.contact_id == t.move.c.contact_id
    ).where(t.contact.c.contact_key == key).order_by(t.move.c.nth.desc()).limit(1))  # fmt: skip
    return shown(found[0][0])


def test_a_send_added_is_for_who_comes_later(live: Live) -> None:
    live.edit(("send email two\n", "send email two\n    send email three\n"))
    live.apply()
    live.tick("2026-03-08")
    assert [name for name, _, _ in messages(live, "bo")] == ["one", "reminder", "two"]
    assert [name for name, _, _ in messages(live, "ada")] == ["one", "reminder", "two", "three"]


def test_a_send_taken_away_still_goes_out_where_it_is_planned(live: Live) -> None:
    live.edit(("    send email reminder in 5 days\n", ""))
    assert of(live.apply()).cancelled == 0
    assert ("reminder", "planned", "2026-03-07 12:00") in messages(live, "ada")


def test_a_way_out_on_an_event_counts_what_happened_since_the_stage(live: Live) -> None:
    live.edit(("    on went      -> second\n", "    on went      -> second\n    on clicked one -> second\n"))
    done = of(live.apply())
    assert told(done) == {("first", "second"): 1}
    assert done.destructive
    assert moved_at(live, "ada") == "2026-03-03 12:00"


def test_a_leave_counts_what_happened_since_the_stage_and_cancels(live: Live) -> None:
    live.edit(("  convert ", "  leave     on clicked\n  convert "))
    done = of(live.apply())
    assert (told(done), done.cancelled) == ({("first", None): 1}, 1)
    assert [state for name, state, _ in messages(live, "ada") if name == "reminder"] == ["cancelled"]


def test_a_conversion_counts_what_was_done_since_the_entry(live: Live) -> None:
    live.edit(
        (
            "  convert   on bought within 30 days\n",
            "  convert   on bought within 30 days\n  convert   eager on clicked within 30 days -> done\n",
        )
    )
    done = of(live.apply())
    assert (done.converted, told(done)) == (1, {("first", "done"): 1})


def test_a_stage_made_final_ends_who_is_in_it(live: Live) -> None:
    live.edit(
        ("  stage second {\n    send email two\n    after 10 days -> done\n    on bought     -> done\n  }\n",
         "  final second {\n    send email three\n  }\n"),
        ("  final done\n", ""),
        ("    on went      -> second\n", "    on went      -> second\n    on bought -> second\n"),
    )  # fmt: skip
    live.edit(("  convert ", "  moved done -> second\n  convert "))
    done = of(live.apply())
    assert [
        (group.people, group.ends) for stage in done.stages for group in stage.groups if stage.name == "second"
    ] == [(1, True)]
    assert "three" not in [name for name, _, _ in messages(live, "bo")]
    assert live.inside() == {"first": 1}


def test_a_final_stage_made_a_stage_leaves_who_ended_there_alone(live: Live) -> None:
    live.edit(("  final done\n", "  stage done {\n    send email three\n    after 1 day -> over\n  }\n  final over\n"))
    live.apply()
    live.tick("2026-03-30")
    assert stages(live) == {"ada": "over", "bo": "over", "cy": "done"}


def test_the_audience_is_asked_of_newcomers_only(live: Live) -> None:
    live.edit(("score > 0", "score > 5"))
    done = of(live.apply())
    assert (told(done), done.entered, done.destructive) == ({}, 0, False)
    live.events(["key,event,at", "dan,signup,2026-03-04 13:00"])
    live.tick("2026-03-30")
    assert stages(live) == {"ada": "done", "bo": "done", "cy": "done"}


def test_no_more_entries_after_an_earlier_end(live: Live) -> None:
    live.edit(("from 2026-03-01", "2026-03-01 to 2026-03-04"))
    live.apply()
    live.events(["key,event,at", "dan,signup,2026-03-05 13:00"])
    live.tick("2026-03-30")
    assert stages(live) == {"ada": "done", "bo": "done", "cy": "done"}


def test_what_comes_too_late_by_a_shorter_wait_is_not_sent(live: Live) -> None:
    live.edit(("after 4 days", "after 12 hours"))
    done = of(live.apply())
    assert [(each.message, each.state, each.count) for each in done.planned] == [("two", "expired", 1)]
    assert moved_at(live, "ada") == "2026-03-03 00:00"


def test_what_was_due_before_the_change_happens_by_the_old_text(live: Live) -> None:
    """The engine was off for a week: first it makes up for that, and only then is the text another."""
    live.now += 7 * 86_400_000
    live.edit(("after 4 days -> second", "after 4 days -> done"))
    done = of(live.plan())
    assert done.stages[0].people == 0, "ada went to `second` on the 6th, by the text that was in force then"
    live.apply()
    assert stages(live)["ada"] == "second"


def test_case_24_an_item_replaced_processes_nobody_again(live: Live) -> None:
    """Another send in place of one that people had, and back: nothing is sent to those who have passed it."""
    for old, new in (("send email one", "send email three"), ("send email three", "send email one")):
        live.edit((f"{old}\n", f"{new}\n"))
        assert of(live.apply()).planned == ()
    assert live.mailed_twice() == []
    assert [name for name, _, _ in messages(live, "ada")] == ["one", "reminder"]


def test_case_25_a_stage_put_in_ahead_is_walked_by_those_behind_it(live: Live) -> None:
    live.edit(
        ("after 10 days -> done", "after 10 days -> third"),
        ("  final done\n", "  stage third {\n    send email three\n    after 1 day -> done\n  }\n  final done\n"),
    )
    live.apply()
    live.tick("2026-03-14")
    assert stages(live) == {"ada": "second", "bo": "third", "cy": "done"}


def test_case_28_a_campaign_switched_off_and_on_again_goes_on(live: Live) -> None:
    text = (live.folder / "trials.flow").read_text("utf-8")
    ground = text[: text.index("campaign")]
    live.write(ground)
    gone = of(live.apply())
    assert (gone.what, gone.people, gone.destructive) == ("gone", 2, True)
    live.tick("2026-03-09")
    assert stages(live) == {"ada": "first", "bo": "second", "cy": "done"}
    live.write(text)
    live.tick("2026-03-20")
    assert stages(live) == {"ada": "done", "bo": "done", "cy": "done"}
    assert ("two", "expired", "2026-03-06 12:00") in messages(live, "ada"), "late is not lost, but too late is too late"
    assert live.mailed_twice() == []


def test_who_runs_the_old_text_is_told_when_another_was_put_into_force(live: Live) -> None:
    """Two daemons, and one of them has read the files before the change: it moves nobody by the old text."""
    with closing(open_runtime(live.project)) as runtime:
        live.edit(("  stage first {", "  moved first -> start\n  stage start {"))
        live.apply()
        live.events(["key,event,at", "ada,went,2026-03-04 13:00"])
        with pytest.raises(OutdatedError, match="another text of campaign `trials` was put into force"):
            runtime.tick(live.now + 7_200_000)
        assert stages(live)["ada"] == "start"
        runtime.read_again()
        runtime.tick(live.now + 7_200_000)
    assert stages(live)["ada"] == "second"


def test_a_text_changed_while_somebody_else_is_in_the_midst_of_a_tick(live: Live) -> None:
    """Ada's four days are over, and the other tick has not come to her yet. She moves by the text in force."""
    with closing(live.project.database()) as database:
        other, (campaign,) = Turns(database), live.rows(lambda t: select(t.campaign.c.campaign_id))
        with database.transaction(HOLDER) as connection:
            other.keep(campaign[0], other.take(connection, campaign[0]))
        live.now = instant("2026-03-06 13:00")
        live.edit(("after 4 days -> second", "after 6 days -> second"))
        assert live.plan().campaigns == live.apply().campaigns
        assert (stages(live)["ada"], moved_at(live, "ada")) == ("second", "2026-03-06 12:00")
        with database.transaction(HOLDER) as connection, pytest.raises(TurnLost):
            other.take(connection, campaign[0])
