"""Commands that plugins add stand beside campflow's own, and never in their place."""

import json
from dataclasses import fields
from pathlib import Path

import pytest
from tests.cli.test_plugin_observers import STARTER

from campflow.cli.main import main
from campflow.cli.plugin_starter import named
from campflow.hooks.manager import Plugins

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

SHOUTING = """
from campflow.hooks.contracts import ChannelPlugin, Prepared
from campflow.hooks.specs import hookimpl
from pydantic import BaseModel

CAMPFLOW_API = (1, 0)

@hookimpl
def campflow_channels():
    def made(settings, context):
        raise AssertionError(settings)
    def ready(body, extension, front):
        return Prepared({"text": body}, front)
    return [ChannelPlugin(
        name="shout", address=None, settings=BaseModel, extensions=("txt",), options=frozenset(), reports=frozenset(),
        idempotency="none", window=10, prepare=ready, make=made,
    )]
"""

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


def test_plugins_json_tells_what_each_kind_declares(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "campflow.toml").write_text("plugins = ['hello', 'echo', 'celery', 'log']\n")
    (project / "plugins" / "log.py").write_text(named(STARTER.read_text("utf-8"), "log", "observer"))
    with pytest.raises(SystemExit):
        main(["plugins", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert {each.name for each in fields(Plugins)} - {"loaded", "failed"} <= found.keys()

    def one(kind: str, name: str) -> dict[str, object]:
        (declared,) = (each for each in found[kind] if each["name"] == name)
        return {key: value for key, value in declared.items() if key != "name"}

    assert one("commands", "greet") == {"about": "Greet somebody."}
    assert one("sinks", "file") == {"figures": True, "texts": False, "settings": ["path"]}
    assert one("sinks", "echo")["texts"]
    assert one("actions", "echo")["idempotency"] == "none"
    assert one("executors", "celery") == {"settings": ["broker", "prefix", "timeout"]}
    assert one("observers", "log") == {"batch": 500, "settings": ["file"]}


def test_a_name_that_is_ours_is_said_to_be_out_of_reach(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["plugins"])
    assert end.value.code == 1
    assert "A plugin's command `check` cannot be called" in capsys.readouterr().out


def test_outside_of_a_project_the_installed_ones_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "channel email" in said(capsys, "plugins")
    with pytest.raises(SystemExit) as end:
        main(["plugins", "--project", str(tmp_path)])
    assert end.value.code == 2


def test_a_plugin_without_settings_may_name_pydantic_s_own_model(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "plugins" / "hello.py").write_text(SHOUTING)
    (project / "content").mkdir()
    (project / "content" / "hi.shout.txt").write_text("hi")
    (project / "a.flow").write_text(
        "contact { email email }\nevent signup\ncampaign c {\n  audience email is set\n"
        "  enter on signup\n  stage s { send shout hi, after 1 day -> e }\n  final e\n}\n"
    )
    assert "nothing to do" in said(capsys, "tick")
    (project / "campflow.toml").write_text("plugins = ['hello']\n[channels.shout]\nvolume = 11\n")
    with pytest.raises(SystemExit) as end:
        main(["tick"])
    assert end.value.code == 2
    assert "volume" in capsys.readouterr().err
