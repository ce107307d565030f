"""What comes back of a message proves that its provider had it, whatever was not heard when it was handed over."""

from collections.abc import Collection

from sqlalchemy import Connection, case, exists, func, select, update

from campflow.storage.tables import Tables

#: Events that only a message that went out can bring about.
PROOF = frozenset({
    "delivered", "opened", "clicked", "opened_any", "clicked_any", "replied", "bounced", "complained", "unsubscribed",
    "returned",
})  # fmt: skip

_SAID = "known to be accepted by what came back"


def believe(connection: Connection, tables: Tables, messages: Collection[int], now: int) -> int:
    """Settle those of these messages that are in doubt, and of which something came back. Returns how many.

    One that is being handed over just now is left to its receipt: only that knows what the provider called it.
    """
    m, e = tables.message, tables.event
    came_back = select(e.c.seq).where(
        e.c.contact_id == m.c.contact_id, e.c.message_id == m.c.message_id, e.c.name.in_(sorted(PROOF))
    )
    in_doubt = case((m.c.state == "ready", m.c.doubted_at.is_not(None)), else_=m.c.state == "uncertain")
    known = update(m).where(m.c.message_id.in_(list(messages)), in_doubt, exists(came_back.correlate(m)))
    settled = {"state": "accepted", "settled_at": func.coalesce(m.c.settled_at, now), "retry_at": None}
    return connection.execute(known.values(**settled, detail=_SAID)).rowcount
