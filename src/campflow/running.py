"""A project made ready for work: its campaigns put into force in its database."""

import getpass
from zoneinfo import ZoneInfo

from campflow.content.rendering import Library
from campflow.content.unsubscribe import SigningKeys
from campflow.engine.deploy import deploy
from campflow.engine.letters import Stationery
from campflow.engine.runtime import Runtime
from campflow.project import Project
from campflow.storage.database import Database
from campflow.storage.kept import kept


def open_runtime(project: Project, database: Database) -> Runtime:
    """Deploy the project's campaigns and gather what runs them.

    Raises FlowError, ProjectError (a channel's settings), DeployError.
    """
    settings = project.channel_settings()
    program = project.program(database.tables)
    clock = project.clock(database)
    texts = {path: source.text for path, source in project.sources.items()}
    deployment = deploy(database, program, sources=texts, author=_author(), now=clock.now())
    return Runtime(
        database, program, deployment, clock, _stationery(project, database), project.plugins.channels, settings,
        project.channel_context, project.costs(), project.outside(),
    )  # fmt: skip


def _stationery(project: Project, database: Database) -> Stationery:
    flow = project.flow.flow
    secret = project.settings.secret or _kept(database, "secret")
    return Stationery(
        contact=flow.contact,
        events=flow.events,
        library=Library(project.root, project.plugins.channels),
        sender=project.channel_context.sender,
        keys=SigningKeys("1", {"1": secret.encode()}),
        installation=_kept(database, "installation"),
        zone=ZoneInfo(project.settings.timezone),
        currency=flow.currency or project.settings.currency,
        campaigns=flow.campaigns,
    )


def _kept(database: Database, name: str) -> str:
    with database.transaction() as connection:
        return kept(connection, database.tables, name)


def _author() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return ""
