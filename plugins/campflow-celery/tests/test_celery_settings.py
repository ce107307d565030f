"""What is wrong with the settings of an executor is said before anything runs."""

from pathlib import Path

import pytest
from tests.journeys.command import Campflow

from campflow.cli.starter import write_project


@pytest.fixture
def project(tmp_path: Path) -> Campflow:
    write_project(tmp_path)
    return Campflow(tmp_path)


def test_wrong_settings_are_named(project: Campflow) -> None:
    def said(*words: str, **settings: str) -> str:
        return " ".join(project(*words, code=2, **settings).stderr.replace("│", " ").split())

    assert "no plugin makes an executor `celry`; did you mean `celery`?" in said("run", CAMPFLOW_EXECUTOR="celry")
    wrong = {"CAMPFLOW_EXECUTOR": "celery", "CAMPFLOW_EXECUTORS__CELERY__BROKER": "rabbit:5672"}
    assert "write the URL of a broker" in said("run", **wrong)
    assert 'campflow.toml says executor = "local"' in said("worker")
    celery = {"CAMPFLOW_EXECUTOR": "celery"}
    assert "did you mean `send.email`?" in said("worker", "--queues", "send.emial", **celery)
    assert "name one or more of" in said("worker", "--queues", ",", **celery)


def test_a_daemon_without_its_broker_says_what_to_do_and_goes_on(project: Campflow) -> None:
    toml = (project.folder / "campflow.toml").read_text("utf-8")
    table = '[executors.celery]\nbroker = "amqp://ada:secret@127.0.0.1:9//"\ntimeout = 1\n'
    project.write("campflow.toml", f'executor = "celery"\n{toml}\n{table}')
    with project.daemon() as daemon:
        error = daemon.wait_for("failed")["error"]
        assert "the broker at amqp://ada:**@127.0.0.1:9// cannot be used" in error
        assert "secret" not in error
        assert daemon.process.poll() is None
