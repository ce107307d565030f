"""`campflow retry`, `campflow channel`: what an operator decides when a provider was in trouble."""

from contextlib import closing
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli.options import DatabaseUrl, ProjectFolder, open_project
from campflow.cli.show import counted
from campflow.errors import CampflowError

if TYPE_CHECKING:
    from campflow.project import Project


class MessageState(StrEnum):
    """States of messages that may go out once more."""

    uncertain = "uncertain"
    rejected = "rejected"


class ErrandState(StrEnum):
    """States of errands that may be done once more."""

    uncertain = "uncertain"
    failed = "failed"


def messages(
    state: Annotated[MessageState, typer.Argument(help="uncertain: they may arrive twice. rejected: given up.")],
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID", help="Only these messages.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only messages of this channel.")] = None,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Send messages once more that are uncertain or were given up. Those that have expired stay as they are."""
    from campflow.engine.second_chances import retry_messages

    opened = open_project(project, database)
    if channel is not None:
        _known(opened, channel)
    with closing(opened.desk()) as desk:
        now = opened.clock(desk).now()
        with desk.transaction() as connection:
            done = retry_messages(connection, desk.tables, state.value, now, channel, ids or ())
    print(f"{counted(done.again, 'message')} will be handed over once more")
    if done.expired:
        print(
            f"{counted(done.expired, 'message')} had expired, and stay{'s' if done.expired == 1 else ''} {state.value}"
        )


def errands(
    state: Annotated[ErrandState, typer.Argument(help="uncertain: they may be done twice. failed: given up.")],
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID", help="Only these errands.")] = None,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Do errands once more that are uncertain or failed."""
    from campflow.engine.second_chances import retry_errands

    opened = open_project(project, database)
    with closing(opened.desk()) as desk, desk.transaction() as connection:
        done = retry_errands(connection, desk.tables, state.value, ids or ())
    print(f"{counted(done.again, 'errand')} will be done once more")


def pause(
    name: Annotated[str, typer.Argument(help="The channel.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever reads it later.")] = "by hand",
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Hand nothing more over to a channel, in any daemon, until it is resumed. People move on meanwhile."""
    from campflow.engine.weather import Weather

    opened = open_project(project, database)
    _known(opened, name)
    with closing(opened.desk()) as desk:
        Weather(desk, name).pause(reason)
    print(f"{name} is paused: `campflow channel resume {name}` goes on")


def resume(
    name: Annotated[str, typer.Argument(help="The channel.")],
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
) -> None:
    """Go on with a channel that was paused. Bounces and complaints are counted from now on."""
    from campflow.engine.weather import Weather

    opened = open_project(project, database)
    _known(opened, name)
    with closing(opened.desk()) as desk:
        was = Weather(desk, name).resume(opened.clock(desk).now())
    print(f"{name} goes on" if was else f"{name} was not paused")


def _known(opened: "Project", channel: str) -> None:
    if channel not in opened.plugins.channels:
        names = ", ".join(sorted(opened.plugins.channels))
        raise CampflowError(f"no plugin makes a channel `{channel}`: there are {names}")
