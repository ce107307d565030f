"""Double opt-in: nothing is done before the mailbox has answered, and no mailbox is flooded."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select, update
from tests.databases import Store
from tests.web.landed import Landed, landed

from campflow.content.page_tokens import sign_confirmation
from campflow.engine.doctor import Case, examine
from campflow.engine.doctor_work import confirmations
from campflow.people.contacts import Identity
from campflow.people.forgetting import forget

FILES = {
    "content/demo.page.html": (
        "---\ntitle: See the demo\nfields: [email, first_name]\nrequired: [email]\nconsent: newsletter\n"
        'wording: "Yes, send me the newsletter."\ndouble_opt_in: was_it_you\nconfirmed: thanks\n---\n{{ form() }}\n'
    ),
    "content/fr/demo.page.html": "{{ form() }}",
    "content/thanks.page.html": "<h1>Thanks</h1>",
    "content/was_it_you.email.md": "---\nsubject: Was it you?\n---\n{{ page.title }}: [yes]({{ confirm_url }})\n",
    "content/fr/was_it_you.email.md": "---\nsubject: Etait-ce vous ?\n---\n[oui]({{ confirm_url }})\n",
}


@contextmanager
def asked(folder: Path, store: Store) -> Iterator[Landed]:
    with landed(folder, store, FILES) as web:
        yield web


def test_only_the_button_confirms_and_the_ledger_keeps_the_proof(store: Store, tmp_path: Path) -> None:
    with asked(tmp_path, store) as web:
        done = web.fill(email="cy@x.example", first_name="Cy", i__agree="yes")
        assert (done.status_code, "mailbox" in done.text) == (200, True)
        assert (web.people(), web.consents(), web.events("submitted")) == (2, [], [])
        web.tick("2026-03-02 10:01")
        mail = web.mails()[-1]
        assert (mail["to"], mail["subject"], mail["list-unsubscribe"]) == ("cy@x.example", "Was it you?", None)
        path = web.link("cy@x.example", "confirm")
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
            web.client.request(method, web.url + path)
        assert web.people() == 2
        page = web.get(path).text
        assert "<dd>Cy</dd>" in page  # they see what they confirm
        assert web.post(path, data={"confirm": "yes"}).headers["location"] == "/l/thanks"
        assert web.person("cy@x.example")["first_name"] == "Cy"
        (line,) = web.consents()
        assert (line["purpose"], line["given"], line["wording"]) == ("newsletter", True, "Yes, send me the newsletter.")
        assert line["source"].startswith("page demo, text ")
        assert "asked 2026-03-02T10:00" in line["proof"]
        assert "to cy@x.example, confirmed there 2026-03-02T10:01" in line["proof"]
        # Once more is the same, and what was typed is no longer kept apart.
        web.post(path)
        assert len(web.consents()) == len(web.events("submitted")) == 1
        o = web.runtime.database.tables.opt_in
        with web.runtime.database.reader() as connection:
            row = connection.execute(select(o)).mappings().one()
        assert (row["address"], row["submission"], row["network"]) == ("", "", "")


def test_until_then_nothing_else_is_sent_and_nothing_typed_is_in_the_mail(store: Store, tmp_path: Path) -> None:
    with asked(tmp_path, store) as web:
        web.fill(email="cy@x.example", first_name="Cheap pills at http://evil.example")
        for time in ("10:01", "10:02", "18:00"):
            web.tick(f"2026-03-02 {time}")
        mails = [mail for mail in web.mails() if mail["to"] == "cy@x.example"]
        assert len(mails) == 1
        assert "evil" not in mails[0].as_string()


def test_whoever_owns_the_mailbox_may_change_what_is_known_of_it(store: Store, tmp_path: Path) -> None:
    with asked(tmp_path, store) as web:
        web.fill(email="ada@x.example", first_name="Adah")
        assert web.person("ada@x.example")["first_name"] == "Ada"
        web.tick("2026-03-02 10:01")
        web.post(web.link("ada@x.example", "confirm"))
        assert web.person("ada@x.example")["first_name"] == "Adah"
        assert web.people() == 2


def test_known_or_not_the_answer_is_the_same(tmp_path: Path) -> None:
    with asked(tmp_path, Store("sqlite")) as web:
        known, unknown = web.fill(email="ada@x.example"), web.fill(email="new@x.example")
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


def test_links_expire_and_nobody_can_make_one(store: Store, tmp_path: Path) -> None:
    with asked(tmp_path, store) as web:
        web.fill(email="cy@x.example")
        web.tick("2026-03-02 10:01")
        path = web.link("cy@x.example", "confirm")
        head, _, mac = path.rpartition(".")
        other = sign_confirmation(web.runtime.stationery.keys, 99, web.runtime.clock.now() + 1_000)
        for bad in (path + "A", f"{head}.{'A' * len(mac)}", "/confirm/x", "/confirm/" + web.link("ada@x.example")[8:]):
            assert web.post(bad).status_code == 404
        assert web.post(f"/confirm/{other}").status_code == 410
        web.tick("2026-03-05 10:02")
        late = web.post(path)
        assert (late.status_code, "expired" in late.text) == (410, True)
        assert web.people() == 2


def test_no_mailbox_is_flooded(store: Store, tmp_path: Path) -> None:
    with asked(tmp_path, store) as web:
        answers = [web.fill(email="Victim@x.example") for _ in range(8)]
        assert len({answer.content for answer in answers}) == 1
        web.tick("2026-03-02 10:01")
        assert len([mail for mail in web.mails() if mail["to"] == "Victim@x.example"]) == 3
        assert [told["mail"] for told in web.log.said("held")][-1] == "withheld: too many to this address"
        # Nor are many flooded from one place.
        for number in range(21):
            web.fill(email=f"victim{number}@x.example")
        web.tick("2026-03-02 10:02")
        assert len([mail for mail in web.mails() if mail["to"].startswith("victim")]) == 17
        # An hour later others there may ask again.
        web.tick("2026-03-02 11:30")
        web.wall.now += 60
        web.fill(email="somebody@x.example")
        assert web.log.said("held")[-1]["mail"] == "asked"


def test_an_address_that_complained_is_not_asked(store: Store, tmp_path: Path) -> None:
    with asked(tmp_path, store) as web:
        from campflow.people.consent import suppress

        database = web.runtime.database
        ada = web.person("ada@x.example")["contact_id"]
        with database.transaction() as connection:
            suppress(connection, database.tables, ada, "email", "complained", web.runtime.clock.now())
        web.fill(email="ada@x.example")
        web.tick("2026-03-02 10:01")
        assert [mail["subject"] for mail in web.mails()] == ["Hello", "Hello"]


def test_who_is_forgotten_has_no_form_waiting(store: Store, tmp_path: Path) -> None:
    with asked(tmp_path, store) as web:
        web.fill(email="ada@x.example")
        web.tick("2026-03-02 10:01")
        path = web.link("ada@x.example", "confirm")
        database, ada = web.runtime.database, web.person("ada@x.example")
        with database.transaction() as connection:
            who = Identity("ada", "ada@x.example")
            forget(connection, database.tables, ada["contact_id"], who, web.runtime.clock.now())
        assert web.post(path).status_code == 410
        assert web.people() == 1


def test_a_mail_that_a_dead_process_had_is_sent_by_another(store: Store, tmp_path: Path) -> None:
    with asked(tmp_path, store) as web:
        web.fill(email="cy@x.example")
        o = web.runtime.database.tables.opt_in
        with web.runtime.database.transaction() as connection:
            connection.execute(update(o).values(leased_until=9_000_000_000_000, attempts=1))
        web.tick("2026-03-02 10:01")
        assert "cy@x.example" not in [mail["to"] for mail in web.mails()]
        with web.runtime.database.transaction() as connection:
            connection.execute(update(o).values(leased_until=1))
        web.tick("2026-03-02 10:02")
        assert web.mails()[-1]["to"] == "cy@x.example"


def test_the_mail_is_in_the_language_of_the_page(tmp_path: Path) -> None:
    with asked(tmp_path, Store("sqlite")) as web:
        form = web.form(headers={"accept-language": "fr"}) | {"email": "cy@x.example"}
        assert "messagerie" in web.post("/l/demo", data=form, headers={"accept-language": "fr"}).text
        web.tick("2026-03-02 10:01")
        assert web.mails()[-1]["subject"] == "Etait-ce vous ?"
        assert '<html lang="fr">' in web.get(web.link("cy@x.example", "confirm")).text


def test_the_doctor_names_mails_that_do_not_go_out_and_those_given_up(store: Store, tmp_path: Path) -> None:
    with asked(tmp_path, store) as web:
        database, now = web.runtime.database, web.runtime.clock.now()

        def told(minutes: int) -> list[tuple[str, int, tuple[str, ...]]]:
            case = Case(database, now + minutes * 60_000, lambda: now)
            return [(each.check, each.count, each.examples) for each in examine(case, (confirmations,), ())]

        web.fill(email="cy@x.example")
        assert told(1) == []  # it has only just been asked for
        assert told(10) == [("confirmations", 1, ())]
        (tmp_path / "content" / "was_it_you.email.md").write_text(
            "---\nsubject: Was it you?\n---\n{{ confirm_url.x }}\n"
        )
        web.tick("2026-03-02 10:01")
        ((check, count, examples),) = told(10)
        assert (check, count) == ("confirmations failed", 1)
        assert examples[0].startswith("was_it_you: ")
