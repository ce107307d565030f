"""The wall clock jumps: nothing happens twice, nothing is lost, and who looks is told."""

import pytest
from tests.engine.mailroom import Mailroom, campaign, mailroom
from tests.engine.workbench import instant

from campflow.engine.doctor import Case, examine
from campflow.engine.doctor_rows import ROW_CHECKS
from campflow.engine.doctor_work import WORK
from campflow.version_graphs import graph

pytestmark = pytest.mark.usefixtures("store")

TALE = campaign("""
  stage hello {
    send mail hello
    after 1 day -> later
  }
  stage later {
    send mail bye
    after 300 days -> done
  }
  final done
""")


def lived(*moments: str) -> Mailroom:
    room = mailroom(TALE)
    room.join("ada", "bob")
    for moment in moments:
        room.look(moment)
    return room


def checks(room: Mailroom, now: str) -> list[str]:
    case = Case(room.database, instant(now), lambda: instant(now), {1: graph(room.program.campaigns[0].plan)},
                frozenset({"mail"}))  # fmt: skip
    return [each.check for each in examine(case, WORK, ROW_CHECKS)]


def test_an_hour_back_changes_nothing() -> None:
    steady = lived("2026-03-02 11:00", "2026-03-03 11:00", "2026-03-03 13:00")
    jumped = lived("2026-03-02 11:00", "2026-03-03 11:00", "2026-03-03 10:00", "2026-03-03 10:30", "2026-03-03 13:00")
    assert jumped.moves() == steady.moves()
    assert sorted(who[:2] for who in jumped.taken) == sorted(who[:2] for who in steady.taken)
    assert checks(jumped, "2026-03-03 13:00") == []


def test_an_event_during_the_hour_that_comes_twice_is_seen() -> None:
    room = lived("2026-03-02 11:00", "2026-03-03 11:00")
    room.clock = instant("2026-03-03 10:00")
    room.join("eve", at="2026-03-03 10:05")
    room.look("2026-03-03 10:10", "2026-03-03 11:10")
    assert ("eve", None, "hello", "2026-03-03 10:05") in room.moves()


def test_a_year_ahead_and_back_ends_waits_early_and_doubles_nothing() -> None:
    room = lived("2026-03-02 11:00", "2027-03-02 11:00")
    ahead = room.moves()
    assert {move[2] for move in ahead} >= {"later", "done"}
    room.look("2026-03-02 12:00", "2026-03-04 12:00")
    assert room.moves() == ahead
    assert checks(room, "2026-03-04 12:00") == ["clock set back"]
    # Mail that was too late by the wrong clock is not sent by the right one either, and none comes twice.
    assert len(room.taken) == len(set(room.taken))
