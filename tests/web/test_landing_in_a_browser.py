"""Landing pages in Chromium: filled in as a person does, seen by axe, and valid HTML."""

from pathlib import Path

from tests import browsers
from tests.databases import Store
from tests.web.landed import FILES, landed

pytestmark = browsers.needed

SQLITE = Store("sqlite")
OWN_STYLE = FILES["content/demo.page.html"].replace("<h1>", "<style>h1 { font-style: italic }</style>\n<h1>")


def test_a_person_fills_in_a_form_sees_what_is_wrong_and_puts_it_right(tmp_path: Path) -> None:
    with landed(tmp_path, SQLITE, {"content/demo.page.html": OWN_STYLE}) as web, browsers.browsing(tmp_path) as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{web.url}/l/demo")
        assert browsers.barriers(page) == []
        # The author's own style sheet is let through, and nothing was stopped.
        assert page.locator("h1").evaluate("element => getComputedStyle(element).fontStyle") == "italic"
        assert [line for line in said if "Content Security" in line] == []
        page.get_by_label("Email").fill("cy at x")
        page.get_by_label("Phone").fill("12")
        page.get_by_label("Country").select_option(label="France")
        page.get_by_label("tea").check()
        web.wall.now += 5
        page.get_by_role("button", name="Show me").click()
        alert = page.get_by_role("alert")
        alert.wait_for()
        assert browsers.barriers(page) == []
        # Beside its field, told to those who do not see it, and a way there from the summary.
        email = page.get_by_label("Email")
        assert email.get_attribute("aria-invalid") == "true"
        error = page.locator(f"#{email.get_attribute('aria-describedby')}")
        assert "not an e-mail address" in (error.text_content() or "")
        assert (email.input_value(), page.get_by_label("tea").is_checked()) == ("cy at x", True)
        assert page.get_by_label("Country").input_value() == "FR"
        # The first mistake has the cursor.
        assert email.evaluate("element => element === document.activeElement")
        alert.get_by_role("link", name="phone number").click()
        page.get_by_label("Phone").fill("06 12 34 56 78")
        email.fill("cy@x.example")
        page.get_by_label("First name").fill("Cy")
        page.get_by_label("Yes, send me the newsletter.").check()
        page.get_by_role("button", name="Show me").click()
        page.get_by_role("heading", name="Thanks").wait_for()
        assert browsers.barriers(page) == []
        person = web.person("cy@x.example")
        assert (person["phone"], person["country"], person["tags"]) == ("+33612345678", "FR", '["tea"]')
        assert [line["purpose"] for line in web.consents()] == ["newsletter"]
        assert page.context.cookies() == []


def test_somebody_comes_by_a_mail_and_nothing_they_once_wrote_runs(tmp_path: Path) -> None:
    script = "</h1><script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
    with landed(tmp_path, SQLITE) as web, browsers.browsing(tmp_path) as page:
        path = web.link("ada@x.example")
        web.fill(path, first_name=script)
        page.goto(web.url + path)
        assert page.locator("h1").text_content() == f"Hello {script}"
        assert page.get_by_label("First name").input_value() == script
        assert (page.title(), page.locator("script, img").count()) == ("See the demo", 0)
        assert web.events("visited") == [("ada@x.example", "demo", None)]
        assert browsers.barriers(page) == []


def test_only_a_press_on_the_button_confirms(tmp_path: Path) -> None:
    from tests.web.test_double_opt_in import FILES as ASKING

    with landed(tmp_path, SQLITE, ASKING) as web, browsers.browsing(tmp_path, "fr-FR") as page:
        page.goto(f"{web.url}/l/demo")
        assert page.locator("html").get_attribute("lang") == "fr"
        page.get_by_label("Email").fill("cy@x.example")
        web.wall.now += 5
        page.get_by_role("button", name="Envoyer").click()
        page.get_by_role("heading", name="Merci").wait_for()
        assert browsers.barriers(page) == []
        web.tick("2026-03-02 10:01")
        page.goto(web.url + web.link("cy@x.example", "confirm"))
        assert browsers.barriers(page) == []
        assert web.person("cy@x.example") is None
        page.get_by_role("button", name="Oui").click()
        page.get_by_role("heading", name="Thanks").wait_for()
        assert web.person("cy@x.example") is not None


def test_pages_are_html_as_the_standard_has_it(tmp_path: Path) -> None:
    with landed(tmp_path, SQLITE) as web:
        form = web.form()
        wrong = {name: "<x>\"'&" for name in form if name not in ("form-token", "web-site")}
        for text in (
            web.get("/l/demo").text,
            web.get(web.link("ada@x.example")).text,
            web.post("/l/demo", data=form | wrong).text,
            web.get("/l/thanks").text,
            web.get("/l/nowhere").text,
        ):
            assert browsers.invalid(text) == []
        assert browsers.invalid("<!DOCTYPE html><p></div>") != []


def test_the_axe_is_sharp(tmp_path: Path) -> None:
    """What it must find is found: a test that cannot fail proves nothing."""
    with browsers.browsing(tmp_path) as page:
        page.set_content("<html><body><input type=text><img src='data:,'></body></html>")
        rules = {line.partition(":")[0] for line in browsers.barriers(page)}
    assert {"label", "image-alt", "html-has-lang", "document-title"} <= rules
