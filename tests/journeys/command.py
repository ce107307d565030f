"""The real command in a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import commands

COMMAND = Path(sys.executable).with_name("campflow")

#: Seconds until anything here counts as hanging.
PATIENCE = 30


@dataclass(frozen=True)
class Campflow:
    """`campflow` in a folder, with an environment that holds no settings."""

    folder: Path

    def environment(self, **settings: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CAMPFLOW_")}
        return kept | {"NO_COLOR": "1"} | settings

    def __call__(
        self, *words: str, code: int = 0, stdin: str | None = None, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it, look at its exit code, and make sure that nobody is shown a traceback."""
        done = commands.run(words, self.folder, self.environment(**settings), stdin or "")
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--format", "json").stdout)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def signed_up(self, *names: str) -> None:
        """Import people who sign up at this moment."""
        people = "email,first_name\n" + "".join(f"{name}@example.com,{name.title()}\n" for name in names)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        events = "id,contact,at\n" + "".join(f"{name},{name}@example.com,{now}\n" for name in names)
        self("people", "import", "-", "--format", "csv", stdin=people)
        self("events", "import", "-", "--format", "csv", "--event", "signup", stdin=events)

    def mails(self) -> list[Path]:
        return sorted((self.folder / "mail" / "new").glob("*"))

    def daemon(self, *words: str) -> "AbstractContextManager[Daemon]":
        """A daemon that is running when the block begins, and gone when it has ended."""
        return self.started("run", *words, event="running")

    @contextmanager
    def started(self, *words: str, event: str) -> "Iterator[Daemon]":
        """A command that goes on, from when its log tells of `event` to the end of the block."""
        process = subprocess.Popen(
            [COMMAND, *words],
            cwd=self.folder,
            env=self.environment(),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        daemon = Daemon(process)
        try:
            daemon.wait_for(event)
            yield daemon
        finally:
            process.kill()
            process.communicate()


@dataclass(frozen=True)
class Daemon:
    process: subprocess.Popen[str]

    def wait_for(self, event: str) -> dict[str, Any]:
        """Read its log up to a line that tells of this event."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            said: dict[str, Any] = json.loads(line)
            if said["event"] == event:
                return said
        raise AssertionError(f"the daemon ended without saying `{event}`")
