"""One click unsubscribes a person; programs that look at links unsubscribe nobody."""

import re
from pathlib import Path

import pytest
from tests import browsers
from tests.databases import Store
from tests.web.served import served

from campflow.content.tokens import signing_keys
from campflow.content.unsubscribe import Unsubscribe, sign, verify


def test_one_click_acts_at_once_without_cookies_or_questions(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        done = web.post(f"/u/{web.token()}", data={"List-Unsubscribe": "One-Click"})
        assert (done.status_code, done.history, len(done.cookies)) == (200, [], 0)
        assert web.events("unsubscribed") == [("ada", "hello")]
        assert web.withdrawn() == [("pigeon", "newsletter")]
        # A mail program that tries again has done no more than once.
        web.post(f"/u/{web.token()}", content=b"")
        assert web.events("unsubscribed") == [("ada", "hello")]


def test_looking_at_the_link_changes_nothing(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        path = f"/u/{web.token()}"
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
            for _ in range(3):
                web.client.request(method, web.url + path)
        assert web.events("unsubscribed") == web.withdrawn() == []
        page = web.get(path)
        assert page.status_code == 200
        assert "Acme &amp; &lt;Sons&gt;" in page.text
        # The button posts to the page itself.
        assert re.search(
            r'<form method="post"><button name="confirm" value="yes">Unsubscribe</button></form>', page.text
        )
        web.post(path, data={"confirm": "yes"})
        assert web.events("unsubscribed") == [("ada", "hello")]


def test_it_speaks_the_visitors_language_and_keeps_nobody_out(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        seen = {}
        for asked in ("de-CH, en;q=0.5", "fr", "nl, fr;q=0.2", "ja", ""):
            answers = [
                web.get(f"/u/{web.token()}", headers={"accept-language": asked}),
                web.get("/u/nothing", headers={"accept-language": asked}),
            ]
            for answer in answers:
                assert browsers.invalid(answer.text) == []
            seen[asked] = [re.search('lang="(..)".*<h1>(.*)</h1>', each.text, re.DOTALL).groups() for each in answers]  # type: ignore[union-attr]
        assert seen == {
            "de-CH, en;q=0.5": [("de", "Abbestellen"), ("de", "Nicht gefunden")],
            "fr": [("fr", "Se désabonner"), ("fr", "Page introuvable")],
            "nl, fr;q=0.2": [("fr", "Se désabonner"), ("fr", "Page introuvable")],
            "ja": [("en", "Unsubscribe"), ("en", "Not found")],
            "": [("en", "Unsubscribe"), ("en", "Not found")],
        }
        done = web.post(f"/u/{web.token()}", headers={"accept-language": "fr"})
        assert "Vous êtes désabonné" in done.text


def test_tokens_that_nobody_signed_are_nothing(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store) as web:
        token = web.token()
        head, _, mac = token.rpartition(".")
        elsewhere = sign(signing_keys("another project's secret", ()), Unsubscribe(1, "pigeon", 1))
        bad = [
            token[:-1], token + "A", f"{head}.{'A' * len(mac)}", f"{head}.", elsewhere, "x", "..", "%00", "%E2%80%A8",
            "<script>alert(1)</script>", "a" * 5_000, token.replace(".", ".x", 1),
        ]  # fmt: skip
        for each in bad:
            for answer in (web.get(f"/u/{each}"), web.post(f"/u/{each}")):
                assert answer.status_code in (404, 400), each
                assert "<script>" not in answer.text
        assert web.events("unsubscribed") == []


def test_a_former_secret_is_still_honoured_and_an_unknown_one_is_not(tmp_path: Path) -> None:
    old, new = "the old secret of ours", "the new secret of ours"
    token = sign(signing_keys(old, ()), Unsubscribe(7, "email", 9))
    assert verify(signing_keys(new, (old,)), token) == Unsubscribe(7, "email", 9)
    assert verify(signing_keys(new, ()), token) is None
    assert sign(signing_keys(new, (old,)), Unsubscribe(7, "email", 9)) != token


def test_a_project_that_gets_a_secret_of_its_own_breaks_no_link_that_is_out(tmp_path: Path) -> None:
    with served(tmp_path, Store("sqlite")) as web:
        token = web.token()
    project = (tmp_path / "campflow.toml").read_text()
    (tmp_path / "campflow.toml").write_text('secret = "a secret of our own"\n' + project)
    from contextlib import closing

    from campflow.project import Project
    from campflow.running import open_runtime

    with closing(open_runtime(Project.open(tmp_path))) as runtime:
        assert verify(runtime.stationery.keys, token) is not None
        assert not sign(runtime.stationery.keys, Unsubscribe(1, "pigeon", 1)).startswith(token[:9])


@pytest.mark.parametrize("base", ["https://go.acme.example", "http://localhost:8025"])
def test_messages_link_to_where_we_are_reached(tmp_path: Path, base: str) -> None:
    from campflow.content.unsubscribe import unsubscribe_url
    from campflow.project import Project

    (tmp_path / "campflow.toml").write_text(f'[web]\nbase_url = "{base}/"\n')
    sender = Project.open(tmp_path).channel_context.sender
    assert unsubscribe_url(sender, "1.a.b.c") == f"{base}/u/1.a.b.c"


@browsers.needed
def test_in_a_browser_one_press_is_enough(tmp_path: Path) -> None:
    with served(tmp_path, Store("sqlite")) as web, browsers.browsing(tmp_path, "fr-FR") as page:
        page.goto(f"{web.url}/u/{web.token()}")
        assert browsers.barriers(page) == []
        page.get_by_role("button", name="Me désabonner").press("Enter")
        page.get_by_role("heading", name="Vous êtes désabonné").wait_for()
        assert browsers.barriers(page) == []
        assert web.withdrawn() == [("pigeon", "newsletter")]
        page.goto(f"{web.url}/nowhere")
        assert browsers.barriers(page) == []
