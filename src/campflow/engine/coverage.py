"""Which lines of the campaigns tests have walked: ways out, sends, arms. Reads only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Select, select

from campflow.diagnostics.source import Span
from campflow.engine.deployed import Deployment
from campflow.model.flow import Action, Campaign, Convert, Flow, Leave, Send, WayOut
from campflow.storage.database import Database
from campflow.storage.tables import Tables

#: Lines by campaign and their order in it; arms as `SPLIT = ARM`.
Walked: TypeAlias = frozenset[tuple[str, int | str]]


@dataclass(frozen=True, slots=True)
class Walkable:
    """A line that a test may walk. `kind` is "way out", "send" or "arm"."""

    campaign: str
    kind: str
    order: int | str
    text: str
    span: Span


def walked(database: Database, deployment: Deployment) -> Walked:
    """The lines by which somebody moved, the sends that planned a message, and the arms that somebody was in."""
    tables = database.tables
    with database.reader() as connection:
        moved = frozenset(connection.scalars(select(tables.move.c.statement_id).distinct()))
        planned = frozenset(connection.scalars(select(tables.message.c.send_id).distinct()))
        arms = frozenset((row.campaign, f"{row.split} = {row.arm}") for row in connection.execute(_met(tables)))
    rows = {"statement": moved, "send": planned}
    return arms | frozenset(
        (campaign.name, int(order))
        for campaign in deployment.campaigns.values()
        for name, key in campaign.ids.items()
        for kind, _, order in [name.partition("_")]
        if key in rows.get(kind, ())
    )


def _met(tables: Tables) -> Select[Any]:
    x, s, a, c = tables.exposure, tables.split, tables.arm, tables.campaign
    names = (c.c.name.label("campaign"), s.c.name.label("split"), a.c.name.label("arm"))
    met = select(*names).distinct().join_from(x, s, s.c.split_id == x.c.split_id)
    return met.join(a, a.c.arm_id == x.c.arm_id).join(c, c.c.campaign_id == s.c.campaign_id)


def not_walked(flow: Flow, walked: Walked) -> tuple[Walkable, ...]:
    """What no test has walked, in the order of the files."""
    left = (
        line for campaign in flow.campaigns for line in _lines(campaign) if (campaign.name, line.order) not in walked
    )
    return tuple(sorted(left, key=lambda line: line.span))


def _lines(campaign: Campaign) -> Iterator[Walkable]:
    name = campaign.name
    ways: list[Leave | Convert] = [
        *campaign.leaves,
        *(each for each in campaign.conversions if each.target is not None),
    ]
    yield from (Walkable(name, "way out", each.order, each.text, each.span) for each in ways)
    for stage in campaign.stages:
        yield from _parts(name, stage.ways_out, stage.actions)
        for split in stage.splits:
            for arm in split.arms:
                told = f"{split.name} = {arm.name}"
                yield Walkable(name, "arm", told, told, arm.span)
                yield from _parts(name, arm.ways_out, arm.actions)


def _parts(campaign: str, ways_out: Iterable[WayOut], actions: Iterable[Action]) -> Iterator[Walkable]:
    yield from (Walkable(campaign, "way out", each.order, each.text, each.span) for each in ways_out)
    sends = (each for each in actions if isinstance(each, Send))
    yield from (Walkable(campaign, "send", each.order, each.text, each.span) for each in sends)
