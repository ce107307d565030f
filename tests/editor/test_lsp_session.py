"""How a session begins and ends."""

import sys
from pathlib import Path

import pytest
from tests.editor.editor import PATIENCE, editing
from tests.editor.project import write_project

from campflow.cli.main import main


def test_a_session_ends_when_the_editor_says_goodbye(tmp_path: Path) -> None:
    with editing(write_project(tmp_path)) as editor:
        editor.open("people.flow")
        editor.errors("people.flow")
        assert editor.goodbye() == 0
        assert editor.process.stderr is not None
        assert editor.process.stderr.read() == b""


def test_the_server_does_not_outlive_an_editor_that_crashed(tmp_path: Path) -> None:
    with editing(write_project(tmp_path)) as editor:
        assert editor.process.stdin is not None
        editor.process.stdin.close()
        editor.process.wait(PATIENCE)


def test_without_its_library_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pygls", None)
    with pytest.raises(SystemExit) as ended:
        main(["lsp"])
    assert ended.value.code == 2
    assert "pip install 'campflow[editor]'" in capsys.readouterr().err
