"""Commands of campflow, each in a process of its own that need not import it first: `tests/commands_server.py`."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from campflow.cli.starter import write_project

ROOT = Path(__file__).parents[1]

#: What `run` has done once before it forks: four fifths of the time of a command go to what a process does once.
WARMING = ("tick", "plan", "status", "doctor")


class CommandServer:
    """Runs until it is closed. `modules` are imported before any command; `variables` are what it starts with."""

    def __init__(self, modules: Sequence[str] = (), variables: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands_server", *modules],
            cwd=ROOT,
            env=os.environ if variables is None else variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready\n"

    def close(self) -> None:
        self._process.communicate()

    def run(
        self,
        words: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        out: Path,
        *,
        errors: Path | None = None,
        stdin: Path | None = None,
        failpoint: str = "",
        warm: bool = False,
    ) -> tuple[int, Counter[str]]:
        """The exit code (negative: the signal that ended it) and how often it reached which failpoint.

        What it says is put behind what the files `out` and `errors` (`out` as well, where none is named) hold.
        With `warm` the server itself does it, which makes what follows faster; it has to end well.
        """
        order = {
            "words": words, "folder": str(folder), "environment": dict(environment), "failpoint": failpoint,
            "warm": warm, "in": str(stdin or os.devnull), "out": str(out), "errors": str(errors or out),
        }  # fmt: skip
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._answer())
        return told["code"], Counter(told["reached"])

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@cache
def _server() -> CommandServer:
    server = CommandServer()
    with tempfile.TemporaryDirectory() as place:
        write_project(Path(place))
        variables = {name: value for name, value in os.environ.items() if not name.startswith("CAMPFLOW_")}
        out = Path(place, "said.txt")
        for word in WARMING:
            code, _ = server.run([word], Path(place), variables, out, warm=True)
            assert code == 0, out.read_text("utf-8")
    return server


def end() -> None:
    """At the end of the process."""
    if _server.cache_info().currsize:
        _server().close()
        _server.cache_clear()


def run(
    words: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """What `campflow WORDS` does in this folder and environment."""
    with tempfile.TemporaryDirectory() as place:
        given, out, errors = (Path(place, name) for name in ("in", "out", "errors"))
        given.write_text(stdin, "utf-8")
        code, _ = _server().run(words, folder, environment, out, errors=errors, stdin=given)
        said = out.read_text("utf-8"), errors.read_text("utf-8")
    return subprocess.CompletedProcess(["campflow", *words], code, *said)
