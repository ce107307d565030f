"""Finding plugins: one that fails is named, and the rest works."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from campflow.hooks.contracts import BadRow, Row, SourcePlugin
from campflow.hooks.manager import Plugins, load_plugins

CHANNEL = """
from pydantic import BaseModel
from campflow.hooks.contracts import ChannelPlugin, Prepared
from campflow.hooks.specs import hookimpl

CAMPFLOW_API = (1, 0)

@hookimpl
def campflow_channels():
    return [
        ChannelPlugin(
            name="{name}", address=None, settings=BaseModel, extensions=("txt",), options=frozenset(),
            reports=frozenset(), idempotency="none", window={window},
            prepare=lambda body, extension, front_matter: Prepared({{"text": body}}),
            make=lambda settings, context: None,
        )
    ]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def load(folder: Path, environ: dict[str, str] | None = None, **modules: str) -> Plugins:
    """Each module is a plugin whose entry point has its name without the folder's."""
    for name, text in modules.items():
        (folder / f"{folder.name}_{name}.py").write_text(text)
    points = [EntryPoint(name, f"{folder.name}_{name}", "campflow") for name in modules]
    return load_plugins(environ or {}, points=points)


def channel(name: str = "pigeon", window: int = 1) -> str:
    return CHANNEL.format(name=name, window=window)


def test_a_plugin_s_channel_is_there_by_name(folder: Path) -> None:
    plugins = load(folder, good=channel())
    assert list(plugins.channels) == ["pigeon"]
    assert [(plugin.name, plugin.offers) for plugin in plugins.loaded] == [("good", ("channel pigeon",))]
    assert plugins.failed == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError"),
        ("raise SystemExit(3)", "cannot be imported: SystemExit"),
        ("def", "cannot be imported: SyntaxError"),
        ("x = 1", "set `CAMPFLOW_API = (1, 0)`"),
        ("CAMPFLOW_API = 'one'", "write two numbers"),
        ("CAMPFLOW_API = (2, 0)", "was written for API 2.0, this campflow speaks 1.0"),
        ("CAMPFLOW_API = (1, 9)", "was written for API 1.9"),
        (channel().replace("campflow_channels", "campflow_chanels"), "campflow_chanels"),
        (channel().replace("return [", "return 1 / 0\n    ["), "ZeroDivisionError"),
        (channel().replace("return [", "return ['email']\n    ["), "campflow_channels returns a str"),
        (channel("Big-Mail"), "cannot be written in a .flow file"),
        (channel("page"), "landing pages are"),
        (channel(window=0), "`window` must be 1 or more"),
    ],
)
def test_a_bad_plugin_is_named_with_its_reason_and_the_rest_works(folder: Path, text: str, reason: str) -> None:
    plugins = load(folder, bad=text, good=channel("owl"))
    assert list(plugins.channels) == ["owl"]
    ((name, said),) = [(plugin.name, plugin.reason) for plugin in plugins.failed]
    assert name == "bad"
    assert reason in said


def test_two_plugins_for_one_channel_are_both_named(folder: Path) -> None:
    plugins = load(folder, alpha=channel(), beta=channel(), gamma=channel("owl"))
    assert [plugin.name for plugin in plugins.loaded] == ["alpha", "gamma"]
    (failed,) = plugins.failed
    assert failed.name == "beta"
    assert "`pigeon`" in failed.reason
    assert "`alpha`" in failed.reason


def test_the_environment_narrows_what_is_loaded(folder: Path) -> None:
    texts = {"alpha": channel(), "beta": channel("owl")}
    assert list(load(folder, {"CAMPFLOW_PLUGINS": "beta"}, **texts).channels) == ["owl"]
    assert load(folder, {"CAMPFLOW_PLUGINS": ""}, **texts).channels == {}
    missing = load(folder, {"CAMPFLOW_PLUGINS": "alpha, zeta"}, **texts)
    assert list(missing.channels) == ["pigeon"]
    assert [plugin.name for plugin in missing.failed] == ["zeta"]


def test_a_plugin_left_out_is_not_imported(folder: Path) -> None:
    plugins = load(folder, {"CAMPFLOW_PLUGINS": "good"}, good=channel(), bad="raise SystemExit(3)")
    assert plugins.failed == ()


def test_campflow_s_own_sources_cannot_be_replaced_silently(folder: Path) -> None:
    class Csv:
        suffixes: tuple[str, ...] = (".csv",)

        def rows(self, lines: Iterable[bytes]) -> Iterable[Row | BadRow]:
            return ()

    own = SourcePlugin("csv", Csv())
    text = """
from campflow.hooks.contracts import SourcePlugin
from campflow.hooks.specs import hookimpl
CAMPFLOW_API = (1, 0)

@hookimpl
def campflow_sources():
    return (SourcePlugin("csv", None),)
"""
    (folder / f"{folder.name}_other.py").write_text(text)
    plugins = load_plugins({}, sources=(own,), points=[EntryPoint("other", f"{folder.name}_other", "campflow")])
    assert plugins.sources == {"csv": own}
    assert "`campflow`" in plugins.failed[0].reason


def test_every_hook_is_asked_for(folder: Path) -> None:
    """A hook that is declared and never called would be a promise broken in silence."""
    from campflow.hooks import manager, specs

    declared = {name for name in vars(specs) if name.startswith("campflow_")}
    assert declared == {hook for hook, _, _ in manager._HOOKS}
