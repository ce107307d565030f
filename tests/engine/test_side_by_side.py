"""Two workers on one PostgreSQL, each stopped where it hurts most: nobody is lost, doubled, passed over or sent twice.

Nothing here is luck. One worker waits before a statement that the test names until the other one is through, or waits
in turn for the first: PostgreSQL says which.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import func, insert, select, update
from tests import databases
from tests.databases import Store
from tests.engine.stopping import beside, stopped
from tests.engine.workbench import Bench, instant

from campflow.engine.advance import Advance, advance
from campflow.engine.fates import RETRY, Outcome
from campflow.engine.gates import Gates
from campflow.engine.leasing import lease
from campflow.engine.outbox import Clerk, being_handed_over, release, take_over
from campflow.hooks.contracts import ContactEvent, Receipt
from campflow.people.costs import FREE, Prices
from campflow.people.importing import import_people
from campflow.people.reactions import believe_again
from campflow.people.recording import Recorded, record_events
from campflow.people.sources import CsvSource
from campflow.storage.database import Database
from campflow.storage.writers import holder, releaser

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.parametrize("store", databases.kinds()[1:], indirect=True)]

# --- ticks --------------------------------------------------------------------------------------------------------

TWO = """
contact {
  email email
  score number = 0
}
event signup
event purchase
campaign first {
  audience email is set
  enter on signup
  stage welcome {
    set score = score + 1
    send mail hello
    on purchase -> bought
    after 1 day -> end
  }
  stage bought {
    after 30 days -> end
  }
  final end
}
campaign second {
  audience email is set
  enter on signup
  stage only {
    send mail nudge
    after 1 day -> end
  }
  final end
}
"""
#: Without what makes others wait: an event or a change of its own.
SILENT = TWO.replace("    set score = score + 1\n", "")
DAY_1 = "2026-03-01 12:00"


def _bench(text: str = TWO, people: int = 6) -> Bench:
    bench = Bench(text, ["hello", "nudge"])
    bench.people("key,email\n" + "\n".join(f"c{n},c{n}@x.example" for n in range(people)))
    bench.deploy("2026-03-01")
    bench.events("key,event,at\n" + "\n".join(f"c{n},signup,2026-03-01 10:00" for n in range(people)), instant(DAY_1))
    return bench


def _ticks(bench: Bench, now: str, chunk: int = 50_000) -> Callable[[Database], Advance]:
    program, deployment = bench.program, bench.deployment
    assert deployment is not None
    return lambda database: advance(database, program, deployment, instant(now), chunk=chunk)


def _told(bench: Bench) -> tuple[object, ...]:
    with bench.database.reader() as connection:
        c = bench.database.tables.contact.c
        scores = connection.execute(select(c.contact_key, c.score).order_by(c.contact_key)).all()
    return sorted(bench.moves(), key=str), sorted(bench.planned()), scores  # whichever campaign came first


def test_whose_people_another_moves_just_now_is_left_to_it_and_the_next_campaign_is_done(store: Store) -> None:
    alone, bench = _bench(SILENT), _bench(SILENT)
    alone.tick(DAY_1)
    with stopped(bench, _ticks(bench, DAY_1), "INSERT INTO message") as first:
        with beside(bench, _ticks(bench, DAY_1)) as second:
            assert second.done  # it waits for nobody
            done = second.go()
        assert (done.busy, done.entered) == (1, 6)  # the other campaign
        first.go()
    bench.tick(DAY_1)
    assert _told(bench) == _told(alone)


def test_who_stood_still_too_long_finds_the_campaign_taken_over_and_writes_nothing_more(store: Store) -> None:
    alone, bench = _bench(), _bench()
    alone.tick(DAY_1)
    # Between two chunks of the first campaign: it has its turn, and no transaction is open.
    with stopped(bench, _ticks(bench, DAY_1, chunk=2), "REPEATABLE READ;", nth=2) as first:
        c = bench.database.tables.campaign
        with bench.database.transaction(holder(False)) as connection:
            held = connection.execute(update(c).where(c.c.tick_until.is_not(None)).values(tick_until=1)).rowcount
        assert held == 1
        with beside(bench, _ticks(bench, DAY_1)) as second:
            taken = second.go()
        assert taken.entered > 0
        late = first.go()
    assert late.lost == 1
    assert _told(bench) == _told(alone)
    assert bench.tick(DAY_1).entered == 0


def test_an_event_that_becomes_visible_after_a_later_one_is_not_passed_over(store: Store) -> None:
    bench = _bench(SILENT)  # it waits for who tells though it tells nothing itself
    bench.tick(DAY_1)

    def buys(key: int) -> Callable[[Database], None]:
        def work(database: Database) -> None:
            e = database.tables.event
            row = {"contact_id": key, "name": "purchase", "at": instant("2026-03-01 13:00"), "source": "x"}
            with database.transaction(holder(True)) as connection:
                connection.execute(insert(e).values(row | {"event_id": "1", "early": False}))
                connection.exec_driver_sql("SELECT 'told'")

        return work

    with stopped(bench, buys(1), "SELECT 'told'") as early:  # has the lower number, and is not committed
        with beside(bench, buys(2)) as later:
            later.go()
        with beside(bench, _ticks(bench, "2026-03-01 14:00")) as tick:
            early.go()
            tick.go()
    bench.tick("2026-03-01 15:00")
    assert [key for key, _, to, _ in bench.moves() if to == "bought"] == ["c0", "c1"]


def test_a_field_that_a_campaign_sets_and_an_import_changes_keeps_both(store: Store) -> None:
    bench = _bench()
    with (
        stopped(bench, _ticks(bench, DAY_1), "UPDATE contact") as tick,
        beside(bench, lambda database: _imports(bench, database)) as learns,
    ):
        tick.go()
        learns.go()
    with bench.database.reader() as connection:
        t = bench.database.tables
        assert connection.scalar(select(t.contact.c.score).where(t.contact.c.contact_key == "c0")) == 10
        changes = connection.execute(select(t.change.c.old).where(t.change.c.contact_id == 1).order_by(t.change.c.seq))
        assert [float(old) for (old,) in changes] == [0, 1]


def _imports(bench: Bench, database: Database) -> None:
    import_people(
        database, bench._flow(bench.text).contact, CsvSource(), iter([b"key,score\n", b"c0,10\n"]), currency="EUR",
        zone="UTC", now=instant(DAY_1),
    )  # fmt: skip


# --- messages -----------------------------------------------------------------------------------------------------

LIMITED = """
contact {
  email email
}
event signup
campaign first {
  limit 1 mail per day
  audience email is set
  enter on signup
  stage only {
    send mail hello
    after 30 days -> end
  }
  final end
}
campaign second {
  priority 5
  limit 1 mail per day
  audience email is set
  enter on signup
  stage only {
    send mail nudge
    after 30 days -> end
  }
  final end
}
"""


def test_two_who_release_keep_a_limit_over_all_campaigns(store: Store) -> None:
    """The second sees a message of higher priority that the first did not, and must see what the first let go."""
    bench = _bench(LIMITED)
    first_campaign, second_campaign = _campaign(bench, "first"), _campaign(bench, "second")
    first_campaign(bench.database)

    def releases(database: Database) -> int:
        gates = Gates(database.tables, bench.program, bench.deployment)
        with database.transaction(releaser(False)) as connection:
            return release(connection, database.tables, instant(DAY_1), gates=gates).ready

    with stopped(bench, releases, "UPDATE message SET state='ready'") as first:
        second_campaign(bench.database)
        with beside(bench, releases) as second:
            assert not second.done
            assert (first.go(), second.go()) == (6, 0)
    ready = Counter(key for key, _, _, state in bench.planned() if state == "ready")
    assert ready == {f"c{n}": 1 for n in range(6)}


def _campaign(bench: Bench, name: str) -> Callable[[Database], Advance]:
    """A tick of this campaign alone."""
    deployment = bench.deployment
    assert deployment is not None
    only = replace(bench.program, campaigns=tuple(c for c in bench.program.campaigns if c.plan.name == name))
    return lambda database: advance(database, only, deployment, instant(DAY_1))


def _ready(people: int = 6) -> Bench:
    bench = _bench(people=people)
    bench.tick(DAY_1)
    return bench


def test_two_who_lease_at_once_hold_different_messages(store: Store) -> None:
    bench = _ready()

    def leases(database: Database) -> tuple[int, int]:
        batch = lease(database, "mail", "test", 4, 60, instant(DAY_1))
        assert batch is not None
        return batch.first_message_id, batch.last_message_id

    with stopped(bench, leases, "INSERT INTO batch") as first, beside(bench, leases) as second:
        (low, to), (other, _) = first.go(), second.go()
    assert low <= to < other


def test_who_takes_over_leaves_alone_what_is_being_written(store: Store) -> None:
    """The lease has run out and the holder is in the middle of its last word: that word counts, nothing is in doubt.

    Another batch, whose holder says nothing any more, is taken over meanwhile.
    """
    bench = _ready()
    batch, dead = (lease(bench.database, "mail", "test", 3, 0, instant(DAY_1)) for _ in range(2))
    assert batch is not None
    assert dead is not None
    window = list(range(batch.first_message_id, batch.last_message_id + 1))

    def closes(database: Database) -> None:
        clerk = Clerk(database, batch, RETRY, Random(1))
        ready = clerk.hand_over(window, Outcome(), instant(DAY_1))
        assert list(ready)
        clerk.close(Outcome([Receipt(number, "accepted") for number in ready]), instant(DAY_1))

    with stopped(bench, closes, "SET state='accepted'") as holding:
        b = bench.database.tables.batch
        with beside(bench, lambda database: take_over(database, {}, instant(DAY_1))) as taker:
            assert taker.done, "it waits for who is just writing"
            assert taker.go().batches == 1
        holding.go()
        with bench.database.reader() as connection:
            assert connection.scalar(select(func.count()).where(b.c.closed_at.is_(None))) == 0
    assert [state for *_, state in bench.planned()].count("accepted") == len(window)


LEAVING = SILENT.replace("  enter on signup\n", "  enter on signup\n  leave on unsubscribed\n", 1)


def test_who_leaves_at_the_moment_of_the_handing_over_cancels_nothing_that_goes_out(store: Store) -> None:
    bench = _bench(LEAVING)
    bench.tick(DAY_1)
    batch = lease(bench.database, "mail", "test", 100, 60, instant(DAY_1))
    assert batch is not None
    m = bench.database.tables.message.c
    with bench.database.reader() as connection:
        window = list(connection.scalars(select(m.message_id).order_by(m.message_id)))

    def hands_over(database: Database) -> frozenset[int]:
        return Clerk(database, batch, RETRY, Random(1)).hand_over(window, Outcome(), instant(DAY_1))

    bench.events("key,event,at\nc0,unsubscribed,2026-03-01 11:00", now=instant(DAY_1))
    with stopped(bench, hands_over, "count(*)") as going, beside(bench, _ticks(bench, DAY_1)) as leaves:
        assert not leaves.done
        assert sorted(going.go()) == window
        leaves.go()
    assert {state for *_, state in bench.planned()} == {"ready"}  # what is being handed over stays


def test_what_a_slow_tick_puts_between_handed_over_messages_is_not_in_doubt(store: Store) -> None:
    """Its numbers were drawn before the lease and seen after it: the provider never had them."""
    bench = _bench(SILENT)
    m = bench.database.tables.message.c
    with stopped(bench, _ticks(bench, DAY_1, chunk=2), "UPDATE campaign SET looked_event", nth=2) as slow:
        with beside(bench, _ticks(bench, DAY_1)) as other:
            other.go()
        with bench.database.reader() as connection:
            window = list(connection.scalars(select(m.message_id).order_by(m.message_id)))
        batch = lease(bench.database, "mail", "test", 100, 0, instant(DAY_1))
        assert batch is not None
        going = Clerk(bench.database, batch, RETRY, Random(1)).hand_over(window, Outcome(), instant(DAY_1))
        assert sorted(going) == window
        slow.go()
    with bench.database.reader() as connection:
        late = set(connection.scalars(select(m.message_id))) - set(window)
        between = {each for each in late if window[0] < each < window[-1]}
        spared = select(m.message_id).where(being_handed_over(bench.database.tables))
        assert list(connection.scalars(spared.order_by(m.message_id))) == window
    assert len(between) == 2
    assert take_over(bench.database, {}, instant(DAY_1)).uncertain == len(window)
    with bench.database.reader() as connection:
        states: dict[str, set[int]] = {"ready": set(), "uncertain": set()}
        for number, state in connection.execute(select(m.message_id, m.state)):
            states[state].add(number)
        assert connection.scalar(select(func.count()).select_from(bench.database.tables.batch_gap)) == 0
    assert states == {"ready": late, "uncertain": set(window)}


# --- what comes back ----------------------------------------------------------------------------------------------

PRICES = Prices({"mail": 8}, "EUR")


def _tells(bench: Bench, message_id: int) -> Callable[[Database], Recorded]:
    """A webhook: c0 was reached by this message."""
    flow = bench._flow(bench.text)
    moment = dt.datetime(2026, 3, 1, 11, tzinfo=dt.UTC)
    report = ContactEvent("c0", "delivered", moment, "mail", "1", about="hello", message_id=message_id)
    return lambda database: record_events(
        database, flow.contact, flow.events, [report], currency="EUR", zone="UTC", now=instant(DAY_1),
        addresses={"mail": "email"}, prices=PRICES,
    )  # fmt: skip


def _handed_over_and_left() -> tuple[Bench, int]:
    """A message of c0 that was handed over, and nobody heard what became of it."""
    bench = _ready(1)
    batch = lease(bench.database, "mail", "test", 1, 0, instant(DAY_1))
    assert batch is not None
    Clerk(bench.database, batch, RETRY, Random(1)).hand_over([batch.first_message_id], Outcome(), instant(DAY_1))
    return bench, batch.first_message_id


def _takes_over(database: Database) -> int:
    return take_over(database, {}, instant(DAY_1), prices=PRICES).uncertain


def _cost(bench: Bench, message_id: int) -> list[int]:
    k = bench.database.tables.cost.c
    with bench.database.reader() as connection:
        return list(connection.scalars(select(k.amount).where(k.message_id == message_id)))


def _state(bench: Bench, message_id: int) -> str:
    m = bench.database.tables.message.c
    with bench.database.reader() as connection:
        return str(connection.scalar(select(m.state).where(m.message_id == message_id)))


def test_what_comes_back_while_a_message_is_being_called_uncertain_settles_it(store: Store) -> None:
    bench, message = _handed_over_and_left()
    with (
        stopped(bench, _takes_over, "UPDATE batch SET closed_at") as taker,
        beside(bench, _tells(bench, message)) as webhook,
    ):
        assert taker.go() == 1  # it has seen nothing of it
        assert webhook.go().added == 1
    assert _state(bench, message) == "accepted"
    assert _cost(bench, message) == [8]


def test_a_message_that_is_called_uncertain_while_something_comes_back_is_settled(store: Store) -> None:
    bench, message = _handed_over_and_left()
    with stopped(bench, _tells(bench, message), "COMMIT") as webhook:
        with beside(bench, _takes_over) as taker:
            assert taker.go() == 1
        assert webhook.go().added == 1
    assert _state(bench, message) == "accepted"
    assert _cost(bench, message) == [8]


@pytest.mark.parametrize("told", ["before", "after"])
def test_what_was_in_doubt_and_came_back_counts_against_the_budget_once(store: Store, told: str) -> None:
    bench, message = _handed_over_and_left()
    if told == "before":
        _tells(bench, message)(bench.database)
    assert _takes_over(bench.database) == int(told == "after")
    for _ in range(2):
        _tells(bench, message)(bench.database)
    assert (_state(bench, message), _cost(bench, message)) == ("accepted", [8])


def test_a_receipt_that_knows_nothing_of_what_came_back_already_is_paid_for(store: Store) -> None:
    bench = _ready(1)
    batch = lease(bench.database, "mail", "test", 1, 60, instant(DAY_1))
    assert batch is not None
    clerk = Clerk(bench.database, batch, RETRY, Random(1), prices=PRICES)
    (message,) = clerk.hand_over([batch.first_message_id], Outcome(), instant(DAY_1))
    _tells(bench, message)(bench.database)
    assert _cost(bench, message) == []  # its receipt may still say what it cost
    clerk.close(Outcome([Receipt(message, "uncertain")]), instant(DAY_1))
    assert (_state(bench, message), _cost(bench, message)) == ("accepted", [8])


def test_who_looks_again_waits_for_one_message_at_a_time(store: Store) -> None:
    """Else it would have the first and wait for the second, and who has the second would wait for the first."""
    bench = _ready(2)
    m = bench.database.tables.message
    with bench.database.reader() as connection:
        first, second, *_ = connection.scalars(select(m.c.message_id).order_by(m.c.message_id))

    def writes(database: Database) -> None:
        with database.transaction(holder(False)) as connection:
            for message_id in (second, first):
                connection.execute(update(m).where(m.c.message_id == message_id).values(state="uncertain"))

    with (
        stopped(bench, writes, "UPDATE message", nth=2) as clerk,
        beside(bench, lambda database: believe_again(database, [first, second], instant(DAY_1), FREE)) as webhook,
    ):
        assert not webhook.done
        clerk.go()
        webhook.go()
    assert _state(bench, first) == _state(bench, second) == "uncertain"
