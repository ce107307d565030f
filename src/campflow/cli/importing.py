"""`people import` and `events import`: files in, with a progress bar, a list of what was refused, a rejects file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, TextIO

import typer

from campflow.cli.main import FINDINGS
from campflow.cli.options import DatabaseUrl, ProjectFolder, open_project
from campflow.cli.show import colored, counted, printable
from campflow.errors import RowError

if TYPE_CHECKING:
    from campflow.hooks.contracts import BadRow, Row, Source
    from campflow.hooks.manager import Plugins
    from campflow.people.report import ImportReport
    from campflow.project import Project
    from campflow.storage.database import Database

#: How many refused rows are shown; the rejects file has all of them.
SHOWN = 20

File = Annotated[str, typer.Argument(metavar="FILE", help="A file to read; `-` is standard input.")]
FileFormat = Annotated[
    str | None, typer.Option("--format", metavar="NAME", help="csv or jsonl. Default: by the ending of the file.")
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="COLUMN=FIELD", help="A column of the file is this field. Repeatable."),
]
Rejects = Annotated[
    Path | None,
    typer.Option("--rejects", metavar="FILE", help="Write refused rows here, to be mended.", dir_okay=False),
]


def import_people(
    file: File,
    format: FileFormat = None,
    map: Map = None,
    rejects: Rejects = None,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Add people, and change those that are known by their key or e-mail address.

    A bad row is reported and the rest goes in (exit code 1). The same file twice changes nothing.
    """
    from campflow.people import importing

    def run(opened: "Project", store: "Database", common: dict[str, Any]) -> "ImportReport":
        return importing.import_people(store, opened.flow.flow.contact, **common)

    _import(run, file, format, map, rejects, open_project(project, database))


def import_events(
    file: File,
    event: Annotated[
        str | None, typer.Option(help="Every row is this event; else a column `event` says which.")
    ] = None,
    format: FileFormat = None,
    map: Map = None,
    rejects: Rejects = None,
    origin: Annotated[
        str, typer.Option(help="Who tells us: an id counts once for each contact and origin.")
    ] = "import",
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Add events: what known people did, and when.

    A bad row is reported and the rest goes in (exit code 1). The same file twice changes nothing.
    """
    from campflow.people import importing

    def run(opened: "Project", store: "Database", common: dict[str, Any]) -> "ImportReport":
        flow = opened.flow.flow
        return importing.import_events(
            store, flow.contact, flow.events, **common, addresses=opened.addresses, event=event, origin=origin
        )

    _import(run, file, format, map, rejects, open_project(project, database))


def _import(
    run: "Callable[[Project, Database, dict[str, Any]], ImportReport]",
    file: str,
    format: str | None,
    map: list[str] | None,
    rejects: Path | None,
    project: "Project",
) -> None:
    from campflow.in_force import sound
    from campflow.people.rejects import RejectsFile
    from campflow.people.sources import bounded_lines

    mapping = dict(_pair(each) for each in map or ())
    source = _source(project.plugins, file, format)
    refusals = _Refusals()
    project = sound(project)
    with ExitStack() as open_files:
        stream = _stream(open_files, file)
        store = open_files.enter_context(closing(project.database()))
        if rejects is not None:
            refusals.keep = RejectsFile(_writable(open_files, rejects)).refuse
        progress = open_files.enter_context(_bar(file))
        common = {
            "source": source,
            "lines": bounded_lines(stream),
            "currency": project.flow.flow.currency or project.settings.currency,
            "zone": project.settings.timezone,
            "now": project.clock(store).now(),
            "mapping": mapping,
            "on_refused": refusals.take,
            "on_progress": progress,
        }
        report = run(project, store, common)
    _tell(file, report, refusals, rejects)
    raise typer.Exit(FINDINGS if report.refused else 0)


class _Refusals:
    """Refused rows: the first are kept to be shown, all of them go to the rejects file."""

    def __init__(self) -> None:
        self.first: list[RowError] = []
        self.keep: Callable[[RowError, Row | BadRow], None] | None = None

    def take(self, error: RowError, row: "Row | BadRow") -> None:
        if len(self.first) < SHOWN:
            self.first.append(error)
        if self.keep is not None:
            self.keep(error, row)


def _tell(file: str, report: "ImportReport", refusals: _Refusals, rejects: Path | None) -> None:
    name = "standard input" if file == "-" else file
    for error in refusals.first:
        place = f"{name}:{error.line}" + (f", {error.column}" if error.column else "")
        print(printable(f"{place}: {error.reason}"), file=sys.stderr)
    if report.refused > len(refusals.first):
        more = report.refused - len(refusals.first)
        print(
            f"… and {counted(more, 'more row')}" + ("" if rejects else ": --rejects FILE keeps them"), file=sys.stderr
        )
    if report.ignored:
        print(f"{name}: no event has a field {', '.join(map(printable, report.ignored))}: ignored", file=sys.stderr)
    parts = [f"{report.added:,} added", f"{report.changed:,} changed", f"{report.unchanged:,} unchanged"]
    print(f"{name}: {counted(report.read, 'row')}: {', '.join(parts)}, {report.refused:,} refused")
    if report.refused and rejects is not None:
        print(f"The refused rows are in {rejects}: mend and import them.")


def _pair(text: str) -> tuple[str, str]:
    column, sign, field = text.partition("=")
    if not (column.strip() and sign and field.strip()):
        raise typer.BadParameter(f"`{text}` is no mapping: write --map 'First name=first_name'", param_hint="--map")
    return column.strip(), field.strip()


def _source(plugins: "Plugins", file: str, format: str | None) -> "Source":
    """The source of that name, else the one that reads the file's ending."""
    known = plugins.sources
    if format is not None:
        if format not in known:
            raise typer.BadParameter(f"there is no format `{format}`: choose {', '.join(known)}", param_hint="--format")
        return known[format].source
    found = [each.source for each in known.values() if file.lower().endswith(each.source.suffixes)]
    if file == "-" or not found:
        raise typer.BadParameter(f"say which format it has: {', '.join(known)}", param_hint="--format")
    return found[0]


def _stream(open_files: ExitStack, file: str) -> BinaryIO:
    if file == "-":
        return sys.stdin.buffer
    try:
        return open_files.enter_context(Path(file).open("rb"))
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}", param_hint="FILE") from error


def _writable(open_files: ExitStack, path: Path) -> TextIO:
    try:
        return open_files.enter_context(path.open("w", newline="", encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="--rejects") from error


@contextmanager
def _bar(file: str) -> "Iterator[Callable[[int, int], None] | None]":
    """A bar on standard error where somebody is looking, else nothing."""
    if not colored(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    size = None if file == "-" else Path(file).stat().st_size
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("standard input" if file == "-" else Path(file).name, total=size, rows=0)
        yield lambda rows, read: progress.update(task, completed=read, rows=rows)
