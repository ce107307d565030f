"""What outsiders wrote is shown as letters: no command drives the terminal with it, nor falls over it."""

import io
import re
import sqlite3
from contextlib import closing, redirect_stderr

import pytest
from tests.cli.terminal import Terminal

from campflow.cli.operating import logger
from campflow.cli.starter import write_project

#: HTML, colours and titles of terminals, C1 controls, markup of the library that draws tables, a change of direction.
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b]0;owned\x07\x1b[2J\x9b31m[/red][link=https://evil.example]"
    "x[/link][/]\u202e\u2028\r\nSubject: more\x00\x7f"
)
#: What makes terminals do something: all controls but the ends of our own lines, and what turns the direction around.
DRIVING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")

#: Texts from outside: what providers answered and reported, what people and operators wrote.
TOLD = {
    "message": ["detail", "provider_id"], "attempt": ["detail"], "channel": ["trouble", "paused_for"],
    "errand": ["detail"], "consent": ["wording", "source", "proof"], "suppression": ["reason"],
    "event": ["source", "event_id"], "contact": ["contact_key", "first_name"], "campaign_version": ["author"],
}  # fmt: skip
ADA, KEY = "ada@example.com", f"a1{HOSTILE}"


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Ada's mail was rejected, and everything that anybody could write is hostile."""
    still = Terminal(tmp_path_factory.mktemp("poisoned"))
    write_project(still.folder)
    still.write("campflow.toml", 'clock = "manual"\n' + (still.folder / "campflow.toml").read_text("utf-8"))
    flow = (still.folder / "welcome.flow").read_text("utf-8")
    still.write("welcome.flow", re.sub(r"from \d{4}-\d\d-\d\d", "from 2026-03-01", flow))
    still.change("welcome.flow", "    after 3 days", '    notify echo "new"\n    after 3 days')
    still("tick", "--now", "2026-03-01")
    still("people", "import", "-", "--format", "csv", stdin=f"key,email,first_name\na1,{ADA},Ada\n")
    signups = f"id,contact,at\n1,{ADA},2026-03-02 10:00\n"
    still("events", "import", "-", "--format", "csv", "--event", "signup", stdin=signups)
    still("tick", "--now", "2026-03-02 10:30")
    still("people", "consent", ADA, "email", "--given", "--source", "form")
    still("people", "suppress", ADA, "--channel", "echo")
    still("channel", "pause", "email")
    with closing(sqlite3.connect(still.folder / "campflow.db", isolation_level=None)) as rows:
        rows.execute(
            "INSERT INTO attempt (contact_id, message_id, batch_id, at, outcome, detail) VALUES (1, 1, 1, 1, 'x', 'x')"
        )
        rows.execute("UPDATE message SET state = 'rejected', settled_at = planned_at")
        rows.execute("UPDATE channel SET trouble = 'x', open_until = 99999999999999")
        rows.execute("UPDATE errand SET state = 'failed', leased_until = 1")
        for table, columns in TOLD.items():
            for column in columns:
                given = KEY if column == "contact_key" else HOSTILE
                said = rows.execute(f"UPDATE {table} SET {column} = ?", (given,))  # noqa: S608  (our own names)
                assert said.rowcount > 0, table
    return still


#: Commands that show what is in the database, and how they end.
READING = {
    "status": 0, "outbox": 0, "outbox rejected": 0, "errands": 0, f"explain {ADA}": 0, f"people show {ADA}": 0,
    f"people export {ADA}": 0, "doctor": 1, "versions welcome": 0, "channel resume email": 0,
}  # fmt: skip


@pytest.mark.parametrize("words", READING)
def test_nothing_that_outsiders_wrote_drives_the_terminal(poisoned: Terminal, words: str) -> None:
    formats = [[], ["--format", "json"]] if "--format" in poisoned(*words.split(), "--help").stdout else [[]]
    for more in formats:
        said = poisoned(*words.split(), *more, code=None)
        for text in (said.stdout, said.stderr):
            assert DRIVING.findall(text) == []
            assert "This should not have happened" not in text
    shown = poisoned(*words.split(), code=READING[words]).stdout
    assert "<script>" in shown or words in ("doctor", "channel resume email")
    if "<script>" in shown:  # as letters, and whole: nobody's markup was taken for ours
        assert "[/red][link=https://evil.example]" in "".join(shown.split())


def test_nor_does_what_is_asked_for(project: Terminal) -> None:
    said = project("people", "show", HOSTILE, code=1)
    assert DRIVING.findall(said.stderr) == []
    assert "<script>" in said.stderr


@pytest.mark.parametrize("terminal", [False, True])
def test_nor_does_the_log(terminal: bool) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    with redirect_stderr(stream):
        logger().error("failed", what="channel email", error=f"421{HOSTILE}")
    text = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())  # colours of our own
    assert DRIVING.findall(text) == []
    assert "<script>" in text
