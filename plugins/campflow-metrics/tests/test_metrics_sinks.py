"""The sinks before what they speak to: the real StatsD in Node, a receiver that reads OTLP, databases."""

import json
import queue
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests import databases, npm
from tests.databases import Store
from tests.served_app import serving

from campflow.errors import PluginError
from campflow.hooks.contracts import Measurement, SinkPlugin
from campflow.testing import FigureContract, Figures
from campflow.testing.samples import context, measurement
from campflow_metrics import OTEL, SQL, STATSD
from campflow_metrics.settings import SqlSettings, StatsdSettings
from campflow_metrics.statsd import packets

STATSD_PACKAGE = "statsd@0.9.0"


def publish(plugin: SinkPlugin, settings: Mapping[str, object], folder: Path, *measured: Measurement) -> None:
    assert plugin.figures is not None
    plugin.figures(plugin.settings.model_validate(settings), context(folder)).publish(measured)


# --- StatsD ------------------------------------------------------------------------------------------------------


class Listener:
    """A socket that takes packets: the lines in them, and the figures that they tell."""

    def __init__(self, tags: bool) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.settings: Mapping[str, object] = {"port": self.socket.getsockname()[1], "tags": tags}

    def lines(self) -> list[str]:
        found: list[str] = []
        while True:
            try:
                found += self.socket.recv(65_536).decode("ascii").split("\n")
            except BlockingIOError:
                return found

    def taken(self) -> Sequence[tuple[str, float]]:
        return [(line.split(":")[0].split(".")[1], float(line.split(":")[1].split("|")[0])) for line in self.lines()]


class TestStatsd(FigureContract):
    plugin = STATSD

    @pytest.fixture(params=[False, True], ids=["names", "tags"])
    def figures(self, request: pytest.FixtureRequest) -> Iterator[Figures]:
        listener = Listener(request.param)
        with listener.socket:
            yield listener


@pytest.mark.parametrize(
    ("tags", "lines"),
    [
        (False, ["sent.spring_1.e_mail:12|g", "worth.a:0|g", "worth.a:-3|g", "lag:0.500000|g"]),
        (
            True,
            ["sent:12|g|#campaign:spring_1,channel:e_mail", "worth:0|g|#campaign:a", "worth:-3|g|#campaign:a",
             "lag:0.500000|g"],
        ),
    ],
)  # fmt: skip
def test_the_lines_of_statsd(tags: bool, lines: list[str], tmp_path: Path) -> None:
    listener = Listener(tags)
    sent = measurement("sent", 12, campaign="spring.1", channel="e|mail")
    publish(STATSD, listener.settings, tmp_path, sent, measurement("worth", -3, campaign="a"), measurement("lag", 0.5))
    with listener.socket:
        assert listener.lines() == [f"campflow.{line}" for line in lines]


def test_packets_are_small_enough_for_every_network() -> None:
    lines = [b"x" * size for size in (700, 699, 1, 1_400, 5)]
    assert [len(packet) for packet in packets(lines)] == [1_400, 1, 1_400, 5]


def test_nobody_there_is_no_mistake_and_no_such_host_is_one(tmp_path: Path) -> None:
    publish(STATSD, {"port": 1}, tmp_path, measurement("sent", 1))
    with pytest.raises(PluginError, match=r"check \[sinks.statsd\]"):
        publish(STATSD, {"host": "nowhere.invalid"}, tmp_path, measurement("sent", 1))
    with pytest.raises(ValidationError, match="cannot begin a name"):
        StatsdSettings(prefix="a:b")


@npm.needed(STATSD_PACKAGE)
def test_the_real_statsd_understands_every_line(tmp_path: Path) -> None:
    folder, node = npm.package(STATSD_PACKAGE), shutil.which("node")
    assert folder is not None
    assert node is not None
    port, admin = _free(socket.SOCK_DGRAM), _free(socket.SOCK_STREAM)
    config = tmp_path / "config.js"
    config.write_text(
        f'{{ port: {port}, mgmt_port: {admin}, address: "127.0.0.1", mgmt_address: "127.0.0.1", '
        'backends: ["./backends/console"], flushInterval: 600000 }'
    )
    where = folder / "node_modules" / "statsd"
    with subprocess.Popen([node, "stats.js", str(config)], cwd=where, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            _await(process.stdout, "server is up")
            spring = measurement("sent", 12, campaign="spring:x|c")
            held = ""
            for _ in range(500):  # it says that it is up before it hears, and a packet is nobody's until it is read
                publish(STATSD, {"port": port}, tmp_path, spring, measurement("worth", -3, campaign="spring"))
                held = _asked(admin, "gauges")
                if "worth.spring': -3" in held:
                    break
            assert "'campflow.sent.spring_x_c': 12" in held
            assert "'campflow.worth.spring': -3" in held
            assert "'statsd.bad_lines_seen': 0" in _asked(admin, "counters")
        finally:
            process.kill()


def _free(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _await(stream: Any, said: str) -> None:
    """Until the program has said this."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in stream:
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()
    while said not in lines.get(timeout=30):
        pass


def _connected(port: int) -> socket.socket:
    """As soon as it listens."""
    for _ in range(1_000):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise AssertionError(f"nobody listens at {port}")


def _asked(port: int, question: str) -> str:
    with _connected(port) as one:
        one.sendall(f"{question}\n".encode())
        told = b""
        while not told.rstrip().endswith(b"END"):
            told += one.recv(65_536)
        return told.decode()


# --- OpenTelemetry -----------------------------------------------------------------------------------------------


class Receiver:
    """Reads what comes by the protocol's own description."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.headers: list[Mapping[str, str]] = []
        self.status = 200
        self.settings: Mapping[str, object] = {}

    async def take(self, request: Request) -> Response:
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

        read = ExportMetricsServiceRequest()
        read.ParseFromString(await request.body())
        self.headers.append(dict(request.headers))
        if self.status == 200:
            self.requests.append(read)
        return Response(status_code=self.status)

    def metrics(self) -> list[Any]:
        return [
            metric
            for request in self.requests
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    def taken(self) -> Sequence[tuple[str, float]]:
        return [
            (metric.name.removeprefix("campflow."), point.as_double or float(point.as_int))
            for metric in self.metrics()
            for point in (metric.sum if metric.HasField("sum") else metric.gauge).data_points
        ]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with serving(Starlette(routes=[Route("/v1/metrics", made.take, methods=["POST"])])) as url:
        made.settings = {"endpoint": f"{url}/v1/metrics", "timeout": 20}
        yield made


class TestOtel(FigureContract):
    plugin = OTEL

    @pytest.fixture
    def figures(self, receiver: Receiver) -> Figures:
        return receiver


def test_totals_are_counters_and_the_rest_are_gauges(receiver: Receiver, tmp_path: Path) -> None:
    sent, queued = measurement("sent", 12, campaign="spring", channel="email"), measurement("queue", 3, channel="email")
    publish(OTEL, {**receiver.settings, "headers": {"api-key": "k"}}, tmp_path, sent, queued)
    total, now = sorted(receiver.metrics(), key=lambda each: str(each.name), reverse=True)
    assert (total.name, total.unit, total.sum.is_monotonic) == ("campflow.sent", "{messages}", True)
    assert {each.key: each.value.string_value for each in total.sum.data_points[0].attributes} == {
        "campaign": "spring", "channel": "email",
    }  # fmt: skip
    assert now.HasField("gauge")
    assert receiver.headers[0]["api-key"] == "k"


def test_a_receiver_that_refuses_is_said(receiver: Receiver, tmp_path: Path) -> None:
    receiver.status = 400
    with pytest.raises(PluginError, match="does not take the figures"):
        publish(OTEL, receiver.settings, tmp_path, measurement("sent", 1))


# --- tables ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=databases.kinds())
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    made = Store(request.param)
    yield made
    made.close()


class Reports:
    """A database beside campflow's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.settings: Mapping[str, object] = {"url": url}

    def rows(self) -> list[Any]:
        with sa.create_engine(self.url, poolclass=sa.NullPool).connect() as connection:
            if not sa.inspect(connection).has_table("campflow_figures"):
                return []
            return list(connection.execute(sa.text("SELECT at, name, labels, value FROM campflow_figures")))

    def taken(self) -> Sequence[tuple[str, float]]:
        return [(row.name, row.value) for row in self.rows()]


class TestSql(FigureContract):
    plugin = SQL

    @pytest.fixture
    def figures(self, store: Store, tmp_path: Path) -> Figures:
        return Reports(store.shared_url(tmp_path))


def test_a_row_says_when_of_what_and_how_much(store: Store, tmp_path: Path) -> None:
    reports = Reports(store.shared_url(tmp_path))
    publish(SQL, reports.settings, tmp_path, measurement("sent", 12, campaign="a"))
    (row,) = reports.rows()
    labels = row.labels if isinstance(row.labels, dict) else json.loads(row.labels)
    assert (str(row.at)[:13], row.name, labels, row.value) == ("2026-03-02 08", "sent", {"campaign": "a"}, 12.0)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "needs `url`"),
        ({"url": "nonsense"}, "names no database"),
        ({"url": "sqlite:////nowhere/at/all.db"}, "cannot be written"),
    ],
)
def test_what_cannot_be_written_to_is_said(settings: dict[str, str], reason: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=reason):
        publish(SQL, settings, tmp_path, measurement("sent", 1))


def test_a_table_has_a_name_that_is_one() -> None:
    with pytest.raises(ValidationError, match="no name of a table"):
        SqlSettings(table="a; DROP TABLE b")
