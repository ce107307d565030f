"""`campflow doctor`: examines a live database. Reads, and changes nothing."""

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from campflow.cli.main import FINDINGS
from campflow.cli.options import DatabaseUrl, Format, ProjectFolder, TextOrJson, open_project
from campflow.cli.show import console, print_json, printable
from campflow.errors import StoreError

if TYPE_CHECKING:
    from campflow.engine.doctor import Case, Finding, Graph
    from campflow.engine.versions import Version
    from campflow.project import Project
    from campflow.storage.database import Database

#: How a finding is marked, by its kind.
_MARKS = {"broken": ("✗", "red"), "stuck": ("!", "yellow"), "advice": ("·", "cyan")}


def doctor(project: ProjectFolder = None, database: DatabaseUrl = None, format: TextOrJson = Format.text) -> None:
    """Examine the database: what must always hold, and what is due and does not move. Changes nothing."""
    from campflow.engine.doctor import examine
    from campflow.engine.doctor_rows import ROW_CHECKS
    from campflow.engine.doctor_store import STORE
    from campflow.engine.doctor_work import WORK
    from campflow.model.people import Contact
    from campflow.storage.database import Database
    from campflow.storage.tables import tables
    from campflow.version_graphs import version_graphs

    opened = open_project(project, database)
    if not opened.database_exists:
        raise StoreError("there is no database yet: `campflow run` makes it")
    graphs, unreadable = version_graphs(opened)
    # Our own tables only: fields that were declared since are no fault.
    with closing(Database(opened.database_url, tables(Contact((), None), ()))) as desk:
        found = list(examine(_case(opened, desk, graphs), (*STORE, *WORK), ROW_CHECKS))
    if format is Format.json:
        told = [f"{each.campaign} {each.number}" for each in unreadable]
        print_json({"findings": [asdict(each) for each in found], "not_read": told})
    else:
        _show(found, unreadable, len(STORE) + len(WORK) + len(ROW_CHECKS))
    if found:
        raise typer.Exit(FINDINGS)


def _case(project: "Project", desk: "Database", graphs: "Mapping[int, Graph]") -> "Case":
    from campflow.engine.doctor import Case

    plugins = project.plugins
    targets = {
        *(f"notify {name}" for name, plugin in plugins.sinks.items() if plugin.texts is not None),
        *(f"sync {name}" for name in project.audiences),
        *(f"do {name}" for name in plugins.actions),
        *(f"observe {name}" for name in plugins.observers),
    }
    return Case(
        desk, project.clock(desk).now(), lambda: time.time_ns() // 1_000_000, graphs, frozenset(plugins.channels),
        frozenset(targets),
    )  # fmt: skip


def _show(found: "list[Finding]", unreadable: "tuple[Version, ...]", checks: int) -> None:
    from rich.text import Text

    for each in found:
        mark, color = _MARKS[each.kind]
        line = Text(mark, style=color).append(f" {each.check}", style="default bold")
        console().print(line.append(f"   {each.count:,} {printable(each.said)}", style="default not bold"))
        for example in each.examples:
            console().print(f"    {printable(example)}", style="dim")
        console().print(printable(f"    → {each.todo}"))
    for version in unreadable:
        name = f"version {version.number} of {version.campaign}"
        console().print(f"{name} cannot be read beside today's fields and events: its moves were not compared with it")
    if not found:
        print(f"Nothing is wrong: {checks} checks.")
