"""`db`: the database's own commands: upgrade, check, copy, distribute."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli.main import FINDINGS
from campflow.cli.options import DatabaseUrl, Format, ProjectFolder, TextOrJson, open_project
from campflow.cli.show import colored, console, counted, print_json, table

if TYPE_CHECKING:
    from campflow.project import Project
    from campflow.storage.database import Database
    from campflow.storage.schema import Pending


def upgrade(project: ProjectFolder = None, database: DatabaseUrl = None) -> None:
    """Bring the tables up to this campflow and to the declared fields, and say what was done. Twice is once.

    All of it is done, or nothing is. Stop the daemons first: one that runs knows only the tables it began with.
    """
    from campflow.storage.schema import install

    opened = open_project(project, database)
    with closing(_database(opened)) as store:
        for line in _steps(_pending(opened, store)):
            print(f"{line} …")
        done = install(store, opened.settings.timezone)
        print(f"{_shown(store)} is up to date" + ("." if done else ": nothing was to be done."))


def check(format: TextOrJson = Format.text, project: ProjectFolder = None, database: DatabaseUrl = None) -> None:
    """Say what the database lacks of what this campflow and the declared fields need, and what somebody changed.

    Changes nothing. Exit code 1 where there is something to do.
    """
    opened = open_project(project, database)
    with closing(_database(opened)) as store:
        todo = _pending(opened, store)
        steps, drifted = _steps(todo), [] if todo else _drift(store)
        if format == Format.json:
            print_json({"database": _shown(store), "upgrade": steps, "differs": drifted})
        else:
            _tell(store, steps, drifted)
    if steps or drifted:
        raise typer.Exit(FINDINGS)


def copy(
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="An empty database: postgresql+psycopg://… or sqlite:///…")
    ],
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Copy everything into another, empty database, and compare what arrived. All of it arrives, or nothing does.

    The database that is copied stays as it is. Stop the daemons first: what they do meanwhile is not in the copy.
    """
    from campflow.storage.copying import copy as copy_into
    from campflow.storage.database import Database
    from campflow.storage.tables import REVISION_TABLE

    opened = open_project(project, database)
    if not opened.database_exists:
        raise typer.BadParameter("there is no database yet that could be copied", param_hint="--database")
    url = open_project(project, to).database_url  # a relative file lies in the project's folder, as everywhere
    with closing(_database(opened)) as store, _bar() as told:
        sent = copy_into(store, url, told)
        target = Database(url, store.tables)
    shown = table("table", "rows", "checksum", right=("rows",))
    for name, content in sorted(sent.items()):
        if content.rows and name != REVISION_TABLE:
            shown.add_row(name, f"{content.rows:,}", f"{content.sum:032x}")
    console().print(shown)
    print(f"{_shown(store)} is in {_shown(target)}, every row compared.")
    print("Name it in campflow.toml, as `database`, and start the daemons again.")


def distribute(project: ProjectFolder = None, database: DatabaseUrl = None) -> None:
    """Share the rows of a PostgreSQL database out among machines, by contact, with Citus. All of them, or none.

    Stop the daemons first. There is no way back but `campflow db copy`.
    """
    from campflow.storage.sharding import distribute as share_out

    with closing(_database(open_project(project, database))) as store:
        said = share_out(store)
        for statement in said:
            print(f"{statement};")
        print(f"{_shown(store)} is distributed by contact.")


def _database(project: "Project") -> "Database":
    from campflow.storage.database import Database

    return Database(project.database_url, project.tables)


def _pending(project: "Project", store: "Database") -> "Pending":
    from campflow.storage.migrations import revisions
    from campflow.storage.schema import Pending, pending

    # To look into a file that is not there would make it.
    if not project.database_exists:
        return Pending(None, tuple(revisions()), ())
    return pending(store, project.settings.timezone)


def _steps(todo: "Pending") -> list[str]:
    if todo.is_new:
        return ["make the tables"]
    return [f"revision {each.name}: {each.title}" for each in todo.revisions] + [str(each) for each in todo.fields]


def _drift(store: "Database") -> list[str]:
    from campflow.storage.drift import drift

    with store.reader() as connection:
        return list(drift(connection, store.tables))


def _tell(store: "Database", steps: list[str], drifted: list[str]) -> None:
    for line in steps:
        print(f"to do: {line}")
    for line in drifted:
        print(f"differs: {line}")
    if steps:
        print(f"{_shown(store)} needs an upgrade: stop the daemons, then `campflow db upgrade`.")
    elif drifted:
        what = counted(len(drifted), "difference")
        print(f"{_shown(store)} was changed by somebody else ({what}): undo that, or restore a backup.")
    else:
        print(f"{_shown(store)} is up to date.")


def _shown(store: "Database") -> str:
    """The database without its password."""
    return store.url.render_as_string()


@contextmanager
def _bar() -> "Iterator[Callable[[str, int], None] | None]":
    """The table that is being copied, on standard error where somebody is looking."""
    if not colored(sys.stderr):
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("copying") as status:
        yield lambda name, rows: status.update(f"{name}: {rows:,} rows")
