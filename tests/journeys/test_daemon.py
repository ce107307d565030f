"""`campflow run` as an operator knows it: prompt, stopped by a signal, never alone in the way of another."""

import signal
import time

from tests.journeys.command import PATIENCE, Campflow


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
