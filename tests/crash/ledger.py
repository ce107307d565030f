"""The provider's side: what it was offered and what it took, kept outside the process that is killed."""

import json
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Ledger:
    """`offered` counts calls by (what, key, who); with `keys` a key that is known is not taken again.

    `observed` are the lines of the observer, as they came: they have an order.

    `pace` seconds each line takes: time for accidents.
    """

    def __init__(self, keys: bool) -> None:
        self.keys = keys
        self.pace = 0.0
        self.offered: Counter[tuple[str, str, str]] = Counter()
        self.observed: list[tuple[str, str, str]] = []
        self._news = threading.Condition()

    def take(self, what: str, key: str, who: str) -> None:
        if self.pace:
            threading.Event().wait(self.pace)
        with self._news:
            self.offered[what, key, who] += 1
            if what in ("moved", "settled"):
                self.observed.append((what, key, who))
            self._news.notify_all()

    def wait_for_more(self, calls: int, seconds: float) -> None:
        """Until so many more came in, or the time is over."""
        with self._news:
            goal = self.offered.total() + calls
            self._news.wait_for(lambda: self.offered.total() >= goal, seconds)

    def taken(self, what: str) -> dict[str, int]:
        """How many of each key there are at the provider."""
        return {key: 1 if self.keys else times for (kind, key, _), times in self.offered.items() if kind == what}

    def total(self, what: str) -> int:
        return sum(times for (kind, _, _), times in self.offered.items() if kind == what)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def listening(ledger: Ledger) -> Iterator[int]:
    """The port on which the ledger takes lines."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                for line in self.rfile:
                    said: Any = json.loads(line)
                    ledger.take(*said)
                    self.wfile.write(b"taken\n")
            except (ConnectionError, ValueError):  # the other side was killed, perhaps in the middle of a line
                return

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
