"""A real Bluesky server: the personal data server and the directory of the npm package `@atproto/dev-env`, with the
AppView, which counts likes, where there is a PostgreSQL server for it.

Where the packages lie is CAMPFLOW_TEST_PDS, else `~/.cache/campflow/pds`; `tests/pds/install` puts them there. Without
them the tests are left out, and the summary says so; on CI they may not be missing.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import databases

FOLDER = Path(os.environ.get("CAMPFLOW_TEST_PDS") or Path.home() / ".cache" / "campflow" / "pds")


@dataclass(frozen=True, slots=True)
class Pds:
    """Accounts are tea-shop.test and lea-reads.test. `counts`: it knows what became of posts."""

    url: str
    password: str
    counts: bool


def is_there() -> bool:
    return shutil.which("node") is not None and (FOLDER / "node_modules" / "@atproto" / "dev-env").is_dir()


def left_out() -> str | None:
    """What the summary says."""
    if is_there() or os.environ.get("CI"):
        return None
    return f"nothing was posted to a real Bluesky server: none in {FOLDER} (tests/pds/install puts one there)"


@contextmanager
def served(*, view: bool = True) -> Iterator[Pds]:
    """The server while the block lasts; its AppView only where it is wanted."""
    if not is_there():
        if os.environ.get("CI"):
            pytest.fail("the Bluesky server is missing, and on CI nothing may be left out")
        pytest.skip("there is no Bluesky server")
    with ExitStack() as stack:
        command = ["node", str(Path(__file__).with_name("server.mjs")), str(FOLDER)]
        if counts := view and databases.POSTGRES in databases.kinds():
            url = stack.enter_context(databases.whole()).set(drivername="postgresql")
            command.append(url.render_as_string(hide_password=False))
        process = stack.enter_context(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            told = next((line for line in process.stdout if line.startswith('{"url"')), None)
            assert told is not None, "the Bluesky server ended before it began"
            yield Pds(**json.loads(told), counts=counts)
        finally:
            process.stdin.close()
            process.kill()
