"""`campflow graph`: a campaign as a picture that people put into a brief."""

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli.options import DatabaseUrl, ProjectFolder, open_project
from campflow.errors import ProjectError

if TYPE_CHECKING:
    from campflow.project import Project


class Picture(StrEnum):
    svg = "svg"
    mermaid = "mermaid"
    dot = "dot"


def graph(
    campaign: Annotated[str, typer.Argument(help="The campaign's name.")],
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
    format: Annotated[Picture, typer.Option(help="svg needs nothing else to be looked at.")] = Picture.svg,
    live: Annotated[bool, typer.Option("--live", help="Show how many people are in each stage now.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this file.")] = None,
) -> None:
    """Draw a campaign: stages, messages, ways out, conversions and final stages."""
    from campflow.diagnostics.diagnostic import did_you_mean
    from campflow.drawing.chart import chart
    from campflow.drawing.plain import dot, mermaid
    from campflow.drawing.svg import svg

    opened = open_project(project, database)
    flow = opened.flow.flow
    wanted = flow.campaign(campaign)
    if wanted is None:
        hint = did_you_mean(campaign, (each.name for each in flow.campaigns))
        raise ProjectError(f"there is no campaign `{campaign}`" + (f": {hint}" if hint else ""))
    icons = {name: plugin.icon for name, plugin in opened.plugins.channels.items()}
    drawn = chart(wanted, icons, _people(opened, campaign) if live else None)
    text = {Picture.svg: svg, Picture.mermaid: mermaid, Picture.dot: dot}[format](drawn)
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")


def _people(opened: "Project", campaign: str) -> dict[str, int]:
    from campflow.engine.status import status

    with closing(opened.desk()) as desk, desk.reader() as connection:
        found = status(connection, desk.tables, opened.stage_order)
    return {stage.name: stage.people for each in found if each.name == campaign for stage in each.stages}
