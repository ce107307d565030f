"""`campflow channel pause|resume` and `campflow retry`: what an operator decides when a provider was in trouble."""

import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

import pytest
from tests.cli.terminal import Terminal
from tests.cli.test_people import signed_up


def changed(project: Terminal, statement: str, *values: Any) -> None:
    """As a fault leaves rows: what a provider that was cut off does to them, `tests/engine` shows."""
    with closing(sqlite3.connect(project.folder / "campflow.db")) as connection, connection:
        connection.execute(statement, values)


def states(project: Terminal) -> Counter[str]:
    return Counter(each["state"] for each in project.json("outbox"))


def sent(still: Terminal) -> int:
    """The project with its first messages sent. Returns how many."""
    signed_up(still)
    still("people", "import", "-", "--format", "csv", stdin="key,email\nc3,cleo@acme.example\n")
    still("events", "import", "-", "--format", "csv", "--event", "signup", stdin="key,at,id\nc3,2026-03-02 09:00,s3\n")
    still("tick", "--now", "2026-03-02 10:30")
    assert states(still) == {"accepted": 2}
    return 2


def test_a_paused_channel_hands_nothing_over_and_says_why_until_it_is_resumed(still: Terminal) -> None:
    signed_up(still)
    said = still("channel", "pause", "email", "--reason", "the provider is moving").stdout
    assert said == "email is paused: `campflow channel resume email` goes on\n"
    tick = still("tick", "--now", "2026-03-02 10:30", code=None)
    assert "the provider is moving" in tick.stdout + tick.words
    waiting = states(still)
    assert "accepted" not in waiting
    assert "the provider is moving" in still("status").stdout
    assert still("channel", "resume", "email").stdout == "email goes on\n"
    assert still("channel", "resume", "email").stdout == "email was not paused\n"
    still("tick", "--now", "2026-03-02 10:31")
    assert states(still) == {"accepted": waiting.total()}


@pytest.mark.parametrize("state", ["uncertain", "rejected"])
def test_messages_go_out_once_more_but_not_those_that_have_expired(still: Terminal, state: str) -> None:
    count = sent(still)
    assert still("retry", "messages", state).stdout == "0 messages will be handed over once more\n"
    changed(still, "UPDATE message SET state = ?, detail = 'cut off'", state)
    changed(still, "UPDATE message SET expires_at = 0 WHERE message_id = 1")
    said = still("retry", "messages", state).stdout
    assert "1 message will be handed over once more" in said
    assert f"1 message had expired, and stays {state}" in said
    still("tick", "--now", "2026-03-02 10:31")
    assert states(still) == {"accepted": count - 1, state: 1}


def test_only_the_messages_that_are_named_go_out_once_more(still: Terminal) -> None:
    count = sent(still)
    changed(still, "UPDATE message SET state = 'uncertain'")
    assert "1 message will" in still("retry", "messages", "uncertain", "1").stdout
    assert "0 messages will" in still("retry", "messages", "uncertain", "--channel", "echo").stdout
    still("tick", "--now", "2026-03-02 10:31")
    assert states(still) == {"accepted": 1, "uncertain": count - 1}


def test_errands_are_done_once_more(still: Terminal) -> None:
    signed_up(still)
    still("tick", "--now", "2026-03-02 10:30")
    for number, state in enumerate(("failed", "failed", "uncertain"), 1):
        changed(
            still,
            "INSERT INTO errand (errand_id, contact_id, campaign_id, journey_id, nth, errand_statement_id, at, state, "
            "attempts, settled_at, detail) VALUES (?, 1, 1, 1, ?, 1, 0, ?, 8, 1, 'away')",
            number, number, state,
        )  # fmt: skip
    assert still("retry", "errands", "failed", "2").stdout == "1 errand will be done once more\n"
    assert still("retry", "errands", "uncertain").stdout == "1 errand will be done once more\n"
    with closing(sqlite3.connect(still.folder / "campflow.db")) as connection:
        rows = connection.execute(
            "SELECT state, attempts, settled_at, detail FROM errand ORDER BY errand_id"
        ).fetchall()
    assert rows == [("failed", 8, 1, "away"), ("ready", 0, None, None), ("ready", 0, None, None)]


@pytest.mark.parametrize("words", [("channel", "pause", "fax"), ("channel", "resume", "fax"),
                                   ("retry", "messages", "uncertain", "--channel", "fax")])  # fmt: skip
def test_a_channel_that_nobody_makes_is_told_with_those_there_are(still: Terminal, words: tuple[str, ...]) -> None:
    signed_up(still)
    said = still(*words, code=None).words
    assert "no plugin makes a channel `fax`: there are" in said
    assert "email" in said


def test_only_what_may_go_again_can_be_named(still: Terminal) -> None:
    assert "uncertain" in still("retry", "messages", "accepted", code=2).words
