"""The web part as the outside meets it: careful headers, plain errors, bounds, health, and an end in order."""

import base64
import hashlib
import re
import socket
import time
from pathlib import Path

import pytest
from tests.databases import Store
from tests.web.served import served

from campflow.errors import ProjectError
from campflow.project import Project
from campflow.web.limits import Bucket, caller
from campflow.web.server import WebServer

SQLITE = Store("sqlite")


def test_every_answer_has_the_headers_that_keep_browsers_careful(tmp_path: Path) -> None:
    with served(tmp_path, SQLITE) as web:
        for path in ("/u/x", "/health", "/nowhere", "/hooks/pigeon", f"/u/{web.token()}"):
            headers = web.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "server" not in headers


def test_the_style_of_a_page_is_the_one_its_policy_allows(tmp_path: Path) -> None:
    with served(tmp_path, SQLITE) as web:
        page = web.get(f"/u/{web.token()}")
        style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
        assert style is not None
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in page.headers["content-security-policy"]


def test_errors_are_plain_pages_that_repeat_nothing(tmp_path: Path) -> None:
    with served(tmp_path, SQLITE) as web:
        for path in ("/<script>alert(1)</script>", "/%3Cimg%20src=x%3E?a=<b>", "/u/%0d%0aSet-Cookie:%20a=b"):
            answer = web.get(path, headers={"user-agent": "<evil>", "referer": "https://evil.example/<evil>"})
            assert answer.status_code == 404
            assert "set-cookie" not in answer.headers
            assert "evil" not in answer.text
            assert "<script>" not in answer.text
            assert "<img" not in answer.text
        assert web.post("/health").status_code == 405


def test_health_tells_living_from_ready(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        assert [web.get(f"/health{each}").text for each in ("", "/live", "/ready")] == ["ready", "live", "ready"]
        web.runtime.database.close()
        file = tmp_path / "gone.db"
        broken = type(web.runtime.database)(f"sqlite:///{file}/nowhere.db", web.runtime.database.tables)
        web.runtime.database, kept = broken, web.runtime.database
        try:
            assert (web.get("/health/ready").status_code, web.get("/health/live").status_code) == (503, 200)
        finally:
            web.runtime.database = kept


def test_what_nobody_foresaw_is_logged_without_what_people_wrote(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        token = web.token()
        with web.runtime.database.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE consent RENAME TO elsewhere")
        try:
            assert web.post(f"/u/{token}").status_code == 500
        finally:
            with web.runtime.database.transaction() as connection:
                connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO consent")
        [told] = web.log.said("failed")
        assert re.fullmatch(r"\w+: [^\n]*consent[^\n]*", str(told["error"]))
        assert "INSERT" not in str(told["error"])


def test_only_our_own_address_is_answered_and_probes_may_call_us_anything(tmp_path: Path) -> None:
    with served(tmp_path, SQLITE, 'base_url = "https://go.acme.example"') as web:
        path = f"/u/{web.token()}"
        assert web.get(path).status_code == 421
        assert web.get(path, headers={"host": "evil.example"}).status_code == 421
        ours = web.get(path, headers={"host": "go.acme.example"})
        assert ours.status_code == 200
        assert "max-age" in ours.headers["strict-transport-security"]
        assert web.get("/health").status_code == 200
        called = web.get("/hooks/pigeon", headers={"host": "go.acme.example"})
        assert called.text == "https://go.acme.example/hooks/pigeon"


def test_who_asks_too_often_has_to_wait_and_others_do_not(tmp_path: Path) -> None:
    now = 0.0
    bucket = Bucket(rate=1, most=3, clock=lambda: now)
    assert [bucket.take("a") for _ in range(4)] == [True, True, True, False]
    assert bucket.take("b")
    now = 1.5
    assert [bucket.take("a") for _ in range(2)] == [True, False]
    for number in range(30_000):
        bucket.take(f"10.0.{number // 250}.{number % 250}")
    assert len(bucket._callers) <= 20_000
    # A household has one IPv6 network, and as many addresses as it likes.
    assert caller("2001:db8::1") == caller("2001:db8::ffff:2") != caller("2001:db8:0:1::1")


def test_who_is_behind_a_proxy_is_believed_of_our_own_proxies_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campflow.web.guard._PEOPLE", (0.001, 20))
    for name, settings, expected in (("ours", 'proxies = ["127.0.0.1"]', {404}), ("nobody's", "", {404, 429})):
        (folder := tmp_path / name).mkdir()
        with served(folder, SQLITE, settings) as web:
            answers = [web.get("/nowhere", headers={"x-forwarded-for": f"192.0.2.{each}"}) for each in range(25)]
            assert {answer.status_code for answer in answers} == expected


def test_somebody_who_sends_a_byte_now_and_then_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campflow.web.limits.SECONDS", 0.3)
    with served(tmp_path, SQLITE) as web:
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", int(web.url.rpartition(":")[2]))) as line:
            line.sendall(b"POST /hooks/pigeon HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
            assert b" 408 " in line.recv(200)
        assert time.monotonic() - begun < 5


def test_an_address_that_is_taken_is_said_so() -> None:
    async def nothing(*_: object) -> None:
        """Never called."""

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ProjectError, match=rf"\[web\]: 127.0.0.1 port {port} cannot be used"):
            WebServer(nothing, "127.0.0.1", port)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('base_url = "go.acme.example"', "is not where we are reached"),
        ('base_url = "http://go.acme.example"', "mail programs unsubscribe by https only"),
        ('base_url = "https://user@go.acme.example"', "is not where we are reached"),
        ('proxies = ["proxy"]', "`proxy` is no address"),
        ("port = 70000", "web.port"),
        ("prot = 80", "did you mean `port`"),
    ],
)
def test_a_wrong_setting_says_what_to_write(tmp_path: Path, toml: str, said: str) -> None:
    (tmp_path / "campflow.toml").write_text(f"[web]\n{toml}\n")
    with pytest.raises(ProjectError, match=said):
        Project.open(tmp_path)
