"""By what a message is found that is still to go out.

`message.queue` says `planned` of one that waits for its time, and `ready` of one that became ready by itself: released,
to be tried again, left over by a batch. Each has an index of its own. Those that a tick plans for now are not marked
one by one: a row of `ready_run` holds the range of ids of all that a statement planned, and a lease takes its batches
from the front of it. So most messages are in neither index, and PostgreSQL can write their fate where they lie.

A run or a mark that no longer holds anything ready does no harm: whoever reads them looks at the state as well.
"""

from sqlalchemy import ColumnElement, CompoundSelect, FromClause, Select, and_, literal_column, select, union

from campflow.sql.dialects import leading
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


def ready_ids(tables: Tables, *which: ColumnElement[bool]) -> CompoundSelect[int]:
    """The ids of ready messages for which this holds: those that are marked, those of a run, those of an open batch."""
    m, r, b = tables.message, tables.ready_run, tables.batch
    return union(
        select(m.c.message_id).where(is_marked(m), *which).correlate(None),
        _between(m, r).where(*which),
        _between(m, b).where(b.c.closed_at.is_(None), *which),
    )


def _between(m: FromClause, ends: FromClause) -> Select[int]:
    inside = m.c.message_id.between(ends.c.first_message_id, ends.c.last_message_id)
    source = leading(ends, m, and_(inside, m.c.channel == ends.c.channel))
    found = select(m.c.message_id).select_from(source).where(m.c.state == READY, m.c.queue.is_(None))
    return found.correlate(None)
