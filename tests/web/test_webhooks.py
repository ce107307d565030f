"""What providers tell: once, signed, committed before it is answered, and no more than fits."""

import gzip
import json
import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update
from tests.databases import Store
from tests.web.pigeon import PIGEON
from tests.web.served import SECRET, served, signature

from campflow.hooks.contracts import Reaction, WebRequest
from campflow.hooks.offers import REACTIONS
from campflow.people.contacts import Identity
from campflow.people.forgetting import forget
from campflow.storage.database import Database
from campflow.testing import Call, WebhookContract
from campflow.testing.samples import AT


def test_a_report_becomes_an_event_of_the_contact_once(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        key = web.message("ada").detail
        report = {"name": "clicked", "id": "1", "key": key, "at": "2026-03-02T09:59:00Z"}
        answers = [web.report(report), web.report(report, {"name": "clicked", "id": "2", "key": key})]
        assert [(answer.status_code, answer.text) for answer in answers] == [(200, "thanks")] * 2
        assert web.events("clicked") == [("ada", "hello")] * 2
        web.report({"name": "delivered", "id": "3", "provider_id": "p-bob"})
        assert web.events("delivered") == [("bob", "hello")]


def test_who_is_named_by_address_only_reacts_to_the_last_message_there(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        web.report({"name": "replied", "id": "1", "address": "ada@X.example"})
        assert web.events("replied") == [("ada", "hello")]
        # STOP means everything that comes this way.
        web.report({"name": "unsubscribed", "id": "2", "address": "bob@x.example"})
        assert web.withdrawn() == [("pigeon", "")]


def test_what_somebody_wrote_moves_them(store: Store, tmp_path: Path) -> None:
    at = "2026-03-02T09:59:00Z"
    with served(tmp_path, store) as web:
        web.report({"name": "replied", "id": "1", "address": "ada@x.example", "text": "Well, yes!", "at": at})
        web.report({"name": "replied", "id": "2", "address": "bob@x.example", "text": "no", "at": at})
        web.runtime.tick(web.runtime.clock.now())
        j, s = web.runtime.database.tables.journey, web.runtime.database.tables.stage
        with web.runtime.database.reader() as connection:
            names = select(s.c.name).join(j, j.c.stage_id == s.c.stage_id).order_by(j.c.contact_id)
            assert list(connection.scalars(names)) == ["engaged", "hello"]


def test_what_was_uncertain_is_settled_by_what_is_told_of_it(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        message, key = web.runtime.database.tables.message, web.message("ada").detail
        with web.runtime.database.transaction() as connection:
            connection.execute(update(message).values(state="uncertain"))
        web.report({"name": "delivered", "id": "1", "key": key})
        web.report({"name": "failed", "id": "2", "provider_id": "p-bob", "detail": "no such line"})
        assert (web.message("ada").state, web.message("bob").state) == ("accepted", "rejected")
        assert web.message("bob").detail == "failed: no such line"


def test_a_forged_call_is_refused_and_nothing_of_it_is_recorded(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        body = json.dumps({"reports": [{"name": "clicked", "id": "1", "provider_id": "p-ada"}]}).encode()
        for headers in (
            {},
            {"x-signature": ""},
            {"x-signature": signature(body + b" ")},
            {"x-signature": "é".encode()},
        ):
            assert web.post("/hooks/pigeon", content=body, headers=headers).status_code == 401
        assert web.post("/hooks/pigeon", content=b"{", headers={"x-signature": signature(b"{")}).status_code == 400
        assert web.events("clicked") == []
        assert len(web.log.said("failed")) <= 2  # a flood of forgeries is no flood of lines


def test_a_key_of_another_project_and_a_reaction_nobody_declared_are_refused_one_by_one(
    store: Store, tmp_path: Path
) -> None:
    with served(tmp_path, store) as web:
        foreign = "1-" + "0" * 24
        reports = [
            {"name": "clicked", "id": "1", "key": foreign},
            {"name": "opened", "id": "2", "provider_id": "p-ada"},
            {"name": "clicked", "id": "3", "provider_id": "p-ada"},
            {"name": "purchase", "id": "4", "address": "ada@x.example"},
        ]
        assert web.report(*reports).status_code == 200
        assert web.events("clicked") == [("ada", "hello")]
        assert [told["id"] for told in web.log.said("not recorded")] == ["1", "2", "4"]


def test_a_report_that_overtakes_its_receipt_is_asked_for_again(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        batch = web.runtime.database.tables.batch
        with web.runtime.database.transaction() as connection:
            connection.execute(update(batch).values(closed_at=None))
        early = web.report({"name": "clicked", "id": "1", "provider_id": "p-new"})
        assert (early.status_code, early.headers["retry-after"]) == (503, "30")
        with web.runtime.database.transaction() as connection:
            connection.execute(update(batch).values(closed_at=1))
        assert web.report({"name": "clicked", "id": "1", "provider_id": "p-new"}).status_code == 200


def test_nothing_is_acknowledged_while_the_database_is_away(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        with web.runtime.database.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE event RENAME TO elsewhere")
        report = {"name": "clicked", "id": "1", "provider_id": "p-ada"}
        assert web.report(report).status_code == 500
        with web.runtime.database.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO event")
        assert web.report(report).status_code == 200
        assert web.events("clicked") == [("ada", "hello")]


def test_somebody_who_is_no_channel_tells_of_events(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        for _ in range(2):
            assert web.post("/hooks/shop", json={"who": "ada", "id": "order 1"}).status_code == 200
        assert web.events("purchase") == [("ada", None)]
        assert web.post("/hooks/nobody").status_code == 404
        assert web.get("/hooks/pigeon?hub=1&x=%20").text == f"{web.url}/hooks/pigeon?hub=1&x=%20"


@pytest.mark.parametrize("packed", [False, True])
def test_large_bodies_are_refused_before_they_are_large(tmp_path: Path, packed: bool) -> None:
    with served(tmp_path, Store("sqlite")) as web:
        huge = b"0" * 100_000_000 if packed else b"0" * 6_000_000
        body = gzip.compress(huge, 1) if packed else huge
        headers = {"content-encoding": "gzip"} if packed else {}
        with suppress(httpx.NetworkError):  # cut off while it was still sending
            assert web.post("/hooks/pigeon", content=body, headers=headers).status_code == 413
        right = b'{"reports": []}'
        zipped = {"content-encoding": "gzip", "x-signature": signature(right)}
        assert web.post("/hooks/pigeon", content=gzip.compress(right), headers=zipped).status_code == 200
        for broken in (b"no gzip", gzip.compress(right)[:-9]):
            assert web.post("/hooks/pigeon", content=broken, headers=zipped).status_code == 400
        assert web.post("/hooks/pigeon", content=right, headers={"content-encoding": "br"}).status_code == 415
        # One that says how long it is and lies.
        with socket.create_connection(("127.0.0.1", int(web.url.rpartition(":")[2]))) as line:
            line.sendall(b"POST /hooks/pigeon HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
            assert b" 413 " in line.recv(200)


@pytest.mark.parametrize("bad", ["\0", "\ud800"])
def test_a_report_that_no_database_takes_holds_back_no_other(store: Store, tmp_path: Path, bad: str) -> None:
    """A NUL, or half a character: what can be kept is kept, what names somebody so is refused by itself."""
    with served(tmp_path, store) as web:
        first = {"provider_id": "p-ada", "at": "2026-03-02T09:59:00Z"}
        reports = [
            first | {"name": "bounced", "id": "1", "detail": f"no such{bad} user"},
            first | {"name": "replied", "id": "2", "text": f"yes{bad}"},
            {"name": "clicked", "id": "3", "provider_id": f"p-{bad}ada"},
            {"name": "clicked", "id": "4", "address": f"ada{bad}@x.example"},
            first | {"name": "clicked", "id": f"5{bad}"},
            {"name": f"clicked{bad}", "id": "6", "provider_id": "p-ada"},
            {"name": "clicked", "id": "7", "provider_id": "p-bob"},
        ]
        assert web.report(*reports).status_code == 200
        assert web.events("bounced") == web.events("replied") == [("ada", "hello")]
        assert web.events("clicked") == [("bob", "hello")]
        assert web.message("ada").detail == "bounced: no such\ufffd user"
        assert [str(each["id"])[0] for each in web.log.said("not recorded")] == ["3", "4", "6", "5"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_million_reports_at_once_are_refused_whole(tmp_path: Path, packed: bool) -> None:
    """Nothing of them is recorded, and the provider hears so; as many as fit into a call are recorded together."""
    with served(tmp_path, Store("sqlite")) as web:
        one = b'{"name": "clicked", "id": "1", "provider_id": "p-ada"},'
        body = b'{"reports": [' + one * 1_000_000 + one[:-1] + b"]}"
        headers = {"x-signature": signature(body)} | ({"content-encoding": "gzip"} if packed else {})
        sent = gzip.compress(body, 1) if packed else body
        assert not packed or len(sent) < 5_000_000  # it is the unpacking that is bounded
        with suppress(httpx.NetworkError):  # cut off while it was still sending
            assert web.post("/hooks/pigeon", content=sent, headers=headers).status_code == 413
        assert web.events("clicked") == []
        detail = "x" * 420
        many = [{"name": "clicked", "id": str(n), "provider_id": "p-ada", "detail": detail} for n in range(9_990)]
        assert web.report(*many, {"name": "delivered", "id": "last", "provider_id": "p-bob"}).status_code == 200
        assert len(web.events("clicked")) == len(many)
        assert web.events("delivered") == [("bob", "hello")]


def test_a_flood_of_reports_about_nobody_is_no_flood_of_lines(tmp_path: Path) -> None:
    with served(tmp_path, Store("sqlite")) as web:
        unknown = [{"name": "clicked", "id": str(n), "provider_id": "p-nobody"} for n in range(5_000)]
        assert web.report(*unknown).status_code == 200
        named, counted = web.log.said("not recorded"), web.log.said("not recorded either")
        assert len(named) + sum(int(str(each["count"])) for each in counted) == 5_000
        assert len(named) < 50


class TestPigeonsReports(WebhookContract):
    plugin = PIGEON
    settings = {"secret": SECRET}  # noqa: RUF012
    unsigned = ("x-signature",)

    def calls(self) -> list[Call]:
        body = json.dumps({"reports": [{"name": "clicked", "id": "1", "provider_id": "p", "at": "2026-03-02T09:00Z"}]})
        headers = {"x-signature": signature(body.encode()), "content-type": "application/json"}
        request = WebRequest("POST", "https://go.acme.example/hooks/pigeon", headers, body.encode(), AT)
        return [Call(request, ["clicked"])]


def test_reports_of_somebody_who_was_forgotten_leave_no_trace(store: Store, tmp_path: Path) -> None:
    """Every reaction, by everything that finds somebody; and events of whoever is no channel."""
    with served(tmp_path, store) as web:
        runtime, t = web.runtime, web.runtime.database.tables
        ada, token = web.message("ada"), web.token("ada")
        with runtime.database.transaction() as connection:
            who = Identity("ada", "ada@x.example")
            forget(connection, t, ada.contact_id, who, runtime.clock.now())
        before = {table: count for table, count in _counts(web.runtime.database).items() if table != "forgotten"}
        assert before["contact"] == 1
        found_by: list[dict[str, Any]] = [{"key": ada.detail}, {"provider_id": "p-ada"}, {"address": "ada@x.example"}]
        reports = [
            {"name": name, "id": f"{name} {n}", "detail": "who was it", **by}
            for n, by in enumerate(found_by) for name in sorted(PIGEON.reports)
        ]  # fmt: skip
        assert web.report(*reports).status_code == 200
        for address in ("email", "phone"):  # by mail, and a STOP that comes by SMS
            all_ = replace(PIGEON, reports=frozenset(REACTIONS), address=address)
            inbox = replace(runtime.inbox, channels={"pigeon": all_})
            told = [
                Reaction(name, AT, f"{address} {name} {n}", text="STOP", **by)
                for n, by in enumerate([*found_by, {"address": "+33612345678"}]) for name in sorted(REACTIONS)
            ]  # fmt: skip
            assert inbox.record("pigeon", told, runtime.clock.now()).added == 0
        assert web.post("/hooks/shop", json={"who": "ada", "id": "order 1"}).status_code == 200
        web.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
        assert {
            table: count for table, count in _counts(web.runtime.database).items() if table != "forgotten"
        } == before
        for row in web.events("unsubscribed") + web.events("purchase"):
            assert row[0] == "bob"


def _counts(database: Database) -> dict[str, int]:
    with database.reader() as connection:
        tables = database.tables.metadata.sorted_tables
        return {each.name: connection.scalar(select(func.count()).select_from(each)) or 0 for each in tables}
