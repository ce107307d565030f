"""Where a lease finds its messages: in the runs that ticks leave, and among those that are marked one by one."""

import pytest
from sqlalchemy import insert
from tests.engine.test_outbox import DAY, NOW, Outbox, span

from campflow.engine.fates import Outcome
from campflow.engine.leasing import has_ready
from campflow.engine.outbox import Released, take_over
from campflow.hooks.contracts import Receipt

pytestmark = pytest.mark.usefixtures("store")


class Runs(Outbox):
    """An outbox in which ticks have planned messages for now."""

    def planned(self, *ids: int, channel: str = "email", now: int = NOW, expires: int = NOW + DAY) -> None:
        """What a tick at `now` leaves: messages with these ids, and their run."""
        with self.database.transaction() as connection:
            for each in ids:
                values = {
                    "message_id": each, "contact_id": 1, "campaign_id": 1, "journey_id": each, "nth": 1, "send_id": 1,
                    "channel": channel, "planned_at": now, "release_at": now, "expires_at": expires, "state": "ready",
                    "queue": None,
                }  # fmt: skip
                connection.execute(insert(self.t.message).values(values))
            run = {"channel": channel, "ready_at": now, "first_message_id": min(ids), "last_message_id": max(ids)}
            connection.execute(insert(self.t.ready_run).values(run))

    def sent(self, limit: int = 2, now: int = NOW, *, channel: str = "email") -> list[int]:
        """A batch, all of which is accepted."""
        batch = self.lease(limit, now=now, channel=channel)
        if batch is None:
            return []
        clerk = self.clerk(batch)
        window = range(batch.first_message_id, batch.last_message_id + 1)
        ready = sorted(clerk.hand_over(window, Outcome(), now))
        clerk.close(Outcome([Receipt(each, "accepted") for each in ready]), now)
        return ready

    def all_sent(self, limit: int = 2, now: int = NOW) -> list[list[int]]:
        return list(iter(lambda: self.sent(limit, now), []))


def test_a_run_goes_out_from_the_front_and_nothing_of_it_is_left() -> None:
    box = Runs()
    box.planned(1, 2, 3, 4, 5)
    assert has_ready(box.database, "email", NOW)
    assert not has_ready(box.database, "sms", NOW)
    assert box.all_sent() == [[1, 2], [3, 4], [5]]
    assert not has_ready(box.database, "email", NOW)
    assert box.rows("ready_run") == []


def test_runs_that_lie_close_together_are_one_batch_and_far_ones_are_not() -> None:
    box = Runs()
    box.planned(1)
    box.planned(2, channel="sms")
    box.planned(3, 4)
    box.planned(100_000)
    assert box.all_sent(10) == [[1, 3, 4], [100_000]]
    assert box.sent(10, channel="sms") == [2]


def test_runs_that_lie_in_each_other_are_handed_over_once() -> None:
    """Two campaigns planned side by side, and two processes send."""
    box = Runs()
    box.planned(1, 3, 5, 7)
    first = box.lease(3)
    assert span(first) == (1, 3)
    box.planned(2, 4, 6)  # one of them was slow to commit: 2 became visible after the batch was taken
    second = box.lease(10)
    assert span(second) == (4, 7)
    one, other = box.clerk(first), box.clerk(second)
    assert one.hand_over([1, 3], Outcome(), NOW) == {1, 3}
    assert other.hand_over([4, 5, 6, 7], Outcome(), NOW) == {4, 5, 6, 7}
    assert box.lease(10) is None
    one.close(Outcome([Receipt(each, "accepted") for each in (1, 3)]), NOW)
    other.close(Outcome([Receipt(each, "accepted") for each in (4, 5, 6, 7)]), NOW)
    assert box.all_sent(10) == [[2]]


def test_what_a_batch_leaves_goes_out_later() -> None:
    box = Runs()
    box.planned(1, 2, 3, 4)
    clerk = box.clerk(box.lease(3))
    assert clerk.hand_over([1], Outcome(), NOW) == {1}
    clerk.close(Outcome([Receipt(1, "accepted")]), NOW)  # the rate let no more go
    assert box.all_sent(10) == [[2, 3, 4]]


def test_what_a_process_that_is_gone_had_not_begun_goes_out_later() -> None:
    box = Runs()
    box.planned(1, 2, 3, 4)
    clerk = box.clerk(box.lease(3, seconds=-1))
    clerk.hand_over([1], Outcome(), NOW)
    take_over(box.database, {"email": False}, NOW)
    assert box.all_sent(10) == [[2, 3, 4]]
    assert box.states() == ["uncertain", "accepted", "accepted", "accepted"]


def test_what_is_tried_again_goes_when_its_time_has_come() -> None:
    box = Runs()
    box.planned(1, 2, 3, 4, 5, 6)
    clerk = box.clerk(box.lease(2))
    clerk.hand_over([1, 2], Outcome(), NOW)
    clerk.close(Outcome([Receipt(1, "accepted"), Receipt(2, "retry", retry_after=60)]), NOW)
    assert box.sent() == [3, 4]
    assert box.sent(now=NOW + 60_000) == [2]
    assert box.sent(now=NOW + 60_000) == [5, 6]


def test_a_run_of_a_tick_whose_clock_is_ahead_waits_for_it() -> None:
    box = Runs()
    box.planned(1, 2, now=NOW + 5)
    box.planned(3)
    assert not box.sent(now=NOW - 1)
    assert box.all_sent(10) == [[3]]
    assert box.all_sent(10, now=NOW + 5) == [[1, 2]]


def test_what_expires_in_a_run_is_let_go_by_the_release_and_by_the_lease() -> None:
    box = Runs()
    box.planned(1, expires=NOW + 1)
    box.planned(2)
    assert box.release(NOW + 1) == Released(ready=0, expired=1)
    box.planned(3, expires=NOW + 2)
    box.planned(4)
    assert box.all_sent(10, now=NOW + 2) == [[2, 4]]
    assert box.states() == ["expired", "accepted", "expired", "accepted"]
