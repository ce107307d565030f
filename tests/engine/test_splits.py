"""Splits as people meet them: shares, arms for good, decisions in event time, the holdout."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping

import pytest
from sqlalchemy import select
from tests.engine.workbench import Bench, instant, shown

pytestmark = pytest.mark.usefixtures("store")

PEOPLE = """
contact {
  email email
  plan one of trial, pro
}
event signup
event bought
"""

TWO = """
campaign tale {
  audience plan == "trial"
  enter on signup, every time
  convert on bought within 9 days
  stage a {
    split tone {
      30% warm {
        send mail hello
        on bought -> b
      }
      70% cold {
        send mail bye
      }
    }
    split colour {
      50% red
      50% blue
    }
    after 3 days -> b
  }
  final b
}
"""

DECIDED = """
campaign tale {
  audience plan == "trial"
  enter on signup, every time
  stage a {
    split tone {
      50% warm {
        send mail hello
      }
      50% cold
      measure bought within 1 day
      decide at 95% after 2 days
    }
    after 3 days -> b
  }
  final b
}
"""


def crowd(text: str, count: int, signup: str = "2026-03-01 10:00") -> Bench:
    """That many people who sign up at one moment, in a campaign that has looked at nothing yet."""
    bench = Bench(PEOPLE + text, ["hello", "bye"])
    bench.people(rows("key,email,plan", (f"k{n},k{n}@example.com,trial" for n in range(count))))
    bench.deploy("2026-03-01 00:00")
    signups(bench, range(count), signup)
    return bench


def signups(bench: Bench, numbers: Iterable[int], at: str, event: str = "signup") -> None:
    told = [f"k{n},{at}:00Z,{event}-{n}-{at}" for n in numbers]
    bench.events(rows("contact,at,id", told), now=instant(at), event=event)


def rows(head: str, lines: Iterable[str]) -> list[bytes]:
    return [f"{line}\n".encode() for line in (head, *lines)]


def arms(bench: Bench, split: str = "tone") -> Mapping[str, str]:
    """The arm of each contact."""
    t = bench.database.tables
    query = (
        select(t.contact.c.contact_key, t.arm.c.name)
        .join_from(t.exposure, t.contact, t.contact.c.contact_id == t.exposure.c.contact_id)
        .join(t.arm, t.arm.c.arm_id == t.exposure.c.arm_id)
        .join(t.split, t.split.c.split_id == t.exposure.c.split_id)
        .where(t.split.c.name == split)
    )
    with bench.database.reader() as connection:
        return dict(connection.execute(query).all())


def in_order(bench: Bench, split: str = "tone") -> list[str]:
    return [arm for _, arm in sorted(arms(bench, split).items())]


# --- shares -----------------------------------------------------------------------------------------------------------


def test_the_shares_are_what_the_text_says_however_people_come_in() -> None:
    """mautic#14774: an even test became 500 to 1,500, because each batch was split anew."""
    bench = crowd(TWO, 4_000)
    bench.tick("2026-03-01 11:00", chunk=97)
    drawn = Counter(arms(bench).values())
    assert abs(drawn["warm"] - 1_200) < 4 * 29  # four standard deviations of a fair draw
    at_once = crowd(TWO, 4_000)
    at_once.tick("2026-03-05 11:00")
    assert arms(at_once) == arms(bench)


def test_two_splits_are_drawn_independently() -> None:
    bench = crowd(TWO, 10_000)
    bench.tick("2026-03-01 11:00")
    tone, colour = arms(bench), arms(bench, "colour")
    red = Counter(tone[key] for key, arm in colour.items() if arm == "red")
    warm = Counter(tone.values())["warm"]
    assert abs(red["warm"] - warm / 2) < 4 * (warm * 0.25) ** 0.5


def test_an_arm_does_what_it_says_to_those_in_it_and_to_nobody_else() -> None:
    bench = crowd(TWO, 200)
    bench.tick("2026-03-01 11:00")
    signups(bench, range(200), "2026-03-02 10:00", "bought")
    bench.tick("2026-03-02 11:00")
    said = {key: message for key, message, _, _ in bench.planned()}
    assert said == {key: {"warm": "hello", "cold": "bye"}[arm] for key, arm in arms(bench).items()}
    assert bench.stages() == {key: {"warm": "b", "cold": "a"}[arm] for key, arm in arms(bench).items()}


def test_everyone_keeps_their_arm_when_they_come_again_and_when_the_weights_change() -> None:
    bench = crowd(TWO, 300)
    bench.tick("2026-03-01 11:00")
    before = arms(bench)
    bench.deploy("2026-03-06 00:00", bench.text.replace("30% warm", "95% warm").replace("70% cold", "5% cold"))
    signups(bench, range(300), "2026-03-06 10:00")
    bench.tick("2026-03-06 11:00")
    assert arms(bench) == before
    sent = Counter(key for key, *_ in bench.planned())
    assert set(sent.values()) == {2}


def test_an_arm_that_is_no_longer_written_is_drawn_anew_when_they_come_again() -> None:
    bench = crowd(TWO, 300)
    bench.tick("2026-03-01 11:00")
    before = arms(bench)
    bench.deploy("2026-03-06 00:00", bench.text.replace("30% warm", "30% hot"))
    signups(bench, range(300), "2026-03-06 10:00")
    bench.tick("2026-03-06 11:00")
    kept = {key for key, arm in before.items() if arm == "cold"}
    assert {key for key, arm in arms(bench).items() if arm == "cold"} >= kept
    assert set(arms(bench).values()) == {"hot", "cold"}


# --- decisions --------------------------------------------------------------------------------------------------------


def bought_where_warm(bench: Bench) -> None:
    """All of the warm ones buy, one in four of the cold ones: in whatever order it is learned."""
    warm = [int(key[1:]) for key, arm in arms(bench).items() if arm == "warm"]
    cold = [int(key[1:]) for key, arm in arms(bench).items() if arm == "cold"]
    signups(bench, [*warm, *cold[::4]], "2026-03-01 15:00", "bought")


def test_the_winner_goes_to_those_who_come_later_and_nobody_changes_arms() -> None:
    bench = crowd(DECIDED, 400)
    bench.tick("2026-03-01 11:00")
    before = arms(bench)
    bought_where_warm(bench)
    bench.people(rows("key,email,plan", (f"z{n},z{n}@example.com,trial" for n in range(50))))
    bench.tick("2026-03-04 09:00")
    told = [f"z{n},2026-03-04T10:00:00Z,s{n}" for n in range(50)]
    bench.events(rows("contact,at,id", told), now=instant("2026-03-04 10:00"), event="signup")
    bench.tick("2026-03-04 11:00")
    after = arms(bench)
    assert {key: arm for key, arm in after.items() if key in before} == before
    assert {arm for key, arm in after.items() if key.startswith("z")} == {"warm"}


def test_it_is_not_decided_before_its_time_nor_without_a_difference() -> None:
    bench = crowd(DECIDED, 400)
    bench.tick("2026-03-01 11:00")
    bought_where_warm(bench)
    bench.tick("2026-03-02 23:59")
    assert decision(bench) == (None, None)
    same = crowd(DECIDED, 400)
    same.tick("2026-03-01 11:00")
    signups(same, range(0, 400, 2), "2026-03-01 15:00", "bought")
    same.tick("2026-03-20 09:00")
    assert decision(same) == (None, None)


def test_an_engine_that_was_off_decides_what_a_punctual_one_would_have_decided() -> None:
    """Those who come after the midnight of the decision get the winner, though all is learned of at once."""

    def beginning() -> Bench:
        bench = crowd(DECIDED, 400)
        bench.people(rows("key,email,plan", (f"k{n},k{n}@example.com,trial" for n in range(400, 500))))
        bench.tick("2026-03-01 11:00")
        return bench

    punctual, late = beginning(), beginning()
    bought_where_warm(punctual)
    for day in range(2, 8):
        punctual.tick(f"2026-03-0{day} 00:00")
        if day == 5:
            signups(punctual, range(400, 500), "2026-03-05 10:00")
        punctual.tick(f"2026-03-0{day} 12:00")
    bought_where_warm(late)
    signups(late, range(400, 500), "2026-03-05 10:00")
    late.tick("2026-03-08 12:00")
    assert decision(late) == decision(punctual) == ("warm", "2026-03-04 00:00")
    assert arms(late) == arms(punctual)
    assert {arms(late)[f"k{n}"] for n in range(400, 500)} == {"warm"}
    punctual.tick("2026-03-08 12:00")
    assert (late.moves(), late.planned()) == (punctual.moves(), punctual.planned())


def decision(bench: Bench) -> tuple[str | None, str | None]:
    t = bench.database.tables
    query = select(t.arm.c.name, t.split.c.decided_at, t.split.c.detail).join_from(
        t.split, t.arm, t.arm.c.arm_id == t.split.c.winner_arm_id
    )
    with bench.database.reader() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None, None
    assert sum(people for people, _ in json.loads(row.detail).values()) == 400
    return row.name, shown(row.decided_at)


# --- the holdout ------------------------------------------------------------------------------------------------------


def test_the_holdout_is_measured_and_gets_nothing() -> None:
    bench = crowd(TWO.replace("enter on", "holdout 10%\n  enter on"), 5_000)
    bench.tick("2026-03-01 11:00")
    held = {key for key, arm in arms(bench, "holdout").items() if arm == "yes"}
    assert abs(len(held) - 500) < 4 * 21.3
    assert held.isdisjoint(key for key, *_ in bench.planned())
    assert held.isdisjoint(arms(bench))
    assert {new for key, _, new, _ in bench.moves() if key in held} == {None}
    signups(bench, range(5_000), "2026-03-02 10:00", "bought")
    bench.tick("2026-03-02 11:00")
    assert {key for key, *_ in bench.conversions()} >= held
    assert len(bench.conversions()) == 5_000


def test_who_was_held_out_is_so_again() -> None:
    bench = crowd(TWO.replace("enter on", "holdout 50%\n  enter on"), 100)
    bench.tick("2026-03-01 11:00")
    before = arms(bench, "holdout")
    signups(bench, range(100), "2026-03-06 10:00")
    bench.tick("2026-03-06 11:00")
    assert arms(bench, "holdout") == before
    held = {key for key, arm in before.items() if arm == "yes"}
    assert Counter(key for key, *_ in bench.moves() if key in held) == dict.fromkeys(held, 2)
