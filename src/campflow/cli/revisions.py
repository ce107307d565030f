"""A project as it was in a git revision."""

import io
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

from campflow.errors import ProjectError
from campflow.settings import FILE


def extracted(revision: str, root: Path, target: Path) -> None:
    """Write the project in `root`, as it was in the revision, into the folder `target`: settings, flows, content.

    Nothing of the repository is touched. Raises ProjectError where there is no git, no repository, no such revision,
    or no project in it.
    """
    inside = _git(root, "rev-parse", "--is-inside-work-tree")
    if inside.returncode:
        raise ProjectError(
            f"`{revision}` is no file or folder here, and no git revision either: git says of {root}: {_said(inside)}"
        )
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit.returncode:
        raise ProjectError(
            f"`{revision}` is no file or folder here, and no git revision: `git log --oneline` lists those there are"
        )
    archive = _git(root, "archive", "--format=zip", commit.stdout.decode().strip())
    if archive.returncode:
        raise ProjectError(
            f"this project is not in git revision `{revision}`: git says: {_said(archive)}; name a later revision"
        )
    with ZipFile(io.BytesIO(archive.stdout)) as files:
        names = files.namelist()
        if FILE not in names:
            raise ProjectError(f"there was no {FILE} here in git revision `{revision}`: name a later one")
        wanted = [name for name in names if name == FILE or name.endswith(".flow") or name.startswith("content/")]
        files.extractall(target, wanted)


def _git(root: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("git")
    if program is None:
        raise ProjectError("git is needed to read a revision, and there is none: install it, or name a folder")
    return subprocess.run(  # noqa: S603 -- words of ours and a revision, which git is told not to take for an option
        [program, "-C", str(root), *words], capture_output=True, check=False, stdin=subprocess.DEVNULL
    )


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else "nothing"
