"""Runs commands of campflow in forks of one process that has imported it already: a tenth of the time of a start.

Its own words name more modules to import. One line of JSON in, `{"words": […], "failpoint": "…", "folder": "…",
"environment": {…}, "in": "…", "out": "…", "errors": "…"}`, the last three of them files; one out, `{"code": …,
"reached": {…}}`, where a negative code is the signal that killed it. A first word `@NAME` is a function of
`tests.crash.steps` instead. With `"warm": true` the process does it itself, so that those it forks afterwards find done
what a process does once: expressions compiled, tables of the lexer, what SQLAlchemy remembers.
"""

import gc
import importlib
import json
import os
import signal
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from campflow import failpoints
from campflow.cli.commands import app_for

#: Seconds until a command counts as hanging.
PATIENCE = 300


def main() -> None:
    app_for()
    for module in ("campflow.running", "campflow.engine.daemon", *sys.argv[1:]):
        importlib.import_module(module)
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order["warm"]:
            _warm(order)
            continue
        gc.freeze()  # else each fork looks through all of it for cycles, and copies the pages that it looks at
        counts, told = os.pipe()
        child = os.fork()
        if not child:
            os.close(counts)
            _run(order, told)
        os.close(told)
        _, status = os.waitpid(child, 0)
        with os.fdopen(counts) as pipe:
            reached = json.loads(pipe.read() or "{}")
        print(json.dumps({"code": os.waitstatus_to_exitcode(status), "reached": reached}), flush=True)


def _run(order: Any, told: int) -> None:
    code = 70
    signal.alarm(PATIENCE)  # kills it
    try:
        writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        for number, name, how in ((0, "in", os.O_RDONLY), (1, "out", writing), (2, "errors", writing)):
            file = os.open(order[name], how)
            os.dup2(file, number)
            os.close(file)
        sys.stdin = os.fdopen(0, closefd=False)
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environment"])
        failpoints.arm(order["failpoint"])
        code = _command(order["words"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        with os.fdopen(told, "w") as pipe:
            pipe.write(json.dumps(failpoints.reached))
        os._exit(code)


def _warm(order: Any) -> None:
    before, folder = dict(os.environ), Path.cwd()
    os.environ.update(order["environment"])
    with Path(order["out"]).open("a") as out, redirect_stdout(out), redirect_stderr(out):
        os.chdir(order["folder"])
        code = _command(order["words"])
        os.chdir(folder)
    os.environ.clear()
    os.environ.update(before)
    assert threading.active_count() == 1, "a fork would have locks that nobody opens again"
    print(json.dumps({"code": code, "reached": {}}), flush=True)


def _command(words: list[str]) -> int:
    if words[0].startswith("@"):
        step = getattr(importlib.import_module("tests.crash.steps"), words[0][1:])
        step(Path.cwd(), *words[1:])
        return 0
    from campflow.cli.main import main as campflow

    try:
        campflow(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


if __name__ == "__main__":
    main()
