"""Files in `.campflow/cache` of a project: what campflow worked out, kept until it or its reasons change.

They are JSON, and begin with a digest of what follows and of the campflow that made it. One that is damaged, or that
another campflow made, is no more than missing. What lies there is as trustworthy as the folder it lies in, so only
`check` reads it: what plans and runs campaigns reads their texts.
"""

import contextlib
import json
import os
import sysconfig
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

FOLDER = Path(".campflow", "cache")


class Keeping:
    """One such file."""

    def __init__(self, root: Path, name: str) -> None:
        self._file = root / FOLDER / name

    def read(self) -> dict[str, Any]:
        """What was written; empty where nothing was, or nothing that can be relied on."""
        try:
            digest, _, written = self._file.read_bytes().partition(b"\n")
            if digest != _digest(written):
                return {}
            found = json.loads(written)
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, value: dict[str, Any]) -> None:
        """Whole or not at all; a folder that cannot be written to keeps nothing."""
        written = json.dumps(value, separators=(",", ":")).encode()
        with contextlib.suppress(OSError):
            make_folder(self._file.parent)
            fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}")
            fresh.write_bytes(_digest(written) + b"\n" + written)
            fresh.replace(self._file)


def make_folder(folder: Path) -> None:
    """Makes the cache where it is not there yet, out of Git's sight. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (ignore := folder.parent / ".gitignore").exists():
        ignore.write_text("# made by campflow check; may be deleted\n*\n", "utf-8")


def made_by(folder: Path) -> str:
    """Which Python files lie below a folder, how large they are and of when: whoever changes them is another maker."""
    return sha256("\n".join(_stamps(folder)).encode()).hexdigest()


def _stamps(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*.py")):
        known = file.stat()
        yield f"{file.relative_to(folder)} {known.st_size} {known.st_mtime_ns}"


def _digest(written: bytes) -> bytes:
    return sha256(_maker() + written).hexdigest().encode()


@cache
def _maker() -> bytes:
    """The campflow that runs, and when anything was installed beside it the last time."""
    home = Path(__file__).parent
    rooms = [made_by(home / room) for room in ("checking", "content", "diagnostics", "language", "model")]
    installed = Path(sysconfig.get_path("purelib"))
    return "\n".join([*rooms, str(installed.stat().st_mtime_ns) if installed.exists() else ""]).encode()
