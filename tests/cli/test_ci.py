"""What runs before a commit and in CI: the hooks, and the recipe of docs/how-to/check-in-ci.md."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.terminal import Terminal

from campflow.cli.starter import write_project

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "check-in-ci.md").read_text("utf-8")
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
}


@pytest.fixture
def shop(campflow: Terminal) -> Terminal:
    """In a repository with a project in the folder `shop`."""
    write_project(campflow.folder / "shop")
    return campflow


def test_annotations_name_the_file_as_the_repository_has_it(shop: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.change("shop/welcome.flow", "-> ", "-> nowhere_")
    said = shop("check", "shop", "--format", "github", code=1).stdout
    assert said.startswith("::error file=shop/welcome.flow,line=")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(shop.folder / "shop"))
    said = shop("check", "shop", "--format", "github", code=1).stdout
    assert said.startswith("::error file=welcome.flow,line=")


def test_wrong_settings_are_annotations_as_well(shop: Terminal) -> None:
    toml = (shop.folder / "shop" / "campflow.toml").read_text("utf-8")
    line = toml.count("\n") + 2
    shop.write(
        "shop/campflow.toml", f'{toml}\n[channels.emial]\nhost = "x"\n[channels.email]\nhsot = "x"\nrate = "100%"\n'
    )
    said = shop("check", "shop", "--format", "github", code=2)
    one, two, three = said.stdout.splitlines()
    assert one == (
        f"::error file=shop/campflow.toml,line={line},title=setting"
        "::`channels.emial`: no plugin makes a channel `emial`; did you mean `email`?"
    )
    assert two.startswith(f"::error file=shop/campflow.toml,line={line + 3},title=setting::`channels.email.hsot`: ")
    assert three.startswith(f"::error file=shop/campflow.toml,line={line + 4},title=setting::`channels.email.rate`: ")
    assert "100%25" in three
    assert said.stderr == ""
    # Findings in files come first.
    shop.change("shop/welcome.flow", "-> ", "-> nowhere_")
    files = [each.partition(",")[0] for each in shop("check", "shop", "--format", "github", code=1).stdout.splitlines()]
    assert files[0] == "::error file=shop/welcome.flow"
    assert files[-1] == "::error file=shop/campflow.toml"


@pytest.mark.parametrize(
    ("more", "line", "says"),
    [
        ("clokc = 'manual'\n", 1, "`clokc`: there is no such setting; did you mean `clock`?"),
        ("\ntimezone = 'Mars'\n", 2, "`timezone`: `Mars` is not a time zone"),
        ("clock = 'manual'\nclock\n", 2, "this is not valid TOML"),
        ("clock = [\n", 1, "this is not valid TOML"),
    ],
)
def test_so_are_settings_with_which_no_project_can_be_opened(more: str, line: int, says: str, shop: Terminal) -> None:
    shop.write("shop/campflow.toml", more)
    said = shop("check", "shop", "--format", "github", code=2)
    assert said.stdout.startswith(f"::error file=shop/campflow.toml,line={line},title=setting::{says}")
    assert said.stderr == ""
    assert f"campflow.toml:{line}: {says}" in shop("check", "shop", code=2).words


def test_what_is_written_in_no_file_is_an_annotation_without_one(
    shop: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPFLOW_TIMEZONE", "Mars")
    said = shop("check", "shop", "--format", "github", code=2).stdout
    assert said.startswith("::error title=setting::environment, CAMPFLOW_TIMEZONE: `timezone`: ")
    assert shop("check", "--format", "github", code=2).stdout.startswith(
        "::error title=setting::there is no campflow.toml"
    )


def test_the_recipe_passes_for_a_new_project_and_fails_for_a_mistake(shop: Terminal) -> None:
    recipe = re.findall(r"- run: (campflow .*)", PAGE)
    assert len(recipe) == 3
    commands = [shlex.split(line.split(" > ")[0].replace("$CAMPFLOW_PROJECT", "shop"))[1:] for line in recipe]
    for words in commands:
        shop(*words)
    shop.change("shop/welcome.flow", "-> ", "->   nowhere_")
    for words in commands:
        shop(*words, code=1)


def test_each_hook_runs_a_command_on_the_files_that_it_is_for(shop: Terminal) -> None:
    for hook in HOOKS.values():
        program, *words = hook["entry"].split()
        assert program == "campflow"
        shop(*words, "shop")
    files = {"campflow-check": ["a.flow", "shop/campflow.toml", "content/hi.email.md"], "campflow-fmt": ["shop/a.flow"]}
    for name, matched in files.items():
        assert [path for path in matched if not re.search(HOOKS[name]["files"], path)] == []
        assert re.search(HOOKS[name]["files"], "src/flow.py") is None


def test_the_page_names_the_hooks_and_workflows_that_there_are() -> None:
    blocks = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    assert {hook["id"] for block in blocks for repo in block.get("repos", ()) for hook in repo["hooks"]} == set(HOOKS)
