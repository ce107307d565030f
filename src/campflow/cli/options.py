"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from campflow.project import Project

ProjectFolder = Annotated[
    Path | None,
    typer.Option(
        "--project",
        envvar="CAMPFLOW_PROJECT",
        metavar="DIR",
        help="The project's folder, or one inside it. Default: the current folder.",
        exists=True,
        file_okay=False,
    ),
]

DatabaseUrl = Annotated[
    str | None, typer.Option("--database", metavar="URL", help="Instead of `database` in campflow.toml.")
]


class Format(StrEnum):
    """How a command answers."""

    text = "text"
    json = "json"


TextOrJson = Annotated[Format, typer.Option("--format", help="A table for people, or JSON for programs.")]

#: How many rows a list shows that has no other limit.
LIST_LENGTH = 50

ListLength = Annotated[int, typer.Option("--limit", min=1, help="How many to show at most, the newest.")]


def open_project(folder: Path | None, database: str | None = None) -> "Project":
    """The project that the options name."""
    from campflow.project import Project

    flags: dict[str, Any] = {} if database is None else {"database": database}
    return Project.open(folder, flags)
