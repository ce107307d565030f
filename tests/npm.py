"""Programs of others from npm, for tests: installed once, in a cache outside of the checkout, by name and version.

Without Node or the package, and without a way to get it, its tests are left out and the summary says so; on CI they
fail.
"""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

_MISSED: set[str] = set()


@cache
def package(spec: str) -> Path | None:
    """The folder whose `node_modules` holds `NAME@VERSION`, installed now if need be; None where it cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    cache_folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "campflow-tests"
    folder = cache_folder / spec.replace("/", "-")
    if not folder.exists():
        cache_folder.mkdir(parents=True, exist_ok=True)
        # Made aside and moved: two processes of one run may do this at once.
        aside = Path(tempfile.mkdtemp(dir=cache_folder))
        quiet = ["--silent", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1"]
        made = subprocess.run(["npm", "install", *quiet, "--prefix", str(aside), spec], check=False, timeout=300)
        try:
            if made.returncode == 0:
                aside.rename(folder)
        except OSError:  # the other process was quicker
            pass
        shutil.rmtree(aside, ignore_errors=True)
    return folder if folder.exists() else None


def needed(spec: str) -> pytest.MarkDecorator:
    """Left out where the package cannot be had, unless nothing may be left out."""
    missing = not os.environ.get("CI") and package(spec) is None
    if missing:
        _MISSED.add(spec)
    return pytest.mark.skipif(missing, reason=f"npm's {spec} cannot be had")


def left_out() -> str | None:
    """What the summary says."""
    return f"nothing was tested with npm's {', '.join(sorted(_MISSED))}" if _MISSED else None
