"""`campflow fmt`."""

from pathlib import Path

import pytest
from tests.cli.terminal import Terminal

UNTIDY, TIDY = "event   signup{url   text}\r\n", "event signup { url text }\n"
BROKEN = "event signup {\n  url   txt\n}\n"


def bytes_of(terminal: Terminal, name: str) -> bytes:
    return (terminal.folder / name).read_bytes()


def test_files_are_formatted_where_they_lie(campflow: Terminal) -> None:
    for folder in ("deep/er", ".hidden"):
        (campflow.folder / folder).mkdir(parents=True)
    for name in ("a.flow", "deep/er/b.flow", ".hidden/c.flow", "notes.txt"):
        (campflow.folder / name).write_bytes(UNTIDY.encode())
    campflow.write("tidy.flow", TIDY)
    (campflow.folder / "a.flow").chmod(0o640)
    said = campflow("fmt").stdout
    assert said.splitlines() == [
        "formatted: a.flow",
        "formatted: deep/er/b.flow",
        "2 files formatted, 1 file already as it should be",
    ]
    assert bytes_of(campflow, "a.flow") == bytes_of(campflow, "deep/er/b.flow") == TIDY.encode()
    assert bytes_of(campflow, ".hidden/c.flow") == bytes_of(campflow, "notes.txt") == UNTIDY.encode()
    assert (campflow.folder / "a.flow").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in campflow.folder.iterdir()) == [
        ".hidden",
        "a.flow",
        "deep",
        "notes.txt",
        "tidy.flow",
    ]
    assert campflow("fmt").stdout == "3 files already as it should be\n"


def test_only_what_is_named_is_touched(campflow: Terminal) -> None:
    for name in ("a.flow", "b.flow"):
        campflow.write(name, UNTIDY)
    assert campflow("fmt", "a.flow", "./a.flow").stdout == "formatted: a.flow\n1 file formatted\n"
    assert bytes_of(campflow, "b.flow") == UNTIDY.encode()


def test_check_changes_nothing(campflow: Terminal) -> None:
    campflow.write("a.flow", UNTIDY)
    assert campflow("fmt", "--check", code=1).stdout == "would change: a.flow\n1 file would change\n"
    assert bytes_of(campflow, "a.flow") == UNTIDY.encode()
    campflow("fmt")
    campflow("fmt", "--check")


def test_a_broken_file_is_shown_and_the_others_are_formatted(campflow: Terminal) -> None:
    campflow.write("a.flow", BROKEN)
    (campflow.folder / "b.flow").write_bytes(b"event signup # caf\xe9\n")
    campflow.write("c.flow", UNTIDY)
    said = campflow("fmt", code=1)
    assert "`txt` is not a type" in said.stderr
    assert "a.flow:2:9" in said.stderr
    assert "b.flow is not UTF-8" in said.stderr
    assert said.stdout == "formatted: c.flow\n1 file formatted, 2 files could not be formatted\n"
    assert bytes_of(campflow, "a.flow") == BROKEN.encode()


def test_from_standard_input_to_standard_output(campflow: Terminal) -> None:
    assert campflow("fmt", "-", stdin=UNTIDY).stdout == TIDY
    assert campflow("fmt", "-", stdin=TIDY).stdout == TIDY
    assert campflow("fmt", "--check", "-", stdin=UNTIDY, code=1).stdout == "would change: standard input\n"
    assert campflow("fmt", "--check", "-", stdin=TIDY).stdout == ""
    said = campflow("fmt", "-", stdin=BROKEN, code=1)
    assert said.stdout == ""
    assert "standard input:2:9" in said.stderr


def test_a_link_stays_a_link(campflow: Terminal, tmp_path: Path) -> None:
    campflow.write("real.flow", UNTIDY)
    (campflow.folder / "link.flow").symlink_to("real.flow")
    campflow("fmt", "link.flow")
    assert (campflow.folder / "link.flow").is_symlink()
    assert bytes_of(campflow, "real.flow") == TIDY.encode()


@pytest.mark.parametrize(("words", "told"), [(["gone.flow"], "there is no gone.flow"), (["--chek"], "--chek")])
def test_wrong_use(campflow: Terminal, words: list[str], told: str) -> None:
    assert told in campflow("fmt", *words, code=2).words


def test_a_new_project_is_formatted(project: Terminal) -> None:
    project("fmt", "--check")


def test_a_folder_without_flows(campflow: Terminal) -> None:
    assert "there is no .flow file here" in campflow("fmt").stdout
