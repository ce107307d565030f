"""What PostgreSQL does with each statement where it knows what its tables hold: little is due of much.

The tables are filled and analysed, and lie on as many pages as ten times their rows would: a planner that may scan them
has every reason not to. Every statement of a tick and of an outbox pass is caught as it is really run.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from tests import databases
from tests.databases import Store
from tests.engine.test_keys_of_statements import joins_without_contact
from tests.engine.test_query_plans import TEXT, WHOLE
from tests.engine.workbench import Bench, instant

from campflow.content.rendering import Library
from campflow.content.tokens import SigningKeys
from campflow.engine import leasing, outbox
from campflow.engine.fates import RETRY, Outcome
from campflow.engine.gates import Gates
from campflow.engine.inbox import Inbox
from campflow.engine.letters import Stationery, read_batch
from campflow.engine.looks import is_behind
from campflow.hooks.contracts import ContactEvent, Receipt, Sender
from campflow.people.costs import FREE
from campflow.planning.plan import Rfm
from campflow.sql.workspace import set_up, workspace

if len(databases.kinds()) == 1:
    pytest.skip("no PostgreSQL server", allow_module_level=True)

NOW = instant("2026-04-08 12:00")  # a Wednesday
PEOPLE = 20_000
GROWING = (
    "attempt", "batch", "change", "contact", "conversion", "cost", "errand", "event", "exposure", "journey", "message",
    "move", "prospect", "consent", "suppression",
)  # fmt: skip

SMALL = {"message_ready", "message_planned", "event_early", "batch_open", "journey_due", "errand_ready"}

#: Most of it long over: two hundred events, a few journeys and forty messages are new or due.
FILL = """
INSERT INTO contact (contact_key, created_at, draw, email, plan, score, timezone)
  SELECT 'c' || n, 0, n, n || '@x.example', 'trial', 5, 'UTC' FROM generate_series(1, {people}) n;
INSERT INTO event (contact_id, name, about, at, source, event_id, message_id, "purchase$amount")
  SELECT 1 + n %% {people}, (ARRAY['signup','purchase','clicked','cart_updated'])[1 + n %% 4],
    CASE n %% 4 WHEN 2 THEN 'hello' END, {now} - 86400000 - n, 'x', n, n, n %% 500
    FROM generate_series(1, {people} * 2) n;
INSERT INTO change (contact_id, field, at, old)
  SELECT n, 'score', {now} - 86400000 - n, '4' FROM generate_series(1, {people}) n;
INSERT INTO journey (campaign_id, contact_id, journey_key, entry, version_id, entered_at, entry_seq, entered_seq,
    stage_id, since, since_seq, asked_seq, nth, due_at, ended_at)
  SELECT {campaign}, n, '', 1, {version}, {now} - 86400000 - n, 0, 0,
    CASE WHEN n %% 2 = 0 THEN {won} ELSE {first} END, {now} - 86400000, 0, 0, 1,
    CASE WHEN n %% 2 = 1 THEN {now} + n * 1000 - 20000 END, CASE WHEN n %% 2 = 0 THEN {now} - 1000 END
    FROM generate_series(1, {people}) n;
INSERT INTO move (contact_id, journey_id, nth, to_stage_id, statement_id, at)
  SELECT contact_id, journey_id, 1, stage_id, 1, since FROM journey;
INSERT INTO message (contact_id, campaign_id, journey_id, nth, send_id, channel, planned_at, release_at, expires_at,
    state, queue, settled_at, provider_id)
  SELECT contact_id, campaign_id, journey_id, 1, {send}, 'mail', {now} - 5000, {now} - 5000, {now} + 86400000,
    CASE WHEN contact_id %% 500 = 0 THEN 'planned' WHEN contact_id %% 500 = 1 THEN 'ready' ELSE 'accepted' END,
    CASE WHEN contact_id %% 500 = 0 THEN 'planned' WHEN contact_id %% 500 = 1 THEN 'ready' END,
    CASE WHEN contact_id %% 500 > 1 THEN {now} - 2 * 86400000 END, contact_id FROM journey;
INSERT INTO attempt (contact_id, message_id, batch_id, at, outcome, detail)
  SELECT contact_id, message_id, 1, 1, 'retry', '' FROM message;
INSERT INTO prospect (contact_id, campaign_id, due_at)
  SELECT n, {campaign}, {now} + n * 1000 FROM generate_series(1, {people}) n;
INSERT INTO exposure (contact_id, split_id, arm_id, campaign_id, journey_id, at, seq, drawn)
  SELECT contact_id, {split}, {arm}, campaign_id, journey_id, since, 0, true FROM journey;
INSERT INTO conversion (contact_id, journey_id, name, campaign_id, statement_id, at, cause_seq)
  SELECT contact_id, journey_id, 'conversion', campaign_id, 1, since, 1 FROM journey WHERE contact_id %% 3 = 0;
INSERT INTO cost (contact_id, message_id, campaign_id, channel, amount, at)
  SELECT contact_id, message_id, campaign_id, 'mail', 1, {now} FROM message;
INSERT INTO errand (contact_id, campaign_id, journey_id, nth, errand_statement_id, at, state)
  SELECT contact_id, campaign_id, journey_id, 1, 1, since, 'done' FROM journey;
INSERT INTO consent (contact_id, channel, purpose, given, at)
  SELECT n, '', '', true, n FROM generate_series(1, {people}) n;
INSERT INTO suppression (contact_id, channel, address, reason, at)
  SELECT n, 'mail', '', 'bounced', n FROM generate_series(2, {people}, 20) n;
INSERT INTO batch (channel, owner, fence, leased_until, ready_at, first_message_id, last_message_id, handed_from,
    handed_to, closed_at) SELECT 'mail', 'x', n, 1, 1, n, n, n, n, 1 FROM generate_series(1, {people}) n;
UPDATE campaign SET looked_at = {now} - 60000, looked_event = (SELECT max(seq) FROM event) - 200,
  looked_change = (SELECT max(seq) FROM change) - 20, looked_contact = {people} - 20;
"""


@dataclass(frozen=True)
class Caught:
    """A statement as the driver had it."""

    sql: str
    parameters: Any

    @property
    def one(self) -> Any:
        """Its parameters, those of the first where it was run for many."""
        return self.parameters[0] if isinstance(self.parameters, list) else self.parameters


@pytest.fixture(scope="module")
def full() -> Iterator[Bench]:
    with closing(Store(databases.POSTGRES)) as store:
        bench = Bench(TEXT, ["hello"], rfm=Rfm("purchase", "amount"), url=store.url())
        bench.deploy("2026-03-01")
        assert bench.deployment is not None
        ids = bench.deployment.campaigns["everything"].ids
        names = {
            "people": PEOPLE, "now": NOW, "campaign": ids["campaign"], "version": ids["version"],
            "first": ids["stage_first"], "won": ids["stage_won"], "split": ids["split_tone"],
            "send": next(value for name, value in ids.items() if name.startswith("send_")),
            "arm": next(value for name, value in ids.items() if name.startswith("arm_4_tone")),
        }  # fmt: skip
        with bench.database.transaction() as connection:
            for table in GROWING:
                connection.exec_driver_sql(f"ALTER TABLE {table} SET (fillfactor = 10)")
            for statement in FILL.format(**names).split(";\n"):
                if statement.strip():
                    connection.exec_driver_sql(statement)
            connection.exec_driver_sql(f"ANALYZE {', '.join(GROWING)}")
        try:
            yield bench
        finally:
            bench.database.close()


@pytest.fixture(scope="module")
def caught(full: Bench) -> list[Caught]:
    """All that a tick, a release, a batch with its letters, a report and a take-over ask the database."""
    found: list[Caught] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        found.append(Caught(statement, parameters))

    event.listen(full.database.engine, "before_cursor_execute", note)
    flow, t = full._flow(full.text), full.database.tables
    keys = SigningKeys("a", {"a": b"secret"})
    paper = Stationery(flow.contact, flow.events, Library(Path(), {}), Sender(), keys, "here", ZoneInfo("UTC"), "EUR")
    gates = Gates(t, full.program, full.deployment, {"mail": "email"}, opt_in=["news"])
    assert full.deployment is not None
    with full.database.reader() as connection:
        is_behind(connection, t, full.deployment.campaigns["everything"].ids["campaign"], NOW)
    full.tick(NOW)
    with full.database.transaction() as connection:
        outbox.release(connection, t, NOW, {"expired"}, gates)
    leasing.has_ready(full.database, "mail", NOW)
    batch = leasing.lease(full.database, "mail", "test", 100, 0, NOW, {"sent", "failed", "expired"}, gates)
    assert batch is not None
    with full.database.reader() as connection:
        window = [row["message_id"] for row in read_batch(connection, t, paper, batch)]
    clerk = outbox.Clerk(full.database, batch, RETRY, Random(1), {"sent", "failed", "expired"}, gates)
    going = sorted(clerk.hand_over(window[:4], Outcome(), NOW))
    clerk.hand_over(window[4:8], Outcome([Receipt(going[0], "accepted", "p"), Receipt(going[1], "retry")]), NOW)
    outbox.take_over(full.database, {"mail": True}, NOW)
    report = ContactEvent(
        "c7", "delivered", dt.datetime(2026, 4, 8, tzinfo=dt.UTC), "mail", "1", about="hello", message_id=going[0]
    )
    Inbox(full.database, paper, {}, FREE).record("mail", [report], NOW)
    event.remove(full.database.engine, "before_cursor_execute", note)
    return found


def _nodes(plan: Mapping[str, Any], above: str = "") -> Iterator[tuple[Mapping[str, Any], str]]:
    """The nodes of a plan, each with the type of the one above it."""
    yield plan, above
    for each in plan.get("Plans", ()):
        yield from _nodes(each, plan["Node Type"])


def _scans(connection: Any, statement: Caught) -> list[str]:
    """The growing tables that a statement would read from end to end."""
    said = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.one).scalar_one()
    plan = said if isinstance(said, list) else json.loads(said)
    found = []
    for node, above in _nodes(plan[0]["Plan"]):
        kind, index = node["Node Type"], node.get("Index Name")
        # The first or last entry of an index, and an index of what is due or on its way, are little.
        by_index = "Index" in kind and ("Index Cond" in node or above == "Limit" or index in SMALL)
        if node.get("Relation Name") in GROWING and "Scan" in kind and kind != "Bitmap Heap Scan" and not by_index:
            found.append(f"{kind} of {node['Relation Name']}")
    return found


def test_no_statement_of_a_tick_or_of_a_pass_scans_a_growing_table(full: Bench, caught: list[Caught]) -> None:
    statements = {each.sql: each for each in caught if re.match(r"(SELECT|INSERT|UPDATE|DELETE|WITH)\b", each.sql)}
    whole = {each.sql for each in full.program.scores if each.name in WHOLE}
    # Adds up what a campaign has ever cost, in the index of that: the one thing that grows with its past.
    whole |= {each.budget.sql for each in full.program.campaigns if each.budget}
    scans = {}
    with full.database.transaction() as connection:
        set_up(connection)
        t = workspace()
        connection.exec_driver_sql("INSERT INTO fresh SELECT contact_id FROM contact WHERE contact_id %% 1000 = 7")
        connection.exec_driver_sql(
            "INSERT INTO touched SELECT stage_id, contact_id, journey_id FROM journey WHERE contact_id %% 1000 = 7"
        )
        connection.exec_driver_sql(f"ANALYZE {t.fresh.name}, {t.touched.name}")
        for sql, each in statements.items():
            if sql not in whole and "pg_advisory" not in sql and (found := _scans(connection, each)):
                scans[sql] = found
    assert len(statements) > 80
    assert scans == {}


def test_a_scan_would_be_seen(full: Bench) -> None:
    with full.database.transaction() as connection:
        assert _scans(connection, Caught("SELECT count(*) FROM journey WHERE nth = 3", {})) == ["Seq Scan of journey"]
        assert _scans(connection, Caught("SELECT max(at) FROM move", {})) == ["Seq Scan of move"]


def test_every_join_that_is_really_run_carries_the_contact(caught: list[Caught]) -> None:
    """Also those of `outbox.py`, `gates.py`, `letters.py`, `fates.py` and `inbox.py`, which no program holds."""
    found = {each.sql: list(joins_without_contact(each.sql)) for each in caught}
    assert {sql: joins for sql, joins in found.items() if joins} == {}


def test_who_is_looked_at_as_they_come_is_found_one_by_one_in_a_stage_that_nobody_has_counted() -> None:
    """It looks empty to the planner, which compared all journeys with all that were touched."""
    text = """
contact { email email }
event signup
event bought
campaign hasty {
  audience  email is set
  enter     on signup
  stage hello {
    on bought    -> done
    after 9 days -> done
  }
  final done
}
"""
    with closing(Store(databases.POSTGRES)) as store:
        bench = Bench(text, [], url=store.url())
        bench.deploy("2026-03-01")
        bench.people("key,email\n" + "".join(f"p{n},p{n}@x.example\n" for n in range(4_000)))
        rows = "".join(f"p{n},signup,2026-03-01 10:00\n" for n in range(4_000))
        bench.events("key,event,at\n" + rows, instant("2026-03-01 11:00"))
        plans: list[str] = []

        @event.listens_for(bench.database.engine, "before_cursor_execute")
        def explain(connection: Any, _c: object, sql: str, parameters: Any, *_: object) -> None:
            if sql.startswith("WITH won"):
                plans.append("\n".join(connection.exec_driver_sql(f"EXPLAIN {sql}", parameters).scalars()))

        bench.tick("2026-03-01 11:00")
        bench.database.close()
    assert plans
    assert not [plan for plan in plans if "Seq Scan on journey" in plan]
