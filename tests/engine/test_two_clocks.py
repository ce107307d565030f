"""Two machines whose clocks differ: one records what happens, the other moves people, and nobody is passed over.

Whether an event lies ahead is asked of the clock that looks, not of the one that recorded it.
"""

import pytest
from tests.engine.workbench import Bench, instant

pytestmark = pytest.mark.usefixtures("store")

TEXT = """
contact {
  email email
  plan  text?
}
event signup
event purchase {
  amount money
}
campaign welcome {
  audience email is set
  enter on signup
  convert bought on purchase within 10 days
  stage first {
    send mail hello
    on purchase where amount > 5 EUR -> bought
    after 30 days -> end
  }
  stage bought {
    send mail told
    after 30 days -> end
  }
  final end
}
campaign paying {
  audience email is set
  enter when plan == "paid", again after 1 minute
  stage only {
    send mail hello
    when plan == "free" -> end
    after 90 days -> end
  }
  final end
}
"""
DAY = "2026-03-01"


def _bench() -> Bench:
    bench = Bench(TEXT, ["hello", "told"])
    bench.people("key,email\nada,ada@x.example\nbob,bob@x.example", instant(f"{DAY} 08:00"))
    bench.deploy(f"{DAY} 08:00")
    bench.tick(f"{DAY} 08:00")
    return bench


def _happens(bench: Bench, who: str, event: str, at: str, recorded: str) -> None:
    """It happens at `at`, and the machine that records it believes that it is `recorded`."""
    bench.events(f"key,event,at,amount\n{who},{event},{DAY} {at},{9 if event == 'purchase' else ''}",
                 instant(f"{DAY} {recorded}"))  # fmt: skip


def _welcomed(bench: Bench) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(key, old, new, at) for key, old, new, at in bench.moves() if new in ("first", "bought")]


ONCE = [
    ("ada", None, "first", f"{DAY} 10:05"),
    ("ada", "first", "bought", f"{DAY} 10:06"),
]


@pytest.mark.parametrize("at_once", [True, False])
def test_what_a_clock_ahead_recorded_counts_when_its_time_has_come(at_once: bool) -> None:
    bench = _bench()
    _happens(bench, "ada", "signup", "10:05", recorded="10:05")
    _happens(bench, "ada", "purchase", "10:06", recorded="10:06")
    bench.tick(f"{DAY} 10:00")
    assert _welcomed(bench) == []
    for moment in ("10:06",) if at_once else ("10:05", "10:05:30", "10:06", "10:07"):
        bench.tick(f"{DAY} {moment}")
    assert _welcomed(bench) == ONCE
    assert bench.conversions() == [("ada", "bought", f"{DAY} 10:06", None)]
    bench.tick(f"{DAY} 10:10")
    assert _welcomed(bench) == ONCE


@pytest.mark.parametrize("looks", [("10:00",), ("10:00", "10:05:30"), ("10:10",)])
def test_who_has_looked_ahead_does_not_pass_over_what_is_recorded_behind(looks: tuple[str, ...]) -> None:
    """A machine whose clock is ahead has moved people up to 10:10; then others record what lies between."""
    bench = _bench()
    bench.tick(f"{DAY} 10:10")
    _happens(bench, "ada", "signup", "10:05", recorded="10:01")
    _happens(bench, "ada", "purchase", "10:06", recorded="10:01")
    for moment in looks:
        bench.tick(f"{DAY} {moment}")
    bench.tick(f"{DAY} 10:11")
    assert _welcomed(bench) == ONCE
    bench.tick(f"{DAY} 10:20")
    assert _welcomed(bench) == ONCE


def test_two_who_look_in_turn_with_clocks_apart_move_everyone_once() -> None:
    bench = _bench()
    for minute in range(20):
        who, ahead = ("ada", "bob")[minute % 2], minute + 3
        _happens(bench, who, "signup", f"10:{minute + 1:02}", recorded=f"10:{ahead if minute % 3 else minute:02}")
        bench.tick(f"{DAY} 10:{minute:02}")
        bench.tick(f"{DAY} 10:{ahead:02}")
    bench.tick(f"{DAY} 10:30")
    assert _welcomed(bench) == [
        ("ada", None, "first", f"{DAY} 10:01"),
        ("bob", None, "first", f"{DAY} 10:02"),
    ]


def test_a_field_that_a_clock_ahead_changed_counts_when_its_time_has_come() -> None:
    bench = _bench()
    bench.people("key,plan\nada,paid", instant(f"{DAY} 10:05"))
    bench.people("key,plan\nbob,paid", instant(f"{DAY} 10:01"))
    bench.tick(f"{DAY} 10:02")
    bench.tick(f"{DAY} 10:06")
    paying = [(key, at) for key, _, new, at in bench.moves() if new == "only"]
    assert paying == [("ada", f"{DAY} 10:05"), ("bob", f"{DAY} 10:01")]


def test_a_field_that_was_changed_while_the_clock_was_a_year_ahead_holds_up_nobody() -> None:
    bench = _bench()
    bench.people("key,plan\nada,paid", instant("2027-03-01 10:00"))
    bench.people("key,plan\nbob,paid", instant(f"{DAY} 10:01"))
    bench.tick(f"{DAY} 10:02")
    assert ("bob", f"{DAY} 10:01") in [(key, at) for key, _, new, at in bench.moves() if new == "only"]
