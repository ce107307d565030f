"""The example project in flows/: it is right, it runs, and it comes to the same however often the clock ticks."""

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


def shop(folder: Path) -> Terminal:
    """The shop with a few of its customers, nothing of it run yet."""
    made_by_the_demo = shutil.ignore_patterns("data", "mail", "campflow.db*")
    shutil.copytree(FLOWS, folder, ignore=made_by_the_demo)
    subprocess.run([sys.executable, "make_data.py", "data", str(CUSTOMERS)], cwd=folder, check=True)
    campflow = Terminal(folder)
    assert "no problem found" in campflow("check").stdout
    # One row of each is wrong on purpose.
    campflow("people", "import", "data/customers.csv", code=1)
    campflow("events", "import", "data/signups.jsonl", "--event", "signup")
    campflow("events", "import", "data/purchases.csv", "--event", "purchase", code=1)
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
    campflow("run", "--play", "1 day", "--until", "2025-06-01")
    welcome, winback = campflow.json("status")["campaigns"]
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
    assert "unsubscribe@blueheron.example" in newest


def test_day_by_day_and_all_at_once_are_the_same(tmp_path: Path) -> None:
    daily, once = shop(tmp_path / "daily"), shop(tmp_path / "once")
    daily("run", "--play", "1 day", "--until", "2025-05-01")
    once("tick", "--now", "2025-05-01")
    assert moves(daily)
    assert moves(daily) == moves(once)
