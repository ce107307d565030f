"""Commands that change live campaigns: plan, apply, rollback, versions."""

import hashlib
import json
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campflow.cli.change_report import differences, show
from campflow.cli.main import CLEAN, FINDINGS
from campflow.cli.options import DatabaseUrl, Format, ProjectFolder, TextOrJson, open_project
from campflow.cli.show import console, print_json, printable, table
from campflow.cli.wanted import Wanted, earlier, numbered, of_files
from campflow.errors import CampflowError, ProjectError

if TYPE_CHECKING:
    from campflow.engine.changes import Changes
    from campflow.engine.versions import Version

#: Exit code of `plan --detailed-exitcode` where something would change.
CHANGES = 2

#: The kind of file that `plan --out` writes.
KIND = "campflow plan 1"


def plan(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="[PATH]", help="A project, or a file or folder in one: then only its campaigns.", exists=True
        ),
    ] = Path(),
    format: TextOrJson = Format.text,
    detailed: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 where something would change.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Also write the plan to a file for `apply`.")
    ] = None,
    database: DatabaseUrl = None,
) -> None:
    """Say what `apply` would do: who is where, who moves, what is sent or cancelled, what is refused."""
    project = open_project(path if path.is_dir() else path.parent, database)
    wanted = of_files(project, path)
    changes = wanted.foreseen()
    if out is not None:
        out.write_text(json.dumps(_file(wanted, changes), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if format is Format.json:
        print_json(_data(wanted, changes))
    else:
        show(changes, wanted.how, wanted.meanings())
    raise typer.Exit(FINDINGS if changes.refused else CHANGES if detailed and changes.any else CLEAN)


def apply(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="A plan that `plan --out` wrote: exactly this is done.", exists=True, dir_okay=False
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
    format: TextOrJson = Format.text,
) -> None:
    """Put the texts of the .flow files into force, in one transaction. Without a FILE: show the plan first, and ask."""
    opened = open_project(project, database)
    agreed = None if file is None else _read(file)
    wanted = of_files(opened, opened.root / agreed["path"] if agreed else opened.root)
    _carry_out(wanted, agreed, yes, format)


def rollback(
    campaign: Annotated[str, typer.Argument(help="The campaign's name.")],
    to: Annotated[int | None, typer.Option("--to", metavar="N", help="Which version. Default: the one before.")] = None,
    moved: Annotated[
        list[str] | None,
        typer.Option("--moved", metavar='"OLD -> NEW"', help="Where people go whose stage the earlier text lacks."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
    format: TextOrJson = Format.text,
) -> None:
    """Put an earlier text of a campaign into force again. The .flow files stay as they are."""
    opened = open_project(project, database)
    _carry_out(earlier(opened, campaign, to, moved or ()), None, yes, format)
    if format is Format.text:
        print("The .flow file still has the other text: `campflow run` leaves it alone until `campflow apply`.")


def versions(
    campaign: Annotated[str | None, typer.Argument(metavar="[CAMPAIGN]", help="Only this one.")] = None,
    text: Annotated[int | None, typer.Option("--show", metavar="N", help="Print the text of version N.")] = None,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
    format: TextOrJson = Format.text,
) -> None:
    """List the texts that were put into force: when, by whom, which are live, how many people are inside under each."""
    from campflow.engine.versions import people
    from campflow.in_force import history
    from campflow.model.times import iso, shown

    opened = open_project(project, database)
    found = history(opened, campaign)
    if text is not None:
        if campaign is None:
            raise typer.BadParameter("say of which campaign: campflow versions CAMPAIGN --show N", param_hint="--show")
        print(numbered(found, campaign, text).text.text)
        return
    with closing(opened.desk()) as desk, desk.reader() as connection:
        inside = people(connection, desk.tables) if found else {}
    rows = [(each, inside.get(each.version_id, 0)) for each in found]
    if format is Format.json:
        print_json([
            {
                "campaign": each.campaign, "version": each.number, "hash": each.hash, "author": each.author,
                "deployed_at": iso(each.deployed_at), "state": _state(each), "people": count,
                "text": each.text.text, "segments": dict(each.text.segments), "file": each.text.file,
            }
            for each, count in rows
        ])  # fmt: skip
        return
    if not rows:
        print("Nothing was put into force yet: `campflow run` or `campflow apply` does it.")
        return
    made = table("campaign", "version", "hash", "since", "by", "state", "people", right=("version", "people"))
    for each, count in rows:
        since = shown(each.deployed_at, opened.settings.timezone)
        made.add_row(
            each.campaign,
            str(each.number),
            each.hash[:12],
            since,
            printable(each.author),
            _state(each),
            f"{count:,}" if each.governs else "",
        )
    console().print(made)


def _state(version: "Version") -> str:
    if version.withdrawn:
        return "taken out of force"
    return "in force" if version.in_force else "kept" if version.governs else ""


# --- doing it ---------------------------------------------------------------------------------------------------


def _carry_out(wanted: Wanted, agreed: Mapping[str, Any] | None, yes: bool, format: Format) -> None:
    if agreed is None:
        changes = wanted.foreseen()
        if not changes.any or changes.refused or not yes:
            _answer(wanted, changes, wanted.how, format)
        if changes.refused:
            raise typer.Exit(FINDINGS)
        if not changes.any:
            return
        if not yes:
            _ask()
        agreed = _file(wanted, changes)
    done = _apply(wanted, agreed)
    _answer(wanted, done, None, format)


def _answer(wanted: Wanted, changes: "Changes", how: str | None, format: Format) -> None:
    if format is Format.json:
        print_json(_data(wanted, changes))
    else:
        show(changes, how, wanted.meanings() if how else {})


def _ask() -> None:
    if not sys.stdin.isatty():
        raise ProjectError("nobody can be asked here: look at the plan, then say --yes")
    typer.confirm("Do this?", abort=True)


def _apply(wanted: Wanted, agreed: Mapping[str, Any]) -> "Changes":
    """Do exactly what was agreed on, or nothing: everything is compared again inside the transaction."""
    from campflow.engine.changing import change
    from campflow.running import author
    from campflow.storage.database import Database
    from campflow.storage.schema import install

    project = wanted.project
    with closing(Database(project.database_url, wanted.texts.tables)) as database:
        install(database, project.settings.timezone)
        now = project.clock(database).now()
        with database.transaction() as connection:
            done = change(connection, database, wanted.before, wanted.texts, author(), now, wanted.withdraws)
            differs = list(differences(agreed, _file(wanted, done)))
            if differs:
                raise CampflowError(
                    "the world has moved since the plan was made, so nothing was done:\n"
                    + "\n".join(f"  {line}" for line in differs[:20])
                    + "\nmake a new one: `campflow plan`"
                )
            if done.refused:
                raise CampflowError("the plan is refused, so nothing was done: `campflow plan` says why")
    return done


# --- the plan as data -------------------------------------------------------------------------------------------


def _data(wanted: Wanted, changes: "Changes") -> dict[str, Any]:
    return {
        "any": changes.any,
        "refused": changes.refused,
        "destructive": changes.destructive,
        "campaigns": [
            {**asdict(each), "people": each.people, "destructive": each.destructive} for each in changes.campaigns
        ],
    }


def _file(wanted: Wanted, changes: "Changes") -> dict[str, Any]:
    files = {
        path: hashlib.sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest()
        for path, source in wanted.project.sources.items()
    }
    # As it comes back from a file.
    made: dict[str, Any] = json.loads(json.dumps(_data(wanted, changes)))
    return {"kind": KIND, "path": wanted.path, "files": files, **made}


def _read(file: Path) -> dict[str, Any]:
    try:
        read = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ProjectError(f"{file} is not a plan ({error}): `campflow plan --out {file}` writes one") from error
    if not isinstance(read, dict) or read.get("kind") != KIND:
        raise ProjectError(f"{file} is not a plan of this campflow: `campflow plan --out {file}` writes one")
    return read
