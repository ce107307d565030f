"""What commands print: tables for people, JSON for programs, findings for authors."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from campflow.errors import FlowError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from campflow.diagnostics.diagnostic import Diagnostic
    from campflow.diagnostics.source import Source


def colored(stream: Any) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def console() -> "Console":
    """For tables. Where the output is no terminal, lines are as long as they need to be.

    A text is shown as it is: what stands in square brackets is no markup, for most of it was written by others.
    """
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 240)


def print_json(value: object) -> None:
    """Letters of all languages as they are; what would drive a terminal is written as JSON's `\\u…`."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if not text.replace("\n", "").isprintable():
        text = "".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text)
    print(text)


def table(*columns: str, right: Iterable[str] = ()) -> "Table":
    """A table without a frame; the columns of `right` hold figures."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def print_last(counts: Mapping[str, int], rows: "Table", total: int) -> None:
    """How many there are by state, and the last of a `total` of them."""
    console().print("   ".join(f"{count:,} {state}" for state, count in counts.items()))
    console().print(rows)
    if total > rows.row_count:
        console().print(f"the last {rows.row_count} of {total:,}: --limit shows more", style="dim")


def printable(text: str) -> str:
    """A text from outside, without characters that would drive the terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(map(printable, text.split("\n")))


def show_findings(diagnostics: Iterable["Diagnostic"], sources: Mapping[str, "Source"], stream: Any) -> None:
    from campflow.diagnostics.render import render_text

    print(render_text(diagnostics, sources, colored(stream)), file=stream)


def show_flow_error(error: FlowError) -> None:
    """The errors that kept a command from running."""
    errors = [each for each in error.diagnostics if each.severity == "error"]
    show_findings(errors, error.sources, sys.stderr)
    print(printable_lines(f"campflow: {error}"), file=sys.stderr)


def counted(number: int, what: str) -> str:
    """`1 error`, `3 errors`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
