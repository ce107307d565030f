"""The project that `campflow init` writes: the files in starter_files, with today's date filled in."""

import datetime as dt
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from campflow.errors import ProjectError
from campflow.settings import FILE


def write_project(folder: Path) -> tuple[str, ...]:
    """Write the project and give the names of its files. Raises ProjectError where one of them stands already."""
    now = dt.datetime.now(dt.UTC)
    texts = {
        name: text.replace("{today}", now.date().isoformat()).replace("{now}", now.isoformat(timespec="seconds"))
        for name, text in _texts(files("campflow.cli").joinpath("starter_files"))
    }
    if (folder / ".gitignore").exists():
        del texts[".gitignore"]
    there = [name for name in texts if (folder / name).exists()]
    if FILE in there:
        raise ProjectError(f"{folder / FILE} exists: this is a project already; `campflow check` looks at it")
    if there:
        raise ProjectError(
            f"{', '.join(there)} in {folder} would be overwritten: move them away, or name another folder"
        )
    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"{error.filename} cannot be written ({error.strerror}): choose another folder") from error
    return tuple(sorted(texts))


def _texts(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _texts(each, f"{prefix}{each.name}/")
        else:
            name = ".gitignore" if each.name == "gitignore" else each.name
            yield f"{prefix}{name}", each.read_text(encoding="utf-8")
