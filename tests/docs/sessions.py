"""The `console` blocks of a page, really run: each `$ command`, its output beside the shown one."""

import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests import commands as forked
from tests.docs.pages import ROOT, Block, blocks

#: What differs from run to run: instants, days, the keys and tokens of messages.
_CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?"), "<time>"),
    (re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "<day>"),
    (re.compile(r"\d{10}\.[0-9a-f]{1,16}-[0-9a-f]{24}\.campflow"), "<file>"),
    (re.compile(r"[0-9a-f]{1,16}-[0-9a-f]{24}"), "<key>"),
    (re.compile(r"1\.(?:1|[0-9a-f]{6})\.[\w-]+\.[\w-]+"), "<token>"),
    (re.compile(r"in \d+\.\d s$"), "in <seconds>"),
)

#: What only a shell understands.
_OF_A_SHELL = re.compile(r"[|&;<>$`*?{}\[\]~!#\\\n]")

#: `campflow run` is stopped as its reader would, once it has said this.
ENOUGH = "handed over"


@dataclass(frozen=True, slots=True)
class Command:
    """A command with the output that the page shows; a line of `…` stands for any number of lines."""

    block: Block
    line: str
    shown: tuple[str, ...]


def commands(page: Path) -> Iterator[Command | Block]:
    """What a reader of the page does: files written, commands typed, in order."""
    for block in blocks(page):
        if block.order == "write":
            yield block
        elif block.language == "console":
            for part in re.split(r"(?m)^\$ ", block.text)[1:]:
                line, *shown = part.rstrip("\n").split("\n")
                yield Command(block, line, tuple(shown))


class Shell:
    """A folder in which commands are run one after the other, with this interpreter's `campflow`.

    A line that is nothing but campflow and its words is forked, unless each is to be `started` as a reader starts it.
    """

    def __init__(self, folder: Path, *, started: bool = False) -> None:
        self.folder, self._started = folder, started
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("CAMPFLOW_")}
        self.environ |= {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "NO_COLOR": "1",
            "LANG": "C.UTF-8",
        }

    def write(self, block: Block) -> None:
        path = self.folder / block.what
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")

    def run(self, line: str) -> list[str]:
        """The lines that a command prints, errors too."""
        if line.startswith("cd "):
            self.folder /= line.removeprefix("cd ")
            return []
        if "flows/" in line and not (there := self.folder / "flows").exists():
            # The page begins in a clone.
            there.symlink_to(ROOT / "flows")
        if line == "campflow run":
            return self._run_daemon(line)
        if line.startswith("campflow ") and not self._started and not _OF_A_SHELL.search(line):
            done = forked.run(shlex.split(line)[1:], self.folder, self.environ)
        else:
            done = subprocess.run(
                ["sh", "-c", line], cwd=self.folder, env=self.environ, capture_output=True, encoding="utf-8", timeout=60
            )
        return (done.stderr + done.stdout).rstrip("\n").split("\n") if done.stderr + done.stdout else []

    def _run_daemon(self, line: str) -> list[str]:
        """In a terminal, until it has handed over its first messages; then Ctrl-C."""
        reading, writing = pty.openpty()
        process = subprocess.Popen(
            shlex.split(line), cwd=self.folder, env=self.environ, stdout=writing, stderr=writing, encoding="utf-8"
        )
        os.close(writing)
        text, stopped = b"", False
        while chunk := _chunk(reading):
            text += chunk
            if ENOUGH in text.decode("utf-8", "replace") and not stopped:
                stopped = True
                process.send_signal(signal.SIGINT)
        process.wait(60)
        os.close(reading)
        return text.decode("utf-8").replace("\r\n", "\n").rstrip("\n").split("\n")


def _chunk(reading: int) -> bytes:
    """More of what a terminal shows; empty when the program has ended (Linux says so by an error)."""
    try:
        return os.read(reading, 65_536)
    except OSError:
        return b""


def agrees(shown: tuple[str, ...], printed: list[str]) -> bool:
    """Whether the page shows what was printed, but for what changes from run to run."""
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "…" else re.escape(_steady(line)) + r"\n" for line in shown)
    return re.fullmatch(pattern, "".join(f"{_steady(line)}\n" for line in printed)) is not None


def _steady(line: str) -> str:
    for changing, name in _CHANGING:
        line = changing.sub(name, line)
    return re.sub(r" {2,}", "  ", line.rstrip())


def has_session(page: Path) -> bool:
    return any(block.language == "console" for block in blocks(page))
