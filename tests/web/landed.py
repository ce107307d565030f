"""A small project with landing pages that is really served on loopback, its mail in a Maildir."""

import asyncio
import email
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from tests.databases import Store
from tests.web.served import NO_TLS, Log, running

from campflow.cli.operating import one_pass
from campflow.engine.clock import ManualClock
from campflow.engine.runtime import Runtime
from campflow.model.times import parse_time
from campflow.people.importing import import_events, import_people
from campflow.people.sources import CSV
from campflow.project import Project
from campflow.running import open_runtime

FLOW = """
contact {
  email       email
  first_name  text?
  plan        one of trial, pro = trial
  phone       phone?
  country     country?
  birthday    date?
  tags        list of one of tea, coffee
  terms       yesno?
  language    language?
}

event signup

campaign spring {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  enter     on submitted demo
  stage hello {
    send email hello
    on submitted demo where variant == "long" -> long
    on submitted demo                         -> done
    on visited demo                           -> looked
    after 300 days                            -> silent
  }
  stage looked {
    on submitted demo -> done
    after 300 days    -> silent
  }
  final long
  final done
  final silent
}
"""

FILES = {
    "spring.flow": FLOW,
    "content/hello.email.md": (
        "---\nsubject: Hello\n---\nHello {{ first_name }}, see [our demo]({{ page_url('demo') }}).\n"
    ),
    "content/demo.page.html": (
        "---\n"
        "title: See the demo\n"
        "fields: [email, first_name, plan, phone, country, birthday, tags, terms]\n"
        "required: [email, first_name]\n"
        "prefill: [email, first_name, plan]\n"
        "consent: newsletter\n"
        'wording: "Yes, send me the newsletter."\n'
        "after: thanks\n"
        "---\n"
        "<h1>{% if first_name %}Hello {{ first_name }}{% else %}See the demo{% endif %}</h1>\n"
        "{{ form('Show me') }}\n"
    ),
    "content/fr/demo.page.html": "---\ntitle: La démo\n---\n<h1>La démo</h1>\n{{ form() }}\n",
    "content/thanks.page.html": (
        '---\ntitle: Thanks\n---\n<h1>Thanks</h1><p><a href="{{ page_url("demo") }}">Back</a></p>\n'
    ),
}

NOW = "2026-03-02 10:00"
WALL = 1_770_000_000.0

#: What a browser says of somebody who goes to a page.
GOING = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none"}


@dataclass
class Wall:
    """A clock on the wall that a test sets."""

    now: float = WALL

    def __call__(self) -> float:
        return self.now


@dataclass
class Landed:
    """`url` is where it is called; `runtime` is what answers; `folder` is the project's."""

    url: str
    runtime: Runtime
    log: Log
    wall: Wall
    folder: Path
    client: httpx.Client
    sent: list[EmailMessage] = field(default_factory=list)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.client.get(self.url + path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.client.post(self.url + path, **more)

    def form(self, path: str = "/l/demo", **more: Any) -> dict[str, str]:
        """What the form of a page holds as it is shown, three seconds ago."""
        answer = self.get(path, **more)
        assert answer.status_code == 200, answer.text
        self.wall.now += 3
        return inputs(answer.text)

    def fill(self, path: str = "/l/demo", **values: str) -> httpx.Response:
        """Fill in the form of a page as somebody does who reads it; `values` by field, `_` for `-`."""
        said = self.form(path) | {name.replace("__", "-"): value for name, value in values.items()}
        return self.post(path, data=said)

    def person(self, address: str) -> Any:
        c = self.runtime.database.tables.contact.c
        with self.runtime.database.reader() as connection:
            table = self.runtime.database.tables.contact
            return connection.execute(select(table).where(c.email == address)).mappings().first()

    def people(self) -> int:
        c = self.runtime.database.tables.contact.c
        with self.runtime.database.reader() as connection:
            return len(connection.execute(select(c.contact_id)).all())

    def events(self, name: str) -> list[tuple[str, str | None, str | None]]:
        """Whose events of this name there are, about which page, in which variant."""
        t = self.runtime.database.tables
        e = t.event.c
        query = select(t.contact.c.email, e.about, e[f"{name}$variant"]).join_from(
            t.event, t.contact, t.contact.c.contact_id == e.contact_id
        )
        with self.runtime.database.reader() as connection:
            return [tuple(row) for row in connection.execute(query.where(e.name == name).order_by(e.seq))]

    def consents(self) -> list[Any]:
        t = self.runtime.database.tables
        columns: list[Any] = [t.contact.c.email, *t.consent.c]
        query = select(*columns).join_from(t.consent, t.contact)
        with self.runtime.database.reader() as connection:
            return list(connection.execute(query.order_by(t.consent.c.consent_id)).mappings())

    def stage(self, address: str) -> str | None:
        """Where somebody is in the campaign."""
        t = self.runtime.database.tables
        query = (
            select(t.stage.c.name)
            .join_from(t.journey, t.stage, t.stage.c.stage_id == t.journey.c.stage_id)
            .join(t.contact, t.contact.c.contact_id == t.journey.c.contact_id)
            .where(t.contact.c.email == address)
        )
        with self.runtime.database.reader() as connection:
            return connection.scalar(query)

    def tick(self, to: str | None = None) -> None:
        """A pass of the daemon, the clock set before."""
        if to is not None:
            ManualClock(self.runtime.database).move(parse_time(to, "UTC"))
        # In a thread: a test that drives a browser has a loop of its own.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, one_pass(self.runtime)).result()

    def mails(self) -> list[EmailMessage]:
        """What is in the mailbox, the oldest first."""
        files = (self.folder / "mail" / "new").glob("*")
        return [_parsed(file.read_bytes()) for file in sorted(files, key=lambda each: each.stat().st_mtime_ns)]

    def link(self, to: str, kind: str = "l") -> str:
        """The path of the link to us in the last mail to somebody."""
        body = next(_text(each) for each in reversed(self.mails()) if each["to"] == to)
        found = re.search(rf"https?://[^\s/)>]+(/{kind}/[^\s)>\"]+)", body)
        assert found, body
        return found[1]


def _parsed(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=default)


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


class _Inputs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        name = told.get("name") or ""
        if tag == "input" and name and (told.get("type") != "checkbox" or "checked" in told):
            self.found[name] = told.get("value") or ""
        if tag == "select":
            self._select = name
            self.found[name] = ""
        if tag == "option" and "selected" in told:
            self.found[self._select] = told.get("value") or ""


def inputs(html: str) -> dict[str, str]:
    """What a browser would send of this form, untouched."""
    parser = _Inputs()
    parser.feed(html)
    return parser.found


def write_project(folder: Path, database: str, files: Mapping[str, str], toml: str) -> None:
    for name, text in {**FILES, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (folder / "campflow.toml").write_text(
        f'database = "{database}"\nclock = "manual"\nplugins = ["email"]\ncurrency = "EUR"\n'
        '[sender]\nname = "Acme"\nemail = "hello@acme.example"\n[channels.email]\nmaildir = "mail"\n'
        f'[web]\nport = 0\nbase_url = "http://127.0.0.1"\n{toml}\n'
    )


@contextmanager
def landed(folder: Path, store: Store, files: Mapping[str, str] | None = None, toml: str = "") -> Iterator[Landed]:
    """Ada and Bob have signed up, and got their mail."""
    write_project(folder, store.shared_url(folder), files or {}, toml)
    project = Project.open(folder)
    with closing(project.database()) as database:
        ManualClock(database).move(parse_time(NOW, "UTC"))
    with closing(open_runtime(project)) as runtime:
        _sign_up(runtime)
        asyncio.run(one_pass(runtime))
        log, wall = Log(), Wall()
        with running(project, runtime, log, wall=wall) as port, httpx.Client(timeout=20, verify=NO_TLS) as client:
            yield Landed(f"http://127.0.0.1:{port}", runtime, log, wall, folder, client)


def _sign_up(runtime: Runtime) -> None:
    people = [
        b"key,email,first_name,plan,phone\n",
        b"ada,ada@x.example,Ada,pro,+33612345678\n",
        b"bob,bob@x.example,,trial,\n",
    ]
    events = [b"key,at\n", b"ada,2026-03-02 09:00\n", b"bob,2026-03-02 09:00\n"]
    contact, known = runtime.stationery.contact, tuple(runtime.stationery.events)
    common: dict[str, Any] = {"source": CSV.source, "currency": "EUR", "zone": "UTC", "now": runtime.clock.now()}
    import_people(runtime.database, contact, lines=people, **common)
    import_events(runtime.database, contact, known, lines=events, event="signup", addresses={}, **common)
