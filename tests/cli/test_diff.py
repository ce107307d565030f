"""`campflow diff`, between folders, files and revisions of a real git repository."""

import os
import shutil
import subprocess

import pytest
from tests.cli.terminal import Terminal

LONGER = ("after 3 days", "after 5 days")
AUDIENCE = ("audience  letters", 'audience  letters and language == "fr"')


def git(terminal: Terminal, *words: str) -> None:
    who = {f"GIT_{role}_{part}": "a@b.example" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", *words], cwd=terminal.folder, check=True, capture_output=True, env=outside | who)


@pytest.fixture
def kept(project: Terminal) -> Terminal:
    """A project with its first version in git."""
    git(project, "init", "--quiet", "--initial-branch", "main")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message", "first")
    return project


def test_a_revision_against_the_folder(kept: Terminal) -> None:
    kept.change("welcome.flow", *LONGER)
    assert kept("diff", "main", ".").stdout.splitlines() == [
        "campaign welcome",
        "  stage hello",
        "    way out changed: waits longer: 3 days → 5 days",
        "      - after 3 days -> reminder",
        "      + after 5 days -> reminder",
    ]


def test_two_revisions_whatever_lies_in_the_folder(kept: Terminal) -> None:
    kept.change("welcome.flow", *AUDIENCE)
    git(kept, "commit", "--quiet", "--all", "--message", "second")
    kept.write("welcome.flow", "no longer a campaign")
    said = kept("diff", "HEAD~1", "HEAD").stdout
    assert "newly let in: nobody" in said
    assert 'newly shut out: a contact with letters yes, language "en"' in said
    assert "newly shut out: nobody" in kept("diff", "HEAD", "HEAD~1").stdout


def test_a_project_that_is_not_at_the_top_of_its_repository(kept: Terminal) -> None:
    inner = Terminal(kept.folder / "shops" / "tea")
    shutil.copytree(kept.folder, inner.folder, ignore=shutil.ignore_patterns("shops", ".git"))
    assert "this project is not in git revision `HEAD`" in inner("diff", "HEAD", ".", code=2).words
    git(kept, "add", ".")
    git(kept, "commit", "--quiet", "--message", "another shop")
    inner.change("welcome.flow", *LONGER)
    assert "waits longer" in inner("diff", "HEAD", ".").stdout
    assert "waits longer" in kept("diff", "HEAD", "shops/tea", "--project", "shops/tea").stdout


def test_one_file_of_a_project(kept: Terminal) -> None:
    kept.change("welcome.flow", *LONGER)
    kept.change("people.flow", "first_name  text?", "first_name  text")
    assert "contact" not in kept("diff", "HEAD", "welcome.flow").stdout
    assert "way out" not in kept("diff", "HEAD", "people.flow").stdout


def test_two_files_of_one_project_with_the_same_campaign(project: Terminal) -> None:
    text = (project.folder / "welcome.flow").read_text("utf-8")
    project.write("shorter.flow", text.replace("after 3 days", "after 1 day"))
    said = project("diff", "welcome.flow", "shorter.flow").stdout
    assert "way out changed: waits shorter: 3 days → 1 day" in said


def test_layout_is_no_difference(kept: Terminal) -> None:
    kept.change("welcome.flow", "    after 3 days -> reminder", "    # soon\n    after   3 days  -> reminder")
    assert kept("diff", "HEAD", ".", "--exit-code").stdout == "nothing has changed in meaning\n"
    assert kept.json("diff", "HEAD", ".") == []


def test_the_exit_code_says_so_only_where_it_is_asked_to(kept: Terminal) -> None:
    kept.change("welcome.flow", *LONGER)
    kept("diff", "HEAD", ".", code=0)
    kept("diff", "HEAD", ".", "--exit-code", code=1)


def test_json_has_the_example_by_its_values(kept: Terminal) -> None:
    kept.change("welcome.flow", *AUDIENCE)
    assert kept.json("diff", "HEAD", ".") == [
        {
            "place": ["campaign welcome"],
            "what": "audience",
            "change": "changed",
            "old": "audience letters",
            "new": 'audience letters and language == "fr"',
            "notes": [],
            "let_in": {"answer": "nobody", "example": None, "values": {}},
            "shut_out": {
                "answer": "somebody",
                "example": 'a contact with letters yes, language "en"',
                "values": {"letters": True, "language": "en"},
            },
        }
    ]


@pytest.mark.parametrize("word", ["HEAD~9", "nosuch", "HEAD:welcome.flow", ""])
def test_what_is_neither_a_path_nor_a_revision(kept: Terminal, word: str) -> None:
    assert "no file or folder here, and no git revision" in kept("diff", word, ".", code=2).words


def test_a_revision_is_never_taken_for_an_option_of_git(kept: Terminal) -> None:
    assert "no git revision" in kept("diff", "--", "--output=stolen", ".", code=2).words
    assert not (kept.folder / "stolen").exists()


def test_outside_of_git(project: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.folder.parent))
    assert "not a git repository" in project("diff", "HEAD", ".", code=2).words


def test_without_git(project: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "install it, or name a folder" in project("diff", "HEAD", ".", code=2).words


def test_a_version_with_errors_is_named_and_its_errors_are_shown(kept: Terminal) -> None:
    kept.change("welcome.flow", "-> reminder", "-> remindre")
    words = kept("diff", "HEAD", ".", code=1).words
    assert ". cannot be compared as long as it has errors" in words
    assert "did you mean `reminder`?" in words


def test_a_file_that_is_no_flow(project: Terminal) -> None:
    assert "not one of the .flow files" in project("diff", "people.csv", ".", code=2).words
