"""Commands that plugins add stand beside campflow's own, and never in their place."""

import json
from pathlib import Path

import pytest

from campflow.cli.main import main

PLUGIN = '''
from campflow.hooks.contracts import CommandPlugin
from campflow.hooks.specs import hookimpl

CAMPFLOW_API = (1, 0)

def greet(name: str, loud: bool = False) -> None:
    """Greet somebody."""
    print(f"Hello {name}{'!' if loud else '.'}")

@hookimpl
def campflow_commands():
    return [CommandPlugin("greet", greet), CommandPlugin("check", greet)]
'''

WORDS = """
from campflow.hooks.contracts import FilterPlugin, FunctionPlugin
from campflow.hooks.specs import hookimpl
from sqlalchemy import func

CAMPFLOW_API = (1, 0)

@hookimpl
def campflow_functions():
    return [FunctionPlugin("length", ("text",), "integer", func.length, "Letters.")]

@hookimpl
def campflow_filters():
    return [FilterPlugin("shout", lambda value: str(value).upper())]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "campflow.toml").write_text("plugins = ['hello']\n")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "hello.py").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 0
    return capsys.readouterr().out


def test_a_plugin_s_command_runs_with_its_options(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "greet", "Ada", "--loud") == "Hello Ada!\n"


def test_it_is_listed_with_its_help(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Greet somebody." in said(capsys, "--help")


def test_campflow_s_own_commands_stay_its_own(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no .flow file" in said(capsys, "check")


def test_plugins_json_tells_what_each_channel_declares(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "campflow.toml").write_text("plugins = ['echo']\n")
    assert '"idempotency": "none"' in said(capsys, "plugins", "--format", "json")


def test_plugins_lists_functions_and_filters_too(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "campflow.toml").write_text("plugins = ['words']\n")
    (project / "plugins" / "words.py").write_text(WORDS)
    told = said(capsys, "plugins")
    assert "function length" in told
    assert "filter shout" in told
    found = json.loads(said(capsys, "plugins", "--format", "json"))
    assert found["functions"] == [{"name": "length", "about": "Letters.", "takes": ["text"], "gives": "integer"}]
    assert found["filters"] == [{"name": "shout", "about": ""}]
