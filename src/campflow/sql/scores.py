"""RFM scores: how recently, how often and for how much each contact did the project's RFM event.

A score is the quintile of its value among all contacts that have the event, 1 (lowest) to 5; equal values get equal
scores. They are as of a midnight, so that all contacts are compared at one moment. Nothing scores who never did it.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Float, FromClause, cast, delete, func, insert, literal, or_, select
from sqlalchemy.types import Integer

from campflow.planning.moments import RFM
from campflow.planning.plan import Rfm
from campflow.sql.conditions import Column
from campflow.sql.dialects import least
from campflow.sql.rows import Written, parameter
from campflow.storage.tables import Tables, event_column

MIDNIGHT = parameter("midnight")
SCORES = ("recency", "frequency", "monetary")


def scores(rfm: Rfm, tables: Tables) -> Iterator[Written]:
    """Note whose scores change, then replace them all."""
    new, old = _scores(rfm, tables), tables.rfm
    differs = or_(*(old.c[score].is_distinct_from(new.c[score]) for score in SCORES))
    changed = select(new.c.contact_id, literal(RFM), MIDNIGHT)
    changed = changed.select_from(new.outerjoin(old, old.c.contact_id == new.c.contact_id)).where(differs)
    yield (
        "changed_scores",
        "whose scores are others now",
        insert(tables.change).from_select(["contact_id", "field", "at"], changed),
    )
    yield "forget_scores", "yesterday's scores", delete(old)
    columns = ["contact_id", *SCORES]
    again = _scores(rfm, tables)
    yield "scores", "today's scores", insert(old).from_select(columns, select(*(again.c[name] for name in columns)))


def _scores(rfm: Rfm, tables: Tables) -> FromClause:
    e = tables.event.alias("e")
    amount = e.c[event_column(rfm.event, rfm.amount)]
    totals = (
        select(
            e.c.contact_id,
            func.max(e.c.at).label("recency"),
            func.count().label("frequency"),
            func.coalesce(func.sum(amount), 0).label("monetary"),
        )
        .where(e.c.name == rfm.event, e.c.at < MIDNIGHT)
        .group_by(e.c.contact_id)
        .subquery("totals")
    )
    quintiles = [_quintile(totals.c[name]).label(name) for name in SCORES]
    return select(totals.c.contact_id, *quintiles).subquery("scored")


def _quintile(value: Column) -> Column:
    rank = func.percent_rank(type_=Float(53)).over(order_by=value)
    return least(literal(5, BigInteger()), 1 + cast(5 * rank, Integer()))
