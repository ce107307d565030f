"""`campflow returned`: letters that came back, by the scanner of the post room."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from campflow.errors import CampflowError
from campflow.hooks.contracts import Reaction
from campflow_print.scans import key_in

#: Bytes of a file of codes: a million of them.
_LARGEST = 128_000_000


def returned(
    file: Annotated[str, typer.Argument(help="Scanned codes or keys of letters, one a line; - is standard input.")],
    project: Annotated[Path | None, typer.Option(help="The project's folder, or one below it.")] = None,
) -> None:
    """Record letters that came back: each is the event `returned`, now. The same letter twice is once."""
    from campflow.content.values import instant
    from campflow.project import Project
    from campflow.running import open_in_force

    try:
        lines = _lines(file)
        runtime = open_in_force(Project.open(project or Path.cwd()))
        with closing(runtime.database):
            now = runtime.clock.now()
            keys = {number: key_in(line) for number, line in enumerate(lines, 1) if line.strip()}
            told = [
                Reaction("returned", instant(now), f"returned-{key}", key=key)
                for key in dict.fromkeys(keys.values())
                if key is not None
            ]
            heard = runtime.inbox.record("letter", told, now)
    except CampflowError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    unknown = {each.id.removeprefix("returned-") for each in heard.refused}
    wrong = [number for number, key in keys.items() if key is None or key in unknown]
    for number in wrong:
        print(f"{file}:{number}: this is the code of no letter", file=sys.stderr)
    print(f"{heard.added} recorded, {heard.known} known already, {len(wrong)} refused")
    raise typer.Exit(1 if wrong else 0)


def _lines(file: str) -> list[str]:
    """Raises typer.BadParameter for what cannot be read."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(_LARGEST)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(_LARGEST)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}", param_hint="FILE") from error
    return data.decode("utf-8-sig", "replace").splitlines()
