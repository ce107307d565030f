"""By what a message is found that is still to go out.

`message.queue` says `planned` of one that waits for its time, and `ready` of one that became ready by itself: released,
to be tried again, left over by a batch. Each has an index of its own. Those that a tick plans for now are not marked
one by one: a row of `ready_run` holds the range of ids of all that a statement planned, and a lease takes its batches
from the front of it. So most messages are in neither index, and PostgreSQL can write their fate where they lie.

A run or a mark that no longer holds anything ready does no harm: whoever reads them looks at the state as well.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, CompoundSelect, FromClause, Select, and_, literal_column, select, true, union

from campflow.sql.dialects import fenced, leading
from campflow.storage.tables import Tables

# Texts of the statement: an index with `WHERE queue = 'ready'` is used only where the query says the same, and not
# where it gives a parameter.
PLANNED: ColumnElement[str] = literal_column("'planned'")
READY: ColumnElement[str] = literal_column("'ready'")


def is_planned(message: FromClause) -> ColumnElement[bool]:
    """Of a row of `message`: whether it is planned."""
    return and_(message.c.queue == PLANNED, message.c.state == PLANNED)


def is_marked(message: FromClause) -> ColumnElement[bool]:
    """Of a row of `message`: whether it is ready, and marked so."""
    return and_(message.c.queue == READY, message.c.state == READY)


def ready_ids(tables: Tables, database: str, *which: ColumnElement[bool]) -> CompoundSelect[int]:
    """The ids of ready messages for which this holds: those that are marked, those of a run, those of an open batch.

    `database` is the kind that is asked.
    """
    m, r, b = tables.message, tables.ready_run, tables.batch
    between = _between if database == "sqlite" else _between_at_once
    return union(
        select(m.c.message_id).where(is_marked(m), *which).correlate(None),
        between(m, r, which),
        between(m, b, which).where(b.c.closed_at.is_(None)),
    )


def _between(m: FromClause, ends: FromClause, which: Sequence[ColumnElement[bool]]) -> Select[int]:
    source = leading(ends, m, _inside(m, ends))
    return select(m.c.message_id).select_from(source).where(*which).correlate(None)


def _between_at_once(m: FromClause, ends: FromClause, which: Sequence[ColumnElement[bool]]) -> Select[int]:
    """PostgreSQL takes a table that is nearly always empty for one of ten pages, and would rather read all messages."""
    inside = fenced(select(m.c.message_id).where(_inside(m, ends), *which)).correlate(ends).lateral("inside")
    return select(inside.c.message_id).select_from(ends.join(inside, true())).correlate(None)


def _inside(m: FromClause, ends: FromClause) -> ColumnElement[bool]:
    ids = m.c.message_id.between(ends.c.first_message_id, ends.c.last_message_id)
    return and_(ids, m.c.channel == ends.c.channel, m.c.state == READY, m.c.queue.is_(None))
