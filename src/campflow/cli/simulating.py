"""`campflow simulate`: a campaign tried out with made-up people, on a scratch database."""

from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli.options import DatabaseUrl, Format, ProjectFolder, TextOrJson, open_project
from campflow.cli.show import print_json
from campflow.errors import CampflowError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from campflow.engine.behaviour import Habits
    from campflow.engine.made_up import Maker
    from campflow.model.constants import Stored
    from campflow.model.flow import Campaign, Flow
    from campflow.project import Project


def simulate(
    campaign: Annotated[str, typer.Argument(help="The campaign's name.")],
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day, or moment.")],
    people: Annotated[int, typer.Option(metavar="N", min=1, max=1_000_000, help="How many are made up.")] = 1_000,
    days: Annotated[int, typer.Option(metavar="D", min=1, max=3_660, help="How long it runs.")] = 90,
    seed: Annotated[int, typer.Option(metavar="S", help="Another number draws other people.")] = 1,
    rates: Annotated[
        Path | None, typer.Option(metavar="FILE", help="How people behave and what a message costs, as TOML.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Copies of the project's own contacts, instead of made-up people.")
    ] = False,
    project: ProjectFolder = None,
    database: DatabaseUrl = None,
    format: TextOrJson = Format.text,
) -> None:
    """Try a campaign out on made-up people: its funnel, messages, cost, and the lines that nobody takes.

    The project's own database is only read, for the rates that it has seen so far; nothing is sent.
    """
    from campflow.cli import forecasts
    from campflow.cli.foretelling import show
    from campflow.engine.behaviour import Behaviour
    from campflow.engine.forecast import forecast
    from campflow.engine.lives import Lives
    from campflow.engine.made_up import Maker
    from campflow.engine.simulation import Period, Simulation

    # In memory, whatever the project's own database is.
    opened, own = open_project(project, "sqlite://"), open_project(project, database)
    flow, zone = opened.flow.flow, opened.settings.timezone
    main = _campaign(flow, campaign)
    at = _moment(start, zone)
    maker = Maker(at, zone, flow.currency or opened.settings.currency)
    written = _written(opened, rates)
    measured = _measured(own, opened)
    with closing(opened.database()) as scratch:
        program = opened.program(scratch.tables, {main.name})
        others = tuple(each.plan.campaign for each in program.campaigns if each.plan.name != main.name)
        behaviour = Behaviour(flow, main, others, written, measured)
        rfm = program.plan.rfm.event if program.plan.rfm else None
        period = Period.of(zone, at, days, behaviour.past(rfm))
        crowd = _sampled(own, opened, maker, people, seed) if sample else _made_up(flow, maker, written, people, seed)
        addresses = {channel.name: channel.address for channel in opened.vocabulary.channels.values()}
        texts = {path: source.text for path, source in opened.sources.items()}
        lives = Lives(seed, behaviour, maker)
        deployment = Simulation(scratch, flow, program, lives, texts, addresses).run(crowd, period)
        found = forecast(scratch, flow, main, deployment, period=period, zone=zone, prices=written.cost)
    report = forecasts.Report(found, opened, behaviour, lives.reactions, period, people, seed, sample, rfm)
    if format is Format.json:
        print_json(forecasts.as_json(report))
    else:
        show(report)


def _campaign(flow: "Flow", name: str) -> "Campaign":
    from campflow.diagnostics.diagnostic import did_you_mean

    found = flow.campaign(name)
    if found is None:
        hint = did_you_mean(name, (each.name for each in flow.campaigns))
        raise ProjectError(f"there is no campaign `{name}`" + (f": {hint}" if hint else ""))
    return found


def _moment(start: str, zone: str) -> int:
    from campflow.model.times import parse_time

    try:
        return parse_time(start, zone)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--from") from error


# --- how people behave ------------------------------------------------------------------------------------------


def _written(opened: "Project", rates: Path | None) -> "Habits":
    """What the file says; of what it does not say a price, what the project says."""
    from campflow.cli.rates import read_rates
    from campflow.engine.behaviour import Habits
    from campflow.people.values import Conventions

    flow = opened.flow.flow
    conventions = Conventions(flow.currency or opened.settings.currency, opened.settings.timezone)
    written = Habits() if rates is None else read_rates(rates, flow, opened.vocabulary.channels, conventions)
    costs = {channel: Decimal(minor) for channel, minor in opened.costs().items() if minor}
    return replace(written, cost={**costs, **written.cost})


def _measured(own: "Project", opened: "Project") -> "Habits":
    """What the project's database knows; nothing where there is none yet."""
    from campflow.engine.behaviour import Habits
    from campflow.engine.observed import observed
    from campflow.storage.database import Database

    if not own.database_exists:
        return Habits()
    with closing(Database(own.database_url, opened.tables)) as database:
        return observed(database, opened.flow.flow.events)


# --- who they are -----------------------------------------------------------------------------------------------


def _made_up(
    flow: "Flow", maker: "Maker", written: "Habits", people: int, seed: int
) -> "Iterable[Mapping[str, Stored]]":
    for number in range(1, people + 1):
        chance = Random(f"{seed} person {number}")  # noqa: S311 -- made-up people, no secrets
        yield maker.person(number, flow.contact, written.people, chance)


def _sampled(
    own: "Project", opened: "Project", maker: "Maker", people: int, seed: int
) -> "Iterable[Mapping[str, Stored]]":
    """Copies of contacts. A field that the database does not know yet is made up."""
    from campflow.engine.behaviour import Habits
    from campflow.engine.observed import sample
    from campflow.storage.database import Database

    if not own.database_exists:
        raise CampflowError("the project has no database yet to take a sample of: leave --sample out")
    flow = opened.flow.flow
    with closing(Database(own.database_url, opened.tables)) as database:
        chance = Random(f"{seed} sample")  # noqa: S311 -- chosen to look at, not to win
        copies = sample(database, flow.contact, people, chance)
    usual = _made_up(flow, maker, Habits(), people, seed)
    return [{**made_up, **copy} for made_up, copy in zip(usual, copies, strict=True)]
