"""Landing pages as people meet them: shown, filled in, corrected, and recorded."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal
from tests.databases import Store
from tests.web.landed import FLOW, GOING, inputs, landed
from tests.web.mailed import CHROME

from campflow.content.page_tokens import Visitor, sign_visitor
from campflow.engine.clock import ManualClock
from campflow.engine.hits import judge_hits
from campflow.model.draws import P, turn_of
from campflow.model.times import parse_time
from campflow.people.contacts import Identity
from campflow.people.forgetting import forget


def test_somebody_new_fills_in_a_form_and_becomes_a_contact(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        done = web.fill(email="Cy@X.example", first_name="Cy", country="FR", phone="06 12 34 56 78", i__agree="yes")
        assert (done.status_code, done.headers["location"]) == (303, "/l/thanks")
        person = web.person("Cy@x.example")
        assert (person["first_name"], person["plan"], person["country"]) == ("Cy", "trial", "FR")
        assert person["phone"] == "+33612345678"
        assert web.events("submitted") == [("Cy@x.example", "demo", None)]
        (consent,) = web.consents()
        assert (consent["email"], consent["purpose"], consent["given"]) == ("Cy@x.example", "newsletter", True)
        assert consent["wording"] == "Yes, send me the newsletter."
        assert consent["source"].startswith("page demo, text ")
        # The form let them into the campaign.
        web.tick("2026-03-02 10:05")
        assert [mail["to"] for mail in web.mails()] == ["ada@x.example", "bob@x.example", "Cy@x.example"]


def test_a_page_knows_who_comes_by_the_link_of_a_message(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        path = web.link("ada@x.example")
        page = web.get(path, headers=GOING)
        assert "<h1>Hello Ada</h1>" in page.text
        assert 'value="ada@x.example"' in page.text
        # A field that is not among `prefill` is not shown, whoever has the link.
        assert "33612345678" not in page.text
        web.get(path, headers=GOING)
        assert web.events("visited") == [("ada@x.example", "demo", None)]
        done = web.fill(path, first_name="Adah", birthday="1990-02-03")
        assert done.headers["location"].startswith("/l/thanks/")
        person = web.person("ada@x.example")
        # What was left empty is kept.
        assert (person["first_name"], person["birthday"], person["phone"]) == ("Adah", 7338, "+33612345678")
        assert web.events("submitted") == [("ada@x.example", "demo", None)]
        assert web.people() == 2
        # The page that follows leads back, and still knows who it is.
        back = web.get(done.headers["location"])
        assert "/l/demo/1." in back.text


def test_who_comes_by_the_link_of_a_test_is_nobody_in_particular(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        Terminal(tmp_path)("send-test", "hello", "--to", "me@acme.example", "--for", "ada")
        page = web.get(web.link("me@acme.example"), headers=GOING)
        assert "<h1>See the demo</h1>" in page.text
        assert web.events("visited") == []


#: Nobody who has not clicked can send the form in time.
STEPS = FLOW.replace(
    FLOW[FLOW.index("  stage hello {") : FLOW.index("  final long")],
    """
  stage hello {
    send email hello
    on clicked hello -> curious
    after 300 days   -> silent
  }
  stage curious {
    on submitted demo -> done
    after 300 days    -> long
  }
""",
)


@pytest.mark.parametrize("looks_between", [False, True])
def test_a_click_comes_before_the_form_that_it_led_to_though_no_time_goes_by(
    looks_between: bool, store: Store, tmp_path: Path
) -> None:
    """The clock stands still, and what the link was fetched by is known only later."""
    with landed(tmp_path, store, {"spring.flow": STEPS}) as web:
        web.tick("2026-03-02 10:05")
        page = web.mails()[0].get_body(("html",))
        assert page is not None
        link = re.search(r"/c/[\w.-]+", page.get_content())
        assert link is not None
        led = web.get(link[0], headers={**GOING, "user-agent": CHROME}).headers["location"]
        path = led.removeprefix("http://127.0.0.1")
        web.get(path, headers=GOING)
        assert web.fill(path, first_name="Ada").status_code == 303
        if looks_between:
            web.tick()
        ManualClock(web.runtime.database).move(parse_time("2026-03-02 10:06", "UTC"))
        assert judge_hits(web.runtime.inbox, web.runtime.clock.now()).people == 1
        web.tick()
        assert web.stage("ada@x.example") == "done"
        assert web.events("visited") == web.events("submitted") == [("ada@x.example", "demo", None)]


def test_programs_that_try_links_have_not_visited(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        path = web.link("ada@x.example")
        web.get(path)
        web.client.head(web.url + path, headers=GOING)
        web.get(path, headers={**GOING, "sec-purpose": "prefetch"})
        web.get(path, headers={**GOING, "sec-fetch-dest": "image"})
        assert web.events("visited") == []


def test_a_stranger_who_types_somebodys_address_changes_nothing_about_them(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        before = dict(web.person("ada@x.example"))
        known = web.fill(email="ada@x.example", first_name="Mallory", plan="trial", i__agree="yes")
        unknown = web.fill(email="new@x.example", first_name="New")
        # Nor can they tell whether the address is known.
        assert (known.status_code, known.headers["location"]) == (unknown.status_code, unknown.headers["location"])
        assert known.content == unknown.content
        assert dict(web.person("ada@x.example")) == before
        assert web.consents() == []
        assert web.events("submitted") == [("ada@x.example", "demo", None), ("new@x.example", "demo", None)]


def test_whoever_passes_a_mail_on_is_not_changed_by_who_got_it(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        path = web.link("ada@x.example")
        web.fill(path, email="friend@x.example", first_name="Friend")
        assert web.person("ada@x.example")["first_name"] == "Ada"
        assert web.person("friend@x.example")["first_name"] == "Friend"
        assert web.events("submitted") == [("friend@x.example", "demo", None)]


def test_mistakes_are_shown_beside_their_fields_and_what_was_written_is_kept(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        form = web.form()
        wrong = {"email": "cy at x", "phone": "12", "birthday": "2000-02-31", "plan": "gold", "country": "ZZ"}
        page = web.post("/l/demo", data=form | wrong | {"first_name": "Cy"})
        assert page.status_code == 422
        for name in wrong:
            assert f'id="error-{name}"' in page.text
            assert f'aria-describedby="error-{name}"' in page.text
        assert 'value="cy at x"' in page.text
        assert 'value="Cy"' in page.text
        assert web.people() == 2
        missing = web.post("/l/demo", data=form)
        assert missing.text.count("This is needed.") == 4  # in the summary, and beside both fields
        again = web.post("/l/demo", data=form | {"email": "cy@x.example", "first_name": "Cy"})
        assert again.status_code == 303
        assert web.people() == 3


def test_a_form_sent_twice_counts_once(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        form = web.form() | {"email": "cy@x.example", "first_name": "Cy", "i-agree": "yes"}
        assert [web.post("/l/demo", data=form).status_code for _ in range(3)] == [303] * 3
        assert len(web.events("submitted")) == len(web.consents()) == 1


def test_lists_and_boxes(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        form = {**web.form(), "email": "cy@x.example", "first_name": "Cy", "tags": ["tea", "coffee"], "terms": "yes"}
        assert web.post("/l/demo", data=form).status_code == 303
        person = web.person("cy@x.example")
        assert (person["tags"], person["terms"]) == ('["tea","coffee"]', True)
        assert web.post("/l/demo", data={**form, "tags": ["milk"]}).status_code == 422


def test_the_language_is_the_contacts_else_what_the_browser_asks_for(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store) as web:
        french = web.get("/l/demo", headers={"accept-language": "de;q=0.1, fr-CH, en;q=0.8"})
        assert '<html lang="fr">' in french.text
        assert french.headers["content-language"] == "fr"
        assert "facultatif" in french.text
        assert "Frankreich" not in french.text
        assert "Allemagne" in french.text
        assert '<html lang="en">' in web.get("/l/demo", headers={"accept-language": "xx, *;q=z"}).text
        form = {**web.form(headers={"accept-language": "fr"}), "email": "", "first_name": "Cy"}
        assert "Ce champ est" in web.post("/l/demo", data=form, headers={"accept-language": "fr"}).text


VARIANTS = {
    "content/demo.page.html": (
        "---\ntitle: Demo\nfields: [email]\nrequired: [email]\nvariants: [short 50%, long 50%]\n---\n"
        "<h1>{{ variant }}</h1>{{ form() }}"
    ),
    "content/fr/demo.page.html": "<h1>{{ variant }}</h1>{{ form() }}",
    "content/thanks.page.html": "<p>Thanks</p>",
    "content/hello.email.md": "---\nsubject: Hello\n---\n[short]({{ page_url('demo', 'short') }})\n",
}


def test_variants_are_drawn_by_the_hash_of_splits_and_told_with_the_events(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store, VARIANTS) as web:
        keys = web.runtime.stationery.keys
        shown = {}
        for who in ("ada@x.example", "bob@x.example"):
            row = web.person(who)
            path = f"/l/demo/{sign_visitor(keys, Visitor(row['contact_id'], 0, 'demo', web.runtime.clock.now()))}"
            shown[who] = {web.get(path).text.split("<h1>")[1].split("</h1>")[0] for _ in range(5)}
            a, b = turn_of("page.demo")
            assert shown[who] == {"short" if (row["draw"] * a + b) % P < P // 2 else "long"}
        # The message may say which one its readers are shown.
        assert "<h1>short</h1>" in web.get(web.link("bob@x.example"), headers=GOING).text
        assert web.events("visited") == [("bob@x.example", "demo", "short")]
        # Strangers get one by chance, about half of them each; it is the one that counts when they send the form.
        texts = [web.get("/l/demo").text for _ in range(60)]
        assert 10 < sum("<h1>long</h1>" in text for text in texts) < 50
        long = next(text for text in texts if "<h1>long</h1>" in text)
        web.wall.now += 3
        web.post("/l/demo", data=inputs(long) | {"email": "cy@x.example"})
        assert web.events("submitted") == [("cy@x.example", "demo", "long")]
        web.tick("2026-03-02 10:05")
        assert web.stage("bob@x.example") == "looked"


def test_a_campaign_asks_which_variant_it_was(store: Store, tmp_path: Path) -> None:
    with landed(tmp_path, store, VARIANTS) as web:
        keys, now = web.runtime.stationery.keys, web.runtime.clock.now()
        for who, variant in (("ada@x.example", "long"), ("bob@x.example", "short")):
            visitor = Visitor(web.person(who)["contact_id"], 0, "demo", now, variant)
            assert web.fill(f"/l/demo/{sign_visitor(keys, visitor)}", email=who).status_code == 200
        web.tick("2026-03-02 10:05")
        assert (web.stage("ada@x.example"), web.stage("bob@x.example")) == ("long", "done")


def test_a_page_of_ones_own_making_has_its_style_and_runs_no_script(store: Store, tmp_path: Path) -> None:
    text = (
        "---\nfields: [email, first_name]\nrequired: [email]\n---\n<!DOCTYPE html>\n"
        "<html lang='en'><head><title>Own</title><style>\nh1 { color: red }\n</style></head><body><h1>Own</h1>"
        "{% call form() %}{{ field('email', label='Where to?') }}<button>Go</button>{% endcall %}</body></html>"
    )
    with landed(tmp_path, store, {"content/demo.page.html": text}) as web:
        page = web.get("/l/demo")
        assert page.text.count("<html") == 1
        assert ">Where to?</label>" in page.text
        digest = base64.b64encode(hashlib.sha256(b"\nh1 { color: red }\n").digest()).decode()
        policy = page.headers["content-security-policy"]
        assert f"style-src 'self' 'sha256-{digest}';" in policy
        assert "script-src" not in policy
        assert policy.startswith("default-src 'none'")
        assert web.fill(email="cy@x.example").status_code == 200
        assert web.person("cy@x.example") is not None


def test_files_beside_the_pages_are_served_and_nothing_else(tmp_path: Path) -> None:
    with landed(tmp_path, Store("sqlite")) as web:
        folder = tmp_path / "content" / "assets"
        (folder / "img").mkdir(parents=True)
        (folder / "img" / "logo.png").write_bytes(b"\x89PNG")
        (folder / "evil.html").write_text("<script>1</script>")
        (folder / ".secret.png").write_bytes(b"x")
        (folder / "out.png").symlink_to(tmp_path / "campflow.toml")
        (folder / "pic.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>")
        logo = web.get("/assets/img/logo.png")
        assert (logo.content, logo.headers["content-type"]) == (b"\x89PNG", "image/png")
        assert "sandbox" in web.get("/assets/pic.svg").headers["content-security-policy"]
        for path in ("evil.html", ".secret.png", "out.png", "../demo.page.html", "..%2fdemo.page.html", "img", "",
                     "img/../../demo.page.html", "%2e%2e/%2e%2e/campflow.toml", "/etc/passwd", "img/logo.png/",
                     "a%00.png", "..%5cdemo.page.html"):  # fmt: skip
            assert web.get(f"/assets/{path}").status_code == 404, path


def test_by_the_link_of_somebody_who_was_forgotten_nobody_comes_back(store: Store, tmp_path: Path) -> None:
    """Neither by the link nor by a form that lay open meanwhile; and whoever comes next is not taken for them."""
    with landed(tmp_path, store) as web:
        path, bob = web.link("bob@x.example"), web.person("bob@x.example")
        open_form = web.form(path)
        runtime = web.runtime
        with runtime.database.transaction() as connection:
            who = Identity("bob", "bob@x.example")
            forget(connection, runtime.database.tables, bob["contact_id"], who, runtime.clock.now())
        assert web.post(path, data=open_form | {"first_name": "Bob"}).status_code == 422
        assert web.get(path, headers=GOING).status_code == 200
        assert web.events("visited") == web.events("submitted") == []
        assert web.people() == 1
        web.fill(email="next@x.example", first_name="Next One")
        assert "Next One" not in web.get(path, headers=GOING).text
        assert web.events("visited") == []
