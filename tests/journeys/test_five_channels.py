"""The tasting of the example project, its files as they are, played against what it speaks to: a mail server, Chromium,
Twilio as it describes itself, and paper that is scanned. The clock is moved by hand."""

import asyncio
import email
import re
import shutil
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
import pytest
from aiosmtpd.controller import Controller
from tests import browsers, paper
from tests.cli.test_example_shop import FLOWS, MADE_BY_THE_DEMO
from tests.docs.pages import DOCS, blocks
from tests.twilio_server import TwilioServer, described
from tests.web.landed import Wall
from tests.web.mailed import CHROME
from tests.web.served import Log, running

from campflow.cli.operating import one_pass
from campflow.engine.clock import ManualClock
from campflow.engine.hits import judge_hits
from campflow.engine.runtime import Runtime
from campflow.model.times import parse_time
from campflow.project import Project
from campflow.running import open_runtime

PAGE = DOCS / "tutorials" / "five-channels.md"
ADA, ZONE = "ada@customer.example", "Europe/Paris"

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
    """The project as it runs."""

    folder: Path
    runtime: Runtime
    wall: Wall
    mails: list[EmailMessage]
    texts: list[dict[str, str]]

    def at(self, time: str) -> None:
        """The clock is set, and the daemon looks."""
        ManualClock(self.runtime.database).move(parse_time(time, ZONE))
        # In a thread: a test that drives a browser has a loop of its own.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, one_pass(self.runtime)).result()


def campflow(folder: Path, *words: str) -> str:
    """What the command prints."""
    told = subprocess.run(
        [Path(sys.executable).with_name("campflow"), *words],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    return told.stdout


@contextmanager
def shop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The project, open, with Ada in it; who carries its messages is said by the machine, as it would be in earnest."""
    shutil.copytree(FLOWS, folder, ignore=shutil.ignore_patterns(*MADE_BY_THE_DEMO))
    mailboxes, port = Mailboxes(), _free()
    url = f"http://127.0.0.1:{port}"
    server = Controller(mailboxes, hostname="127.0.0.1", port=_free())
    server.start()
    try:
        with TwilioServer(described()).serving() as twilio:
            said = {
                "WEB__PORT": port, "WEB__BASE_URL": url, "CHANNELS__LETTER__SCAN_URL": f"{url}/hooks/letter",
                "CHANNELS__EMAIL__HOST": "127.0.0.1", "CHANNELS__EMAIL__PORT": server.port,
                "CHANNELS__EMAIL__SECURITY": "none",
                "CHANNELS__SMS__PROVIDER": "twilio", "CHANNELS__SMS__TWILIO__URL": twilio.url,
                "CHANNELS__SMS__TWILIO__ACCOUNT_SID": f"AC{'a' * 32}",
                "CHANNELS__SMS__TWILIO__API_KEY": f"SK{'b' * 32}", "CHANNELS__SMS__TWILIO__API_SECRET": "s",
                "CHANNELS__SMS__TWILIO__AUTH_TOKEN": "t",
            }  # fmt: skip
            for name, value in said.items():
                monkeypatch.setenv(f"CAMPFLOW_{name}", str(value))
            for each in blocks(PAGE):
                if each.order == "write":
                    (folder / each.what).write_text(each.text, "utf-8")
            project, wall = Project.open(folder), Wall()
            campflow(folder, "people", "import", "ada.csv")
            with closing(open_runtime(project)) as runtime, running(project, runtime, Log(), wall=wall):
                yield Shop(folder, runtime, wall, mailboxes.mails, twilio.messages)
    finally:
        server.stop()


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_one_person_is_asked_by_each_channel_in_turn_and_explain_tells_the_whole_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(tmp_path / "shop", monkeypatch) as heron, browsers.browsing(tmp_path) as page:
        # By mail, over SMTP: the link leads through us.
        heron.at("2025-11-03 10:00")
        (mail,) = heron.mails
        assert mail["Subject"] == "Ada, a tasting in our shop"
        body = mail.get_body(("html",))
        assert body is not None
        link = re.search(r'<a href="([^"]+/c/[^"]+)"[^>]*>Keep me a place', body.get_content())
        assert link is not None
        # She follows it in a browser, and is known there.
        heron.at("2025-11-04 18:30")
        page.set_extra_http_headers({"user-agent": CHROME})
        page.goto(link[1])
        assert page.locator("h1").text_content() == "A tasting for Ada"
        assert page.get_by_label("Email").input_value() == ADA
        page.get_by_label("Tea").select_option("black")
        heron.wall.now += 20
        heron.at("2025-11-04 18:31")
        judge_hits(heron.runtime.inbox, heron.runtime.clock.now())
        heron.at("2025-11-04 18:31")
        page.get_by_role("button", name="Keep me a place").click()
        page.get_by_role("heading", name="See you on Saturday").wait_for()
        # By SMS, to the number of the form. She does not answer.
        heron.at("2025-11-04 18:40")
        (text,) = heron.texts
        assert text["To"] == "+33261910001"
        assert text["Body"].startswith("Blue Heron: Ada, may we count on you")
        # By letter: the code on the paper is hers, and leads on to where the shop says that it looks forward to her.
        heron.at("2025-11-06 19:00")
        (pdf,) = (heron.folder / "letters").glob("*/letters.pdf")
        (scanned,) = paper.codes(pdf, 1, tmp_path)
        heron.at("2025-11-12 09:00")
        answer = httpx.get(scanned, headers={"user-agent": CHROME})
        assert (answer.status_code, answer.headers["location"]) == (303, "http://127.0.0.1:8025/l/see_you")
        heron.at("2025-11-12 09:05")
        notes = (heron.folder / "notes.txt").read_text("utf-8")
        assert notes == f"{ADA}\tAda Lovelace may come, and likes black\n"
        # She came, and bought.
        campflow(heron.folder, "events", "import", "till.csv", "--event", "purchase")
        heron.at("2025-11-29 12:00")
        story = campflow(heron.folder, "explain", ADA)
    (shown,) = [each.text for each in blocks(PAGE) if each.text.startswith(f"{ADA} ")]
    assert same_for_everybody(story) == same_for_everybody(shown)


def same_for_everybody(story: str) -> str:
    """Without the port, and the link that is hers alone."""
    return re.sub(r"http://127\.0\.0\.1:\d+/l/tasting/[\w.]+…", "<her link>", story)
