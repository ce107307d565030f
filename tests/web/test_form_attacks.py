"""What is done to forms by others than people, and what comes of it: nothing."""

import gzip
import socket
from pathlib import Path

import pytest
from tests.databases import Store
from tests.web.landed import GOING, Landed, inputs, landed

from campflow.content.page_tokens import Filling, Visitor, sign_filling, sign_visitor
from campflow.content.tokens import signing_keys

SQLITE = Store("sqlite")
CY = {"email": "cy@x.example", "first_name": "Cy"}


def nothing_came(web: Landed) -> bool:
    return (web.people(), web.events("submitted"), web.consents()) == (2, [], [])


def reasons(web: Landed) -> list[object]:
    return [told["reason"] for told in web.log.said("form refused")]


def test_what_a_page_does_not_ask_for_is_refused_with_all_the_rest(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        form = web.form() | CY
        for name in (
            "language",
            "contact_key",
            "contact_id",
            "draw",
            "extra",
            "email$",
            "key",
            "first_name[]",
            "x" * 500,
        ):
            assert web.post("/l/demo", data=form | {name: "1"}).status_code == 400, name
        assert nothing_came(web)


def test_a_field_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with landed(tmp_path, SQLITE) as web:
        for name in ("email", "form-token", "i-agree"):
            twice = {**web.form(), **CY, name: ["a@x.example", "b@x.example"]}
            assert web.post("/l/demo", data=twice).status_code == 400
        assert nothing_came(web)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_form_sent_from_another_site_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    with landed(tmp_path, SQLITE) as web:
        assert web.post("/l/demo", data=web.form() | CY, headers=headers).status_code == 403
        assert nothing_came(web)
        ours = {"sec-fetch-site": "same-origin", "origin": web.url}
        assert web.post("/l/demo", data=web.form() | CY, headers=ours).status_code == 303


def test_only_a_form_that_we_showed_can_be_sent(tmp_path: Path) -> None:
    with landed(tmp_path, SQLITE) as web:
        form = web.form() | CY
        token, keys = form["form-token"], web.runtime.stationery.keys
        head, _, mac = token.rpartition(".")
        now = int(web.wall.now) - 10
        bad = [
            "", "x", token[:-1], f"{head}.{'A' * len(mac)}", token.replace("1.", "2.", 1),
            sign_filling(keys, Filling("thanks", "en", "", now, "v", 0)),  # of another page
            sign_filling(keys, Filling("demo", "en", "", now, "v", 1)),  # of somebody known
            sign_filling(keys, Filling("demo", "en", "", now - 13 * 3_600, "v", 0)),  # of yesterday
            sign_filling(keys, Filling("demo", "en", "", now + 3_600, "v", 0)),  # of tomorrow
            sign_filling(signing_keys("another project's secret", ()), Filling("demo", "en", "", now, "v", 0)),
        ]  # fmt: skip
        for each in bad:
            answer = web.post("/l/demo", data=form | {"form-token": each})
            assert answer.status_code == 422
            assert 'value="cy@x.example"' in answer.text  # nothing that was typed is lost
            assert inputs(answer.text)["form-token"] != each
        assert nothing_came(web)
        assert web.post("/l/demo", data=form).status_code == 303


def test_whoever_is_quicker_than_people_is_asked_to_send_it_again(tmp_path: Path) -> None:
    with landed(tmp_path, SQLITE) as web:
        form = inputs(web.get("/l/demo").text) | CY
        quick = web.post("/l/demo", data=form)
        assert (quick.status_code, reasons(web)) == (422, ["too soon"])
        assert nothing_came(web)
        web.wall.now += 3
        assert web.post("/l/demo", data=inputs(quick.text)).status_code == 303


def test_a_form_that_lay_open_for_days_is_sent_once_more_and_nothing_typed_is_lost(tmp_path: Path) -> None:
    with landed(tmp_path, SQLITE) as web:
        form = inputs(web.get("/l/demo").text) | CY
        web.wall.now += 8 * 86_400
        late = web.post("/l/demo", data=form)
        assert (late.status_code, nothing_came(web)) == (422, True)
        web.wall.now += 3
        assert web.post("/l/demo", data=inputs(late.text)).status_code == 303
        assert web.person("cy@x.example")["first_name"] == CY["first_name"]


def test_the_field_that_nobody_sees_catches_those_who_fill_in_all(tmp_path: Path) -> None:
    with landed(tmp_path, SQLITE) as web:
        well = web.fill(**CY | {"email": "somebody@x.example"})
        caught = web.post("/l/demo", data=web.form() | CY | {"web-site": "http://spam.example"})
        assert (caught.status_code, caught.headers["location"]) == (well.status_code, well.headers["location"])
        assert web.person("cy@x.example") is None
        assert reasons(web) == ["a field that nobody sees was filled in"]


def test_whoever_sends_forms_all_the_time_has_to_wait(tmp_path: Path) -> None:
    with landed(tmp_path, SQLITE) as web:
        form = web.form()
        answers = [web.post("/l/demo", data=form | CY | {"email": f"n{number}@x.example"}) for number in range(40)]
        assert {answer.status_code for answer in answers} == {303, 429}
        assert web.people() <= 2 + 32


def test_what_a_visitor_writes_is_text_wherever_it_is_shown(store: Store, tmp_path: Path) -> None:
    text = "{{ 7 * 7 }}{% raw %}\"'><script>alert(1)</script><img src=x onerror=alert(1)>${1}"
    with landed(tmp_path, store) as web:
        form = web.form()
        for name in [name for name in form if name != "form-token"]:
            page = web.post("/l/demo", data=form | {name: text}).text
            assert "<script>alert" not in page
            assert "<img" not in page
            assert "49" not in page.partition("<form")[2].partition("form-token")[0]
        web.fill(**CY | {"email": "ada2@x.example", "first_name": text})
        assert web.person("ada2@x.example")["first_name"] == text
        row, keys = web.person("ada2@x.example"), web.runtime.stationery.keys
        token = sign_visitor(keys, Visitor(row["contact_id"], 0, "demo", web.runtime.clock.now()))
        shown = web.get(f"/l/demo/{token}").text
        assert "<h1>Hello {{ 7 * 7 }}{% raw %}&#34;&#39;&gt;&lt;script&gt;" in shown
        assert "<script>" not in shown
        web.tick("2026-03-02 10:05")
        html = web.mails()[-1].get_body(("html",))
        assert html is not None
        assert "<script" not in html.get_content()
        assert "7 * 7" in html.get_content()


def test_signs_that_nobody_types_are_refused(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        form = web.form() | CY
        for sign in ("\0", "\u2028", "\u2029", "\r\nBcc: all@x.example", "\x1b[31m", "\x85", "\uffff"):
            for name in ("first_name", "email"):
                answer = web.post("/l/demo", data=form | {name: f"C{sign}y{'@x.example' if name == 'email' else ''}"})
                assert answer.status_code == 422
                assert f'id="error-{name}"' in answer.text
        assert web.post("/l/demo", content=b"email=%ff%fe&first_name=%c3", headers=FORM).status_code == 400
        assert nothing_came(web)


FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_links_of_others_are_links_of_nobody(tmp_path: Path) -> None:
    with landed(tmp_path, SQLITE) as web:
        path = web.link("ada@x.example")
        token = path.rpartition("/")[2]
        head, _, mac = token.rpartition(".")
        now, keys = web.runtime.clock.now(), web.runtime.stationery.keys
        ada = web.person("ada@x.example")["contact_id"]
        bad = [
            token[:-1], f"{head}.{'A' * len(mac)}", "x", "%00", "<script>",
            sign_visitor(signing_keys("another project's secret", ()), Visitor(ada, 0, "demo", now)),
            sign_visitor(keys, Visitor(ada, 0, "thanks", now)),  # for another page
            sign_visitor(keys, Visitor(ada, 0, "demo", now - 91 * 86_400_000)),  # of long ago
            sign_visitor(keys, Visitor(999, 0, "demo", now)),  # of somebody who is gone
        ]  # fmt: skip
        for each in bad:
            page = web.get(f"/l/demo/{each}", headers=GOING)
            assert page.status_code == 200  # the page is there for everybody
            assert "Ada" not in page.text
            assert "ada@x.example" not in page.text
        assert web.events("visited") == []
        # A form of somebody known, sent to the page of nobody.
        form = web.form(path)
        assert web.post("/l/demo", data=form | {"first_name": "Mallory"}).status_code == 422
        assert web.person("ada@x.example")["first_name"] == "Ada"


def test_files_are_not_taken(tmp_path: Path) -> None:
    with landed(tmp_path, SQLITE) as web:
        form = web.form() | CY
        files = {"email": ("evil.php", b"<?php", "application/x-php")}
        assert web.post("/l/demo", data=form, files=files).status_code == 415
        assert web.post("/l/demo", json=form).status_code == 415
        assert nothing_came(web)


def test_large_bodies_are_not_read(tmp_path: Path) -> None:
    with landed(tmp_path, SQLITE) as web:
        bomb = gzip.compress(b"first_name=" + b"a" * 100_000_000)
        assert web.post("/l/demo", content=bomb, headers=FORM | {"content-encoding": "gzip"}).status_code == 413
        with socket.create_connection(("127.0.0.1", int(web.url.rpartition(":")[2])), timeout=10) as line:
            head = "POST /l/demo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000000\r\n"
            line.sendall(f"{head}Content-Type: {FORM['content-type']}\r\n\r\nemail=".encode())
            assert b" 413 " in line.recv(200)
        many = "&".join(f"tags={number}" for number in range(600))
        assert web.post("/l/demo", content=many.encode(), headers=FORM).status_code == 400
        assert nothing_came(web)
