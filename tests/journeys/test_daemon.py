"""`campflow run` as an operator knows it: prompt, stopped by a signal, never alone in the way of another."""

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.databases import Store
from tests.journeys.command import COMMAND, PATIENCE, Campflow, Daemon


def test_an_event_is_seen_within_two_seconds(project: Campflow) -> None:
    with project.daemon() as daemon:
        project.signed_up("ada")
        begun = time.monotonic()
        assert daemon.wait_for("tick")["entered"] == 1
        assert daemon.wait_for("handed over")["accepted"] == 1
        assert time.monotonic() - begun < 2
    assert len(project.mails()) == 1


def test_sigterm_ends_it_cleanly(project: Campflow) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with project.daemon() as daemon:
            daemon.process.send_signal(number)
            assert daemon.process.wait(PATIENCE) == 0
            assert daemon.wait_for("stopped")


def test_sigterm_lets_what_was_begun_be_finished(project: Campflow) -> None:
    project.signed_up(*(f"person{number}" for number in range(300)))
    with project.daemon() as daemon:
        daemon.wait_for("tick")
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(PATIENCE) == 0
    states = [message["state"] for message in project.json("outbox", "--limit", "1000")]
    assert len(states) == 300
    assert set(states) <= {"ready", "accepted"}
    assert states.count("accepted") == len(project.mails())


def test_two_daemons_on_one_database(project: Campflow) -> None:
    with project.daemon() as one, project.daemon() as other:
        project.signed_up(*(f"person{number}" for number in range(200)))
        deadline = time.monotonic() + PATIENCE
        while (project.json("status")["campaigns"] or [{"sent": 0}])[0]["sent"] < 200:
            assert time.monotonic() < deadline
        for daemon in (one, other):
            daemon.process.send_signal(signal.SIGTERM)
            assert daemon.process.wait(PATIENCE) == 0
    (campaign,) = project.json("status")["campaigns"]
    assert (campaign["entered"], campaign["sent"], len(project.mails())) == (200, 200, 200)


@pytest.mark.parametrize("later", [0.0, 0.15, 0.3, 0.5])
def test_sigterm_ends_it_cleanly_while_it_is_still_starting(project: Campflow, later: float) -> None:
    """From the moment on at which the command itself is there, which is some hundredths after its process."""
    process = subprocess.Popen([COMMAND, "run"], cwd=project.folder, env=project.environment(), stderr=subprocess.PIPE)
    with process:
        while not _hears(process.pid, signal.SIGTERM):
            assert process.poll() is None
        with suppress(subprocess.TimeoutExpired):
            process.wait(later)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert b"Traceback" not in said


def test_a_sigterm_that_comes_in_a_destructor_is_known_and_leaves_no_traceback() -> None:
    code = """
import os, signal
from campflow.cli import main
signal.signal(signal.SIGTERM, main._stop)
class Held:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        sum(range(1000))
Held()
print(main.asked_to_stop)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (said.stdout, said.stderr) == ("[15]\n", "")


def _hears(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


# --- roles ------------------------------------------------------------------------------------------------------------


def test_daemons_of_two_roles_finish_a_project_together(project: Campflow, store: Store) -> None:
    project.change("campflow.toml", "sqlite:///campflow.db", store.shared_url(project.folder))
    with project.daemon("--role", "tick") as mover:
        project.signed_up(*(f"person{number}" for number in range(20)))
        assert _sum(mover, "tick", "planned", 20) == 20
        assert project.mails() == []
        with project.daemon("--role", "send") as sender:
            assert _sum(sender, "handed over", "accepted", 20) == 20
    assert len(project.mails()) == 20


def _sum(daemon: Daemon, event: str, name: str, wanted: int) -> int:
    """What its log tells of `name` until that is enough."""
    got = 0
    while got < wanted:
        got += daemon.wait_for(event).get(name, 0)
    return got


def test_a_daemon_that_only_sends_moves_nobody(project: Campflow) -> None:
    project.signed_up("ada")
    with project.daemon("--role", "send") as sender, project.daemon("--role", "tick") as mover:
        assert mover.wait_for("tick")["entered"] == 1
        assert sender.wait_for("handed over")["accepted"] == 1
        for daemon in (sender, mover):
            daemon.process.send_signal(signal.SIGTERM)
        said = [json.loads(line)["event"] for line in sender.process.stderr or ()]
    assert "tick" not in said


def test_a_role_that_there_is_not_is_said(project: Campflow) -> None:
    assert "did you mean `send`?" in project("run", "--role", "tick,sent", code=2).stderr
    assert "name one or more of" in project("run", "--role", ",", code=2).stderr
