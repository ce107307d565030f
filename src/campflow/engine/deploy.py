"""Putting campaigns into force: rows for each campaign, its version, stages, statements and sends.

Deploying the same text twice changes nothing. Waiting people keep their stage and the time they entered it; when to
look at them again is worked out anew from the new text.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Insert, func, insert, select, update

from campflow.errors import DeployError
from campflow.model.calendar import DAY, to_instant
from campflow.model.expressions import Constant
from campflow.model.flow import Send, SetField
from campflow.planning.plan import CampaignPlan
from campflow.sql.dialects import NEVER
from campflow.sql.program import CampaignProgram, Program
from campflow.storage.database import Database
from campflow.storage.tables import Tables
from campflow.storage.zones import ensure_zones


@dataclass(frozen=True, slots=True)
class Deployed:
    """One campaign in force: the ids that its statements take as parameters.

    Entries count from `start` to before `end` (milliseconds). `is_new` says that this text was not in force before.
    """

    name: str
    ids: Mapping[str, int]
    start: int
    end: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Deployment:
    campaigns: Mapping[str, Deployed]


def deploy(database: Database, program: Program, *, sources: Mapping[str, str], author: str, now: int) -> Deployment:
    """Put all campaigns of the program into force, in one transaction.

    `sources` are the texts by path. Raises DeployError where people are in a stage that the new text does not have.
    """
    with database.transaction() as connection:
        ensure_zones(connection, database.tables, _zones(program))
        deployed = (
            _campaign(connection, database.tables, each, sources[each.plan.campaign.span.path], author, now)
            for each in program.campaigns
        )
        return Deployment({each.name: each for each in deployed})


def _zones(program: Program) -> set[str]:
    """Every zone that a campaign works in or puts a contact into."""
    written = {
        str(action.value.value)
        for campaign in program.campaigns
        for stage in campaign.plan.stages
        for action in stage.actions
        if isinstance(action, SetField) and action.field == "timezone" and isinstance(action.value, Constant)
    }
    return {program.plan.zone, *(campaign.plan.zone.name for campaign in program.campaigns), *written}


def _campaign(
    connection: Connection, tables: Tables, program: CampaignProgram, text: str, author: str, now: int
) -> Deployed:
    plan = program.plan
    row = connection.execute(select(tables.campaign).where(tables.campaign.c.name == plan.name)).one_or_none()
    started = now if row is None else int(row.started_at)
    start, end = _running(plan, started)
    if row is None:
        campaign_id = _insert_campaign(connection, tables, plan.name, start, now)
    else:
        campaign_id = int(row.campaign_id)
        _refuse_lost_stages(connection, tables, plan, campaign_id)
    version_id, is_new = _version(connection, tables, campaign_id, text, author, now)
    ids = {"campaign": campaign_id, "version": version_id}
    ids |= _stages(connection, tables, plan, campaign_id)
    ids |= _statements(connection, tables, plan, version_id)
    ids |= _sends(connection, tables, plan, campaign_id, ids)
    if is_new:
        in_force = update(tables.campaign).where(tables.campaign.c.campaign_id == campaign_id)
        connection.execute(in_force.values(version_id=version_id))
    if is_new and row is not None:
        for statement in program.reschedule:
            looked = {"looked_at": int(row.looked_at), "now": now}
            connection.exec_driver_sql(statement.sql, {**statement.constants, **ids, **looked})
    return Deployed(plan.name, ids, start, end, is_new)


def _running(plan: CampaignPlan, started: int) -> tuple[int, int]:
    """From local midnight of the first day to the end of the last, in the campaign's zone (else the project's)."""
    if plan.runs is None:
        return started, NEVER
    zone, epoch = plan.zone.name, _days(plan.runs.start)
    end = NEVER if plan.runs.end is None else to_instant(zone, (_days(plan.runs.end) + 1) * DAY)
    return to_instant(zone, epoch * DAY), end


def _days(day: Any) -> int:
    """Days since 1970-01-01."""
    return int(day.toordinal()) - 719_163


def _insert_campaign(connection: Connection, tables: Tables, name: str, start: int, now: int) -> int:
    """A campaign that began before now looks back at the events since then, but no farther."""
    known = connection.scalar(select(func.coalesce(func.max(tables.event.c.seq), 0)))
    row = insert(tables.campaign).values(
        name=name,
        started_at=now,
        looked_at=start - 1,
        looked_event=0 if start < now else known,
        looked_change=connection.scalar(select(func.coalesce(func.max(tables.change.c.seq), 0))),
        looked_contact=0,
    )
    return _insert(connection, row)


def _refuse_lost_stages(connection: Connection, tables: Tables, plan: CampaignPlan, campaign_id: int) -> None:
    j, s = tables.journey, tables.stage
    names = [stage.name for stage in plan.stages]
    query = (
        select(s.c.name, func.count())
        .join(j, j.c.stage_id == s.c.stage_id)
        .where(s.c.campaign_id == campaign_id, s.c.name.not_in(names), j.c.ended_at.is_(None))
        .group_by(s.c.name)
        .order_by(s.c.name)
    )
    for name, count in connection.execute(query):
        people = "1 person is" if count == 1 else f"{count} people are"
        raise DeployError(
            f"campaign `{plan.name}` has no stage `{name}` any more, but {people} in it: "
            f"write the stage again, and take it out when it is empty"
        )


def _version(
    connection: Connection, tables: Tables, campaign_id: int, text: str, author: str, now: int
) -> tuple[int, bool]:
    """The version in force if it has this text, else a new one."""
    v, c = tables.campaign_version, tables.campaign
    digest = hashlib.sha256(text.encode()).hexdigest()
    in_force = select(v.c.version_id, v.c.hash).join(c, c.c.version_id == v.c.version_id)
    row = connection.execute(in_force.where(c.c.campaign_id == campaign_id)).one_or_none()
    if row is not None and row.hash == digest:
        return int(row.version_id), False
    new = insert(v).values(campaign_id=campaign_id, hash=digest, source=text, author=author, deployed_at=now)
    return _insert(connection, new), True


def _stages(connection: Connection, tables: Tables, plan: CampaignPlan, campaign_id: int) -> dict[str, int]:
    s = tables.stage
    known = {
        row.name: row.stage_id
        for row in connection.execute(select(s.c.name, s.c.stage_id).where(s.c.campaign_id == campaign_id))
    }
    ids: dict[str, int] = {}
    for stage in plan.stages:
        if stage.name in known:
            ids[f"stage_{stage.name}"] = known[stage.name]
            connection.execute(update(s).where(s.c.stage_id == known[stage.name]).values(final=stage.final))
        else:
            new = insert(s).values(campaign_id=campaign_id, name=stage.name, final=stage.final)
            ids[f"stage_{stage.name}"] = _insert(connection, new)
    return ids


def _statements(connection: Connection, tables: Tables, plan: CampaignPlan, version_id: int) -> dict[str, int]:
    s = tables.statement
    known = {
        row.position: row.statement_id
        for row in connection.execute(select(s.c.position, s.c.statement_id).where(s.c.version_id == version_id))
    }
    written = [entry.statement for entry in plan.entries] + [statement for statement, _ in plan.conversions]
    written += [exit.statement for stage in plan.stages for exit in stage.exits]
    for statement in {each.order: each for each in written}.values():
        if statement.order not in known:
            new = insert(s).values(
                version_id=version_id, position=statement.order, path=statement.span.path,
                line=statement.span.line, text=statement.text,
            )  # fmt: skip
            known[statement.order] = _insert(connection, new)
    return {f"statement_{order}": id for order, id in known.items()}


def _sends(
    connection: Connection, tables: Tables, plan: CampaignPlan, campaign_id: int, ids: Mapping[str, int]
) -> dict[str, int]:
    s = tables.send
    found: dict[str, int] = {}
    for stage in plan.stages:
        for action in stage.actions:
            if not isinstance(action, Send):
                continue
            options = json.dumps(_options(action))
            identity = {
                "stage_id": ids[f"stage_{stage.name}"], "channel": action.channel, "message": action.message,
                "nth": action.nth,
            }  # fmt: skip
            same = [s.c[name] == value for name, value in identity.items()]
            known = connection.scalar(select(s.c.send_id).where(*same))
            if known is None:
                new = insert(s).values(campaign_id=campaign_id, options=options, **identity)
                known = _insert(connection, new)
            else:
                connection.execute(update(s).where(s.c.send_id == known).values(options=options))
            found[f"send_{action.order}"] = int(known)
    return found


def _insert(connection: Connection, row: Insert) -> int:
    """Write one row; its new id."""
    key = connection.execute(row).inserted_primary_key
    return int(key[0]) if key else 0


def _options(send: Send) -> dict[str, object]:
    """What the statement says beside the front matter: constants, filled when the message is rendered."""
    return {o.name: o.value.value for o in send.options if isinstance(o.value, Constant)}
