"""`campflow preview` and `send-test`: what one person would get, without touching anybody's journey."""

import email
import mailbox
import os
import re
import shlex
import subprocess
import sys
from email import policy
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal

from campflow.content import unsubscribe
from campflow.content.tokens import signing_keys

PEOPLE = "key,email,first_name,language\nada,ada@acme.example,Ada,en\nzoe,zoe@acme.example,<b>Zoé</b>,fr\nnil,,Nil,en\n"
FLOW = """
contact {
  email       email?
  first_name  text?
  language    language?
}

event signup

campaign hello "Hello there" {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup

  stage welcome {
    send email welcome {
      subject "{{ first_name }}, welcome to {{ campaign.title }}"
    }
    after 3 days -> over
  }

  final over
}
"""


@pytest.fixture
def shop(campflow: Terminal) -> Terminal:
    campflow.write("campflow.toml", '[sender]\nname = "Acme"\nemail = "hello@acme.example"\n')
    campflow.write("hello.flow", FLOW)
    campflow.write("people.csv", PEOPLE)
    (campflow.folder / "content" / "fr").mkdir(parents=True)
    campflow.write(
        "content/welcome.email.md",
        "---\nsubject: plain\n---\n**Hello** {{ first_name }}\n\n[Off]({{ unsubscribe_url }})",
    )
    campflow.write("content/fr/welcome.email.md", "Bonjour {{ first_name }}")
    campflow("people", "import", "people.csv")
    return campflow


def mails(folder: Path) -> list[email.message.EmailMessage]:
    box = mailbox.Maildir(folder / "mail", create=True)
    return [email.message_from_bytes(box.get_bytes(key), policy=policy.default) for key in box.keys()]  # noqa: SIM118


def test_a_message_is_shown_as_one_person_would_get_it(shop: Terminal) -> None:
    said = shop("preview", "welcome", "--for", "ada").stdout
    assert "to: ada@acme.example" in said
    # The options of the `send` go over the front matter.
    assert "subject: Ada, welcome to Hello there" in said
    assert "Hello Ada" in said
    french = shop("preview", "welcome", "--for", "zoe@acme.example").stdout
    assert "Bonjour <b>Zoé</b>" in french
    assert "Bonjour Ada" in shop("preview", "welcome", "--for", "ada", "--language", "fr").stdout


def test_without_a_person_somebody_is_made_up_and_no_database_is_needed(shop: Terminal) -> None:
    (shop.folder / "campflow.db").unlink()
    assert "@made-up.example" in shop("preview", "welcome").stdout
    assert not (shop.folder / "campflow.db").exists()


def test_the_page_that_is_written_holds_nothing_unescaped(shop: Terminal) -> None:
    shop("preview", "welcome", "--for", "zoe", "--out", "out/zoe.html")
    html = (shop.folder / "out" / "zoe.html").read_text("utf-8")
    assert "&lt;b&gt;Zoé&lt;/b&gt;" in html


def test_it_is_opened_in_the_browser_as_the_inbox_would_show_it(shop: Terminal) -> None:
    shop.change("content/welcome.email.md", "subject: plain", "subject: plain\npreheader: For {{ first_name }} <only>")
    (shop.folder / "browser").write_text('#!/bin/sh\nprintf %s "$1" >opened\n')
    (shop.folder / "browser").chmod(0o755)
    words = [sys.executable, "-m", "campflow", "preview", "welcome", "--for", "ada", "--open"]
    environment = {**os.environ, "BROWSER": f"{shop.folder / 'browser'} %s"}
    said = subprocess.run(words, cwd=shop.folder, env=environment, capture_output=True, text=True, check=True)
    assert "preheader: For Ada <only>" in said.stdout
    opened = Path((shop.folder / "opened").read_text().removeprefix("file://"))
    assert opened == (shop.folder / ".campflow" / "preview" / "welcome.email.html").resolve()
    assert "Hello</strong> Ada" in opened.read_text("utf-8")


def test_looking_changes_nothing(shop: Terminal) -> None:
    before = shop.json("status"), shop.json("outbox")
    shop("preview", "welcome", "--for", "ada")
    shop("send-test", "welcome", "--to", "me@acme.example", "--for", "ada")
    assert (shop.json("status")["campaigns"], shop.json("outbox")) == (before[0]["campaigns"], before[1])


def test_a_test_is_marked_goes_to_its_address_and_unsubscribes_nobody(shop: Terminal) -> None:
    shop("send-test", "welcome", "--to", "me@acme.example", "--for", "ada")
    shop("send-test", "welcome", "--to", "me@acme.example", "--for", "ada")
    first, second = mails(shop.folder)
    assert first["Subject"] == "[Test] Ada, welcome to Hello there"
    assert first["To"] == "<me@acme.example>" or first["To"] == "me@acme.example"
    assert first["Message-ID"] != second["Message-ID"]
    token = re.search(r"1\.[0-9a-f]{6}\.[\w-]+\.[\w-]+", str(first["List-Unsubscribe"]))
    assert token is not None
    from campflow.project import Project
    from campflow.running import open_runtime

    runtime = open_runtime(Project.open(shop.folder))
    assert unsubscribe.verify(runtime.stationery.keys, token[0]) is None
    assert unsubscribe.verify(signing_keys("", ()), token[0]) is None


def test_links_are_as_they_would_be_and_nothing_is_tracked(shop: Terminal) -> None:
    shop.write("content/demo.page.html", "---\ntitle: See the demo\n---\n{{ form() }}")
    shop.write(
        "content/welcome.email.md",
        "---\nsubject: plain\n---\n[a page]({{ page_url('demo') }}) [ours](https://go.acme.example/l/demo)"
        " [another's](https://acme.example/tea) [choose]({{ preferences_url }})",
    )
    assert "set `[web] base_url`" in shop("preview", "welcome", "--for", "ada", code=1).words
    toml = (shop.folder / "campflow.toml").read_text("utf-8")
    shop.write("campflow.toml", f'{toml}[web]\nbase_url = "https://go.acme.example"\n')
    shop("send-test", "welcome", "--to", "me@acme.example", "--for", "ada")
    (sent,) = mails(shop.folder)
    page = sent.get_body(("html",))
    assert page is not None
    shop("preview", "welcome", "--for", "ada", "--out", "ada.html")
    for html in (page.get_content(), (shop.folder / "ada.html").read_text("utf-8")):
        leading = [re.sub(r"[12]\.[\w.-]+$", "TOKEN", each) for each in re.findall(r'(?:href|src)="([^"]+)"', html)]
        assert leading == [
            "https://go.acme.example/l/demo/TOKEN", "https://go.acme.example/l/demo", "https://acme.example/tea",
            "https://go.acme.example/p/TOKEN",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ("preview welcom", 2, "did you mean `welcome`?"),
        ("preview welcome --channel sms", 2, "and not in `sms`"),
        ("preview welcome --campaign hallo", 2, "did you mean `hello`?"),
        ("preview welcome --for nobody@acme.example", 1, "look at the spelling"),
        ("preview welcome --for nil", 1, "the contact has no email address"),
        ("preview welcome --out campflow.toml/x.html", 2, "choose another place"),
        ("preview other", 2, "choose one"),
        ("preview strange", 1, "no plugin offers `pigeon`"),
        ("send-test welcome", 2, "--to"),
        ("send-test welcome --to ' '", 2, "write the address"),
        ("send-test welcome --to nonsense", 1, "is not a mail address"),
        ("send-test welcome --to 'me@acme.example, you@acme.example'", 1, "is not a mail address"),
    ],
)
def test_what_cannot_be_shown_or_sent_is_said(shop: Terminal, words: str, code: int, expected: str) -> None:
    shop.write("content/other.email.md", "---\nsubject: x\n---\nx")
    shop.write("content/other.echo.txt", "x")
    shop.write("content/strange.pigeon.txt", "x")
    assert expected in shop(*shlex.split(words), code=code).words


def test_a_file_with_a_mistake_is_shown_where_it_is(shop: Terminal) -> None:
    shop.write("content/welcome.email.md", "{{ first_name")
    assert "content/welcome.email.md:1:1" in shop("preview", "welcome", code=1).words


def test_a_channel_that_cannot_be_reached_is_a_failure(shop: Terminal) -> None:
    shop.write(
        "campflow.toml", '[sender]\nemail = "hello@acme.example"\n[channels.email]\nhost = "127.0.0.1"\nport = 1\n'
    )
    assert "127.0.0.1" in shop("send-test", "welcome", "--to", "me@acme.example", code=1).words


OTHER = """
campaign other {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage here {
    send email news
    after 3 days -> OVER
  }
  final over
}
"""


@pytest.mark.parametrize(
    ("flow", "news"),
    [
        (OTHER.replace("OVER", "ovre"), "News"),
        (OTHER.replace("OVER", "over"), "News of {{ nothing_of_this_name }}"),
        (OTHER.replace("OVER", "over"), "News {% if %}"),
        (OTHER.replace("OVER", "ovre"), "News {% if %}"),
    ],
)
def test_errors_elsewhere_keep_nobody_from_looking_at_a_message(flow: str, news: str, shop: Terminal) -> None:
    shop.write("other.flow", flow)
    shop.write("content/news.email.md", f"---\nsubject: News\n---\n{news}")
    shop("check", code=1)
    said = shop("preview", "welcome", "--for", "ada")
    assert "subject: Ada, welcome to Hello there" in said.stdout
    assert "errors elsewhere" in said.stderr
    assert "campflow check" in shop("preview", "news", code=1).stderr


def test_an_error_in_the_message_s_own_campaign_is_in_the_way(shop: Terminal) -> None:
    shop.change("hello.flow", "-> over", "-> ovre")
    assert "campflow check" in shop("preview", "welcome", code=1).stderr
