"""Texts that change while `campflow run` runs."""

import time

from tests.journeys.command import PATIENCE, Campflow


def passed(project: Campflow, stage: str) -> int:
    stages = [each for campaign in project.json("status")["campaigns"] for each in campaign["stages"]]
    return sum(each["passed"] for each in stages if each["name"] == stage)


def until_passed(project: Campflow, stage: str, people: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while passed(project, stage) < people:
        assert time.monotonic() < deadline


def test_what_is_applied_reaches_a_running_daemon(project: Campflow) -> None:
    project.signed_up("ada")
    with project.daemon() as daemon:
        until_passed(project, "hello", 1)
        project.change("welcome.flow", "stage hello", "stage hi")
        project.change("welcome.flow", "  final customer", "  moved hello -> hi\n  final customer")
        project("apply", "--yes")
        assert daemon.wait_for("other texts are in force")["campaigns"] == 1
        project.signed_up("zoe")
        until_passed(project, "hi", 1)
    (campaign,) = project.json("status")["campaigns"]
    assert {stage["name"]: stage["people"] for stage in campaign["stages"] if stage["people"]} == {"hi": 2}
    assert campaign["entered"] == 2


def test_a_daemon_starts_with_a_broken_file_and_serves_those_who_are_inside(project: Campflow) -> None:
    project.signed_up("ada")
    project("tick")
    project.change("welcome.flow", "-> reminder", "-> nowhere")
    with project.daemon() as daemon:
        said = daemon.wait_for("its new text is not in force")
        assert said["campaign"] == "welcome"
        assert "its file has errors" in said["reason"]
        project.change("welcome.flow", "-> nowhere", "-> reminder")
        project.signed_up("zoe")
        until_passed(project, "hello", 2)


def test_a_file_that_breaks_while_the_daemon_runs_stops_nobody(project: Campflow) -> None:
    project.signed_up("ada")
    with project.daemon():
        until_passed(project, "hello", 1)
        text = (project.folder / "welcome.flow").read_text("utf-8")
        project.write("welcome.flow", "campaign welcome {")
        project("check", code=1)
        project.signed_up("zoe")
        until_passed(project, "hello", 2)
        assert "error" in project("apply", "--yes", code=1).stderr
        # Once it is right again it is applied, and the daemon reads it.
        project.write(
            "welcome.flow",
            text.replace("stage hello", "stage hi").replace(
                "  final customer", "  moved hello -> hi\n  final customer"
            ),
        )
        project("apply", "--yes")
        project.signed_up("cy")
        until_passed(project, "hi", 1)
