"""What comes back of a message proves that its provider had it, whatever was not heard when it was handed over."""

from collections.abc import Collection

from sqlalchemy import Connection, case, exists, func, select, update

from campflow.hooks.contracts import Receipt
from campflow.people.costs import Prices, charge
from campflow.storage.database import Database
from campflow.storage.tables import Tables
from campflow.storage.writers import HOLDER

#: Events that only a message that went out can bring about.
PROOF = frozenset({
    "delivered", "opened", "clicked", "opened_any", "clicked_any", "replied", "bounced", "complained", "unsubscribed",
    "returned", "scanned", "sent",
})  # fmt: skip

_SAID = "known to be accepted by what came back"


def believe(connection: Connection, tables: Tables, messages: Collection[int], now: int, prices: Prices) -> int:
    """Settle those of these messages that are in doubt, and of which something came back. Returns how many.

    They cost what their channel costs: nobody heard what the provider said.

    One that is being handed over just now is left to its receipt: only that knows what the provider called it.
    """
    m, e = tables.message, tables.event
    came_back = select(e.c.seq).where(
        e.c.contact_id == m.c.contact_id, e.c.message_id == m.c.message_id, e.c.name.in_(sorted(PROOF))
    )
    in_doubt = case((m.c.state == "ready", m.c.doubted_at.is_not(None)), else_=m.c.state == "uncertain")
    known = update(m).where(m.c.message_id.in_(list(messages)), in_doubt, exists(came_back.correlate(m)))
    settled = {"state": "accepted", "queue": None, "settled_at": func.coalesce(m.c.settled_at, now), "retry_at": None}
    accepted = connection.scalars(known.values(**settled, detail=_SAID).returning(m.c.message_id)).all()
    if accepted:
        charge(connection, tables, [Receipt(each, "accepted") for each in accepted], prices, now)
    return len(accepted)


def believe_again(database: Database, messages: Collection[int], now: int, prices: Prices) -> None:
    """Once it is committed what came back: settle those that another process was just calling uncertain.

    Of two who write side by side on PostgreSQL neither sees what the other has written: who marks looks for what came
    back before it is committed, and who records it finds nothing marked. So it looks once more, and waits for whoever
    is at the message; at one at a time, as who waits for a second while it has the first may wait for ever.
    """
    m = database.tables.message.c
    which = select(m.message_id).where(m.message_id.in_(sorted(messages)), m.state.in_(("ready", "uncertain")))
    with database.reader() as connection:
        open_ = connection.scalars(which.order_by(m.message_id)).all()
    for message_id in open_:
        with database.transaction(HOLDER) as connection:
            connection.execute(select(m.message_id).where(m.message_id == message_id).with_for_update())
            believe(connection, database.tables, [message_id], now, prices)
