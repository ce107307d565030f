"""Figures agree with the rows, go to every sink, and cost what they may."""

import asyncio
import csv
import datetime as dt
import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import insert, update
from tests.databases import Store
from tests.paper import needs
from tests.web.served import NOW, sent, served, signed_up, write_project

from campflow.engine.clock import ManualClock
from campflow.engine.delivery import Rules, deliver_ready
from campflow.engine.figure_file import FILE_SINK
from campflow.engine.figures import Meter, measure, publish
from campflow.engine.inbox import Inbox
from campflow.hooks.contracts import Measurement, Reaction
from campflow.measuring.measures import MEASURES
from campflow.model.times import parse_time
from campflow.project import Project
from campflow.running import open_runtime
from campflow.testing import FigureContract
from campflow.testing.samples import AT
from campflow.web.metrics import exposition


def figures(measured: Sequence[Measurement]) -> dict[str, dict[tuple[str, ...], float]]:
    """Values by name and labels."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for each in measured:
        assert tuple(each.labels) == MEASURES[each.name].labels
        found.setdefault(each.name, {})[tuple(each.labels.values())] = each.value
    return found


def test_what_happened_is_counted(store: Store, tmp_path: Path) -> None:
    write_project(tmp_path, store.shared_url(tmp_path))
    with sent(Project.open(tmp_path)) as runtime:
        now, t = runtime.clock.now(), runtime.database.tables
        inbox: Inbox = runtime.inbox
        inbox.record("pigeon", [Reaction("clicked", AT + dt.timedelta(hours=1), "1", provider_id="p-ada")], now)
        inbox.record("pigeon", [Reaction("bounced", AT, "2", provider_id="p-bob")], now)
        runtime.tick(now)
        with runtime.database.transaction() as connection:
            connection.execute(
                insert(t.cost).values(contact_id=1, message_id=1, campaign_id=1, channel="pigeon", amount=8, at=now)
            )
            connection.execute(update(t.message).where(t.message.c.message_id == 2).values(state="uncertain"))
        with runtime.database.reader() as connection:
            found = figures(measure(connection, t, now + 5_000))
    spring, pigeon = ("spring",), ("spring", "pigeon")
    assert found["entered"] == {spring: 2}
    assert found["moved"] == {spring: 3}
    assert (found["planned"], found["sent"]) == ({pigeon: 2}, {pigeon: 1})
    assert (found["clicked"], found["bounced"]) == ({pigeon: 1}, {pigeon: 1})
    assert found["cost"] == {pigeon: 8}
    assert found["uncertain"] == {("pigeon",): 1}
    assert found["lag_seconds"] == {(): 0}


def test_how_long_a_provider_takes_is_counted_by_call(store: Store, tmp_path: Path) -> None:
    write_project(tmp_path, store.shared_url(tmp_path))
    project = Project.open(tmp_path)
    with closing(project.database()) as database:
        ManualClock(database).move(parse_time(NOW, "UTC"))
    with closing(open_runtime(project)) as runtime:
        signed_up(runtime)
        now, t = runtime.clock.now(), runtime.database.tables
        runtime.tick(now)
        runtime.release(now)
        rules = Rules(watch=count(0, 2.5).__next__)
        asyncio.run(deliver_ready(runtime.database, runtime.stationery, runtime.channels(), runtime.clock.now, rules))
        with runtime.database.reader() as connection:
            found = figures(measure(connection, t, now))
        assert found["sent"] == {("spring", "pigeon"): 2}
        # Both went in one window.
        assert (found["provider_calls"], found["provider_seconds"]) == ({("pigeon",): 1}, {("pigeon",): 2.5})


def test_lag_is_how_long_what_is_due_longest_has_waited(store: Store, tmp_path: Path) -> None:
    write_project(tmp_path, store.shared_url(tmp_path))
    with sent(Project.open(tmp_path)) as runtime:
        now, t = runtime.clock.now(), runtime.database.tables
        with runtime.database.transaction() as connection:
            due = now - 90_000
            waits = update(t.journey).where(t.journey.c.journey_id == 1).values(due_at=due, alarm_at=due)
            connection.execute(waits)
        with runtime.database.reader() as connection:
            assert figures(measure(connection, t, now))["lag_seconds"] == {(): 90}


class Kept:
    def __init__(self, trouble: str = "") -> None:
        self.published: list[Sequence[Measurement]] = []
        self.trouble = trouble

    def publish(self, measurements: Sequence[Measurement]) -> None:
        if self.trouble:
            raise OSError(self.trouble)
        self.published.append(measurements)


def test_a_sink_that_fails_keeps_figures_from_no_other_and_counting_is_spared(tmp_path: Path) -> None:
    write_project(tmp_path, Store("sqlite").shared_url(tmp_path))
    with sent(Project.open(tmp_path)) as runtime:
        time = 0.0
        meter = Meter(lambda: runtime.database, runtime.clock.now, every=60, clock=lambda: time)
        good, bad = Kept(), Kept("disk full")
        failed = asyncio.run(publish(meter, {"bad": bad, "good": good}))
        assert (list(failed), len(good.published)) == (["bad"], 1)
        assert not meter.is_due()
        assert meter.read() is meter.read()
        time = 60.0
        assert meter.is_due()


def test_prometheus_is_told_what_it_understands() -> None:
    hostile = Measurement("sent", {"campaign": 'a"b\\c\nd', "channel": "email"}, 3.0, AT)
    assert exposition([Measurement("queue", {"channel": "email"}, 2.0, AT), hostile]) == (
        "# HELP campflow_queue Messages that are ready and not handed over. Unit: messages.\n"
        "# TYPE campflow_queue gauge\n"
        'campflow_queue{channel="email"} 2.0\n'
        "# HELP campflow_sent_total Messages that their provider accepted. Unit: messages.\n"
        "# TYPE campflow_sent_total counter\n"
        'campflow_sent_total{campaign="a\\"b\\\\c\\nd",channel="email"} 3.0\n'
    )


@needs("promtool", "Debian: prometheus")
def test_promtool_finds_nothing_wrong_with_any_figure(store: Store, tmp_path: Path) -> None:
    def verdict(text: str) -> str:
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr if done.returncode else ""

    labels = {"campaign": 'a"b\\c\nd', "channel": "email", "conversion": "x", "outcome": "retry", "kind": "like"}
    every = [
        Measurement(each.name, {name: labels[name] for name in each.labels}, 1.5, AT) for each in MEASURES.values()
    ]
    assert verdict(exposition(every)) == ""
    assert verdict(exposition(every).replace("# TYPE campflow_queue gauge", "# TYPE campflow_queue counter")) != ""
    with served(tmp_path, store, 'metrics_token = "sixteen letters!"') as web:
        assert verdict(web.get("/metrics", headers={"authorization": "Bearer sixteen letters!"}).text) == ""


def test_figures_are_shown_to_who_knows_the_token(store: Store, tmp_path: Path) -> None:
    with served(tmp_path, store, 'metrics_token = "sixteen letters!"') as web:
        right = web.get("/metrics", headers={"authorization": "Bearer sixteen letters!"})
        assert right.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert 'campflow_sent_total{campaign="spring",channel="pigeon"} 2.0' in right.text
        for wrong in ({}, {"authorization": "Bearer no"}, {"authorization": "sixteen letters!"}):
            assert web.get("/metrics", headers=wrong).status_code == 401
    (tmp_path / "other").mkdir()
    with served(tmp_path / "other", store) as web:
        assert web.get("/metrics", headers={"authorization": "Bearer None"}).status_code == 404


class Written:
    """A file of figures."""

    def __init__(self, folder: Path, name: str) -> None:
        self.file = folder / name
        self.settings: Mapping[str, object] = {"path": name}

    def taken(self) -> list[tuple[str, float]]:
        if not self.file.exists():
            return []
        if self.file.suffix == ".csv":
            with self.file.open(newline="", encoding="utf-8") as file:
                return [(row["name"], float(row["value"])) for row in csv.DictReader(file)]
        lines = self.file.read_text("utf-8").splitlines()
        return [(each["name"], each["value"]) for each in map(json.loads, lines)]


class TestJsonLines(FigureContract):
    plugin = FILE_SINK

    @pytest.fixture
    def figures(self, tmp_path: Path) -> Written:
        return Written(tmp_path, "out.jsonl")


class TestCsv(FigureContract):
    plugin = FILE_SINK

    @pytest.fixture
    def figures(self, tmp_path: Path) -> Written:
        return Written(tmp_path, "sub/out.csv")
