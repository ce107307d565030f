"""Commands for who writes campaigns: init, check, compile."""

import os
import shlex
import sys
from contextlib import suppress
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli.main import CLEAN, FINDINGS, WRONG_USE
from campflow.cli.options import open_project
from campflow.cli.show import console, counted, printable, show_findings, table
from campflow.errors import FlowError, ProjectError

if TYPE_CHECKING:
    from campflow.checking.vocabulary import ContentIndex
    from campflow.diagnostics.diagnostic import Diagnostic
    from campflow.model.flow import Campaign, Flow, Segment
    from campflow.model.people import Contact, Event
    from campflow.model.tests import Test
    from campflow.project import Project
    from campflow.sql.program import CampaignProgram


class Findings(StrEnum):
    """How `check` answers."""

    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"


class Room(StrEnum):
    """What `compile` shows of a file."""

    tokens = "tokens"
    tree = "tree"
    model = "model"
    plan = "plan"
    sql = "sql"


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Made if it does not exist.", file_okay=False)
    ] = Path(),
) -> None:
    """Make a small project that works: settings, a contact type, one campaign, its first mail."""
    from campflow.cli.starter import write_project

    for shown in write_project(folder):
        print(f"  {shown}")
    steps = [
        ("campflow check", "is it right?"),
        ("campflow people import people.csv", "two people to try it on"),
        ("campflow events import signups.csv --event signup", "what they did"),
        ("campflow run", "until Ctrl-C; the mail appears in mail/"),
    ]
    print("\nA project is ready. What to do next:")
    if folder != Path():
        print(f"  cd {shlex.quote(str(folder))}")
    for command, why in steps:
        print(f"  {command:<51}  {why}")


def check(
    path: Annotated[Path, typer.Argument(metavar="[PATH]", help="A project, or a file in one.", exists=True)] = Path(),
    format: Annotated[
        Findings, typer.Option("--format", help="For people, for programs, for GitHub, or as SARIF.")
    ] = Findings.text,
    code: Annotated[
        str | None, typer.Option("--explain", metavar="CODE", help="Instead: what a code means, and what to do.")
    ] = None,
    load: Annotated[
        bool, typer.Option("--load", help="Also: the most messages that one person could get in a week.")
    ] = False,
) -> None:
    """Say everything that is wrong with the .flow files and their content, and with plugins' settings.

    Exit code 1 where something is wrong in a file, else 2 where a setting is.
    """
    from campflow.diagnostics import render

    if code is not None:
        from campflow.cli.advice import page

        sys.stdout.write(page(code))
        raise typer.Exit(CLEAN)
    try:
        project = open_project(path if path.is_dir() else path.parent)
        flow, diagnostics = _checked(project, whole=load)
    except ProjectError as error:
        if format is not Findings.github:
            raise
        sys.stdout.write(render.render_github_settings(str(error).splitlines(), _in_repository(_root(path))))
        raise typer.Exit(WRONG_USE) from error
    only = None if path.resolve() == project.root else path.resolve().relative_to(project.root).as_posix()
    found = [
        each for each in diagnostics if only is None or each.span.path == only or each.span.path.startswith(f"{only}/")
    ]
    errors = sum(each.severity == "error" for each in found)
    wrong = project.wrong_settings() if only is None else []
    if format is not Findings.github:
        for each in wrong:
            print(printable(f"campflow: {each}"), file=sys.stderr)
    if format is Findings.json:
        sys.stdout.write(render.render_json(found))
    elif format is Findings.github:
        folder = _in_repository(project.root)
        sys.stdout.write(render.render_github(found, folder) + render.render_github_settings(wrong, folder))
    elif format is Findings.sarif:
        from campflow.diagnostics.sarif import render_sarif

        sys.stdout.write(render_sarif(found, version("campflow"), _in_repository(project.root)))
    else:
        _show(project, found, errors)
        if load and flow:
            _show_load(flow, project.vocabulary.content)
        elif load:
            print("The load of a week is shown once there is no error.")
    raise typer.Exit(FINDINGS if errors else WRONG_USE if wrong else CLEAN)


def _checked(project: "Project", whole: bool) -> "tuple[Flow | None, tuple[Diagnostic, ...]]":
    """All findings; with `whole` also the flow, where there is no error. What is kept changes nothing of it."""
    if not whole:
        return None, _found(project)
    from campflow.kept_trees import KeptTrees

    trees = KeptTrees(project.root)
    checked = project.checked_by(trees.read)
    trees.tidy(project.sources.values())
    return (checked.flow.flow if checked.flow else None), checked.diagnostics


def _found(project: "Project") -> "tuple[Diagnostic, ...]":
    """What was found the last time, where nothing has changed; else what is found now."""
    from campflow.kept_content import kept_content
    from campflow.kept_result import KeptResult

    sources = tuple(project.sources.values())
    vocabulary = project.vocabulary_with(kept_content(project.root, project.plugins.channels, project.filters))
    result = KeptResult(project.root, sources, vocabulary, project.today)
    if (said := result.read()) is not None:
        return said
    from campflow.crew import hands, side_by_side
    from campflow.kept_findings import KeptFindings
    from campflow.kept_trees import KeptTrees
    from campflow.rechecking import check_again

    trees, findings = KeptTrees(project.root), KeptFindings(project.root)
    remembered = findings.read(sources)
    count = hands(source for source in sources if source.path not in remembered)
    found, known = check_again(sources, vocabulary, remembered, trees.read, project.today, side_by_side, count)
    if known != remembered:
        findings.write(sources, known)
        trees.tidy(sources)
    result.write(found)
    return found


def _root(path: Path) -> Path:
    """The folder of the project of this path; where there is none, as near as can be said."""
    from campflow.settings import find_root

    folder = path if path.is_dir() else path.parent
    with suppress(ProjectError):
        return find_root(folder)
    return folder.resolve()


def _in_repository(root: Path) -> str:
    """The project's folder from that of the checkout, which without GitHub is the current one; else empty."""
    checkout = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    inside = root.is_relative_to(checkout) and root != checkout
    return root.relative_to(checkout).as_posix() if inside else ""


def _show(project: "Project", found: "list[Diagnostic]", errors: int) -> None:
    warnings = len(found) - errors
    if found:
        show_findings(found, project.sources, sys.stdout)
    checked = f"{counted(len(project.sources), 'file')} checked"
    if not project.sources:
        checked = f"there is no .flow file below {project.root}: `campflow init` shows what one looks like"
    parts = [counted(errors, "error")] * bool(errors) + [counted(warnings, "warning")] * bool(warnings)
    print(f"{checked}: {', '.join(parts) or 'no problem found'}" if project.sources else checked)


def _show_load(flow: "Flow", content: "ContentIndex") -> None:
    from campflow.checking.proofs.load import loads
    from campflow.cli.advice import load_lines

    rows = load_lines(loads(flow, content))
    shown = table("channel", "campaign", "a week", "with its limits", "path", right=("a week", "with its limits"))
    for row in rows:
        shown.add_row(*row)
    print("\nThe most messages that one person could get in a week:" if rows else "\nNo campaign sends anything.")
    if rows:
        console().print(shown)


def compile_file(
    file: Annotated[Path, typer.Argument(help="A .flow file of a project.", exists=True, dir_okay=False)],
    to: Annotated[Room, typer.Option("--to", help="Which room's contents to print.")],
) -> None:
    """Follow a file on its way from text to SQL: print what one room of campflow makes of it."""
    project = open_project(file.parent)
    path = file.resolve().relative_to(project.root).as_posix()
    if path not in project.sources:
        raise typer.BadParameter(f"{path} is not one of the project's .flow files")
    sys.stdout.write(_contents(project, path, to))


def _contents(project: "Project", path: str, to: Room) -> str:
    from campflow.cli.dump import dump
    from campflow.language.parser import parse, tokens

    source = project.sources[path]
    if to is Room.tokens:
        return "".join(f"{line}:{column}\t{kind}\t{text!r}\n" for kind, text, line, column in tokens(source))
    if to is Room.tree:
        tree, mistakes = parse(source)
        if mistakes:
            raise FlowError(mistakes, project.sources)
        return dump(tree)
    if to is Room.model:
        return dump(_of_file(project.flow.flow, path))
    program = project.program(project.tables)
    mine = [each for each in program.campaigns if each.plan.campaign.span.path == path]
    if to is Room.plan:
        return "\n".join(dump(each.plan) for each in mine)
    return "\n".join(_sql(each) for each in mine)


def _sql(campaign: "CampaignProgram") -> str:
    """Every statement with its name and purpose, in the order in which a tick meets them."""
    head = f"-- campaign {campaign.plan.name}\n"
    return head + "".join(
        f"\n-- {each.name}: {each.purpose}\n{each.sql}\n"
        + "".join(f"--   :{name} = {value!r}\n" for name, value in each.constants.items())
        for each in campaign.statements()
    )


def _of_file(flow: "Flow", path: str) -> dict[str, object]:
    """The part of the model that one file declares."""
    parts: dict[str, tuple[Contact | Event | Segment | Campaign | Test, ...]] = {
        "contact": (flow.contact,),
        "events": flow.events,
        "segments": flow.segments,
        "campaigns": flow.campaigns,
        "tests": flow.tests,
    }
    mine = {
        name: tuple(each for each in items if each.span is not None and each.span.path == path)
        for name, items in parts.items()
    }
    return {name: items for name, items in mine.items() if items}
