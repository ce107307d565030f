"""What came of a simulation: the funnel, the messages of each day, what they cost, the lines that nobody took."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, func, select

from campflow.engine.coverage import Walkable, not_walked, walked
from campflow.engine.deployed import Deployment
from campflow.engine.simulation import Period
from campflow.engine.status import CampaignStatus, status
from campflow.measuring.intervals import Interval, wilson
from campflow.model.calendar import DAY, to_local
from campflow.model.flow import Campaign, Flow
from campflow.storage.database import Database
from campflow.storage.tables import Tables


@dataclass(frozen=True, slots=True)
class Proportion:
    """`count` of all journeys begun; `interval` is of 95 %."""

    count: int
    share: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class StageForecast:
    """`people` are there at the end (in a final stage: ended there), `reached` are the journeys that came through."""

    name: str
    final: bool
    people: int
    reached: Proportion


@dataclass(frozen=True, slots=True)
class ConversionForecast:
    """`worth` is the sum of all, money in minor units; None where nothing is worth."""

    name: str
    converted: Proportion
    worth: float | None


@dataclass(frozen=True, slots=True)
class ChannelForecast:
    """Messages accepted on each day of the period; `cost` in minor units, None where no price is known."""

    name: str
    days: tuple[int, ...]
    cost: Decimal | None

    @property
    def messages(self) -> int:
        return sum(self.days)


@dataclass(frozen=True, slots=True)
class Forecast:
    """`entered` counts journeys, `people` those who began one. `states` are messages by what became of them."""

    entered: int
    people: int
    left: Proportion
    stages: tuple[StageForecast, ...]
    conversions: tuple[ConversionForecast, ...]
    channels: tuple[ChannelForecast, ...]
    states: Mapping[str, int]
    nobody_took: tuple[Walkable, ...]

    @property
    def cost(self) -> Decimal | None:
        """In minor units; None where no price is known."""
        known = [each.cost for each in self.channels if each.cost is not None]
        return sum(known, Decimal()) if known else None


def forecast(
    database: Database,
    flow: Flow,
    campaign: Campaign,
    deployment: Deployment,
    *,
    period: Period,
    zone: str,
    prices: Mapping[str, Decimal],
) -> Forecast:
    """Count what is in the scratch database. `zone` is that of the days, `prices` are in minor units by channel."""
    tables, key = database.tables, deployment.campaigns[campaign.name].ids["campaign"]
    with database.reader() as connection:
        order = {campaign.name: [stage.name for stage in campaign.stages]}
        (found,) = (each for each in status(connection, tables, order) if each.name == campaign.name)
        reached = _reached(connection, tables, key)
        journey = tables.journey.c
        own = select(func.count(journey.contact_id.distinct())).where(journey.campaign_id == key)
        people = connection.scalar(own) or 0
        channels = _channels(connection, tables, key, period, zone, prices)
    return Forecast(
        entered=found.entered,
        people=people,
        left=_of(found.left, found),
        stages=tuple(
            StageForecast(each.name, each.final, each.people, _of(reached.get(each.name, 0), found))
            for each in found.stages
        ),
        conversions=_conversions(campaign, found),
        channels=channels,
        states=found.messages,
        nobody_took=_nobody_took(flow, campaign, database, deployment),
    )


def _of(count: int, campaign: CampaignStatus) -> Proportion:
    total = campaign.entered
    return Proportion(count, count / total if total else 0.0, wilson(count, total))


def _conversions(campaign: Campaign, found: CampaignStatus) -> tuple[ConversionForecast, ...]:
    """All that the campaign counts, also those that nobody did."""
    done = {each.name: each for each in found.conversions}
    names = sorted((each.name for each in campaign.conversions), key=lambda name: name != "conversion")
    return tuple(
        ConversionForecast(name, _of(done[name].count, found), done[name].worth)
        if name in done
        else ConversionForecast(name, _of(0, found), None)
        for name in names
    )


def _reached(connection: Connection, tables: Tables, key: int) -> dict[str, int]:
    """Journeys that came into each stage, however often."""
    move, stage = tables.move.c, tables.stage.c
    counted = select(stage.name, func.count(move.journey_id.distinct()))
    counted = counted.join(tables.move, move.to_stage_id == stage.stage_id).where(stage.campaign_id == key)
    return dict(connection.execute(counted.group_by(stage.name)).all())


def _channels(
    connection: Connection, tables: Tables, key: int, period: Period, zone: str, prices: Mapping[str, Decimal]
) -> tuple[ChannelForecast, ...]:
    m = tables.message.c
    accepted = select(m.channel, m.settled_at).where(m.campaign_id == key, m.state == "accepted")
    first, last = (to_local(zone, at) // DAY for at in (period.start, period.end - 1))
    days: dict[str, Counter[int]] = {}
    for channel, at in connection.execute(accepted):
        days.setdefault(channel, Counter())[to_local(zone, at) // DAY] += 1
    return tuple(
        ChannelForecast(
            channel, tuple(days[channel][day] for day in range(first, last + 1)),
            prices[channel] * days[channel].total() if channel in prices else None,
        )
        for channel in sorted(days)
    )  # fmt: skip


def _nobody_took(flow: Flow, campaign: Campaign, database: Database, deployment: Deployment) -> tuple[Walkable, ...]:
    """Ways out, sends, and arms."""
    return tuple(each for each in not_walked(flow, walked(database, deployment)) if each.campaign == campaign.name)
