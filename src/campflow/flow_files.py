"""The `.flow` files of a project, found and read."""

import os
from collections.abc import Iterator
from pathlib import Path

from campflow.diagnostics.source import Source
from campflow.errors import ProjectError

#: Folders that hold no campaigns, whatever lies in them.
SKIPPED = frozenset({"node_modules", "__pycache__"})

#: The largest .flow file that is read, in bytes.
LARGEST = 4 * 1_048_576


def read_flows(root: Path) -> Iterator[Source]:
    """Every `.flow` file below the project, sorted by path. Links that lead out of it and hidden folders are let be.

    Raises ProjectError for a file that cannot be read.
    """
    for path in flow_files(root):
        yield read_flow(path, path.relative_to(root).as_posix())


def flow_files(root: Path) -> list[Path]:
    """Where the `.flow` files below a folder are, sorted."""
    return sorted(_found(root))


def read_flow(path: Path, shown: str) -> Source:
    """One file; `shown` is what the user is told it is called. Raises ProjectError if it cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise ProjectError(f"{shown} is larger than {LARGEST:,} bytes: split it into several files")
        return Source(shown, path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ProjectError(f"{shown} cannot be read ({error.strerror}): check its rights") from error
    except UnicodeDecodeError as error:
        raise ProjectError(f"{shown} is not UTF-8 (byte {error.start}): save it as UTF-8") from error


def _found(root: Path) -> Iterator[Path]:
    real = root.resolve()
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".") and name not in SKIPPED]
        for name in names:
            path = Path(folder, name)
            if name.endswith(".flow") and not name.startswith(".") and path.resolve().is_relative_to(real):
                yield path
