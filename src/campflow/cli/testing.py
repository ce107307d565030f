"""`campflow test`: runs the `test` blocks of a project on a database in memory."""

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli import verdicts
from campflow.cli.main import CLEAN, FINDINGS
from campflow.cli.options import open_project
from campflow.cli.show import print_json

if TYPE_CHECKING:
    from campflow.engine.coverage import Walkable
    from campflow.engine.rehearsal import Rehearsal
    from campflow.model.tests import Test
    from campflow.project import Project


class Report(StrEnum):
    """How `test` answers."""

    text = "text"
    json = "json"
    junit = "junit"


def run_tests(
    path: Annotated[Path, typer.Argument(metavar="[PATH]", help="A project, or a file in one.", exists=True)] = Path(),
    name: Annotated[
        str | None, typer.Option("-k", metavar="NAME", help="Only the tests with this in their name.")
    ] = None,
    format: Annotated[Report, typer.Option("--format", help="For people, for programs, or JUnit's XML.")] = Report.text,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Say which ways out, sends and arms no test walked.")
    ] = False,
) -> None:
    """Run the tests in the .flow files, on a database in memory. Exit code 1 where one fails."""
    # In memory, whatever the project's own database is: nothing of that is read or written.
    project = open_project(path if path.is_dir() else path.parent, "sqlite://")
    chosen = _chosen(project, path, name)
    ran: list[verdicts.Ran] = []
    for each in _runs(project, chosen):
        ran.append(each)
        if format is Report.text:
            verdicts.show(each, project)
    missed = _missed(project, ran) if coverage else None
    if format is Report.json:
        print_json(verdicts.as_json(ran, missed, project))
    elif format is Report.junit:
        sys.stdout.write(verdicts.as_junit(ran, project))
    else:
        verdicts.show_end(ran, missed)
    raise typer.Exit(CLEAN if all(each.outcome.ok for each in ran) else FINDINGS)


def _chosen(project: "Project", path: Path, name: str | None) -> "list[Test]":
    """The tests in the file or below the folder; with a name, those that have it in theirs, in any case of letters."""
    root, inside = project.root.resolve(), path.resolve()
    there = [each for each in project.flow.flow.tests if (root / each.span.path).is_relative_to(inside)]
    chosen = [each for each in there if name is None or name.casefold() in each.title.casefold()]
    if there and not chosen:
        raise typer.BadParameter(f"no test has `{name}` in its name", param_hint="-k")
    return chosen


def _runs(project: "Project", chosen: "Sequence[Test]") -> Iterator[verdicts.Ran]:
    if not chosen:
        return
    rehearsal = _rehearsal(project)
    try:
        for each in chosen:
            begun = perf_counter()
            yield verdicts.Ran(rehearsal.run(each), perf_counter() - begun)
    finally:
        rehearsal.database.close()


def _rehearsal(project: "Project") -> "Rehearsal":
    from campflow.engine.rehearsal import Rehearsal

    database = project.database()
    return Rehearsal(
        database=database,
        flow=project.flow.flow,
        program=lambda campaigns: project.program(database.tables, campaigns),
        sources={path: source.text for path, source in project.sources.items()},
        zone=project.settings.timezone,
        addresses={channel.name: channel.address for channel in project.vocabulary.channels.values()},
    )


def _missed(project: "Project", ran: Sequence[verdicts.Ran]) -> "tuple[Walkable, ...]":
    from campflow.engine.coverage import not_walked

    walked = frozenset[tuple[str, int | str]]().union(*(each.outcome.walked for each in ran))
    return not_walked(project.flow.flow, walked)
