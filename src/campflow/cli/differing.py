"""`campflow diff`: what two versions of a project differ in by meaning."""

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campflow.cli.main import CLEAN, FINDINGS
from campflow.cli.options import Format, ProjectFolder, TextOrJson, open_project
from campflow.cli.show import print_json, printable
from campflow.errors import FlowError, ProjectError

if TYPE_CHECKING:
    from campflow.checking.differences import Difference, Side, Version
    from campflow.compiler import Checked
    from campflow.project import Project

_VERSION = "A project's folder, a .flow file of a project, or a git revision of the current project."


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_VERSION)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Likewise.")],
    project: ProjectFolder = None,
    format: TextOrJson = Format.text,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where there is a difference.")] = False,
) -> None:
    """Say what changed in meaning between two versions, and who is newly let in or shut out.

    Layout, comments, tests, content files and settings are not compared.
    """
    from campflow.checking.differences import NOTHING, differences, report

    before, after = _read(old, project), _read(new, project)
    beside = before.root == after.root and before.path != after.path
    versions = (before.version(after.path if beside else None), after.version(before.path if beside else None))
    found = differences(*versions)
    currencies = [version.flow.currency for version in versions]
    if format is Format.json:
        print_json([_data(each, *currencies) for each in found])
    else:
        for line in report(found, *currencies) if found else (NOTHING,):
            print(printable(line))
    raise typer.Exit(FINDINGS if exit_code and found else CLEAN)


@dataclass(frozen=True)
class _Side:
    """One version as it was named: `word`. `path` is the one file it is about, None for the whole project."""

    word: str
    project: "Project"
    checked: "Checked"
    root: Path | None
    path: str | None = None

    def version(self, beside: str | None) -> "Version":
        """The resolved version. `beside` is a file of the same project that it is compared with.

        Two files that declare one campaign cannot stand in one project: then each is read without the other. Raises
        FlowError where there are errors.
        """
        from campflow.checking.differences import Version
        from campflow.checking.texts import Texts
        from campflow.compiler import check_sources

        checked, sources = self.checked, self.project.sources
        if checked.flow is None and self.path is not None and beside is not None:
            others = [source for path, source in sources.items() if path != beside]
            checked = check_sources(others, self.project.vocabulary)
        if checked.flow is None:
            print(f"campflow: {printable(self.word)} cannot be compared as long as it has errors", file=sys.stderr)
            raise FlowError(checked.diagnostics, sources)
        return Version(checked.flow.flow, checked.files, Texts(sources), self.path)


def _read(word: str, folder: Path | None) -> _Side:
    """The version that a word names. Raises ProjectError where it names none."""
    from campflow.cli.revisions import extracted
    from campflow.settings import find_root

    path = Path(word)
    if word and path.is_dir():
        project = open_project(path)
        return _Side(word, project, project.checked, project.root)
    if word and path.exists():
        project = open_project(path.parent)
        name = path.resolve().relative_to(project.root).as_posix()
        if name not in project.sources:
            raise ProjectError(f"{path} is not one of the .flow files of the project in {project.root}")
        return _Side(word, project, project.checked, project.root, name)
    with TemporaryDirectory(prefix="campflow-diff-") as scratch:
        extracted(word, find_root(folder or Path.cwd()), Path(scratch))
        project = open_project(Path(scratch))
        return _Side(word, project, project.checked, None)


# --- for programs -----------------------------------------------------------------------------------------------


def _data(difference: "Difference", old_currency: str | None, new_currency: str | None) -> dict[str, Any]:
    reach = difference.reach
    return {
        "place": list(difference.place),
        "what": difference.what,
        "change": difference.change,
        "old": difference.old,
        "new": difference.new,
        "notes": list(difference.notes),
        "let_in": _who(reach.let_in, new_currency) if reach else None,
        "shut_out": _who(reach.shut_out, old_currency) if reach else None,
    }


def _who(side: "Side", currency: str | None) -> dict[str, Any]:
    from campflow.checking.differences import described, figure, known, plain

    if side.person is None:
        return {"answer": side.answer, "example": None, "values": {}}
    values = {figure(part): plain(part, answer, currency) for part, answer in known(side.person)}
    return {"answer": side.answer, "example": described(side.person, currency), "values": values}
