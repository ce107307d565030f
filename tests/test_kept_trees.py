"""The trees that `campflow check` keeps: they save time, and can never change what is said."""

from pathlib import Path

import pytest
from tests.language.test_any_text import SOUND

from campflow import kept_trees
from campflow.diagnostics.source import Source
from campflow.keeping import FOLDER
from campflow.kept_trees import KeptTrees
from campflow.language.parser import parse

SOURCE = Source("some.flow", SOUND)


def kept(root: Path) -> list[Path]:
    return sorted((root / FOLDER).glob("*.json"))


def read(root: Path, *sources: Source) -> None:
    trees = KeptTrees(root)
    for source in sources:
        assert trees.read(source) == parse(source)
    trees.tidy(sources)


def no_parser(source: Source) -> None:
    raise AssertionError(f"{source.path} was parsed")


def test_a_text_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(tmp_path, SOURCE)
    expected = parse(SOURCE), parse(Source("moved.flow", SOUND))
    monkeypatch.setattr(kept_trees, "parse", no_parser)
    assert KeptTrees(tmp_path).read(SOURCE) == expected[0]
    assert KeptTrees(tmp_path).read(Source("moved.flow", SOUND)) == expected[1]


def test_a_changed_text_is_another_one_and_the_old_one_goes(tmp_path: Path) -> None:
    read(tmp_path, SOURCE)
    (before,) = kept(tmp_path)
    read(tmp_path, Source("some.flow", SOUND + "event late\n"))
    (after,) = kept(tmp_path)
    assert before != after


def test_nothing_is_kept_of_a_text_with_mistakes(tmp_path: Path) -> None:
    read(tmp_path, Source("some.flow", SOUND.replace("send", "sned")))
    assert kept(tmp_path) == []


@pytest.mark.parametrize("damage", [b"", b"\0\xff", b"[]", b"0" * 64 + b"\n[]"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    read(tmp_path, SOURCE)
    (file,) = kept(tmp_path)
    whole = file.read_bytes()
    for written in (damage, whole[:-9] + b"9" + whole[-8:], whole[: len(whole) // 2]):
        file.write_bytes(written)
        read(tmp_path, SOURCE)
        assert file.read_bytes() == whole


def test_git_does_not_see_the_cache(tmp_path: Path) -> None:
    read(tmp_path, SOURCE)
    assert "*" in (tmp_path / ".campflow" / ".gitignore").read_text("utf-8").splitlines()


def test_a_folder_that_cannot_be_made_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".campflow").write_text("a file")
    read(tmp_path, SOURCE)


def test_other_files_beside_it_are_let_be(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "mine.json").write_text("{}")
    read(tmp_path, SOURCE)
    assert (tmp_path / FOLDER / "mine.json").exists()
