"""The outbox: who may send which message, and what is known after a crash."""

import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Table, insert, select, update
from tests import databases

from campflow.engine.fates import Outcome, Retry
from campflow.engine.leasing import has_ready, lease
from campflow.engine.outbox import (
    Batch,
    Clerk,
    LeaseLost,
    Released,
    TakenOver,
    being_handed_over,
    release,
    take_over,
)
from campflow.engine.owners import is_gone, this_process
from campflow.hooks.contracts import Receipt
from campflow.model.people import Contact
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import tables

pytestmark = pytest.mark.usefixtures("store")

NOW = 1_000_000
DAY = 86_400_000


def row(table: Table, **values: Any) -> dict[str, Any]:
    """A row in which only these columns matter."""
    needed = [c for c in table.c if not c.nullable and not c.primary_key and c.server_default is None]
    return {c.name: c.type.python_type() for c in needed} | values


class Outbox:
    """A database with messages in it, all of one journey's stage."""

    def __init__(self, url: str | None = None) -> None:
        declared = tables(Contact((), None), ())
        if url is None:
            self.database = databases.installed(declared)
        else:
            self.database = Database(url, declared)
            databases.opened(self.database)
            install(self.database)
        self.t = self.database.tables
        with self.database.transaction() as connection:
            connection.execute(insert(self.t.contact).values(contact_id=1, contact_key="ada", created_at=0, draw=0))
            connection.execute(insert(self.t.campaign).values(row(self.t.campaign)))
            connection.execute(insert(self.t.stage).values(row(self.t.stage, campaign_id=1)))
            for channel in ("email", "sms"):
                send = row(self.t.send, campaign_id=1, stage_id=1, channel=channel, message="hi")
                connection.execute(insert(self.t.send).values(send))

    def add(self, *planned: int, channel: str = "email", state: str = "planned", expires: int = NOW + DAY) -> None:
        with self.database.transaction() as connection:
            for at in planned:
                nth = len(self.states(connection)) + 1
                known = {"nth": nth, "expires_at": expires, "channel": channel, "state": state}
                known |= {"planned_at": at, "release_at": at}
                known |= {"contact_id": 1, "send_id": 1 if channel == "email" else 2}
                connection.execute(insert(self.t.message).values(row(self.t.message, **known)))

    def states(self, connection: Any = None) -> list[str]:
        query = select(self.t.message.c.state).order_by(self.t.message.c.message_id)
        if connection is not None:
            return list(connection.scalars(query))
        with self.database.reader() as reader:
            return list(reader.scalars(query))

    def row(self, message_id: int) -> Any:
        with self.database.reader() as connection:
            return connection.execute(select(self.t.message).where(self.t.message.c.message_id == message_id)).one()

    def rows(self, name: str) -> list[Any]:
        with self.database.reader() as connection:
            return list(connection.execute(select(getattr(self.t, name))))

    def set(self, message_id: int, **values: Any) -> None:
        with self.database.transaction() as connection:
            m = self.t.message
            connection.execute(update(m).where(m.c.message_id == message_id).values(**values))

    def release(self, now: int = NOW, **how: Any) -> Released:
        with self.database.transaction() as connection:
            return release(connection, self.t, now, **how)

    def lease(self, limit: int = 100, seconds: float = 30, now: int = NOW, channel: str = "email") -> Batch | None:
        return lease(self.database, channel, "elsewhere", limit, seconds, now)

    def clerk(self, batch: Batch | None, attempts: int = 8, **how: Any) -> Clerk:
        assert batch is not None
        return Clerk(self.database, batch, Retry(attempts=attempts), Random(1), **how)


def span(batch: Batch | None) -> tuple[int, int] | None:
    return (batch.first_message_id, batch.last_message_id) if batch else None


def test_what_is_due_becomes_ready_and_what_is_late_expires() -> None:
    box = Outbox()
    box.add(NOW - 1, NOW, NOW + 1)
    box.add(NOW - DAY, expires=NOW)
    box.add(NOW - DAY, state="ready", expires=NOW - 1)
    assert box.release() == Released(ready=2, expired=2)
    assert box.states() == ["ready", "ready", "planned", "expired", "expired"]
    assert box.row(4).settled_at == NOW
    assert box.release() == Released(0, 0)


def test_batches_never_overlap_and_cover_all() -> None:
    box = Outbox()
    box.add(*[NOW] * 7)
    batches = [box.lease(limit=3) for _ in range(4)]
    assert [span(batch) for batch in batches] == [(1, 3), (4, 6), (7, 7), None]
    assert len({batch.fence for batch in batches if batch}) == 3


def test_a_batch_fits_between_open_ones_and_takes_its_own_channel() -> None:
    box = Outbox()
    box.add(NOW, NOW, channel="sms")
    box.add(*[NOW] * 4)
    first, second = box.lease(limit=2), box.lease(limit=1)
    box.clerk(first).close(Outcome(), NOW)
    assert span(box.lease(limit=9)) == (3, 4)  # up to the one that is still held
    assert span(second) == (5, 5)
    assert span(box.lease(limit=9)) == (6, 6)
    assert span(box.lease(channel="sms")) == (1, 2)


def test_nothing_ready_is_no_batch() -> None:
    box = Outbox()
    box.add(NOW + 1)
    assert not has_ready(box.database, "email", NOW)
    assert box.lease() is None
    assert has_ready(box.database, "email", NOW + 1)


def test_a_lease_passes_over_the_expired_and_marks_them() -> None:
    box = Outbox()
    box.add(NOW - DAY, NOW - DAY, state="ready", expires=NOW)
    box.add(NOW)
    assert span(box.lease(limit=1)) == (3, 3)
    assert box.states() == ["expired", "expired", "ready"]


def test_a_window_is_committed_before_and_settled_after() -> None:
    box = Outbox()
    box.add(*[NOW] * 4)
    clerk = box.clerk(box.lease())
    assert clerk.hand_over([1, 2], Outcome(), NOW) == {1, 2}
    assert box.rows("batch")[0].handed_to == 2
    window = Outcome(
        [Receipt(1, "accepted", "id-1"), Receipt(2, "rejected", detail="550 no such user")], {1: "aa", 2: "bb"}
    )
    assert clerk.hand_over([3, 4], window, NOW + 5) == {3, 4}
    clerk.close(Outcome([Receipt(3, "uncertain", detail="cut"), Receipt(4, "accepted")], {}), NOW + 9)
    assert box.states() == ["accepted", "rejected", "uncertain", "accepted"]
    assert (box.row(1).settled_at, box.row(1).provider_id, box.row(1).content_hash) == (NOW + 5, "id-1", "aa")
    assert (box.row(2).detail, box.row(3).settled_at) == ("550 no such user", NOW + 9)
    assert [(row.message_id, row.outcome, row.detail) for row in box.rows("attempt")] == [
        (2, "rejected", "550 no such user"),
        (3, "uncertain", "cut"),
    ]
    assert box.rows("batch")[0].closed_at == NOW + 9


def test_what_was_cancelled_or_expired_after_the_lease_is_not_handed_over() -> None:
    box = Outbox()
    box.add(*[NOW] * 4)
    clerk = box.clerk(box.lease())
    box.set(2, state="cancelled")
    box.set(3, expires_at=NOW + 10)
    assert clerk.hand_over([1, 2, 3, 4], Outcome(), NOW + 10) == {1, 4}
    assert box.states() == ["ready", "cancelled", "expired", "ready"]


def test_what_is_being_handed_over_is_neither_cancelled_nor_expired() -> None:
    box = Outbox()
    box.add(*[NOW] * 3)
    box.clerk(box.lease()).hand_over([1, 2], Outcome(), NOW)
    with box.database.transaction() as connection:
        m = box.t.message
        spared = update(m).where(m.c.state == "ready", ~being_handed_over(box.t)).values(state="cancelled")
        connection.execute(spared)
    assert box.states() == ["ready", "ready", "cancelled"]
    assert box.release(NOW + 2 * DAY).expired == 0
    assert box.states() == ["ready", "ready", "cancelled"]


def test_a_message_that_could_not_be_rendered_is_rejected_without_an_attempt() -> None:
    box = Outbox()
    box.add(NOW, NOW)
    clerk = box.clerk(box.lease())
    assert clerk.hand_over([1, 2], Outcome(refused={1: "the contact has no email address"}), NOW) == {2}
    assert (box.row(1).state, box.row(1).detail) == ("rejected", "the contact has no email address")
    assert box.rows("attempt") == []


def test_a_retry_waits_its_turn_longer_each_time_and_is_parked_in_the_end() -> None:
    box = Outbox()
    box.add(NOW)
    now, waits = NOW, []
    for _ in range(3):
        clerk = box.clerk(box.lease(now=now), attempts=4)
        clerk.hand_over([1], Outcome(), now)
        clerk.close(Outcome([Receipt(1, "retry", detail="451 later")]), now)
        row = box.row(1)
        assert row.state == "ready"
        assert box.lease(now=row.retry_at - 1) is None
        waits.append(row.retry_at - now)
        now = row.retry_at
    assert all(0 < wait <= 60_000 * 2**attempt for attempt, wait in enumerate(waits))
    clerk = box.clerk(box.lease(now=now), attempts=4)
    clerk.hand_over([1], Outcome(), now)
    clerk.close(Outcome([Receipt(1, "retry", detail="451 later")]), now)
    row = box.row(1)
    assert (row.state, row.attempts, row.detail) == ("rejected", 4, "given up after 4 attempts: 451 later")
    assert len(box.rows("attempt")) == 4


def test_a_provider_that_says_when_is_obeyed() -> None:
    box = Outbox()
    box.add(NOW)
    clerk = box.clerk(box.lease())
    clerk.hand_over([1], Outcome(), NOW)
    clerk.close(Outcome([Receipt(1, "retry", retry_after=90)]), NOW)
    assert box.row(1).retry_at == NOW + 90_000


def test_back_off_is_spread_and_never_longer_than_its_bound() -> None:
    rng = Random(7)
    for attempt in range(1, 20):
        delays = [Retry().delay(attempt, rng) for _ in range(200)]
        bound = min(3600, 60 * 2 ** (attempt - 1))
        assert max(delays) <= bound
        assert max(delays) - min(delays) > bound / 2


def test_after_a_crash_only_what_was_handed_over_and_not_settled_is_uncertain() -> None:
    box = Outbox()
    box.add(*[NOW] * 6)
    clerk = box.clerk(box.lease(seconds=0))
    clerk.hand_over([1, 2], Outcome(), NOW)
    clerk.hand_over([3, 4], Outcome([Receipt(1, "accepted"), Receipt(2, "retry", detail="451")]), NOW)
    assert take_over(box.database, {"email": False}, NOW) == TakenOver(batches=1, uncertain=2)
    assert box.states() == ["accepted", "ready", "uncertain", "uncertain", "ready", "ready"]
    assert span(box.lease()) == (5, 6)  # 2 waits for its retry


def test_with_a_provider_that_takes_keys_it_is_offered_again() -> None:
    box = Outbox()
    box.add(NOW, NOW)
    box.clerk(box.lease(seconds=0)).hand_over([1, 2], Outcome(), NOW)
    assert take_over(box.database, {"email": True}, NOW) == TakenOver(batches=1, uncertain=0)
    assert span(box.lease()) == (1, 2)


def test_what_became_ready_inside_the_range_of_a_batch_is_never_uncertain() -> None:
    box = Outbox()
    box.add(NOW, NOW + 5, NOW)  # the second comes due while the first and third are being sent
    box.add(NOW, state="ready")
    box.set(4, retry_at=NOW + 5)  # and a retry
    box.add(NOW)
    batch = box.lease(seconds=0)
    assert span(batch) == (1, 5)
    assert box.clerk(batch).hand_over([1, 3, 5], Outcome(), NOW) == {1, 3, 5}
    box.release(NOW + 5)
    take_over(box.database, {}, NOW + 5)
    assert box.states() == ["uncertain", "ready", "uncertain", "ready", "uncertain"]
    assert span(box.lease(now=NOW + 5)) == (2, 4)


def test_an_owner_that_was_fenced_off_changes_nothing_and_learns_so() -> None:
    box = Outbox()
    box.add(NOW, NOW, NOW)
    clerk = box.clerk(box.lease(seconds=0))
    clerk.hand_over([1], Outcome(), NOW)
    take_over(box.database, {}, NOW)
    again = box.lease()
    before = (box.states(), box.rows("batch"))
    for write in (
        lambda: clerk.hand_over([2], Outcome([Receipt(1, "accepted")]), NOW),
        lambda: clerk.close(Outcome([Receipt(1, "accepted")]), NOW),
        clerk.renew,
    ):
        with pytest.raises(LeaseLost):
            write()
    assert (box.states(), box.rows("batch")) == before
    assert span(again) == (2, 3)


def test_a_living_lease_is_not_taken_over_and_renewing_keeps_it() -> None:
    box = Outbox()
    box.add(NOW)
    batch = box.lease(seconds=0)
    assert batch is not None
    kept = Clerk(
        box.database, Batch(**{f: getattr(batch, f) for f in batch.__slots__} | {"seconds": 60}), Retry(), Random()
    )
    kept.renew()
    assert take_over(box.database, {}, NOW) == TakenOver(0, 0)


def test_a_process_on_this_machine_that_is_gone_is_taken_over_at_once() -> None:
    box = Outbox()
    box.add(NOW)
    code = "from campflow.engine.owners import this_process; print(this_process())"
    dead = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    assert is_gone(dead)
    assert not is_gone(this_process())
    assert not is_gone("elsewhere")
    assert not is_gone(this_process().replace("/", "/other", 1))  # another machine: only its lease can tell
    lease(box.database, "email", dead, 10, 3600, NOW)
    assert take_over(box.database, {}, NOW).batches == 1


def test_reactions_become_events_only_where_a_campaign_listens() -> None:
    def run(listens: set[str]) -> list[tuple[Any, ...]]:
        box = Outbox()
        box.add(NOW, NOW, NOW)
        box.add(NOW - DAY, expires=NOW)
        box.release(listens=listens)
        clerk = box.clerk(box.lease(), listens=listens)
        clerk.hand_over([1, 2, 3], Outcome(), NOW)
        clerk.close(Outcome([Receipt(1, "accepted"), Receipt(2, "rejected"), Receipt(3, "uncertain")]), NOW + 5)
        return [(row.name, row.about, row.message_id, row.at) for row in box.rows("event")]

    assert run(set()) == []
    assert run({"sent"}) == [("sent", "hi", 1, NOW + 5)]
    assert run({"failed", "expired"}) == [("expired", "hi", 4, NOW), ("failed", "hi", 2, NOW + 5)]


def test_every_query_of_a_pass_uses_an_index(tmp_path: Path) -> None:
    """A scan of `message` would make each batch cost as much as the whole outbox."""
    from sqlalchemy import event

    box = Outbox(f"sqlite:///{tmp_path}/a.db")
    box.add(*[NOW] * 5)
    seen: list[tuple[str, Any]] = []

    @event.listens_for(box.database.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    box.release()
    assert has_ready(box.database, "email", NOW)
    clerk = box.clerk(box.lease())
    clerk.hand_over([1, 2], Outcome(), NOW)
    clerk.close(Outcome([Receipt(1, "accepted"), Receipt(2, "retry")]), NOW)
    box.lease()
    take_over(box.database, {}, NOW)
    plans = []
    with box.database.reader() as connection:
        for statement, parameters in seen:
            if statement.startswith(("SELECT", "UPDATE")) and "message" in statement:
                parameters = parameters[0] if isinstance(parameters, list) else parameters
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans += [(row.detail, statement) for row in rows]
    assert len(plans) > 5
    scans = [plan for plan in plans if plan[0].startswith("SCAN") and "USING" not in plan[0]]
    # One batch, chosen by an index; the runs are few.
    assert [plan for plan in scans if not plan[0].startswith(("SCAN anon", "SCAN ready_run"))] == []
