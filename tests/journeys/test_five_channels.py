"""The campaign of `docs/tutorials/five-channels.md`, played against what it speaks to: a mail server, Chromium, Twilio
as it describes itself, paper that is scanned, and a team that is told. The clock is moved by hand."""

import asyncio
import email
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.controller import Controller
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests import browsers, paper
from tests.docs.pages import DOCS
from tests.served_app import serving
from tests.twilio_server import TwilioServer, described
from tests.web.landed import Wall
from tests.web.mailed import CHROME
from tests.web.served import Log, running

from campflow.cli.operating import one_pass
from campflow.engine.clock import ManualClock
from campflow.engine.hits import judge_hits
from campflow.engine.runtime import Runtime
from campflow.model.times import parse_time
from campflow.people.importing import import_events, import_people
from campflow.people.sources import CSV
from campflow.project import Project
from campflow.running import open_runtime

ADA = "ada@customer.example"
PERSON = f"{ADA},Ada,Lovelace,+41791234567,Hauptstrasse 12a,8001,Zürich,CH"
COLUMNS = "email,first_name,last_name,phone,street,postcode,city,country"

pytestmark = [browsers.needed, paper.poppler, paper.zbar]


class Mailboxes:
    """A mail server's handler: what arrived, in order."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@dataclass
class Shop:
    """The project as it runs: `url` is where it is called, `told` are the notes to the team."""

    folder: Path
    url: str
    runtime: Runtime
    wall: Wall
    mails: list[EmailMessage]
    texts: list[dict[str, str]]
    told: list[str]

    def at(self, time: str) -> None:
        """The clock is set, and the daemon looks."""
        ManualClock(self.runtime.database).move(parse_time(time, "Europe/Zurich"))
        # In a thread: a test that drives a browser has a loop of its own.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, one_pass(self.runtime)).result()

    def happened(self, event: str, columns: str, row: str) -> None:
        known = tuple(self.runtime.stationery.events)
        lines = [f"{columns}\n".encode(), f"{row}\n".encode()]
        report = import_events(
            self.runtime.database, self.runtime.stationery.contact, known, CSV.source, lines, event=event,
            addresses={}, currency="EUR", zone="Europe/Zurich", now=self.runtime.clock.now(),
        )  # fmt: skip
        assert report.refused == 0

    def command(self, *words: str) -> str:
        told = subprocess.run(
            [Path(sys.executable).with_name("campflow"), *words, "--project", str(self.folder)],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        return told.stdout


@contextmanager
def team() -> Iterator[tuple[str, list[str]]]:
    """Where Slack would be, and what was posted there."""
    posted: list[str] = []

    async def post(request: Request) -> Response:
        posted.append((await request.json())["text"])
        return JSONResponse({"ok": True})

    with serving(Starlette(routes=[Route("/api/chat.postMessage", post, methods=["POST"])])) as url:
        yield f"{url}/api/", posted


@contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    """The project of the page, open, with Ada in it."""
    page = (DOCS / "tutorials" / "five-channels.md").read_text("utf-8")
    for name, text in re.findall(r"<!-- write: (\S+) -->\n```[^\n]*\n(.*?)```", page, re.DOTALL):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    mailboxes, port = Mailboxes(), _free()
    url = f"http://127.0.0.1:{port}"
    server = Controller(mailboxes, hostname="127.0.0.1", port=_free())
    server.start()
    try:
        with TwilioServer(described()).serving() as twilio, team() as (slack, told):
            toml = (folder / "campflow.toml").read_text("utf-8").replace("https://tea.blueheron.example", url)
            (folder / "campflow.toml").write_text(
                'database = "sqlite:///shop.db"\nclock = "manual"\n'
                + toml.replace("port = 8025", f"port = {port}")
                + f'[channels.email]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
                + '[channels.sms]\nprovider = "twilio"\nsender = "+41790000000"\n'
                + f'[channels.sms.twilio]\nurl = "{twilio.url}"\naccount_sid = "AC{"a" * 32}"\n'
                + f'api_key = "SK{"b" * 32}"\napi_secret = "s"\nauth_token = "t"\n'
                + f'[sinks.slack]\nurl = "{slack}"\ntoken = "xoxb-test"\nchannel = "#shop"\n',
                "utf-8",
            )
            project, wall = Project.open(folder), Wall()
            with closing(project.database()) as database:
                ManualClock(database).move(parse_time("2026-03-02 10:00", "Europe/Zurich"))
            with closing(open_runtime(project)) as runtime:
                import_people(
                    runtime.database, runtime.stationery.contact, CSV.source,
                    [f"{COLUMNS}\n".encode(), PERSON.encode()],
                    currency="EUR", zone="Europe/Zurich", now=runtime.clock.now(),
                )  # fmt: skip
                with running(project, runtime, Log(), wall=wall):
                    yield Shop(folder, url, runtime, wall, mailboxes.mails, twilio.messages, told)
    finally:
        server.stop()


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_one_person_is_asked_by_each_channel_in_turn_and_explain_tells_the_whole_story(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    with shop(folder) as acme, browsers.browsing(tmp_path) as page:
        acme.happened("invited", "email,at", f"{ADA},2026-03-02 10:00")
        acme.at("2026-03-02 10:00")
        # By mail, over SMTP: the link leads through us.
        (mail,) = acme.mails
        assert mail["Subject"] == "Ada, a tasting in our shop"
        body = mail.get_body(("html",))
        assert body is not None
        link = re.search(r'<a href="([^"]+/c/[^"]+)"[^>]*>Keep me a place', body.get_content())
        assert link is not None
        # She follows it in a browser, and is known there.
        acme.at("2026-03-03 18:30")
        page.set_extra_http_headers({"user-agent": CHROME})
        page.goto(link[1])
        assert page.locator("h1").text_content() == "A tasting for Ada"
        assert page.get_by_label("Email").input_value() == ADA
        page.get_by_label("Tea").select_option("black")
        acme.wall.now += 20
        acme.at("2026-03-03 18:31")
        judge_hits(acme.runtime.inbox, acme.runtime.clock.now())
        acme.at("2026-03-03 18:31")
        page.get_by_role("button", name="Keep me a place").click()
        page.get_by_role("heading", name="See you on Saturday").wait_for()
        # By SMS, to the number of the form. She does not answer.
        acme.at("2026-03-03 18:40")
        (text,) = acme.texts
        assert text["To"] == "+41791234567"
        assert text["Body"].startswith("Blue Heron: Ada, may we count on you")
        # By letter: the code on the paper is hers, and leads on to the shop.
        acme.at("2026-03-05 19:00")
        (pdf,) = (folder / "letters").glob("*/letters.pdf")
        (scanned,) = paper.codes(pdf, 1, tmp_path)
        acme.at("2026-03-09 09:00")
        answer = httpx.get(scanned, headers={"user-agent": CHROME})
        assert (answer.status_code, answer.headers["location"]) == (303, "https://blueheron.example/saturday")
        acme.at("2026-03-09 09:05")
        assert acme.told == ["Ada may come and likes black"]
        # She came, and bought.
        acme.happened("ordered", "email,at,amount,id", f"{ADA},2026-03-14 11:00,24.00 EUR,till-1")
        acme.at("2026-03-14 12:00")
        story = acme.command("explain", ADA)
        told = [
            "enter on invited", "send email invitation", "on clicked invitation", "on submitted tasting",
            "send sms reminder", "after 2 days", "send letter voucher", "on scanned voucher",
            "convert on ordered", "coming -> guest",
        ]  # fmt: skip
        places = [story.find(each) for each in told]
        assert -1 not in places, story
        assert places == sorted(places), story
