"""A message centre that is not ours: the npm package `smpp`, in Node."""

import json
import os
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import npm

PACKAGE = "smpp@0.5.1"
_SCRIPT = Path(__file__).with_name("message_centre.js")


#: Left out where the package cannot be had.
needed = npm.needed(PACKAGE)


class Centre:
    """`port` is where it listens."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._told: queue.Queue[dict[str, Any]] = queue.Queue()
        self._taken: list[dict[str, Any]] = []
        self._all_told = threading.Event()
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()
        self.port = int(self.expect("port")["port"])

    def close(self) -> None:
        self._process.kill()
        self._listening.join(10)

    def tell(self, **what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def expect(self, name: str) -> dict[str, Any]:
        """The next thing of this name that it tells; what it tells before is passed over."""
        while name not in (told := self._told.get(timeout=15)):
            pass
        return told

    def answer(self, number: str, **how: object) -> None:
        self.tell(answer={number: how})

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The submits that it took until now, in order: it may have answered sooner than it told of them."""
        self._all_told.clear()
        self.tell(told_all=True)
        assert self._all_told.wait(15)
        return self._taken

    def texts(self) -> Mapping[str, str]:
        """The texts by number, joined as a phone joins them."""
        found: dict[str, str] = {}
        for each in self.taken:
            found[each["to"]] = found.get(each["to"], "") + each["message"]
        return found

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "told_all" in told:
                self._all_told.set()
                continue
            if "to" in told:
                self._taken.append(told)
            self._told.put(told)


@contextmanager
def centre(pem: Path | None = None) -> Iterator[Centre]:
    """With `pem`, a key and its certificate, it speaks TLS."""
    folder = npm.package(PACKAGE)
    assert folder is not None, f"npm's {PACKAGE} cannot be had"
    environment = {**os.environ, "NODE_PATH": str(folder / "node_modules")}
    command = ["node", str(_SCRIPT), *([str(pem)] if pem else [])]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        made = Centre(process)
        try:
            yield made
        finally:
            made.close()
