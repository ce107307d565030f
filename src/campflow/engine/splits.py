"""Splits in force: their rows, the parameters that draw, and the decisions.

A split with `decide` is read at local midnights, in event time: everybody has been moved up to that midnight, and
nobody farther. So an engine that was off for days decides what a punctual one would have decided.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlalchemy import Connection, Insert, delete, func, insert, select, update

from campflow.engine.deployed import Deployed
from campflow.measuring.sequential import Tally, winner
from campflow.model.calendar import DAY, add, to_instant, to_local
from campflow.model.draws import P, cuts, turn_of
from campflow.planning.plan import HELD_OUT, ByEvent, CampaignPlan, SplitPlan
from campflow.sql.dialects import NEVER
from campflow.sql.program import CampaignProgram, Program
from campflow.sql.rows import split_parameter
from campflow.storage.tables import Tables


def put_splits(
    connection: Connection, tables: Tables, plan: CampaignPlan, campaign_id: int, *, forget: bool = True
) -> dict[str, int]:
    """Rows for splits and arms, and the parameters that draw: the turn by the split's salt, where each arm ends.

    Who was in an arm that is no longer written may be drawn anew; not so (`forget`) while another text has that arm.
    """
    s, a, x = tables.split, tables.arm, tables.exposure
    found: dict[str, int] = {}
    for split in plan.splits:
        same = (s.c.campaign_id == campaign_id, s.c.name == split.name)
        row = connection.execute(select(s.c.split_id, s.c.salt).where(*same)).one_or_none()
        salt = f"{plan.name}.{split.name}" if row is None else str(row.salt)
        new = insert(s).values(campaign_id=campaign_id, name=split.name, salt=salt)
        split_id = _put(connection, new) if row is None else int(row.split_id)
        known = connection.execute(select(a.c.name, a.c.arm_id).where(a.c.split_id == split_id))
        arms = {row.name: row.arm_id for row in known}
        written = [name for name, _ in split.arms]
        for name in written:
            if name not in arms:
                arms[name] = _put(connection, insert(a).values(split_id=split_id, name=name))
        lost = [arm_id for name, arm_id in arms.items() if name not in written]
        if lost and forget:
            connection.execute(delete(x).where(x.c.split_id == split_id, x.c.arm_id.in_(lost)))
            undone = update(s).where(s.c.split_id == split_id, s.c.winner_arm_id.in_(lost))
            connection.execute(undone.values(winner_arm_id=None, decided_at=None, detail=None))
        turn_a, turn_b = turn_of(salt)
        found |= {f"split_{split.name}": split_id, f"turn_a_{split.name}": turn_a, f"turn_b_{split.name}": turn_b}
        found |= {split_parameter("arm", split.name, name): arms[name] for name in written}
        found |= _ends(split, cuts([share for _, share in split.arms]))
        found |= {f"decided_{split.name}": NEVER, f"winner_{split.name}": 0}
    return found


def _put(connection: Connection, row: Insert) -> int:
    key = connection.execute(row).inserted_primary_key
    return int(key[0]) if key else 0


def _ends(split: SplitPlan, ends: tuple[int, ...]) -> dict[str, int]:
    names = [name for name, _ in split.arms]
    return {split_parameter("cut", split.name, name): end for name, end in zip(names, ends, strict=True)}


def forced(deployed: Deployed, plan: CampaignPlan, arms: Mapping[str, str]) -> Deployed:
    """The campaign with nothing left to chance: the named arm of each split, else the first; nobody is held out."""
    ids = dict(deployed.ids)
    for split in plan.splits:
        names = [name for name, _ in split.arms]
        first = next(name for name in names if name != HELD_OUT or split is not plan.holdout)
        place = names.index(arms.get(split.name, first))
        ids |= _ends(split, tuple(0 if n < place else P for n in range(len(names))))
    return replace(deployed, ids=ids, decides=False)


# --- decisions ----------------------------------------------------------------------------------------------------


def decisions(connection: Connection, tables: Tables, plan: CampaignPlan, campaign_id: int) -> dict[str, int]:
    """The parameters of what has been decided: who comes later gets the winner."""
    s = tables.split.c
    rows = connection.execute(
        select(s.name, s.winner_arm_id, s.decided_at).where(s.campaign_id == campaign_id, s.winner_arm_id.is_not(None))
    )
    deciding = {split.name for split in plan.splits if split.decide is not None}
    found: dict[str, int] = {}
    for name, arm_id, at in rows:
        if name in deciding:
            found |= {f"winner_{name}": arm_id, f"decided_{name}": at}
    return found


def readings(
    connection: Connection, tables: Tables, program: Program, campaigns: Mapping[str, Deployed], now: int
) -> dict[int, list[CampaignProgram]]:
    """The midnights since the last look, up to now, and the campaigns of which a split may be decided then.

    Those before anybody can have entered are left out.
    """
    found: dict[int, list[CampaignProgram]] = {}
    for each in program.campaigns:
        deployed = campaigns[each.plan.name]
        for split in _undecided(connection, tables, each.plan, deployed):
            looked_at = _looked_at(connection, tables, deployed.ids["campaign"])
            begins: int | None = looked_at
            if _first_drawn(connection, tables, deployed.ids[f"split_{split.name}"]) is None:
                begins = _nothing_before(connection, tables, program, looked_at)
            if begins is None:
                continue
            zone = each.plan.zone.name
            days = range(to_local(zone, max(looked_at, begins - 1)) // DAY + 1, to_local(zone, now) // DAY + 1)
            for midnight in (to_instant(zone, day * DAY) for day in days):
                if each not in found.setdefault(midnight, []):
                    found[midnight].append(each)
    return dict(sorted(found.items()))


def _undecided(connection: Connection, tables: Tables, plan: CampaignPlan, deployed: Deployed) -> Iterator[SplitPlan]:
    deciding = [split for split in plan.splits if split.decide is not None]
    if deciding and deployed.decides:
        known = decisions(connection, tables, plan, deployed.ids["campaign"])
        yield from (split for split in deciding if f"winner_{split.name}" not in known)


def _looked_at(connection: Connection, tables: Tables, campaign_id: int) -> int:
    c = tables.campaign.c
    return int(connection.execute(select(c.looked_at).where(c.campaign_id == campaign_id)).scalar_one())


def _nothing_before(connection: Connection, tables: Tables, program: Program, looked_at: int) -> int | None:
    """Since the last look nobody has entered a stage before this moment; None where nobody can have at all."""
    entries = (entry.way for campaign in program.campaigns for entry in campaign.plan.entries)
    if not all(isinstance(way, ByEvent) for way in entries):
        return looked_at  # the calendar alone may have let somebody in
    c, e, j, r = tables.campaign.c, tables.event.c, tables.journey.c, tables.due_run.c
    seen = select(func.coalesce(func.min(c.looked_event), 0)).scalar_subquery()
    moments = (
        select(func.min(e.at)).where(e.seq > seen),
        select(func.min(e.at)).where(e.early, e.at > looked_at),
        select(func.min(j.alarm_at)),
        select(func.min(r.due_at)),
    )
    return min((int(at) for query in moments if (at := connection.scalar(query)) is not None), default=None)


def _first_drawn(connection: Connection, tables: Tables, split_id: int) -> int | None:
    x = tables.exposure.c
    first = connection.scalar(select(func.min(x.at)).where(x.split_id == split_id, x.drawn))
    return None if first is None else int(first)


def decide(connection: Connection, tables: Tables, program: CampaignProgram, deployed: Deployed, now: int) -> None:
    """Read the undecided splits at this midnight, and write down what is decided. Later entrants get the winner."""
    s, ids, zone = tables.split, deployed.ids, program.plan.zone.name
    for split in _undecided(connection, tables, program.plan, deployed):
        first = _first_drawn(connection, tables, ids[f"split_{split.name}"])
        if first is None or split.decide is None or add(zone, first, split.decide.after) > now:
            continue
        statement = program.read[split.name]
        rows = connection.exec_driver_sql(statement.sql, {**ids, **statement.constants, "now": now}).all()
        counted = {arm_id: Tally(people, successes) for arm_id, people, successes in rows}
        arms = [(name, ids[split_parameter("arm", split.name, name)]) for name, _ in split.arms]
        tallies = [counted.get(arm_id, Tally(0, 0)) for _, arm_id in arms]
        best = winner(tallies, split.decide.confidence / 100)
        if best is not None:
            figures = {name: [each.people, each.successes] for (name, _), each in zip(arms, tallies, strict=True)}
            decided = {"winner_arm_id": arms[best][1], "decided_at": now, "detail": json.dumps(figures)}
            connection.execute(update(s).where(s.c.split_id == ids[f"split_{split.name}"]).values(decided))
