"""Links and pixels of real mail, fetched from the real server by people and by machines."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text
from tests.databases import Store
from tests.web.mailed import CHROME, mailed
from tests.web.served import served

from campflow.content.clicks import Click, Opening, sign_click, sign_opening
from campflow.engine import hits
from campflow.people.contacts import Identity
from campflow.people.forgetting import forget

SAFELINKS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0 Safari/537.36"


def test_a_click_is_led_on_and_moves_its_person(store: Store, tmp_path: Path) -> None:
    with mailed(tmp_path, store) as web:
        links = web.links()
        assert web.fetch(links["Tea"]) == "https://shop.example/tea?a=1&b=2"
        assert web.fetch(links["cups"]) == "https://shop.example/cups#blue"
        assert web.fetch(links["news"]) == "https://shop.example/ada%40x.example"
        assert web.fetch(links["pots"]) == "https://pots.example"
        # Four links within a second: whoever that was, it was no person.
        web.later(11)
        assert web.told() == {"clicked_any": 4}
        at = web.runtime.clock.now()
        assert web.fetch(links["Tea"]) == "https://shop.example/tea?a=1&b=2"
        web.later(5)
        assert web.told() == {"clicked_any": 4}
        web.later(6)
        assert web.told() == {"clicked_any": 4, "clicked": 1}
        assert web.events("clicked") == [("ada", "hello")]
        e = web.runtime.database.tables.event.c
        with web.runtime.database.reader() as connection:
            followed = {name: list(connection.scalars(select(e[f"{name}$url"]).where(e.name == name).order_by(e.seq)))
                        for name in ("clicked", "clicked_any")}  # fmt: skip
        assert followed["clicked"] == ["https://shop.example/tea?a=1&b=2"]
        assert "https://pots.example" in followed["clicked_any"]
        # The move has the time of the click, not that of its judgement.
        web.runtime.tick(web.runtime.clock.now())
        t = web.runtime.database.tables
        with web.runtime.database.reader() as connection:
            assert connection.scalar(text("SELECT max(at) FROM move")) == at
            said = connection.execute(t.hit.select().where(t.hit.c.human.is_(True))).one()
            assert (said.url, said.reason) == ("https://shop.example/tea?a=1&b=2", "nothing speaks against a person")


def test_an_opening_is_a_picture_that_nobody_keeps(store: Store, tmp_path: Path) -> None:
    with mailed(tmp_path, store) as web:
        answer = web.get(web.links()["pixel"], headers={"user-agent": CHROME})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        assert answer.content.startswith(b"GIF89a")
        assert "no-store" in answer.headers["cache-control"]
        web.later(11)
        assert web.told() == {"opened": 1}
        assert web.events("opened") == [("ada", "hello")]


def test_scanners_that_fetch_everything_change_nothing_they_must_not(store: Store, tmp_path: Path) -> None:
    """mautic#14916, #16263, #9162, #9798; listmonk#1025; useSend#412; Rock#7034; hackwestern PR#846."""
    with mailed(tmp_path, store) as web:
        for who in ("ada", "bob"):
            links = web.links(who)
            for path in links.values():
                web.fetch(path, "HEAD", SAFELINKS)
            for path in links.values():
                web.fetch(path, "GET", SAFELINKS)
        web.later(61)
        told = web.told()
        # HEAD and GET of four links and of the one that nobody sees, and of the pixel, for each of two.
        assert told == {"clicked_any": 20, "opened_any": 4}
        assert (web.events("unsubscribed"), web.withdrawn()) == ([], [])
        before = web.runtime.tick(web.runtime.clock.now())
        assert before.moved == 0
        # A person who comes after the scanner is a person.
        web.fetch(web.links()["Tea"])
        web.later(11)
        assert web.told() == {**told, "clicked": 1}


def test_what_a_browser_says_of_itself_is_kept_nowhere_and_shown_nowhere(store: Store, tmp_path: Path) -> None:
    """Referer and User-Agent are asked about a person or a machine, and that is all: no row and no page has them."""
    evil = "<script>alert(`said`)</script>"
    headers = {"user-agent": f"Chrome/1 {evil}", "referer": f"https://evil.example/{evil}", "accept-language": evil}
    with mailed(tmp_path, store) as web:
        links = web.links()
        paths = [*links.values(), "/u/no.such.token", "/c/no", "/o/no", "/p/no", "/hooks/nobody", "/nowhere"]
        for path in paths:
            for method in ("GET", "HEAD", "POST"):
                answer = web.client.request(method, web.url + path, headers=headers, follow_redirects=False)
                assert "said" not in answer.text + str(answer.headers)
        web.later(61)
        web.told()
        with web.runtime.database.reader() as connection:
            for table in web.runtime.database.tables.metadata.sorted_tables:
                assert "alert" not in str(connection.execute(table.select()).all()), table.name


@pytest.mark.parametrize(
    ("agent", "opened", "clicked"),
    [
        ("Mozilla/5.0", "opened_any", "clicked_any"),
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "opened",
            "clicked_any",
        ),
        ("Barracuda Sentinel (EE)", "opened_any", "clicked_any"),
        ("<b>Chrome</b>\"'><script>alert(1)</script>", "opened", "clicked"),
    ],
)
def test_known_programs(tmp_path: Path, agent: str, opened: str, clicked: str) -> None:
    with mailed(tmp_path, Store("sqlite")) as web:
        links = web.links()
        web.fetch(links["pixel"], agent=agent, referer="https://<script>alert(1)</script>/")
        web.fetch(links["Tea"], agent=agent, referer="https://<script>alert(1)</script>/")
        web.later(20)
        assert web.told() == {opened: 1, clicked: 1}
        # Nothing of what a visitor calls himself is kept.
        t = web.runtime.database.tables
        with web.runtime.database.reader() as connection:
            kept = str(connection.execute(t.hit.select()).all())
        assert "script" not in kept
        assert "127.0.0.1" not in kept


def test_the_link_that_nobody_sees_spoils_its_neighbours(tmp_path: Path) -> None:
    with mailed(tmp_path, Store("sqlite")) as web:
        links = web.links()
        web.fetch(links["Tea"])
        web.later(3)
        assert web.fetch(links[""]) == ""
        web.later(20)
        assert web.told() == {"clicked_any": 2}


def test_tokens_that_are_tampered_with_lead_nowhere(store: Store, tmp_path: Path) -> None:
    with mailed(tmp_path, store) as web:
        path, pixel = web.links()["Tea"], web.links()["pixel"]
        other = web.links("bob")["cups"].rpartition(".")
        bad = [
            path[:-1],
            path + "A",
            path[:-4] + "AAAA",
            path.rpartition(".")[0] + "." + other[2],
            "/c/",
            "/c/x",
            "/o/x",
        ]
        bad += [path.replace("/c/", "/o/"), pixel.replace("/o/", "/c/"), path.replace("/c/", "/u/"), pixel + "."]
        bad += ["/c/https://evil.example/", "/c/?url=https://evil.example/", path.upper()]
        for each in bad:
            answer = web.get(each, follow_redirects=False)
            assert (answer.status_code, answer.headers.get("location")) == (404, None), each
        web.later(20)
        assert web.told() == {}


@pytest.mark.parametrize(
    "more",
    [
        "?url=https://evil.example/", "?next=//evil.example", "#https://evil.example/", "?\\evil.example",
        ";@evil.example",
        "/../https://evil.example/", "/%2e%2e/evil.example", "//evil.example", "%0d%0aLocation:%20https://evil.example/",
        "%00https://evil.example/", "@evil.example/", ".evil.example/",
    ],
)  # fmt: skip
def test_no_visitor_says_where_a_link_leads(tmp_path: Path, more: str) -> None:
    with mailed(tmp_path, Store("sqlite")) as web:
        for path in (web.links()["Tea"], "/c/", "/"):
            answer = web.get(
                path + more, headers={"x-forwarded-host": "evil.example", "referer": "https://evil.example/"}
            )
            location = answer.headers.get("location", "")
            assert (
                location in ("", "https://shop.example/tea?a=1&b=2")
                or urlsplit(location).netloc == urlsplit(web.url).netloc
            )
            assert "evil" not in answer.text


def test_even_what_we_signed_is_looked_at(tmp_path: Path) -> None:
    with mailed(tmp_path, Store("sqlite")) as web:
        row, keys = web.message(), web.runtime.stationery.keys
        for url in ("javascript:alert(1)", "//evil.example", "https://a@evil.example/", "mailto:a@x.example", "", "x"):
            token = sign_click(keys, Click(row.contact_id, row.message_id, 1, 1, url))
            assert web.get(f"/c/{token}", follow_redirects=False).status_code == 404, url


def test_messages_that_are_not_there_are_counted_for_nobody(tmp_path: Path) -> None:
    with mailed(tmp_path, Store("sqlite")) as web:
        ada, bob, keys = web.message("ada"), web.message("bob"), web.runtime.stationery.keys
        mixed = Click(ada.contact_id, bob.message_id, 1, 1, "https://shop.example/")
        assert web.fetch(f"/c/{sign_click(keys, mixed)}") == "https://shop.example/"
        web.fetch(f"/o/{sign_opening(keys, Opening(999, 999, 1))}")
        web.later(20)
        assert web.told() == {}


def test_whoever_was_forgotten_is_led_on_and_not_counted(store: Store, tmp_path: Path) -> None:
    with mailed(tmp_path, store) as web:
        path, database, now = web.links()["Tea"], web.runtime.database, web.runtime.clock.now()
        web.fetch(path)
        with database.transaction() as connection:
            forget(connection, database.tables, web.message().contact_id, Identity("ada", "ada@x.example"), now)
        web.later(20)
        assert web.fetch(path) == "https://shop.example/tea?a=1&b=2"
        web.later(20)
        assert web.told() == {}
        with database.reader() as connection:
            assert connection.scalar(text("SELECT count(*) FROM hit")) == 0


def test_a_visitor_goes_on_when_the_database_is_away(tmp_path: Path) -> None:
    with mailed(tmp_path, Store("sqlite")) as web:
        links = web.links()
        with web.runtime.database.transaction() as connection:
            connection.execute(text("ALTER TABLE hit RENAME TO elsewhere"))
        assert web.fetch(links["Tea"]) == "https://shop.example/tea?a=1&b=2"
        web.fetch(links["pixel"])
        lost = [(each["what"], each["link"]) for each in web.log.said("not counted")]
        assert lost == [("click", 1), ("open", 0)]
        assert "no such table" in str(web.log.said("not counted")[0]["error"])


def test_a_visitor_does_not_wait_for_a_database_that_is_busy(tmp_path: Path) -> None:
    with mailed(tmp_path, Store("sqlite")) as web:
        path = web.links()["Tea"]
        with web.runtime.database.transaction():  # somebody writes, for long
            assert web.fetch(path) == "https://shop.example/tea?a=1&b=2"
            assert [each["error"] for each in web.log.said("not counted")] == ["it took too long"]


def test_a_game_with_a_link_fills_no_database(tmp_path: Path) -> None:
    with mailed(tmp_path, Store("sqlite")) as web:
        row, now = web.message(), web.runtime.clock.now()
        hit = hits.Hit(row.contact_id, row.message_id, "open", 0, 4, "", "caller", None)
        for _ in range(hits.MOST):
            assert hits.write_hit(web.runtime.database, hit, now)
        web.fetch(web.links()["pixel"])
        with web.runtime.database.reader() as connection:
            assert connection.scalar(text("SELECT count(*) FROM hit")) == hits.MOST


@pytest.mark.parametrize(
    ("more", "through", "pixels"),
    [
        ("", 5, 1),
        ("[channels.email]\ntrack = false", 0, 0),
        ('[channels.email]\ntrack = ["opens"]', 0, 1),
        ('[channels.email]\nutm = { source = "news" }\ntrack = "clicks"', 5, 0),
    ],
)
def test_a_channel_is_tracked_as_the_project_says(tmp_path: Path, more: str, through: int, pixels: int) -> None:
    with mailed(tmp_path, Store("sqlite"), more) as web:
        paths = list(web.links().values())
        assert (sum(each.startswith("/c/") for each in paths), sum(each.startswith("/o/") for each in paths)) == (
            through,
            pixels,
        )
        if "utm" in more:
            added = "utm_source=news&utm_medium=email&utm_campaign=spring&utm_content=hello"
            assert web.fetch(web.links()["cups"]) == f"https://shop.example/cups?{added}#blue"


def test_channels_without_tracking_are_as_they_were(tmp_path: Path) -> None:
    with served(tmp_path, Store("sqlite")) as web:
        assert web.get("/c/x").status_code == 404
