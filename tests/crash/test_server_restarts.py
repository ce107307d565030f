"""PostgreSQL restarts in the middle of ticks and sends, connections are cut, nobody may write: the daemon lives on."""

import time
from pathlib import Path
from typing import Any

import pytest
from tests.crash.ledger import Ledger, listening
from tests.crash.shop import COMMAND, Shop
from tests.own_server import OwnServer, programs, running

PROGRAMS = programs()
PEOPLE = 300

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
FORBID = "ALTER SYSTEM SET default_transaction_read_only = {}"


@pytest.mark.skipif(PROGRAMS is None, reason="PostgreSQL is not installed here")
@pytest.mark.timeout(400)
def test_the_daemon_outlives_its_database(tmp_path: Path) -> None:
    assert PROGRAMS is not None
    ledger = Ledger(keys=False)
    ledger.pace = 0.004
    with running(PROGRAMS) as server, listening(ledger) as port:
        shop = Shop(tmp_path / "shop", server.url, ledger, port, PEOPLE)
        daemon = shop.start([str(COMMAND), "run"])
        try:
            shop.wait_for("running")
            for accident in (crashed, cut, forbidden, restarted):
                sends_on(server, shop)
                accident(server, shop)
                assert daemon.poll() is None, "the daemon ended"
            ledger.pace = 0.0
            sends_on(server, shop)
            shop.wait_until_done()
            daemon.terminate()
            assert daemon.wait(60) == 0
        finally:
            daemon.kill()
            daemon.wait()
        shop.check()
        log = shop.log()
    assert said_once(log) == []
    errors = [each for each in log if each["event"] == "failed"]
    assert errors
    assert {each["what"] for each in log if each["event"] == "recovered"} >= {each["what"] for each in errors}
    assert any("is read-only" in each["error"] for each in errors)


def sends_on(server: OwnServer, shop: Shop) -> None:
    """Until sixty more messages came. What was at hand when a connection broke waits for its lease: that ends now."""
    goal = shop.ledger.offered.total() + 60
    deadline = time.monotonic() + 30
    while (missing := goal - shop.ledger.offered.total()) > 0 and time.monotonic() < deadline:
        before = shop.ledger.offered.total()
        shop.ledger.wait_for_more(missing, 2)
        if shop.ledger.offered.total() == before:
            server.do("UPDATE batch SET leased_until = 0")


def crashed(server: OwnServer, shop: Shop) -> None:
    """The server dies as a process does by `kill -9`, and is away until somebody notices."""
    server.stop("immediate")
    shop.wait_for("cannot be reached")
    server.start()


def cut(server: OwnServer, shop: Shop) -> None:
    for _ in range(5):
        server.do(CUT)
        shop.ledger.wait_for_more(10, 1)


def forbidden(server: OwnServer, shop: Shop) -> None:
    server.do(FORBID.format("on"))
    server.do("SELECT pg_reload_conf()")
    shop.wait_for("is read-only")
    server.do(FORBID.format("off"))
    server.do("SELECT pg_reload_conf()")


def restarted(server: OwnServer, shop: Shop) -> None:
    server.stop("fast")
    server.start()


def said_once(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines that say of something what was said of it just before, with no recovery between."""
    last: dict[str, str] = {}
    again = []
    for line in log:
        if line["event"] == "failed":
            if last.get(line["what"]) == line["error"]:
                again.append(line)
            last[line["what"]] = line["error"]
        elif line["event"] == "recovered":
            last.pop(line["what"], None)
    return again
