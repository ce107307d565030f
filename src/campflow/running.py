"""A project made ready for work: its campaigns put into force in its database."""

import getpass
from contextlib import closing
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy import inspect

from campflow.content.landing import Pages
from campflow.content.rendering import Library
from campflow.content.tokens import SigningKeys, signing_keys
from campflow.content.wanted import Wanted
from campflow.engine.changing import Texts, change
from campflow.engine.deploy import deploy
from campflow.engine.deployed import Deployment
from campflow.engine.letters import Stationery
from campflow.engine.observer_rows import enrol
from campflow.engine.runtime import Runtime
from campflow.errors import DeployError, ProjectError
from campflow.in_force import InForce, before, differing, in_force, readable, texts
from campflow.model.people import Contact
from campflow.planning.planner import patterns
from campflow.project import Project
from campflow.sql.program import Program
from campflow.standing import standing
from campflow.storage.database import Database
from campflow.storage.kept import kept
from campflow.storage.tables import tables


def open_runtime(project: Project) -> Runtime:
    """Put into force what may be, and gather what runs the campaigns.

    A campaign whose file has errors, or whose new text needs `campflow apply`, runs on as it was: see `waiting`. Raises
    FlowError, ProjectError (a channel's settings), DeployError.
    """
    settings = project.channel_settings()
    force = in_force(project)
    stands = standing(project, force, now_of(project) if force.newest else 0)
    chosen = stands.project
    database = chosen.database()
    clock = chosen.clock(database)
    wanted = texts(chosen, database.tables, forgiving=True)
    deployment = _put(chosen, database, force, wanted, clock.now())
    channels = chosen.channels(settings)
    watchers = chosen.watchers()
    enrol(database, watchers.named)
    return Runtime(
        database, _hearing(wanted.program, deployment), deployment, clock, _stationery(chosen, database),
        channels, settings, chosen.channel_context, chosen.costs(),
        chosen.channel_limits(channels), chosen.outside(), watchers,
        waiting=stands.waiting,
        renew=lambda: open_runtime(Project(project.root, project.settings, project.plugins)),
    )  # fmt: skip


def open_in_force(project: Project) -> Runtime:
    """What runs the campaigns as they are in force, whatever the files say: for those who only do what they are told.

    Raises ProjectError where nothing is in force yet, or it cannot be read any more.
    """
    chosen = readable(project, in_force(project))
    if chosen is None:
        raise ProjectError("no campaign is in force: `campflow run` or `campflow apply` puts one into force")
    runtime = open_runtime(chosen)
    runtime.renew = lambda: open_in_force(Project(project.root, project.settings, project.plugins))
    return runtime


def now_of(project: Project) -> int:
    """What time it is for the campaigns of a project; a manual clock that was never set shows 0."""
    bare = tables(Contact((), None), ())
    if not project.database_exists:
        return project.clock(Database("sqlite://", bare)).now() if project.settings.clock != "manual" else 0
    with closing(Database(project.database_url, bare)) as database:
        with database.reader() as connection:
            is_set = inspect(connection).has_table(bare.setting.name)
        return project.clock(database).now() if is_set or project.settings.clock != "manual" else 0


def _put(project: Project, database: Database, force: InForce, wanted: Texts, now: int) -> Deployment:
    if all(what == "new" for what in differing(project, force).values()):
        return deploy(database, wanted.program, sources=wanted.sources, author=author(), now=now, recall=wanted.recall)
    with database.transaction() as connection:
        done = change(connection, database, before(project, force), wanted, author(), now)
        refused = [f"campaign `{each.name}`: {reason}" for each in done.campaigns for reason in each.refused]
        if refused:  # by what has changed since it was foreseen
            raise DeployError("\n".join(refused))
        return done.deployment


def _hearing(program: Program, deployment: Deployment) -> Program:
    """The program; what its kept texts listen to is listened to as well."""
    kept_texts = (each.program for campaign in deployment.campaigns.values() for each in campaign.kept)
    reads = {pattern.event for each in kept_texts for pattern in patterns(each.plan.campaign)}
    return replace(program, plan=replace(program.plan, reads=program.plan.reads | reads)) if reads else program


def _stationery(project: Project, database: Database) -> Stationery:
    own, settings = _kept(database, "secret"), project.settings
    keys = signing_keys(settings.secret or own, (own, *settings.former_secrets))
    return stationery(project, keys, _kept(database, "installation"))


def stationery(project: Project, keys: SigningKeys, installation: str) -> Stationery:
    """What of the project goes into its messages; links are signed with these keys. Raises FlowError."""
    flow = project.flow.flow
    return Stationery(
        contact=flow.contact,
        events=flow.events,
        library=Library(project.root, project.plugins.channels, _tracking(project), project.filters),
        sender=project.channel_context.sender,
        keys=keys,
        installation=installation,
        zone=ZoneInfo(project.settings.timezone),
        currency=flow.currency or project.settings.currency,
        campaigns=flow.campaigns,
        pages=Pages(project.root, project.filters),
        base_url=project.settings.web.base_url,
    )


def _tracking(project: Project) -> dict[str, Wanted]:
    """What is tracked, by channel: without an address of ours there is nothing that could be fetched."""
    wanted = project.tracking()
    if project.settings.web.base_url:
        return wanted
    return {name: Wanted(utm=each.utm) for name, each in wanted.items()}


def _kept(database: Database, name: str) -> str:
    with database.transaction() as connection:
        return kept(connection, database.tables, name)


def author() -> str:
    """Who puts a text into force: the user of the machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return ""
