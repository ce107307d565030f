"""Which files belong to a project."""

from pathlib import Path

import pytest

from campflow.errors import ProjectError
from campflow.flow_files import read_flows
from campflow.project import Project
from campflow.settings import find_root


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_flow_files_are_found_below_the_root_in_order(tmp_path: Path) -> None:
    for name in (
        "b.flow",
        "a.flow",
        "deep/er/c.flow",
        "notes.txt",
        ".hidden.flow",
        ".venv/x.flow",
        "node_modules/y.flow",
    ):
        write(tmp_path / name)
    assert [source.path for source in read_flows(tmp_path)] == ["a.flow", "b.flow", "deep/er/c.flow"]


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "secret.flow")
    root = tmp_path / "project"
    inside = write(root / "own.flow")
    (root / "out.flow").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent, target_is_directory=True)
    (root / "again.flow").symlink_to(inside)
    assert [source.path for source in read_flows(root)] == ["again.flow", "own.flow"]


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.flow").write_bytes("campagne été".encode("latin-1"))
    with pytest.raises(ProjectError, match=r"latin\.flow is not UTF-8 \(byte 9\)"):
        list(read_flows(tmp_path))


def test_a_project_is_found_from_any_folder_inside_it(tmp_path: Path) -> None:
    write(tmp_path / "campflow.toml")
    (tmp_path / "content" / "fr").mkdir(parents=True)
    assert find_root(tmp_path / "content" / "fr") == tmp_path
    with pytest.raises(ProjectError, match="campflow init"):
        find_root(tmp_path.parent)


def test_a_relative_database_lies_beside_the_settings(tmp_path: Path) -> None:
    write(tmp_path / "campflow.toml", 'database = "sqlite:///data/my.db"')
    project = Project.open(tmp_path)
    assert project.database_url == f"sqlite:///{tmp_path}/data/my.db"
    assert not project.database_exists
    assert Project.open(tmp_path, {"database": "sqlite://"}).database_url == "sqlite://"
    assert (
        Project.open(tmp_path, {"database": "sqlite:////elsewhere/my.db"}).database_url == "sqlite:////elsewhere/my.db"
    )
