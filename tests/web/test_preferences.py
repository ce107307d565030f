"""A person sees what they get, says what they want, and gets that: in the ledger, and from the next message on."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import select
from tests import browsers
from tests.databases import Store
from tests.web.mailed import MAIL, Mailed, mailed

from campflow.cli.operating import one_pass
from campflow.cli.standing import tell_standing
from campflow.content.preferences import Preference, sign_preference
from campflow.content.tokens import signing_keys
from campflow.engine.story import find_person
from campflow.people.contacts import Identity
from campflow.people.forgetting import forget
from campflow.people.importing import import_events
from campflow.people.sources import CSV
from campflow.project import Project
from campflow.running import open_runtime
from campflow.web.languages import SPOKEN
from campflow.web.page_words import ERRORS, FOR_NOBODY, OTHER_ERROR, UNSUBSCRIBING
from campflow.web.preference_words import LANGUAGES as PREFERENCES

CONTENT = MAIL + "\n[Choose]({{ preferences_url }})\n"

#: A second campaign: receipts, which must go out, and offers.
MORE = """
campaign shop {
  runs      from 2026-03-01
  purpose   offers
  audience  email is set
  enter     on purchase, every time
  stage bought {
    send email receipt
    send email offer
    after 1 minute -> done
  }
  final done
}
"""

TOPICS = '[consent.topics]\nnewsletter = { en = "News <b>& tea</b>", fr = "Nouvelles" }\n'


def opened(folder: Path) -> str:
    (folder / "content").mkdir(exist_ok=True)
    (folder / "shop.flow").write_text(MORE)
    (folder / "content" / "receipt.email.md").write_text(
        "---\nsubject: Receipt\npurpose: receipts\ntransactional: yes\n---\nThanks.\n"
    )
    (folder / "content" / "offer.email.md").write_text("---\nsubject: Offer\n---\nMore.\n")
    return TOPICS


def path_of(web: Mailed, who: str = "ada") -> str:
    return web.links(who)["Choose"]


def shown(web: Mailed, path: str, **headers: str) -> tuple[str, dict[str, str]]:
    """The page, and the fields that its form would send as it is."""
    answer = web.get(path, headers=headers)
    assert answer.status_code == 200
    fields = {}
    for tag in re.findall(r"<input[^>]*>", answer.text):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if attributes["type"] == "hidden" or tag.endswith(" checked>"):
            fields[attributes["name"]] = unescape(attributes["value"])
    return answer.text, fields


def lines(web: Mailed) -> list[tuple[object, ...]]:
    """Channel, purpose, yes or no, source, and whether it is a pause: of every line of the ledger."""
    c = web.runtime.database.tables.consent.c
    with web.runtime.database.reader() as connection:
        rows = connection.execute(select(web.runtime.database.tables.consent).order_by(c.consent_id)).all()
    return [(row.channel, row.purpose, row.given, row.source, row.paused_until) for row in rows]


def bought(web: Mailed, number: int) -> Mapping[str, str]:
    """Ada buys something. What became of the two messages about it, by subject."""
    runtime, now = web.runtime, web.runtime.clock.now()
    minute = f"2026-03-02 {10 + number:02}:30"
    import_events(
        runtime.database, runtime.stationery.contact, tuple(runtime.stationery.events),
        lines=[b"key,at,amount\n", f"ada,{minute},5 EUR\n".encode()], event="purchase", addresses={},
        source=CSV.source, currency="EUR", zone="UTC", now=now,
    )  # fmt: skip
    web.later(3_600)
    asyncio.run(one_pass(runtime))
    t = runtime.database.tables
    query = (
        select(t.send.c.message, t.message.c.state, t.message.c.detail)
        .join_from(t.message, t.send, t.send.c.send_id == t.message.c.send_id)
        .order_by(t.message.c.message_id)
    )
    with runtime.database.reader() as connection:
        return {row.message: row.detail or row.state for row in connection.execute(query)}


def test_a_person_changes_what_they_get(store: Store, tmp_path: Path) -> None:
    with mailed(tmp_path, store, opened(tmp_path), CONTENT) as web:
        path = path_of(web)
        text, fields = shown(web, path)
        assert {name: value for name, value in fields.items() if name != "form"} == {
            "get.email.newsletter": "yes", "get.email.offers": "yes", "pause": "keep"
        }  # fmt: skip
        assert "News &lt;b&gt;&amp; tea&lt;/b&gt;" in text
        assert bought(web, 1) == {"hello": "accepted", "receipt": "accepted", "offer": "accepted"}
        del fields["get.email.offers"]
        answer = web.post(path, data={**fields, "do": "save"})
        assert (answer.status_code, "Saved" in answer.text, len(answer.cookies)) == (200, True, 0)
        assert lines(web) == [("email", "offers", False, "preference centre", None)]
        assert bought(web, 2) == {"hello": "accepted", "receipt": "accepted", "offer": "consent withdrawn"}
        # The same once more is no change, and back again is one.
        assert "nothing was changed" in web.post(path, data={**fields, "do": "save"}).text
        _, fields = shown(web, path)
        assert "get.email.offers" not in fields
        web.post(path, data={**fields, "get.email.offers": "yes", "do": "save"})
        assert [line[:3] for line in lines(web)] == [("email", "offers", False), ("email", "offers", True)]
        assert bought(web, 3)["offer"] == "accepted"


def test_each_change_is_a_line_with_what_was_read_and_what_shows_it(tmp_path: Path) -> None:
    with mailed(tmp_path, Store("sqlite"), opened(tmp_path), CONTENT) as web:
        path = path_of(web)
        _, fields = shown(web, path, **{"accept-language": "fr-CH, en;q=0.5"})
        web.post(path, data={**fields, "do": "stop"}, headers={"accept-language": "fr"})
        c = web.runtime.database.tables.consent.c
        with web.runtime.database.reader() as connection:
            said = connection.execute(select(c.purpose, c.wording, c.proof).where(c.wording.is_not(None))).all()
        assert [(row.purpose, row.wording) for row in said] == [
            ("newsletter", "Nouvelles (e-mail): non"), ("offers", "Offers (e-mail): non")
        ]  # fmt: skip
        assert all(re.fullmatch(r"message \d+, form shown 20\S+", row.proof) for row in said)
        # Campaigns hear that whoever read this one wants no more of it.
        assert web.events("unsubscribed") == [("ada", "hello")]


def test_a_pause_holds_back_all_but_what_must_go_out(store: Store, tmp_path: Path) -> None:
    with mailed(tmp_path, store, opened(tmp_path), CONTENT) as web:
        path = path_of(web)
        _, fields = shown(web, path)
        web.post(path, data={**fields, "pause": "30", "do": "save"})
        until = web.runtime.clock.now() + 30 * 86_400_000
        assert lines(web) == [("", "", False, "preference centre", until)]
        assert bought(web, 1) == {"hello": "accepted", "receipt": "accepted", "offer": "paused"}
        text, fields = shown(web, path)
        assert "Paused until 2026-04-01" in text
        assert "Paused until" not in shown(web, path_of(web, "bob"))[0]
        with web.runtime.database.reader() as connection:
            ada = find_person(connection, web.runtime.database.tables, "ada")
        assert ada is not None
        told = [str(each) for each in tell_standing(Project.open(tmp_path), web.runtime.database, ada)]
        assert "\npause" in told
        # To save as it is leaves the pause as it is.
        web.post(path, data={**fields, "do": "save"})
        assert len(lines(web)) == 1
        web.post(path, data={**fields, "pause": "end", "do": "save"})
        assert bought(web, 2)["offer"] == "accepted"
        assert len(lines(web)) == 2


def test_a_pause_ends_by_itself(tmp_path: Path) -> None:
    with mailed(tmp_path, Store("sqlite"), opened(tmp_path), CONTENT) as web:
        path = path_of(web)
        _, fields = shown(web, path)
        web.post(path, data={**fields, "pause": "30", "do": "save"})
        web.later(30 * 86_400)
        assert "Paused until" not in shown(web, path)[0]


def test_only_a_form_that_this_person_was_shown_is_taken(store: Store, tmp_path: Path) -> None:
    with mailed(tmp_path, store, opened(tmp_path), CONTENT) as web:
        ada, bob = path_of(web), path_of(web, "bob")
        _, fields = shown(web, ada)
        _, others = shown(web, bob)
        for _ in range(3):
            for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
                web.client.request(method, web.url + ada, params={**fields, "do": "stop"})
        stop = {"do": "stop"}
        refused = [
            web.post(ada, data={"List-Unsubscribe": "One-Click"}), web.post(ada, data=stop),
            web.post(ada, content=b"\xff"),
            web.post(ada, data={**others, **stop}), web.post(ada, data={**fields, **stop, "form": fields["form"][:-1]}),
            web.post(ada, data={**fields, **stop}, headers={"sec-fetch-site": "cross-site"}),
            web.post(ada, data={**fields, **stop}, headers={"origin": "https://evil.example"}),
            web.post(ada, data={**fields, **stop}, headers={"origin": "null"}),
            web.post(ada, content=b"&".join(b"a=b" for _ in range(5_000))),
        ]  # fmt: skip
        assert {answer.status_code for answer in refused} <= {400, 403}
        assert (lines(web), web.events("unsubscribed")) == ([], [])


def test_links_that_nobody_signed_show_nobody(tmp_path: Path) -> None:
    with mailed(tmp_path, Store("sqlite"), opened(tmp_path), CONTENT) as web:
        path, row = path_of(web), web.message()
        elsewhere = sign_preference(signing_keys("another project's secret", ()), Preference(row.contact_id, 1))
        nobody = sign_preference(web.runtime.stationery.keys, Preference(999, 1))
        for each in (
            path[:-1],
            path + "A",
            f"/p/{elsewhere}",
            f"/p/{nobody}",
            "/p/x",
            path.replace("1-1", "2-1"),
            "/p/...",
        ):
            answer = web.get(each)
            assert (answer.status_code, "ada" in answer.text) == (404, False), each


def test_whoever_was_forgotten_has_no_preferences(tmp_path: Path) -> None:
    with mailed(tmp_path, Store("sqlite"), opened(tmp_path), CONTENT) as web:
        path, database = path_of(web), web.runtime.database
        _, fields = shown(web, path)
        with database.transaction() as connection:
            who = Identity("ada", "ada@x.example")
            forget(connection, database.tables, web.message().contact_id, who, web.runtime.clock.now())
        assert web.get(path).status_code == web.post(path, data={**fields, "do": "stop"}).status_code == 404
        assert lines(web) == []


def test_messages_without_a_purpose_stop_alone(tmp_path: Path) -> None:
    """A line without a purpose is about all of them: the others are said again."""
    settings = opened(tmp_path)
    (tmp_path / "shop.flow").write_text(MORE.replace("  purpose   offers\n", ""))
    with mailed(tmp_path, Store("sqlite"), settings, CONTENT) as web:
        path = path_of(web)
        _, fields = shown(web, path)
        assert "get.email." in fields
        del fields["get.email."]
        web.post(path, data={**fields, "do": "save"})
        assert [line[:3] for line in lines(web)] == [("email", "", False), ("email", "newsletter", True)]
        assert {"get.email.newsletter"} == {name for name in shown(web, path)[1] if name.startswith("get.")}


@pytest.mark.parametrize(
    ("accepts", "language", "title"),
    [
        ("", "en", "What would you like to get?"), ("de-CH,de;q=0.9,en;q=0.8", "de", "Was möchten Sie erhalten?"),
        ("ja, fr;q=0.5", "fr", "Que souhaitez-vous recevoir ?"), ("<script>, xx", "en", "What would you like to get?"),
    ],
)  # fmt: skip
def test_the_page_speaks_the_persons_language_and_is_safe(
    tmp_path: Path, accepts: str, language: str, title: str
) -> None:
    with mailed(tmp_path, Store("sqlite"), opened(tmp_path), CONTENT) as web:
        answer = web.get(
            path_of(web), headers={"accept-language": accepts, "referer": "https://<script>/", "user-agent": "<b>"}
        )
        assert f'<html lang="{language}">' in answer.text
        assert f"<h1>{title}</h1>" in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text


def test_every_language_says_everything() -> None:
    assert tuple(PREFERENCES) == tuple(UNSUBSCRIBING) == tuple(ERRORS) == tuple(OTHER_ERROR) == SPOKEN
    assert tuple(FOR_NOBODY) == SPOKEN
    assert {frozenset(words) for words in ERRORS.values()} == {frozenset(ERRORS["en"])}
    for spoken in (PREFERENCES, UNSUBSCRIBING):
        for words in spoken.values():
            assert words.keys() == spoken["en"].keys()
            for key, text in words.items():
                assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", spoken["en"][key])), key


@browsers.needed
def test_in_a_browser_it_is_filled_in_with_the_keyboard_and_keeps_nobody_out(tmp_path: Path) -> None:
    with (
        mailed(tmp_path, Store("sqlite"), opened(tmp_path), CONTENT) as web,
        browsers.browsing(tmp_path, "de-CH") as page,
    ):
        page.goto(web.url + path_of(web))
        assert browsers.barriers(page) == []
        assert browsers.invalid(page.content()) == []
        page.get_by_role("group", name="offers").get_by_role("checkbox").press("Space")
        page.get_by_role("button", name="Speichern").press("Enter")
        page.get_by_role("heading", name="Gespeichert").wait_for()
        assert browsers.barriers(page) == []
        assert [line[:3] for line in lines(web) if not line[2]] == [("email", "offers", False)]
        page.get_by_role("link", name="Zurück").click()
        assert not page.get_by_role("group", name="offers").get_by_role("checkbox").is_checked()


def test_without_a_web_part_the_link_unsubscribes(tmp_path: Path) -> None:
    from tests.web.mailed import write_mail_project
    from tests.web.served import sent

    write_mail_project(tmp_path, Store("sqlite").shared_url(tmp_path), content=CONTENT)
    (tmp_path / "campflow.toml").write_text((tmp_path / "campflow.toml").read_text().replace("base_url", "# base_url"))
    project = Project.open(tmp_path)
    with sent(project):
        mail = next((tmp_path / "mail" / "new").iterdir()).read_text()
    assert (
        "mailto:hello@acme.example?subject=3Dunsubscribe" in mail
        or "mailto:hello@acme.example?subject=unsubscribe" in mail
    )
    with closing(open_runtime(project)) as runtime:
        assert runtime.stationery.base_url == ""
