"""Campaigns that tell each other something are moved together, in their order, and by one process at a time."""

import pytest
from tests.engine.mailroom import Mailroom, campaign, mailroom

from campflow.engine.turns import Turns
from campflow.planning.planner import circles
from campflow.storage.writers import HOLDER

pytestmark = pytest.mark.usefixtures("store")

PRAISES = campaign("stage a {\n emit never\n after 1 day -> b }\n final b", name="praises")
LISTENS = campaign("stage a { after 1 day -> b }\n final b", enter="on never", name="listens")
WATCHES = campaign("stage a { after 1 day -> b }\n final b", enter="on left praises", name="watches")
SETS = campaign('stage a {\n set plan = "pro"\n after 1 day -> b }\n final b', name="sets")
SETS_TOO = campaign('stage a {\n set plan = "trial"\n after 2 days -> b }\n final b', name="too")
READS = campaign("stage a { after 1 day -> b }\n final b", enter='when plan == "pro"', name="reads")
ALONE = campaign("stage a { send mail hello\n after 1 day -> b }\n final b", name="alone")


def found(room: Mailroom) -> list[list[str]]:
    return sorted(sorted(circle) for circle in circles([each.plan for each in room.program.campaigns]))


def test_who_tells_each_other_something_is_in_one_circle() -> None:
    assert found(mailroom(PRAISES, LISTENS, ALONE)) == [["alone"], ["listens", "praises"]]
    assert found(mailroom(SETS, ALONE, READS)) == [["alone"], ["reads", "sets"]]
    assert found(mailroom(PRAISES, WATCHES)) == [["praises", "watches"]]
    # The value that is set last stays: the order of two that set one field matters, though neither reads it.
    assert found(mailroom(SETS, SETS_TOO, ALONE)) == [["alone"], ["sets", "too"]]
    assert found(mailroom(PRAISES, LISTENS, SETS, READS)) == [["listens", "praises"], ["reads", "sets"]]


def test_while_another_is_at_one_of_a_circle_the_whole_circle_is_left_to_it() -> None:
    room = mailroom(SETS, READS, ALONE)
    room.join("ada")
    assert room.deployment is not None
    other = Turns(room.database)
    with room.database.transaction(HOLDER) as connection:
        other.take(connection, room.deployment.campaigns["reads"].turn)
    assert room.tick("2026-03-02 11:00").busy > 0
    # `reads` could have looked at Ada before `sets` was there, and never again.
    assert {(key, to) for key, _, to, _ in room.moves()} == {("ada", "a")}
    assert len(room.moves()) == 1
