"""What `campflow check` says beside its findings: the page of a code, and the load of a week."""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

from campflow.diagnostics.catalogue import TITLES
from campflow.diagnostics.diagnostic import did_you_mean
from campflow.errors import ProjectError

if TYPE_CHECKING:
    from campflow.checking.proofs.load import Load

#: The pages lie in docs/ of a checkout; a wheel brings them along in the package.
_IN_CHECKOUT = Path(__file__).parents[3] / "docs" / "reference" / "diagnostics"


def page(code: str) -> str:
    """What the reference says about a code, without the marks that make it a web page. Raises ProjectError."""
    if code not in TITLES:
        question = did_you_mean(code, TITLES)
        raise ProjectError(f"there is no code `{code}`: {question or 'it stands in brackets, as in error[dead-end]'}")
    packed = files("campflow.diagnostics") / "pages"
    folder: Traversable = packed if packed.is_dir() else _IN_CHECKOUT
    return "\n".join(_plain((folder / f"{code}.md").read_text("utf-8"))) + "\n"


def _plain(text: str) -> Iterator[str]:
    """The lines of a page for a terminal: blocks are indented, comments and links are words."""
    inside = False
    for line in text.rstrip("\n").split("\n"):
        if line.startswith("```"):
            inside = not inside
        elif inside:
            yield f"    {line}".rstrip()
        elif not line.startswith("<!--"):
            yield re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", line).replace("**", "")


def load_lines(found: "tuple[Load, ...]") -> list[tuple[str, str, str, str, str]]:
    """A row for each channel and campaign, and one with the sum: channel, campaign, a week, with limits, path."""
    rows = []
    for channel in dict.fromkeys(load.channel for load in found):
        parts = [load for load in found if load.channel == channel]
        for load in parts:
            limited = "" if load.let_through is None else str(load.let_through)
            rows.append((channel, load.campaign, _number(load.messages), limited, " -> ".join(load.path)))
        if len(parts) > 1:
            most = None if any(load.messages is None for load in parts) else sum(load.messages or 0 for load in parts)
            passed = [load.let_through if load.let_through is not None else load.messages for load in parts]
            total = None if None in passed else sum(each or 0 for each in passed)
            binds = any(load.let_through is not None for load in parts)
            rows.append((channel, "all together", _number(most), _number(total) if binds else "", ""))
    return rows


def _number(messages: int | None) -> str:
    return "no end" if messages is None else str(messages)
