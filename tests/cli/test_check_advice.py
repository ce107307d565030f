"""What `campflow check` says beside its findings: the page of a code, the load of a week, and what day it is."""

import pytest
from tests.cli.terminal import Terminal

from campflow.diagnostics.catalogue import TITLES


@pytest.mark.parametrize("code", TITLES)
def test_every_code_is_explained_wherever_one_stands(campflow: Terminal, code: str) -> None:
    said = campflow("check", "--explain", code).stdout
    assert said.startswith(f"# {code}\n")
    assert "## Wrong" in said
    assert "## Right" in said
    assert "```" not in said
    assert "<!--" not in said


def test_a_code_that_there_is_not(campflow: Terminal) -> None:
    assert "did you mean `dead-end`?" in campflow("check", "--explain", "deadend", code=2).words


def test_the_load_of_a_week_names_the_busiest_path(project: Terminal) -> None:
    project.change("welcome.flow", "send email welcome", "send email welcome\n    send email welcome in 1 day")
    said = project("check", "--load").stdout
    assert "most messages that one person could get in a week" in said
    row = next(line for line in said.splitlines() if line.startswith("email"))
    assert row.split()[:3] == ["email", "welcome", "3"]


def test_no_load_is_told_of_a_mistaken_project(project: Terminal) -> None:
    project.change("welcome.flow", "send email welcome", "send email welcom")
    assert "once there is no error" in project("check", "--load", code=1).stdout


def test_days_that_are_over_are_told(project: Terminal) -> None:
    project.write(
        "old.flow",
        "campaign old {\n  runs 2020-01-01 to 2020-02-01\n  audience email is set\n  enter on signup\n"
        "  stage a {\n    after 1 day -> done\n  }\n  final done\n}\n",
    )
    assert "warning[overdue-run]: `old` ended on 2020-02-01" in project("check").stdout
