"""`campflow plugin new` writes plugins that work: their tests pass as written, and campflow finds them."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from campflow.cli.plugin_starter import write_plugin
from campflow.cli.plugins import Kind
from campflow.errors import ProjectError
from campflow.hooks.manager import load_plugins

#: What `campflow plugins` says of each kind.
OFFERS = {
    "channel": "channel", "sink": "sink", "source": "source", "action": "action", "audience": "destination",
    "webhook": "webhook", "filter": "filter", "command": "command", "pages": "pages",
    "function": "function", "observer": "observer",
}  # fmt: skip


def test_each_kind_passes_its_own_tests_as_it_is_written(tmp_path: Path) -> None:
    for kind in Kind:
        write_plugin(tmp_path / kind, f"my_{kind}", kind)
    paths = [str(tmp_path / kind / "src") for kind in Kind]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-W", "error", "--import-mode=importlib"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    # A suite that collects nothing would pass as well.
    for kind in Kind:
        assert done.stdout.count(f"test_my_{kind}.py::") >= 3, done.stdout


@pytest.mark.parametrize("kind", list(Kind))
def test_its_entry_point_leads_to_what_it_offers(tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plugin(tmp_path / "made", f"new_{kind}", kind)
    monkeypatch.syspath_prepend(tmp_path / "made" / "src")
    written = tomllib.loads((tmp_path / "made" / "pyproject.toml").read_text())
    assert written["project"]["name"] == f"campflow-new-{kind}"
    points = [EntryPoint(name, value, "campflow") for name, value in
              written["project"]["entry-points"]["campflow"].items()]  # fmt: skip
    plugins = load_plugins({}, points=points)
    assert plugins.failed == ()
    assert [each.offers for each in plugins.loaded] == [(f"{OFFERS[kind]} new_{kind}",)]


def test_what_is_there_is_not_overwritten_and_a_name_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    with pytest.raises(ProjectError, match="exists: move it away"):
        write_plugin(tmp_path / "made", "owl", "channel")
    for name in ("Owl", "my-owl", "../owl", "", "1owl"):
        with pytest.raises(ProjectError, match="cannot be written in a"):
            write_plugin(tmp_path / "other", name, "channel")
    assert not (tmp_path / "other").exists()
