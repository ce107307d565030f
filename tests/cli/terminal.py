"""The command line without a process of its own: as `campflow` runs it, much faster."""

import io
import json
import re
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campflow.cli.main import main
from campflow.cli.starter import write_project


@dataclass(frozen=True)
class Said:
    stdout: str
    stderr: str

    @property
    def words(self) -> str:
        """All of stderr, however it was folded and framed."""
        return " ".join(re.sub("[│╭╮╰╯─]", " ", self.stderr).split())


@dataclass(frozen=True)
class Terminal:
    """`campflow` in a folder."""

    folder: Path

    def __call__(self, *words: str, code: int | None = 0, stdin: str = "") -> Said:
        out, err = io.StringIO(), io.StringIO()
        ended = 0
        real, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin.encode()))
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
            try:
                main(words)
            except SystemExit as exit:
                ended = int(exit.code or 0)
            finally:
                sys.stdin = real
        said = Said(out.getvalue(), err.getvalue())
        assert code is None or ended == code, f"{words} ended with {ended}:\n{said.stdout}\n{said.stderr}"
        return said

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--format", "json").stdout)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def signed_up(self, *names: str) -> None:
        """Import people who sign up at this moment."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.write("new.csv", "email\n" + "".join(f"{name}@example.com\n" for name in names))
        self.write("did.csv", "contact,at\n" + "".join(f"{name}@example.com,{now}\n" for name in names))
        self("people", "import", "new.csv")
        self("events", "import", "did.csv", "--event", "signup")


def stand_still(campflow: Terminal) -> Terminal:
    """In its empty folder a project as `init` makes it, with a manual clock; its campaign runs from 2026-03-01 on."""
    write_project(campflow.folder)
    campflow.write("campflow.toml", 'clock = "manual"\n' + (campflow.folder / "campflow.toml").read_text("utf-8"))
    flow = (campflow.folder / "welcome.flow").read_text("utf-8")
    campflow.write("welcome.flow", re.sub(r"from \d{4}-\d\d-\d\d", "from 2026-03-01", flow))
    return campflow
