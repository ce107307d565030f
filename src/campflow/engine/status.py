"""Where everyone is: people per stage, messages per state, conversions, per campaign. Reads, and changes nothing.

All figures are counted from rows at one moment; none is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, func, not_, or_, select

from campflow.engine.goals import GoalStatus, Spending, goals, is_held_out, spending
from campflow.model.flow import Campaign
from campflow.storage.tables import Tables

#: States of a message that is still to go out.
WAITING = ("planned", "ready")


@dataclass(frozen=True, slots=True)
class StageStatus:
    """`people` are there now; in a final stage, all who ended there. `passed` are all who ever entered it."""

    name: str
    final: bool
    people: int
    passed: int


@dataclass(frozen=True, slots=True)
class ConversionStatus:
    """`worth` is the sum in the unit of the `worth` clause (money: minor units); None where nothing is worth."""

    name: str
    count: int
    worth: float | None


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """`entered` counts passages, not persons; `left` those that a `leave` ended, `held_out` those that walk no stage.

    `messages` are counted by state, and so are `errands`: what `notify`, `sync` and `do` ask for.
    """

    name: str
    entered: int
    inside: int
    left: int
    stages: tuple[StageStatus, ...]
    messages: Mapping[str, int]
    conversions: tuple[ConversionStatus, ...]
    held_out: int = 0
    errands: Mapping[str, int] = field(default_factory=dict)
    goals: tuple[GoalStatus, ...] = ()
    spending: Spending = field(default_factory=lambda: Spending(0, None, 0))

    @property
    def sent(self) -> int:
        return self.messages.get("accepted", 0)

    @property
    def waiting(self) -> int:
        return sum(self.messages.get(state, 0) for state in WAITING)


@dataclass(frozen=True, slots=True)
class HeldChannel:
    """A channel to which nothing is handed over now: paused until somebody resumes it, or left alone for a while."""

    name: str
    paused: bool
    reason: str

    @property
    def said(self) -> str:
        if self.paused:
            return f"channel {self.name} is paused: {self.reason}: `campflow channel resume {self.name}` goes on"
        return f"channel {self.name} is left alone for a while: {self.reason}"


def held_channels(connection: Connection, tables: Tables) -> tuple[HeldChannel, ...]:
    """Channels whose messages wait, and why."""
    c = tables.channel.c
    rows = connection.execute(
        select(tables.channel).where(or_(c.paused_at.is_not(None), c.failures > 0)).order_by(c.name)
    )
    return tuple(
        HeldChannel(row.name, row.paused_at is not None, (row.paused_for if row.paused_at else row.trouble) or "")
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """What goals and budgets are read from: the campaigns as they are written, the moment, the project's zone."""

    campaigns: Sequence[Campaign]
    now: int
    zone: str


def status(
    connection: Connection, tables: Tables, order: Mapping[str, Sequence[str]], measured: Measured | None = None
) -> tuple[CampaignStatus, ...]:
    """All deployed campaigns. `order` gives each campaign's stages as the file has them; others come after.

    Goals and budgets are read where `measured` says of what.
    """
    campaign = tables.campaign
    found = connection.execute(select(campaign.c.campaign_id, campaign.c.name).order_by(campaign.c.campaign_id))
    ids = {name: key for key, name in found}
    names = [*(name for name in order if name in ids), *(name for name in ids if name not in order)]
    return tuple(
        _measured(
            connection, tables, ids[name], _campaign(connection, tables, ids[name], name, order.get(name, ())), measured
        )
        for name in names
    )


def _campaign(c: Connection, tables: Tables, key: int, name: str, order: Sequence[str]) -> CampaignStatus:
    journey = tables.journey.c
    mine = journey.campaign_id == key
    entered, inside, left, held_out = c.execute(
        select(
            func.count(),
            func.count().filter(journey.ended_at.is_(None)),
            func.count().filter(journey.stage_id.is_(None), not_(is_held_out(tables))),
            func.count().filter(is_held_out(tables)),
        ).where(mine)
    ).one()
    return CampaignStatus(
        name, entered, inside, left, _stages(c, tables, key, order), _messages(c, tables, key), _worth(c, tables, key),
        held_out, _errands(c, tables, key),
    )  # fmt: skip


def _measured(
    c: Connection, tables: Tables, key: int, found: CampaignStatus, measured: Measured | None
) -> CampaignStatus:
    if measured is None:
        return found
    written = next((each for each in measured.campaigns if each.name == found.name), None)
    told = goals(c, tables, key, written, measured.now, measured.zone) if written else ()
    return replace(found, goals=told, spending=spending(c, tables, key, written))


def _stages(c: Connection, tables: Tables, key: int, order: Sequence[str]) -> tuple[StageStatus, ...]:
    journey, move, stage = tables.journey.c, tables.move.c, tables.stage.c
    here = select(journey.stage_id, func.count()).where(journey.campaign_id == key).group_by(journey.stage_id)
    people: dict[int | None, int] = dict(c.execute(here).all())
    came = (
        select(move.to_stage_id, func.count())
        .join(tables.stage, stage.stage_id == move.to_stage_id)
        .where(stage.campaign_id == key)
        .group_by(move.to_stage_id)
    )
    passed: dict[int | None, int] = dict(c.execute(came).all())
    rows = c.execute(
        select(stage.stage_id, stage.name, stage.final).where(stage.campaign_id == key).order_by(stage.stage_id)
    ).all()
    place = {name: nth for nth, name in enumerate(order)}
    kept = [row for row in rows if row.name in place or people.get(row.stage_id) or not place]
    kept.sort(key=lambda row: place.get(row.name, len(place)))
    return tuple(
        StageStatus(row.name, row.final, people.get(row.stage_id, 0), passed.get(row.stage_id, 0)) for row in kept
    )


def _messages(c: Connection, tables: Tables, key: int) -> Mapping[str, int]:
    message = tables.message.c
    counted = select(message.state, func.count()).where(message.campaign_id == key).group_by(message.state)
    return dict(c.execute(counted.order_by(message.state)).all())


def _errands(c: Connection, tables: Tables, key: int) -> Mapping[str, int]:
    errand = tables.errand.c
    counted = select(errand.state, func.count()).where(errand.campaign_id == key).group_by(errand.state)
    return dict(c.execute(counted.order_by(errand.state)).all())


def _worth(c: Connection, tables: Tables, key: int) -> tuple[ConversionStatus, ...]:
    conversion = tables.conversion.c
    counted = (
        select(conversion.name, func.count(), func.sum(conversion.worth))
        .where(conversion.campaign_id == key)
        .group_by(conversion.name)
        .order_by(conversion.name != "conversion", conversion.name)
    )
    return tuple(ConversionStatus(name, count, worth) for name, count, worth in c.execute(counted))
