"""RabbitMQ for tests: queues of their own in whatever broker is found, gone when the test ends.

CAMPFLOW_TEST_RABBITMQ names one by its URL; otherwise 127.0.0.1 is asked. On CI a missing broker fails the tests;
elsewhere they are left out, and the summary says so.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from itertools import count
from urllib.parse import urlsplit

import pytest

from campflow.hooks.manager import load_plugins

NAMED = os.environ.get("CAMPFLOW_TEST_RABBITMQ")
BROKER = NAMED or "amqp://guest:guest@127.0.0.1:5672//"
_NUMBERS = count(1)


@cache
def found() -> bool:
    """Whether something listens there."""
    try:
        with closing(socket.create_connection(_address(), timeout=3)):
            return True
    except OSError:
        return False


def _address() -> tuple[str, int]:
    parts = urlsplit(BROKER)
    return parts.hostname or "127.0.0.1", parts.port or 5672


#: Left out where there is no broker, unless one was named or nothing may be left out.
needed = pytest.mark.skipif(not (found() or NAMED or os.environ.get("CI")), reason=f"no RabbitMQ at {BROKER}")


def left_out() -> str | None:
    """What the summary says."""
    if found() or NAMED or os.environ.get("CI"):
        return None
    return f"nothing was tested on RabbitMQ: none at {BROKER} (CAMPFLOW_TEST_RABBITMQ names another)"


@contextmanager
def prefix() -> Iterator[str]:
    """What the names of a test's queues begin with; they and their exchanges are deleted at the end."""
    name = f"campflow-test-{os.getpid()}-{next(_NUMBERS)}"
    try:
        yield name
    finally:
        for queue in ("tick", "errands", *(f"send.{channel}" for channel in load_plugins().channels)):
            delete(f"{name}.{queue}")


def delete(queue: str) -> None:
    from kombu import Connection

    with Connection(BROKER) as connection, connection.channel() as channel:
        channel.queue_delete(queue)
        channel.exchange_delete(queue)


def waiting(queue: str) -> int:
    """How many tasks wait in a queue."""
    from kombu import Connection

    with Connection(BROKER) as connection, connection.channel() as channel:
        return int(channel.queue_declare(queue, passive=True).message_count)


def purge(queue: str) -> int:
    """Take all tasks out of a queue; how many that were."""
    from kombu import Connection

    with Connection(BROKER) as connection, connection.channel() as channel:
        return int(channel.queue_purge(queue))


class Cable:
    """A way to the broker that can be cut: a port on this machine, and whoever is connected through it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._links: list[threading.Thread] = []
        self._whole = True
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def url(self) -> str:
        parts = urlsplit(BROKER)
        user = f"{parts.username or 'guest'}:{parts.password or 'guest'}"
        return f"amqp://{user}@127.0.0.1:{self._listener.getsockname()[1]}{parts.path or '//'}"

    def cut(self) -> None:
        """Everybody's connection ends, and nobody gets a new one."""
        self._whole = False
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        while self._links:
            self._links.pop().join()
        self._ends.clear()

    def mend(self) -> None:
        self._whole = True

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):  # closed: the test has ended
            while True:
                near, _ = self._listener.accept()
                if not self._whole:
                    near.close()
                    continue
                far = socket.create_connection(_address())
                self._ends += [near, far]
                self._links.append(threading.Thread(target=_link, args=(near, far), daemon=True))
                self._links[-1].start()


def _link(near: socket.socket, far: socket.socket) -> None:
    """Until one of both ends."""
    with near, far:
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
