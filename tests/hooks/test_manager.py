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
        (channel().replace("settings=BaseModel", "settings={}"), "give a pydantic model, the class itself"),
        (channel().replace('("txt",)', "()"), "endings of content files without the dot"),
        (channel().replace('("txt",)', '(".txt",)'), "endings of content files without the dot"),
        (channel().replace("options=frozenset()", "options=frozenset({'expires'})"), "an option of every channel"),
        (channel().replace("reports=frozenset()", "reports=frozenset({'read'})"), "`read` in `reports` is no reaction"),
        (channel().replace('"none",', '"none", key_hours=24,'), "`key_hours` are hours, more than 0, of a channel"),
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
    from campflow.hooks import offers, specs

    declared = {name for name in vars(specs) if name.startswith("campflow_")}
    assert declared == {hook for hook, _, _ in offers.HOOKS}


# --- a project's own plugins ----------------------------------------------------------------------------------------


def own(folder: Path, environ: dict[str, str] | None = None, **texts: str) -> Plugins:
    """Each text is a file of the project's."""
    (folder / "plugins").mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / "plugins" / f"{name}.py").write_text(text)
    return load_plugins(environ or {}, points=(), project=folder)


def test_a_file_in_the_project_s_plugins_folder_is_a_plugin(tmp_path: Path) -> None:
    plugins = own(tmp_path, pigeon=channel())
    assert list(plugins.channels) == ["pigeon"]
    assert [(each.name, each.origin) for each in plugins.loaded] == [("pigeon", "plugins/pigeon.py")]


def test_a_package_there_may_import_its_own_modules_and_what_is_hidden_is_left_alone(tmp_path: Path) -> None:
    package = tmp_path / "plugins" / "owl"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from .words import NAME\n" + channel().replace('"pigeon"', "NAME"))
    (package / "words.py").write_text("NAME = 'owl'")
    (tmp_path / "plugins" / "drafts").mkdir()
    plugins = own(tmp_path, _shared="raise SystemExit(1)")
    assert (list(plugins.channels), plugins.failed) == (["owl"], ())
    assert plugins.loaded[0].origin == "plugins/owl/"


def test_the_plugins_of_two_projects_are_two(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert list(own(one, bird=channel("owl")).channels) == ["owl"]
    assert list(own(other, bird=channel("crow")).channels) == ["crow"]


def test_a_bad_file_of_the_project_is_named_and_the_rest_works(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "My-Plugin.py").write_text(channel("mine"))
    plugins = own(tmp_path, broken="import nothing_of_this_name", owl=channel("owl"))
    assert list(plugins.channels) == ["owl"]
    told = {each.origin: each.reason for each in plugins.failed}
    assert "rename it with a-z, 0-9 and _" in told["plugins/My-Plugin.py"]
    assert "cannot be imported: ModuleNotFoundError" in told["plugins/broken.py"]


def test_a_file_of_the_project_does_not_replace_an_installed_plugin_silently(folder: Path) -> None:
    (folder / f"{folder.name}_bird.py").write_text(channel("owl"))
    (folder / "plugins").mkdir()
    (folder / "plugins" / "bird.py").write_text(channel("crow"))
    points = [EntryPoint("bird", f"{folder.name}_bird", "campflow")]
    plugins = load_plugins({}, points=points, project=folder)
    assert list(plugins.channels) == ["owl"]
    assert "is called `bird` too" in plugins.failed[0].reason


def test_the_setting_narrows_the_project_s_own_too(tmp_path: Path) -> None:
    plugins = own(tmp_path, {"CAMPFLOW_PLUGINS": "owl"}, owl=channel("owl"), crow="raise SystemExit(3)")
    assert (list(plugins.channels), plugins.failed) == (["owl"], ())
