"""Settings from flags, the environment and the file; what the command says of itself."""

import json

from tests.journeys.command import Campflow


def test_flags_beat_the_environment_which_beats_the_file(project: Campflow) -> None:
    project("status")
    assert (project.folder / "campflow.db").exists()
    project("status", CAMPFLOW_DATABASE="sqlite:///other.db")
    assert (project.folder / "other.db").exists()
    project("status", "--database", "sqlite:///third.db", CAMPFLOW_DATABASE="sqlite:///fourth.db")
    assert (project.folder / "third.db").exists()
    assert not (project.folder / "fourth.db").exists()


def test_a_misspelled_variable_is_not_ignored(project: Campflow) -> None:
    said = project("status", code=2, CAMPFLOW_DATABSE="sqlite:///other.db").stderr
    assert "CAMPFLOW_DATABSE: there is no such setting; did you mean `CAMPFLOW_DATABASE`?" in said


def test_purposes_that_need_opt_in_can_come_from_the_environment(project: Campflow) -> None:
    project("people", "import", "people.csv")
    said = project("people", "show", "ada@example.com", "--format", "json", CAMPFLOW_CONSENT__OPT_IN="news, offers")
    refused = {each["purpose"] for each in json.loads(said.stdout)["consent"] if not each["allowed"]}
    assert refused == {"news", "offers"}


def test_a_plugin_that_fails_is_named_and_the_rest_works(project: Campflow) -> None:
    names = {each["name"] for each in project.json("plugins")["loaded"]}
    assert "email" in names
    said = project("plugins", code=1, CAMPFLOW_PLUGINS="email,nosuch").stdout
    assert "nosuch" in said
    assert "and not there: install its distribution" in said


def test_version_and_help(campflow: Campflow) -> None:
    assert campflow("--version").stdout.startswith("campflow 0.")
    assert "Commands" in campflow("--help").stdout
