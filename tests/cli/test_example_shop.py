"""The example project in flows/: it is right, it runs, and it comes to the same however often the clock ticks."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from tests.cli.terminal import Terminal

FLOWS = Path(__file__).parents[2] / "flows"
CUSTOMERS = 60
MADE_BY_THE_DEMO = ("data", "mail", "letters", "sms.jsonl", "notes.txt", "campflow.db*")


def shop(folder: Path) -> Terminal:
    """The shop with a few of its customers, nothing of it run yet."""
    shutil.copytree(FLOWS, folder, ignore=shutil.ignore_patterns(*MADE_BY_THE_DEMO))
    subprocess.run([sys.executable, "make_data.py", "data", str(CUSTOMERS)], cwd=folder, check=True)
    campflow = Terminal(folder)
    assert "no problem found" in campflow("check").stdout
    # One row of each is wrong on purpose.
    campflow("people", "import", "data/customers.csv", code=1)
    campflow("events", "import", "data/signups.jsonl", "--event", "signup")
    campflow("events", "import", "data/purchases.csv", "--event", "purchase", code=1)
    campflow("events", "import", "data/answers.jsonl")
    return campflow


def moves(campflow: Terminal) -> list[tuple[Any, ...]]:
    query = """
        SELECT c.email, s.path, s.line, m.nth, m.at FROM move m
        JOIN contact c USING (contact_id) JOIN statement s USING (statement_id) ORDER BY 1, 5, 2, 4
    """
    with closing(sqlite3.connect(campflow.folder / "campflow.db")) as connection:
        return connection.execute(query).fetchall()


def test_a_season_of_the_shop(tmp_path: Path) -> None:
    campflow = shop(tmp_path / "shop")
    played = campflow("run", "--play", "1 day", "--until", "2025-06-01").stdout
    # Of campaigns that nobody has entered yet nothing is said.
    assert "2025-06-01  welcome: " in played
    tasting, welcome, winback = campflow.json("status")["campaigns"]
    assert (tasting["name"], tasting["entered"]) == ("tasting", 0)
    assert welcome["name"] == "welcome"
    assert 0 < welcome["entered"] <= CUSTOMERS
    assert welcome["conversions"][0]["count"] > 0
    assert winback["entered"] > 0
    assert welcome["waiting"] + welcome["sent"] == sum(welcome["messages"].values())
    mails = [
        message_from_bytes(each.read_bytes(), policy=policy.default)
        for each in (campflow.folder / "mail" / "new").iterdir()
    ]
    assert len(mails) == welcome["sent"] + winback["sent"]
    assert len({mail["Message-ID"] for mail in mails}) == len(mails)
    subjects = " ".join(str(mail["Subject"]) for mail in mails)
    assert "Welcome, " in subjects
    assert "Bienvenue, " in subjects
    newest = subprocess.run(
        [sys.executable, "read_mail.py"], cwd=campflow.folder, check=True, capture_output=True, text=True
    ).stdout
    assert "Subject: " in newest
    assert "http://127.0.0.1:8025/u/" in newest


def test_the_tasting_asks_by_each_channel_and_nothing_leaves_the_machine(tmp_path: Path) -> None:
    campflow = shop(tmp_path / "shop")
    campflow("tick", "--now", "2025-11-01")  # what came before is made up for at once
    campflow("run", "--play", "1 day", "--until", "2025-12-31")
    (tasting,) = [each for each in campflow.json("status")["campaigns"] if each["name"] == "tasting"]
    assert {stage["name"] for stage in tasting["stages"] if not stage["passed"]} == set()
    assert tasting["conversions"][0]["count"] > 0
    texts = [json.loads(line) for line in (campflow.folder / "sms.jsonl").read_text("utf-8").splitlines()]
    # Numbers that are kept free for stories.
    assert {each["to"][:9] for each in texts} == {"+33261910"}
    assert {each["from"] for each in texts} == {"Blue Heron"}
    letters = list((campflow.folder / "letters").glob("*/manifest.csv"))
    assert letters
    assert all((each.parent / "letters.pdf").exists() for each in letters)
    assert "may come, and likes " in (campflow.folder / "notes.txt").read_text("utf-8")
    sent = sum(stage["passed"] for stage in tasting["stages"] if stage["name"] in ("invited", "signed_up", "letter"))
    assert sent == tasting["sent"]


def test_day_by_day_and_all_at_once_are_the_same(tmp_path: Path) -> None:
    daily, once = shop(tmp_path / "daily"), shop(tmp_path / "once")
    daily("run", "--play", "1 day", "--until", "2025-05-01")
    once("tick", "--now", "2025-05-01")
    assert moves(daily)
    assert moves(daily) == moves(once)
