"""`campflow errands`: what `notify`, `sync` and `do` asked for, and what became of it. Reads, and changes nothing."""

from contextlib import closing
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli.options import LIST_LENGTH, DatabaseUrl, Format, ListLength, ProjectFolder, TextOrJson, open_project
from campflow.cli.show import print_json, print_last, printable, table

if TYPE_CHECKING:
    from rich.table import Table

    from campflow.engine.errand_rows import ListedErrand


class ErrandState(StrEnum):
    """States of an errand."""

    ready = "ready"
    running = "running"
    done = "done"
    failed = "failed"
    uncertain = "uncertain"


def errands(
    state: Annotated[ErrandState | None, typer.Argument(help="Only errands in this state.")] = None,
    limit: ListLength = LIST_LENGTH,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
    format: TextOrJson = Format.text,
) -> None:
    """List what `notify`, `sync` and `do` asked for, and what became of it."""
    from campflow.engine.errand_rows import count_by_state, listed
    from campflow.model.times import iso

    opened = open_project(project, database)
    with closing(opened.desk()) as desk, desk.reader() as connection:
        counts = count_by_state(connection, desk.tables)
        found = listed(connection, desk.tables, state.value if state else None, limit)
    if format is Format.json:
        print_json([{**asdict(each), "at": iso(each.at), "retry_at": each.retry_at and iso(each.retry_at)}
                    for each in found])  # fmt: skip
        return
    total = counts.get(state.value, 0) if state else sum(counts.values())
    if not total:
        print(f"No errand is {state.value}." if state else "No campaign has asked for anything outside yet.")
        return
    print_last(counts, _table(found, opened.settings.timezone), total)


def _table(found: "tuple[ListedErrand, ...]", zone: str) -> "Table":
    from rich.text import Text

    from campflow.model.times import shown

    made = table("id", "asked", "state", "contact", "what", "campaign", "detail", right=("id",))
    for each in found:
        detail = each.detail or (f"again {shown(each.retry_at, zone)}" if each.retry_at else "")
        made.add_row(
            str(each.errand_id),
            shown(each.at, zone),
            each.state,
            Text(printable(each.contact)),
            f"{each.kind} {each.target}",
            f"{each.campaign}.{each.stage}",
            Text(printable(detail)),
        )
    return made
