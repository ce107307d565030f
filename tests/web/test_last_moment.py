"""Who says no while a message is on its way already, leased by a process that sends, does not get it."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select
from tests.databases import Store
from tests.web.mailed import Mailed, mailed
from tests.web.test_preferences import CONTENT, opened, path_of, shown

from campflow.content.keys import message_key
from campflow.content.values import instant
from campflow.engine import leasing, outbox
from campflow.engine.fates import RETRY, Outcome
from campflow.engine.gates import Gates
from campflow.engine.owners import this_process
from campflow.hooks.contracts import Reaction
from campflow.people.importing import import_events
from campflow.people.sources import CSV


def unsubscribes(web: Mailed, message_id: int) -> None:
    assert web.post(web.links()["No more"], data={"List-Unsubscribe": "One-Click"}).status_code == 200


def stops(web: Mailed, message_id: int) -> None:
    _, fields = shown(web, path_of(web))
    assert web.post(path_of(web), data={**fields, "do": "stop"}).status_code == 200


def pauses(web: Mailed, message_id: int) -> None:
    _, fields = shown(web, path_of(web))
    assert web.post(path_of(web), data={**fields, "pause": "30", "do": "save"}).status_code == 200


def told(web: Mailed, message_id: int, name: str) -> None:
    runtime = web.runtime
    key = message_key(runtime.stationery.installation, message_id)
    reaction = Reaction(name, instant(runtime.clock.now()), "report 1", key=key)
    assert runtime.inbox.record("email", [reaction], runtime.clock.now()).added == 1


def complains(web: Mailed, message_id: int) -> None:
    told(web, message_id, "complained")


def bounces(web: Mailed, message_id: int) -> None:
    told(web, message_id, "bounced")


@pytest.mark.parametrize("says_no", [unsubscribes, stops, pauses, complains, bounces])
def test_a_message_that_is_leased_already_is_not_handed_over(
    store: Store, tmp_path: Path, says_no: Callable[[Mailed, int], None]
) -> None:
    settings = opened(tmp_path)
    # Of the same purpose as the one that she has had.
    (tmp_path / "shop.flow").write_text((tmp_path / "shop.flow").read_text().replace("offers", "newsletter"))
    with mailed(tmp_path, store, settings, CONTENT) as web:
        runtime, now = web.runtime, web.runtime.clock.now()
        ada, had = web.message().contact_id, web.message().message_id
        import_events(
            runtime.database, runtime.stationery.contact, tuple(runtime.stationery.events),
            lines=[b"key,at,amount\n", b"ada,2026-03-02 10:30,5 EUR\n", b"bob,2026-03-02 10:30,5 EUR\n"],
            event="purchase", addresses={}, source=CSV.source, currency="EUR", zone="UTC", now=now,
        )  # fmt: skip
        runtime.tick(now)
        runtime.release(now)
        addresses = {name: plugin.address for name, plugin in runtime.plugins.items()}
        gates = Gates(runtime.database.tables, runtime.program, runtime.deployment, addresses)
        batch = leasing.lease(runtime.database, "email", this_process(), 50, 60.0, now, (), gates)
        assert batch is not None
        says_no(web, had)
        m, s = runtime.database.tables.message.c, runtime.database.tables.send.c
        query = select(m.message_id, m.contact_id, s.message).join_from(
            runtime.database.tables.message, runtime.database.tables.send, s.send_id == m.send_id
        )
        with runtime.database.reader() as connection:
            held = connection.execute(
                query.where(outbox.members(runtime.database.tables, batch)).order_by(m.message_id)
            ).all()
        assert len(held) == 4
        clerk = outbox.Clerk(runtime.database, batch, RETRY, Random(1), gates=gates)
        ready = clerk.hand_over([row.message_id for row in held], Outcome(), now)
        gone = {(row.contact_id == ada, row.message) for row in held if row.message_id in ready}
        assert {(False, "receipt"), (False, "offer")} <= gone
        # A pause leaves what must go out; an address that is dead, or whose owner complained, gets nothing.
        receipts = {(True, "receipt")} if says_no not in (complains, bounces) else set()
        assert gone - {(False, "receipt"), (False, "offer")} == receipts
