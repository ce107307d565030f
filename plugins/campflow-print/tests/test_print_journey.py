"""A letter from the campaign to the printer, into a reader's hands, and back from the post."""

import asyncio
import csv
import datetime as dt
import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from tests import paper
from tests.cli.terminal import Terminal

from campflow.hooks.contracts import ChannelContext, Sender, WebRequest
from campflow.project import Project
from campflow.running import open_in_force
from campflow_print import LETTER

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "send-letters.md"

PEOPLE = """key,first_name,last_name,street,postcode,city,country
17,Ada,Lovelace,Hauptstrasse 12a,8001,Zürich,CH
18,Max,Muster,Rue du Lac 3,75001,Paris,FR
"""
MOVED = "contact,event,at,id\n17,moved_in,2026-12-01T09:00,m1\n18,moved_in,2026-12-01T09:00,m2\n"


@pytest.fixture
def posted(tmp_path: Path) -> Terminal:
    """The project of the how-to page, with two letters at the printer's."""
    for name, text in re.findall(r"<!-- write: (\S+) -->\n```[^\n]*\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    terminal = Terminal(tmp_path)
    terminal.change("campflow.toml", "timezone", 'clock = "manual"\ntimezone')
    terminal.write("people.csv", PEOPLE)
    terminal.write("moved.csv", MOVED)
    terminal("people", "import", "people.csv")
    terminal("tick", "--now", "2026-12-01 08:00")
    terminal("events", "import", "moved.csv")
    terminal("tick", "--now", "2026-12-01 10:00")
    return terminal


def manifest(terminal: Terminal) -> list[dict[str, str]]:
    (batch,) = (terminal.folder / "letters").glob("2026-*")
    with (batch / "manifest.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_letter_that_came_back_moves_its_contact_once(posted: Terminal) -> None:
    _, max_ = manifest(posted)
    assert max_["address"] == "Max Muster, Rue du Lac 3, 75001 PARIS, FRANKREICH"
    scanned = (
        f"https://acme.example/hooks/letter?k={max_['key']}\n{max_['key']}\n\nrubbish\n1-0123456789abcdef01234567\n"
    )
    said = posted("returned", "-", stdin=scanned, code=1)
    assert said.stdout == "1 recorded, 0 known already, 2 refused\n"
    assert said.stderr == "-:4: this is the code of no letter\n-:5: this is the code of no letter\n"
    assert posted("returned", "-", stdin=max_["key"]).stdout == "0 recorded, 1 known already, 0 refused\n"
    posted("tick", "--now", "2026-12-02 10:00")
    assert "on returned offer -> unreachable" in posted("explain", "18").stdout
    assert "unreachable" not in posted("explain", "17").stdout


@paper.poppler
@paper.zbar
def test_a_letter_that_is_scanned_moves_its_contact(posted: Terminal, tmp_path: Path) -> None:
    (batch,) = (posted.folder / "letters").glob("2026-*")
    (url,) = paper.codes(batch / "letters.pdf", 1, tmp_path)
    project = Project.open(posted.folder)
    at = dt.datetime(2026, 12, 1, 18, 0, tzinfo=dt.UTC)
    shutil.rmtree(batch)
    runtime = open_in_force(project)
    with closing(runtime.database):
        assert LETTER.webhook is not None
        webhook = LETTER.webhook(project.channel_settings()["letter"], ChannelContext(str(posted.folder), Sender()))
        answer = asyncio.run(webhook.hear(WebRequest("GET", url, {}, b"", at)))
        heard = runtime.inbox.record("letter", answer.reactions, int(at.timestamp() * 1_000))
    assert (heard.added, answer.headers["Location"]) == (1, "https://acme.example/welcome")
    posted("tick", "--now", "2026-12-02 10:00")
    assert "on scanned offer" in posted("explain", "17").stdout
