"""The distribution that `campflow plugin new` writes: the files in plugin_files, with the plugin's name filled in."""

import re
from importlib.resources import files
from pathlib import Path

from campflow.checking.vocabulary import is_name
from campflow.errors import ProjectError


def write_plugin(folder: Path, name: str, kind: str) -> tuple[str, ...]:
    """Write it and give the names of its files. Raises ProjectError for a bad name, or where the folder stands."""
    if not is_name(name):
        raise ProjectError(f"`{name}` cannot be written in a .flow file: use a-z, 0-9 and _, a letter first")
    if folder.exists():
        raise ProjectError(f"{folder} exists: move it away, or choose another name")
    texts = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"src/campflow_{name}/__init__.py": f"{kind}.py",
        f"src/campflow_{name}/py.typed": None,
        f"tests/test_{name}.py": f"test_{kind}.py",
    }
    try:
        for path, source in texts.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("" if source is None else named(_text(source), name, kind), encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"{error.filename} cannot be written ({error.strerror}): choose another folder") from error
    return tuple(texts)


def named(text: str, name: str, kind: str) -> str:
    """The text of a plugin that is not called pigeon."""
    words = {
        "campflow-pigeon": f"campflow-{name.replace('_', '-')}",
        "Pigeon": name.title().replace("_", ""),
        "PIGEON": name.upper(),
        "pigeon": name,
        "KIND": kind,
    }
    return re.sub("|".join(words), lambda found: words[found[0]], text)


def _text(name: str) -> str:
    return files("campflow.cli").joinpath("plugin_files", f"{name}.txt").read_text(encoding="utf-8")
