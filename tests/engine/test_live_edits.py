"""Ten thousand people in flight, and the text of their campaign is edited.

Nobody is lost, nobody has a message twice, and what the plan foretold is what was done: counted from the rows.
"""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, func, select
from tests.engine.live import Live, of, told, walked

from campflow.engine.changes import Changes, Planned
from campflow.storage.tables import Tables

PEOPLE = 10_000

TEXT = """
contact {
  email email
  score number = 1
}
event signup
event purchase {
  amount money
}

campaign trials "Trials" {
  runs      from 2026-03-01
  audience  score > 0
  enter     on signup, once
  leave     on unsubscribed
  convert   on purchase within 30 days worth amount -> customer

  stage welcome {
    send email welcome
    on clicked welcome -> engaged
    after 3 days       -> nudge
  }

  stage nudge {
    send email nudge
    on clicked nudge   -> engaged
    after 5 days       -> lost
  }

  stage engaged {
    send email tips
    split offer {
      50% big {
        send email big
      }
      50% small
    }
    after 30 days      -> lost
  }

  final customer
  final lost {
    send email goodbye
  }
}
"""

MESSAGES = ["welcome", "nudge", "tips", "big", "goodbye", "again"]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Signed up over six days; one in ten clicked a day later, one in fifty bought, one in a hundred left."""
    live = Live.begin(tmp_path_factory.mktemp("live") / "crowd", TEXT, MESSAGES)
    live.people(["key,email", *(f"c{n},c{n}@x.example" for n in range(PEOPLE))])
    rows = ["key,event,at,about,amount"]
    for n in range(PEOPLE):
        day, time = 1 + n % 6, f"{n % 24:02}:{n % 60:02}"
        rows.append(f"c{n},signup,2026-03-0{day} {time},,")
        if n % 10 == 0:
            rows.append(f"c{n},clicked,2026-03-0{day + 1} {time},welcome,")
        if n % 50 == 7:
            rows.append(f"c{n},purchase,2026-03-0{day + 1} {time},,20 EUR")
        if n % 100 == 9:
            rows.append(f"c{n},unsubscribed,2026-03-0{day + 1} {time},welcome,")
    live.events(rows)
    live.tick("2026-03-07 12:00")
    inside = live.inside()
    assert min(inside[stage] for stage in ("welcome", "nudge", "engaged")) > 900
    assert len(live.whereabouts()) == PEOPLE
    return live


@pytest.fixture
def live(crowd: Live, tmp_path: Path) -> Live:
    return crowd.copy(tmp_path / "copy")


def applied(live: Live) -> Changes:
    """Plan and apply; both say the same, the rows bear them out, nobody is lost and nobody is mailed twice."""
    was, mailed = live.whereabouts(), live.messages()
    foretold = live.plan()
    assert (live.whereabouts(), live.messages()) == (was, mailed), "a plan changes nothing"
    done = live.apply()
    assert done.campaigns == foretold.campaigns
    is_now = live.whereabouts()
    assert walked(was, is_now) == told(of(done))
    assert live.messages() - mailed == _planned(done)
    assert_sound(live)
    return done


def _planned(done: Changes) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in done.campaigns:
        for planned in each.planned:
            found[planned.message] = found.get(planned.message, 0) + planned.count
    return found


def assert_sound(live: Live) -> None:
    assert len(live.whereabouts()) == PEOPLE, "somebody is lost"
    assert live.mailed_twice() == []
    written = {stage.name for campaign in live.project.flow.flow.campaigns for stage in campaign.stages}
    assert set(live.inside()) <= written, "somebody is in a stage that nobody wrote"


def to_the_end(live: Live) -> None:
    """Nobody waits for ever: by summer everyone has come to an end, and has had no message twice."""
    live.tick("2026-06-30")
    assert live.inside() == {}
    assert_sound(live)


# --- stages renamed and removed ---------------------------------------------------------------------------------


def test_a_stage_renamed(live: Live) -> None:
    there = live.inside()["nudge"]
    live.edit(("stage nudge {", "stage reminder {"), ("-> nudge", "-> reminder"))
    (refused,) = [each for each in live.plan().campaigns if each.refused]
    assert refused.proposals == ("moved nudge -> reminder",)
    live.edit(("  final customer\n", "  moved nudge -> reminder\n  final customer\n"))
    since = live.rows(_since)
    done = of(applied(live))
    assert told(done) == {("nudge", "reminder"): there}
    assert not done.planned, "who is renamed gets nothing again"
    assert live.rows(_since) == since, "and keeps the time at which they came"
    to_the_end(live)


def _since(t: Tables) -> Select[Any]:
    return select(t.journey.c.journey_id, t.journey.c.since).order_by(t.journey.c.journey_id)


def test_a_stage_removed_with_moved_to_a_final_one(live: Live) -> None:
    there = live.inside()["nudge"]
    live.edit(
        ("""  stage nudge {
    send email nudge
    on clicked nudge   -> engaged
    after 5 days       -> lost
  }
""", "  moved nudge -> lost\n"),
        ("-> nudge", "-> lost"),
    )  # fmt: skip
    done = of(applied(live))
    assert told(done) == {("nudge", "lost"): there}
    assert done.planned == (Planned("email", "goodbye", "ready", there),), "they have come to the end now"
    to_the_end(live)


def test_a_stage_removed_without_moved_is_refused(live: Live) -> None:
    was, there = live.whereabouts(), live.inside()["nudge"]
    live.edit(
        ("""  stage nudge {
    send email nudge
    on clicked nudge   -> engaged
    after 5 days       -> lost
  }
""", ""),
        ("-> nudge", "-> lost"),
    )  # fmt: skip
    for changes in (live.plan(), live.apply()):
        (reason,) = of(changes).refused
        assert reason.startswith(f"there is no stage `nudge` any more, and {there:,} people are in it")
        assert changes.refused
    assert live.whereabouts() == was
    # Nothing of it is in force: everyone goes on as before.
    live.tick("2026-03-13 12:00")
    assert live.inside()["nudge"] > 0
    assert live.mailed_twice() == []


# --- waits ------------------------------------------------------------------------------------------------------


def test_a_wait_shortened(live: Live) -> None:
    """Who has waited that long already moves at once, as of the moment at which it was over; the others earlier."""
    inside = live.inside()["welcome"]
    live.edit(("after 3 days       -> nudge", "after 2 days       -> nudge"))
    mark = live.rows(_last_move)
    done = of(applied(live))
    assert done.destructive
    (welcome,) = [stage for stage in done.stages if stage.name == "welcome"]
    at_once = told(done)["welcome", "nudge"]
    earlier = sum(group.people for group in welcome.groups if group.wait == "earlier")
    assert (at_once + earlier, at_once > 900, earlier > 900) == (inside, True, True)
    assert sum(each.count for each in done.planned if each.message == "nudge") == at_once
    assert live.rows(lambda t: _waited(t, mark[0][0])) == [(2 * 86_400_000, at_once)]
    to_the_end(live)


def _last_move(t: Tables) -> Select[Any]:
    return select(func.max(t.move.c.move_id))


def _waited(t: Tables, mark: int) -> Select[Any]:
    """How long who has moved from `welcome` since then had been there, and how many they are."""
    came = t.move.alias()
    waited = t.move.c.at - came.c.at
    return (
        select(waited, func.count())
        .join(came, (came.c.journey_id == t.move.c.journey_id) & (came.c.nth == t.move.c.nth - 1))
        .join(t.stage, t.stage.c.stage_id == t.move.c.from_stage_id)
        .where(t.move.c.move_id > mark, t.stage.c.name == "welcome")
        .group_by(waited)
    )


def test_a_wait_lengthened(live: Live) -> None:
    inside = live.inside()["nudge"]
    live.edit(("after 5 days       -> lost", "after 9 days       -> lost"))
    done = of(applied(live))
    assert not done.destructive
    assert (told(done), done.planned, done.cancelled) == ({}, (), 0)
    (nudge,) = [stage for stage in done.stages if stage.name == "nudge"]
    assert [(group.people, group.wait) for group in nudge.groups] == [(inside, "later")]
    live.tick("2026-03-10 12:00")
    assert live.inside()["nudge"] >= inside, "nobody has waited nine days yet"
    to_the_end(live)


# --- what is said -----------------------------------------------------------------------------------------------


def test_a_message_changed(live: Live) -> None:
    """Another subject, another place in the file: who has had it does not get it again."""
    live.edit(
        (
            "send email nudge\n    on clicked nudge   -> engaged\n",
            'on clicked nudge   -> engaged\n    send email nudge { subject "Still there?" }\n',
        )
    )
    done = of(applied(live))
    assert (done.what, told(done), done.planned) == ("changed", {}, ())
    to_the_end(live)


def test_a_message_added_is_for_those_who_come_later(live: Live) -> None:
    live.edit(("send email nudge\n", "send email nudge\n    send email again\n"))
    assert of(applied(live)).planned == ()
    was = live.inside()["welcome"]
    live.tick("2026-03-13 12:00")
    assert 0 < live.messages()["again"] <= was
    to_the_end(live)


def test_the_weights_of_a_split_changed(live: Live) -> None:
    """Who has an arm keeps it; who comes later is drawn by the new weights."""
    arms = live.rows(_arms)
    assert len(arms) > 900
    live.edit(("50% big", "90% big"), ("50% small", "10% small"))
    done = of(applied(live))
    assert (told(done), done.planned) == ({}, ())
    assert live.rows(_arms) == arms
    to_the_end(live)


def _arms(t: Tables) -> Select[Any]:
    return select(t.exposure.c.contact_id, t.exposure.c.arm_id).order_by(t.exposure.c.contact_id)


def test_ways_out_in_another_order(live: Live) -> None:
    live.edit(
        ("    on clicked welcome -> engaged\n    after 3 days       -> nudge\n",
         "    after 3 days       -> nudge\n    on clicked welcome -> engaged\n"),
    )  # fmt: skip
    done = of(applied(live))
    assert (done.what, told(done), done.planned, done.destructive) == ("changed", {}, (), False)
    to_the_end(live)


def test_a_campaign_split_in_two(live: Live) -> None:
    """The second half becomes a campaign of its own, which people enter from the first."""
    there = live.inside()["engaged"]
    live.edit(
        ("""  stage engaged {
    send email tips
    split offer {
      50% big {
        send email big
      }
      50% small
    }
    after 30 days      -> lost
  }
""", "  moved engaged -> interested\n  final interested\n"),
        ("on clicked welcome -> engaged", "on clicked welcome -> interested"),
        ("on clicked nudge   -> engaged", "on clicked nudge   -> interested"),
    )  # fmt: skip
    live.write(
        """
campaign interest {
  audience  score > 0
  enter     on clicked, once
  stage engaged {
    send email again
    after 30 days -> lost
  }
  final lost
}
""",
        "interest.flow",
    )
    done = live.plan()
    assert {each.name: each.what for each in done.campaigns} == {"trials": "changed", "interest": "new"}
    done = applied(live)
    assert told(of(done)) == {("engaged", "interested"): there}
    live.tick("2026-06-30")
    assert live.mailed_twice() == []
    assert live.inside() == {}


def test_an_edit_that_reaches_newcomers(live: Live) -> None:
    """Ten thousand finish with the text they entered under, a hundred walk the new one, side by side."""
    inside = sum(live.inside().values())
    live.edit(
        ("after 3 days       -> nudge", "after 20 days      -> nudge"),
        ("  runs      from 2026-03-01\n", "  runs      from 2026-03-01\n  edits     reach newcomers\n"),
    )
    done = of(applied(live))
    assert (told(done), done.planned, done.destructive) == ({}, (), False)
    kept = [group for stage in done.stages for group in stage.groups if group.version is not None]
    assert sum(group.people for group in kept) == inside
    live.people(["key,email", *(f"n{n},n{n}@x.example" for n in range(100))])
    live.events(["key,event,at", *(f"n{n},signup,2026-03-08 10:00" for n in range(100))])
    live.tick("2026-03-14")
    assert live.inside()["welcome"] == 100, "of the others nobody waits longer than three days"
    live.tick("2026-06-30")
    assert live.inside() == {}
    assert live.mailed_twice() == []
    assert len(live.whereabouts()) == PEOPLE + 100
