"""The command `returned` keeps what campflow relies on in every command."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from campflow.cli.operating import one_pass
from campflow.project import Project
from campflow.running import open_runtime
from campflow.testing import CommandContract
from campflow_print import campflow_commands

FLOW = """
contact {
  email  email
}
event signup
campaign hello {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage welcome {
    after 3 days -> over
  }
  final over
}
"""


class TestReturned(CommandContract):
    plugin = campflow_commands()[0]
    line = ("codes.txt",)
    said = "0 recorded, 0 known already, 0 refused"

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A project with a campaign in force, and a file that no code is in."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "campflow.toml").write_text('plugins = ["print"]\n')
        (tmp_path / "hello.flow").write_text(FLOW)
        (tmp_path / "codes.txt").write_text("\n")
        with closing(open_runtime(Project.open(tmp_path))) as runtime:
            asyncio.run(one_pass(runtime))
        return tmp_path
