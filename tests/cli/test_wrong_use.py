"""What a command says when it is used wrongly: a sentence, the next step, the right exit code, never a traceback."""

import json
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError
from tests.cli.terminal import Terminal

from campflow.cli.main import explain_failure


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("status", "campflow init"),
        ("check", "there is no campflow.toml in"),
        ("check nowhere", "does not exist"),
        ("stauts", "Did you mean"),
        ("init --nosuch", "No such option"),
        ("compile", "Missing argument"),
    ],
)
def test_outside_of_a_project(campflow: Terminal, words: str, expected: str) -> None:
    assert expected in campflow(*words.split(), code=2).words


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ("people import nowhere.csv", 2, "cannot be read"),
        ("people import -", 2, "say which format"),
        ("people import people.csv --format xml", 2, "choose csv, jsonl"),
        ("people import people.csv --map email", 2, "--map 'First name=first_name'"),
        ("people import people.csv --map email=emial", 1, "did you mean `email`?"),
        ("events import signups.csv --event sing_up", 1, "sing_up"),
        ("tick --now 2026-03-01", 2, 'clock = "manual"'),
        ("run --play 1day", 2, "both are needed"),
        ("run --play 1day --until 2026-01-01", 2, 'clock = "manual"'),
        ("explain nobody@example.com", 1, "look at the spelling"),
        ("outbox lost", 2, "lost"),
        ("compile people.csv --to sql", 2, "not one of the project's .flow files"),
        ("status --project people.csv", 2, "is a file"),
        ("status --database mysql://x/y", 1, "does not run on mysql"),
        ("status --database sqlite:////nowhere/at/all.db", 1, "create the folder"),
        ("status --database nonsense", 2, "is not a database URL"),
    ],
)
def test_inside_a_project(project: Terminal, words: str, code: int, expected: str) -> None:
    assert expected in project(*words.split(), code=code).words


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("timezone = 'Mars/Olympus'", "campflow.toml:1: `timezone`: `Mars/Olympus` is not a time zone"),
        ("databse = 'x'", "campflow.toml:1: `databse`: there is no such setting; did you mean `database`?"),
        ("clock = 'sundial'", "campflow.toml:1: `clock`"),
        ("expires = 'soon'", "`soon` is not a duration"),
        ("currency = 'EURO'", "`EURO` is not a currency"),
        ("this is no toml", "campflow.toml:1: this is not valid TOML"),
        ("channels.emial.host = 'x'", "no plugin makes a channel `emial`; did you mean `email`?"),
        (
            "channels.email.hots = 'x'",
            "campflow.toml: `channels.email.hots`: there is no such setting; did you mean `host`?",
        ),
        ("[channels.email]\nport = 'many'", "campflow.toml:2: `channels.email.port`"),
        ("channels.email.port = 'many'", "`channels.email.port`"),
        ("consent.opt_in = ['Big News']", "`consent.opt_in`: `Big News` is not a purpose"),
        ("[consent]\noptin = ['news']", "campflow.toml:2: `consent.optin`: there is no such setting"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place(project: Terminal, line: str, expected: str) -> None:
    toml = (project.folder / "campflow.toml").read_text("utf-8")
    rest = [each for each in toml.splitlines() if not each.startswith(("timezone", "database", "currency", "expires"))]
    project.write("campflow.toml", "\n".join([line, *rest]))
    assert expected in project("tick", code=2).stderr


def test_findings_are_shown_and_nothing_runs(project: Terminal) -> None:
    project.change("welcome.flow", "-> reminder", "-> remnider")
    said = project("check", code=1)
    assert "error[unknown-name]" in said.stdout
    assert "did you mean `reminder`?" in said.stdout
    assert "1 error" in said.stdout
    for command in ("run", "tick"):
        told = project(command, code=1).stderr
        assert "welcome.flow:12" in told
        assert "1 error" in told


def test_findings_as_json_and_for_github(project: Terminal) -> None:
    assert project.json("check") == []
    project.change("welcome.flow", "send email welcome", "send email welcom")
    done = project("check", "--format", "github", code=1)
    assert done.stdout.startswith("::error file=welcome.flow,line=")
    (found,) = json.loads(project("check", "--format", "json", code=1).stdout)
    assert set(found) == {
        "code", "severity", "message", "hint", "file", "line", "column", "end_line", "end_column",
    }  # fmt: skip
    assert (found["file"], found["line"]) == ("welcome.flow", 11)


def test_check_of_one_file_tells_only_of_it(project: Terminal) -> None:
    project.change("welcome.flow", "-> reminder", "-> nowhere")
    project("check", "people.flow")
    project("check", "welcome.flow", code=1)


def test_the_desk_works_while_the_flow_is_broken(project: Terminal) -> None:
    project.signed_up("ada")
    project("tick")
    project.change("welcome.flow", "-> reminder", "-> nowhere")
    assert project.json("status")["campaigns"][0]["entered"] == 1
    assert "entered, and is in hello" in project("explain", "ada@example.com").stdout
    assert "1 accepted" in project("outbox").stdout


def test_explain_knows_a_campaign_that_somebody_has_not_entered_from_one_that_is_not_there(still: Terminal) -> None:
    still.signed_up("ada")
    assert "has not entered welcome" in still("explain", "ada@example.com", "welcome").stdout
    said = still("explain", "ada@example.com", "welcom", code=2).stderr
    assert "there is no campaign `welcom`: did you mean `welcome`?" in " ".join(said.replace("│", " ").split())


def test_the_clock_is_never_turned_back(still: Terminal) -> None:
    still("tick", "--now", "2026-03-02")
    assert "cannot be turned back" in still("tick", "--now", "2026-03-01 23:59", code=1).stderr
    assert "is not a time" in still("tick", "--now", "yesterday", code=2).stderr


def test_people_in_a_stage_that_disappeared_go_on_by_the_old_text(project: Terminal) -> None:
    project.signed_up("ada")
    project("tick")
    project.change("welcome.flow", "stage hello", "stage hallo")
    ticked = project("tick")
    assert "there is no stage `hello` any more, and 1 person is in it" in ticked.stdout + ticked.stderr
    assert "hello" in project("status").stdout


def test_a_server_that_cannot_be_reached_is_said_and_its_mail_waits(project: Terminal) -> None:
    project.signed_up("ada", "zoe")
    toml = (project.folder / "campflow.toml").read_text("utf-8")
    project.write("campflow.toml", toml + '\n[channels.email]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n')
    said = project("tick", code=1)
    assert "2 planned" in said.stdout
    assert "channel email: " in said.stderr
    assert "its messages wait" in said.stderr
    assert {each["state"] for each in project.json("outbox")} == {"ready"}
    project.write("campflow.toml", toml)
    # What cannot be reached is left alone for a second.
    ticks = (project("tick", code=None) for _ in range(30))
    assert any("2 accepted" in each.stdout for each in ticks)


def test_an_error_of_the_database_that_nobody_foresaw_shows_no_statement(capsys: pytest.CaptureFixture[str]) -> None:
    error = OperationalError("SELECT 'statement'", {"email": "ada@acme.example"}, sqlite3.OperationalError("no reason"))
    assert explain_failure(error) == 1
    said = capsys.readouterr().err
    assert said.startswith("campflow: OperationalError: no reason\nThis should not have happened.")
    assert "statement" not in said
    assert "ada" not in said
