"""`moved OLD -> NEW`: people keep the time at which they came to the old stage, as if it had always had the new name.

Where the new stage is final their journey ends now, and what it does on entry is done: that is a real move.
"""

from collections.abc import Iterator

from sqlalchemy import Executable, insert, null, select, update

from campflow.planning.carrying import Carry, carries
from campflow.sql.rows import CAMPAIGN, NOW, Rows, Written, governed, stage_id, statement_id


def carried(r: Rows) -> Iterator[Written]:
    """One statement a `moved` line."""
    for carry in carries(r.plan.campaign):
        final = r.plan.stage(carry.new).final
        yield f"carry_{carry.old}", carry.statement.text, _end(r, carry) if final else _rename(r, carry)


def _rename(r: Rows, carry: Carry) -> Executable:
    j = r.tables.journey
    here = (j.c.campaign_id == CAMPAIGN, j.c.stage_id == stage_id(carry.old), j.c.ended_at.is_(None), governed(j))
    return update(j).where(*here).values(stage_id=stage_id(carry.new))


def _end(r: Rows, carry: Carry) -> Executable:
    j = r.tables.journey
    values = {
        "contact_id": j.c.contact_id,
        "journey_id": j.c.journey_id,
        "nth": j.c.nth + 1,
        "from_stage_id": stage_id(carry.old),
        "to_stage_id": stage_id(carry.new),
        "statement_id": statement_id(carry.statement.order),
        "at": NOW,
        "cause_seq": null(),
    }
    here = (j.c.campaign_id == CAMPAIGN, j.c.stage_id == stage_id(carry.old), j.c.ended_at.is_(None), governed(j))
    return insert(r.tables.move).from_select(list(values), select(*values.values()).where(*here))
