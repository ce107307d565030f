"""How our tables came to look as they do: one revision a file, in the order of their numbers, run by Alembic.

A new database is made as `tables.py` draws it and stamped with the last revision; one that is there goes through the
revisions that it lacks. A test holds both ways to the same tables. A table of ours changes its shape in `tables.py` and
in a new revision, never in an old one. The columns of a project's own fields are no revisions: see `fields.py`.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

HERE = Path(__file__).parent

#: Databases from before Alembic kept a number in `setting`; this one is the first revision.
FIRST, FIRST_NUMBER = "0001", "2"


@dataclass(frozen=True, slots=True)
class Revision:
    """`title` says what changes, in the words of an operator."""

    name: str
    title: str


def revisions() -> list[Revision]:
    """All that this campflow knows, the oldest first. Alembic is not asked: importing it takes longer than a tick."""
    files = sorted((HERE / "versions").glob("r*.py"))
    return [Revision(file.name[1:5], _title(file)) for file in files]


def _title(file: Path) -> str:
    with file.open(encoding="utf-8") as lines:
        return next(lines).strip().strip('"').rstrip(".")


def head() -> str:
    """The last revision."""
    return revisions()[-1].name


def run(connection: Connection, to: str = "head") -> None:
    """Take the database through the revisions that it lacks, within the transaction that `connection` is in."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    command.upgrade(config, to)
