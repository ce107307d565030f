"""Putting campaigns into force: rows for each campaign, its version, stages, statements and sends.

Deploying the same text twice changes nothing. Waiting people keep their stage and the time they entered it; when to
look at them again is worked out anew from the new text. With `edits reach newcomers` who is inside stays with the text
they entered under, which is kept for them.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Insert, func, insert, select, update

from campflow.engine import versions
from campflow.engine.carrying import carry, stranded, without_entries
from campflow.engine.deployed import Deployed, Deployment, Kept
from campflow.engine.errand_rows import put_statements
from campflow.engine.gates import put_policy
from campflow.engine.splits import put_splits
from campflow.engine.versions import CampaignText, Version
from campflow.errors import DeployError
from campflow.model.calendar import DAY, to_instant
from campflow.model.expressions import Constant
from campflow.model.flow import Send, SetField
from campflow.planning.carrying import carries
from campflow.planning.plan import CampaignPlan, Plan, StagePlan
from campflow.planning.planner import circles
from campflow.sql.dialects import NEVER
from campflow.sql.program import CampaignProgram, Program
from campflow.storage.database import Database
from campflow.storage.tables import Tables
from campflow.storage.zones import ensure_zones

#: Makes a program of a text that is kept.
Recall = Callable[[Version], CampaignProgram]


def _forgotten(version: Version) -> CampaignProgram:
    raise DeployError(f"version {version.number} of campaign `{version.campaign}` is kept, and cannot be read here")


def deploy(
    database: Database,
    program: Program,
    *,
    sources: Mapping[str, str],
    author: str,
    now: int,
    recall: Recall = _forgotten,
    withdraws: Mapping[str, int] | None = None,
) -> Deployment:
    """Put all campaigns of the program into force, in one transaction.

    `sources` are the texts by path; `recall` makes programs of texts that are kept; `withdraws` are, by campaign, the
    versions that this takes back. Raises DeployError where people are in a stage that the new text does not have.
    """
    tables = database.tables
    with database.transaction() as connection:
        ensure_zones(connection, tables, _zones(program))
        deployed = [
            _campaign(
                connection, tables, each, versions.text_of(each.plan.campaign, program.plan.segments, sources), author,
                now, recall, (withdraws or {}).get(each.plan.name),
            )
            for each in program.campaigns
        ]  # fmt: skip
        _remember_ground(connection, tables, program.plan, sources)
        newest = connection.scalar(select(func.max(tables.campaign_version.c.version_id))) or 0
        return Deployment({each.name: each for each in _in_turn(program, deployed)}, newest)


def _in_turn(program: Program, deployed: Sequence[Deployed]) -> Iterator[Deployed]:
    """The same, each with the campaign of its circle that stands for all."""
    kept = (each.program.plan for one in deployed for each in one.kept)
    for circle in circles([*(each.plan for each in program.campaigns), *kept]):
        mine = [each for each in deployed if each.name in circle]
        first = min((each.ids["campaign"] for each in mine), default=0)
        yield from (replace(each, turn=first) for each in mine)


def _remember_ground(connection: Connection, tables: Tables, plan: Plan, sources: Mapping[str, str]) -> None:
    text, s = versions.ground_of(plan, sources), tables.setting
    known = connection.scalar(select(s.c.value).where(s.c.name == versions.GROUND))
    if known is None:
        connection.execute(insert(s).values(name=versions.GROUND, value=text))
    elif known != text:
        connection.execute(update(s).where(s.c.name == versions.GROUND).values(value=text))


def _zones(program: Program) -> set[str]:
    """Every zone that a campaign works in or puts a contact into."""
    written = {
        str(action.value.value)
        for campaign in program.campaigns
        for stage in campaign.plan.stages
        for action in (each.action for each in stage.actions)
        if isinstance(action, SetField) and action.field == "timezone" and isinstance(action.value, Constant)
    }
    return {program.plan.zone, *(campaign.plan.zone.name for campaign in program.campaigns), *written}


def _campaign(
    connection: Connection,
    tables: Tables,
    program: CampaignProgram,
    text: CampaignText,
    author: str,
    now: int,
    recall: Recall,
    withdraws: int | None,
) -> Deployed:
    plan = program.plan
    row = connection.execute(select(tables.campaign).where(tables.campaign.c.name == plan.name)).one_or_none()
    started = now if row is None else int(row.started_at)
    start, end = _running(plan, started)
    campaign_id = _insert_campaign(connection, tables, plan.name, start, now) if row is None else int(row.campaign_id)
    before = _live(connection, tables, plan.name)
    is_new = not before or before[0].hash != text.hash
    if is_new:
        versions.put(connection, tables, plan, campaign_id, text, author, now, withdraws)
    versions.let_go(connection, tables, campaign_id, now)
    newest, *older = _live(connection, tables, plan.name)
    # The older ones first: what they share with the newest is left as the newest says it.
    kept = tuple(_kept(connection, tables, recall(each), each) for each in older)
    ids = _ids(connection, tables, plan, newest, is_alone=not kept)
    deployed = Deployed(plan.name, ids, start, end, is_new, kept=kept)
    if is_new:
        put_policy(connection, tables, plan, campaign_id)
    if is_new and row is not None:
        _refuse_lost_stages(connection, tables, plan, ids)
        looked = {"looked_at": int(row.looked_at), "now": now, "start": start, "end": end}
        carry(connection, program, {**ids, **looked})
        for statement in program.reschedule:
            connection.exec_driver_sql(statement.sql, {**statement.constants, **ids, **looked})
        if not before:
            _forget_what_came_meanwhile(connection, tables, campaign_id, now)
    return deployed


def _live(connection: Connection, tables: Tables, campaign: str) -> tuple[Version, ...]:
    """The version that lets people in, then the kept ones, the oldest first; none of a campaign out of force."""
    mine = [each for each in versions.history(connection, tables, campaign) if each.governs is not None]
    return (*mine[-1:], *mine[:-1])


def _kept(connection: Connection, tables: Tables, program: CampaignProgram, version: Version) -> Kept:
    ids = _ids(connection, tables, program.plan, version, is_alone=False)
    return Kept(without_entries(program), ids, version.number)


def _ids(
    connection: Connection, tables: Tables, plan: CampaignPlan, version: Version, *, is_alone: bool
) -> dict[str, int]:
    """What the statements of a version take as parameters. `is_alone`: no other version of the campaign is live."""
    campaign_id = version.campaign_id
    first, last = version.governs or (0, NEVER)
    ids = {"campaign": campaign_id, "version": version.version_id, "version_from": first, "version_to": last}
    ids |= _stages(connection, tables, plan, campaign_id)
    ids |= _statements(connection, tables, plan, version.version_id)
    ids |= _sends(connection, tables, plan, campaign_id, ids, is_alone=is_alone)
    ids |= put_statements(connection, tables, plan, campaign_id, ids)
    return ids | put_splits(connection, tables, plan, campaign_id, forget=is_alone)


def _forget_what_came_meanwhile(connection: Connection, tables: Tables, campaign_id: int, now: int) -> None:
    """A campaign that comes back lets nobody in for what happened while it was away; who is inside goes on."""
    c = tables.campaign
    looked = {
        "looked_at": now,
        "looked_event": func.coalesce(select(func.max(tables.event.c.seq)).scalar_subquery(), 0),
        "looked_change": func.coalesce(select(func.max(tables.change.c.seq)).scalar_subquery(), 0),
    }
    connection.execute(update(c).where(c.c.campaign_id == campaign_id).values(looked))


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


def _refuse_lost_stages(connection: Connection, tables: Tables, plan: CampaignPlan, ids: Mapping[str, int]) -> None:
    for name, count in stranded(connection, tables, plan, ids["campaign"], (ids["version_from"], ids["version_to"])):
        people = "1 person is" if count == 1 else f"{count:,} people are"
        raise DeployError(
            f"campaign `{plan.name}` has no stage `{name}` any more, but {people} in it: "
            f"say where they go (moved {name} -> STAGE), or write the stage again"
        )


def _stages(connection: Connection, tables: Tables, plan: CampaignPlan, campaign_id: int) -> dict[str, int]:
    s = tables.stage
    known = {
        row.name: row.stage_id
        for row in connection.execute(select(s.c.name, s.c.stage_id).where(s.c.campaign_id == campaign_id))
    }
    ids = {f"stage_{each.old}": known.get(each.old, 0) for each in carries(plan.campaign)}
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
    written += [each.statement for each in carries(plan.campaign)]
    for statement in {each.order: each for each in written}.values():
        if statement.order not in known:
            new = insert(s).values(
                version_id=version_id, position=statement.order, path=statement.span.path,
                line=statement.span.line, text=statement.text,
            )  # fmt: skip
            known[statement.order] = _insert(connection, new)
    return {f"statement_{order}": id for order, id in known.items()}


def _sends(
    connection: Connection,
    tables: Tables,
    plan: CampaignPlan,
    campaign_id: int,
    ids: Mapping[str, int],
    *,
    is_alone: bool,
) -> dict[str, int]:
    """Rows for the sends. Where a kept version says the same send otherwise, each has a row of its own: an edition."""
    s = tables.send
    found: dict[str, int] = {}
    for stage, action in _written(plan):
        said = {
            "options": json.dumps(_options(action)),
            "purpose": "" if action.post else action.purpose or plan.campaign.purpose or "",
            "transactional": action.transactional,
            "patience": None if action.expires is not None else plan.expires.in_milliseconds,
        }
        identity = {
            "stage_id": ids[f"stage_{stage.name}"], "channel": action.channel, "message": action.message,
            "nth": action.nth,
        }  # fmt: skip
        if action.post:
            known = _post(connection, tables, campaign_id, identity, said)
        else:
            same = [s.c[name] == value for name, value in identity.items()]
            rows = connection.execute(select(s).where(*same).order_by(s.c.edition.desc())).mappings().all()
            row = next((row for row in rows if all(row[name] == value for name, value in said.items())), None)
            if row is not None:
                known = int(row["send_id"])
            elif rows and is_alone:
                known = int(rows[0]["send_id"])
                connection.execute(update(s).where(s.c.send_id == known).values(said))
            else:
                edition = rows[0]["edition"] + 1 if rows else 0
                new = insert(s).values({"campaign_id": campaign_id, "edition": edition, **identity, **said})
                known = _insert(connection, new)
        found[f"send_{action.order}"] = known
        found[f"gated_{action.order}"] = int(action.order in plan.gated)
    return found


def _written(plan: CampaignPlan) -> Iterator[tuple[StagePlan, Send]]:
    """The sends of a campaign with their stages; of a post that stands there more than once, the first comes last."""
    written = [
        (stage, action)
        for stage in plan.stages
        for action in (each.action for each in stage.actions)
        if isinstance(action, Send)
    ]
    yield from (each for each in written if not each[1].post)
    yield from (each for each in reversed(written) if each[1].post)


def _post(
    connection: Connection, tables: Tables, campaign_id: int, identity: Mapping[str, Any], said: Mapping[str, Any]
) -> int:
    """The row of a post, which is one for the campaign: another place or another option is no other post."""
    s = tables.send
    same = (
        s.c.campaign_id == campaign_id, s.c.channel == identity["channel"], s.c.message == identity["message"],
    )  # fmt: skip
    known = connection.scalar(select(s.c.send_id).where(*same).order_by(s.c.send_id).limit(1))
    if known is None:
        return _insert(connection, insert(s).values({"campaign_id": campaign_id, **identity, **said, "nth": 0}))
    here = {**said, "stage_id": identity["stage_id"]}
    connection.execute(update(s).where(s.c.send_id == known).values(here))
    return int(known)


def _insert(connection: Connection, row: Insert) -> int:
    """Write one row; its new id."""
    key = connection.execute(row).inserted_primary_key
    return int(key[0]) if key else 0


def _options(send: Send) -> dict[str, object]:
    """What the statement says beside the front matter: constants, filled when the message is rendered."""
    return {o.name: o.value.value for o in send.options if isinstance(o.value, Constant)}
