"""A real Bluesky server: the personal data server and the directory of the npm package `@atproto/dev-env`.

Where the packages lie is CAMPFLOW_TEST_PDS, else `~/.cache/campflow/pds`; `tests/pds/install` puts them there. Without
them the tests are left out, and the summary says so; on CI they may not be missing.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("CAMPFLOW_TEST_PDS") or Path.home() / ".cache" / "campflow" / "pds")


@dataclass(frozen=True, slots=True)
class Pds:
    """Accounts are tea-shop.test and lea-reads.test."""

    url: str
    password: str


def is_there() -> bool:
    return shutil.which("node") is not None and (FOLDER / "node_modules" / "@atproto" / "dev-env").is_dir()


def left_out() -> str | None:
    """What the summary says."""
    if is_there() or os.environ.get("CI"):
        return None
    return f"nothing was posted to a real Bluesky server: none in {FOLDER} (tests/pds/install puts one there)"


@contextmanager
def served() -> Iterator[Pds]:
    """The server while the block lasts."""
    if not is_there():
        if os.environ.get("CI"):
            pytest.fail("the Bluesky server is missing, and on CI nothing may be left out")
        pytest.skip("there is no Bluesky server")
    command = ["node", str(Path(__file__).with_name("server.mjs")), str(FOLDER)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            told = next((line for line in process.stdout if line.startswith('{"url"')), None)
            assert told is not None, "the Bluesky server ended before it began"
            yield Pds(**json.loads(told))
        finally:
            process.stdin.close()
            process.kill()
