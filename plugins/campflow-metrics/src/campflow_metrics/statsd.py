"""StatsD: a gauge a line, as many lines as fit into a packet. Nobody answers, and a lost packet is made up for by the
next: each figure is the whole of what was counted."""

import re
import socket
from collections.abc import Iterable, Iterator, Sequence

from campflow.errors import PluginError
from campflow.hooks.contracts import Measurement
from campflow_metrics.settings import StatsdSettings

#: Bytes of a packet that pass every network whole, and characters of a label: a line must fit.
_PACKET, _LABEL = 1_400, 100

#: What a name or a label may hold. `:`, `|`, `#`, `,` and line breaks are the format's own, `.` parts names.
_OTHER = re.compile(r"[^A-Za-z0-9_-]")


class StatsdSink:
    def __init__(self, settings: StatsdSettings) -> None:
        self._settings = settings

    def publish(self, measurements: Sequence[Measurement]) -> None:
        """Raises PluginError where the host has no address."""
        lines = [line for each in measurements for line in self._lines(each)]
        if not lines:
            return
        host, port = self._settings.host, self._settings.port
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, kind, protocol) as speaker:
                for packet in packets(lines):
                    speaker.sendto(packet, address)
        except OSError as error:
            raise PluginError(
                f"cannot speak to {host}:{port}: {error.strerror or error}: check [sinks.statsd]"
            ) from error

    def _lines(self, each: Measurement) -> Iterator[bytes]:
        name = f"{self._settings.prefix}.{each.name}"
        labels = {name: _OTHER.sub("_", value)[:_LABEL] or "_" for name, value in each.labels.items()}
        tags = ""
        if self._settings.tags:
            tags = "|#" + ",".join(f"{name}:{value}" for name, value in labels.items()) if labels else ""
        else:
            name = ".".join((name, *labels.values()))
        # A sign means "more" or "less" to a gauge, so what is below zero begins at zero.
        if each.value < 0:
            yield f"{name}:0|g{tags}".encode()
        yield f"{name}:{_number(each.value)}|g{tags}".encode()


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:f}"


def packets(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, in order, as many to a packet as fit."""
    packet = b""
    for line in lines:
        if packet and len(packet) + 1 + len(line) > _PACKET:
            yield packet
            packet = b""
        packet = packet + b"\n" + line if packet else line
    yield packet
