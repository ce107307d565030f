"""What `campflow check` says again where nothing has changed: it saves time, and can never change what is said."""

import datetime as dt
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.checking.test_check_again import State, changed, sound

from campflow.checking.vocabulary import ContentFile, ContentIndex
from campflow.cli.starter import write_project
from campflow.compiler import check_sources
from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.diagnostics.source import Span
from campflow.keeping import FOLDER
from campflow.kept_result import KeptResult

MISTAKEN = changed(("a.flow", "clicked tips", "clicked tps"), ("b.flow", "when score > 10", "wen score"))
FILE = ContentFile("content/more.email.md", "more", "email", None, ())

#: Says whether a check imported the parser.
CHECK = """\
import sys
from campflow.cli.main import main
try:
    main(["check"])
finally:
    print("lark" in sys.modules)
"""


def kept(root: Path, state: State) -> KeptResult:
    return KeptResult(root, state.sources, state.words, state.today)


def test_the_same_is_said_again(tmp_path: Path) -> None:
    found = check_sources(MISTAKEN.sources, MISTAKEN.words, today=MISTAKEN.today).diagnostics
    assert found
    assert kept(tmp_path, MISTAKEN).read() is None
    kept(tmp_path, MISTAKEN).write(found)
    assert kept(tmp_path, MISTAKEN).read() == found


@pytest.mark.parametrize(
    "now",
    [
        sound(),
        replace(MISTAKEN, today=MISTAKEN.today + dt.timedelta(days=1)),
        replace(MISTAKEN, texts={**MISTAKEN.texts, "new.flow": ""}),
        replace(MISTAKEN, texts={path: text for path, text in MISTAKEN.texts.items() if path != "a.flow"}),
        replace(MISTAKEN, words=replace(MISTAKEN.words, content=ContentIndex((FILE,)))),
        replace(MISTAKEN, words=replace(MISTAKEN.words, currency="CHF")),
        replace(MISTAKEN, words=replace(MISTAKEN.words, channels={})),
    ],
)
def test_nothing_is_said_again_of_what_has_changed(tmp_path: Path, now: State) -> None:
    kept(tmp_path, MISTAKEN).write(())
    assert kept(tmp_path, now).read() is None


@pytest.mark.parametrize("damage", [b"", b"\0\xff", b"{}", b"0" * 64 + b"\n{}"])
def test_a_damaged_file_says_nothing(tmp_path: Path, damage: bytes) -> None:
    kept(tmp_path, MISTAKEN).write(())
    (tmp_path / FOLDER / "result.json").write_bytes(damage)
    assert kept(tmp_path, MISTAKEN).read() is None


def test_a_finding_about_two_files_is_looked_for_again(tmp_path: Path) -> None:
    here, there = Span("a.flow", 1, 1, 1, 2), Span("b.flow", 1, 1, 1, 2)
    kept(tmp_path, MISTAKEN).write([Diagnostic("duplicate-name", "twice", here, labels=(Label(there, "here"),))])
    assert kept(tmp_path, MISTAKEN).read() is None


def test_a_check_of_what_has_not_changed_needs_no_parser(tmp_path: Path) -> None:
    write_project(tmp_path)

    def check() -> tuple[list[str], str]:
        done = subprocess.run([sys.executable, "-c", CHECK], cwd=tmp_path, capture_output=True, text=True, check=False)
        *said, parsed = done.stdout.splitlines()
        return said, parsed

    first, again = check(), check()
    assert (first[1], again[1]) == ("True", "False")
    assert first[0] == again[0] != []
    flow = next(tmp_path.rglob("*.flow"))
    flow.write_text(flow.read_text("utf-8") + "\nevent\n", "utf-8")
    broken = check()
    assert broken == (broken[0], "True")
    assert broken[0] != first[0]
    assert check() == (broken[0], "False")
