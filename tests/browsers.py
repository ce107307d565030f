"""A browser that is not ours: Chromium as Debian has it, driven by Playwright, and axe to see pages as those do who
cannot see them.

On CI a missing browser fails the tests; elsewhere they are left out, and the summary says so.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

#: Left out where there is no browser, unless nothing may be left out.
needed = pytest.mark.skipif(not (PROGRAM or os.environ.get("CI")), reason="no Chromium (Debian: chromium)")

_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def left_out() -> str | None:
    """What the summary says."""
    return None if PROGRAM or os.environ.get("CI") else "nothing was tested in a browser: there is no Chromium"


@contextmanager
def browsing(folder: Path, language: str = "en") -> "Iterator[Page]":
    """A new window of a browser that has never been anywhere."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        context = tools.chromium.launch_persistent_context(
            folder / "profile", executable_path=PROGRAM, headless=True, args=list(_FLAGS), locale=language,
            chromium_sandbox=False,
        )  # fmt: skip
        try:
            page = context.new_page()
            page.set_default_timeout(20_000)
            yield page
        finally:
            context.close()


def barriers(page: "Page") -> list[str]:
    """What axe finds that keeps somebody out, each as a line: rule, and the element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def invalid(html: str) -> list[str]:
    """What is not HTML as the standard has it: the parse errors of html5lib."""
    import html5lib

    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    parser.parse(html)
    return [f"line {place[0]}: {code} {more}" for place, code, more in parser.errors]
