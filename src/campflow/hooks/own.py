"""A project's own plugins: `plugins/NAME.py`, or a package `plugins/NAME/`, beside its campflow.toml.

They are imported as modules of a package that is called after the folder, so that two projects in one process keep
theirs apart, and a package may import its own modules by `from . import …`.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

from campflow.checking.vocabulary import is_name

#: The folder, below the project's.
FOLDER = "plugins"


@dataclass(frozen=True, slots=True)
class OwnPlugin:
    """`origin` is the file or folder as a reader of the project names it; `reason` says why it cannot be one."""

    name: str
    origin: str
    point: EntryPoint
    reason: str = ""


def own_plugins(root: Path, group: str) -> Iterator[OwnPlugin]:
    """What lies there, in the order of names. What begins with `_` or `.` is no plugin: plugins may import it."""
    folder = root / FOLDER
    if not folder.is_dir():
        return
    package = _package(folder)
    for each in sorted(folder.iterdir()):
        is_module = each.suffix == ".py" and each.is_file()
        if each.name[0] in "_." or not (is_module or (each / "__init__.py").is_file()):
            continue
        name = each.stem if is_module else each.name
        reason = "" if is_name(name) else "is not called like a plugin: rename it with a-z, 0-9 and _"
        origin = f"{FOLDER}/{each.name}" if is_module else f"{FOLDER}/{each.name}/"
        yield OwnPlugin(name, origin, EntryPoint(name, f"{package}.{name}", group), reason)


def _package(folder: Path) -> str:
    """The package that the folder's modules belong to; made when it is first asked for."""
    name = f"campflow_project_{sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        package = ModuleType(name, "The plugins of one project.")
        package.__path__ = [str(folder)]
        package.__file__ = str(folder / "__init__.py")
        sys.modules[name] = package
    return name
