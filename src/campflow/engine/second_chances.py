"""What an operator lets go out once more: messages and errands whose fate is unknown, or that were given up."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from campflow.storage.tables import Tables


@dataclass(frozen=True, slots=True)
class Retried:
    """How many go out once more, and how many do not, as they have expired."""

    again: int
    expired: int = 0


def retry_messages(
    connection: Connection,
    tables: Tables,
    state: str,
    now: int,
    channel: str | None = None,
    ids: Collection[int] = (),
) -> Retried:
    """Make these ready as if they had never been handed over. Consent and limits are asked again as for any other.

    `state` is `uncertain` (it may arrive twice: that is for the operator to say) or `rejected`.
    """
    m = tables.message
    which = [m.c.state == state]
    if channel is not None:
        which.append(m.c.channel == channel)
    if ids:
        which.append(m.c.message_id.in_(list(ids)))
    late = select(func.count()).select_from(m).where(*which, m.c.expires_at <= now)
    expired = connection.scalar(late) or 0
    fresh = {
        "state": "ready", "queue": "ready", "attempts": 0, "retry_at": None, "doubted_at": None, "settled_at": None,
        "detail": None,
    }  # fmt: skip
    again = connection.execute(update(m).where(*which, m.c.expires_at > now).values(fresh)).rowcount
    return Retried(again, expired)


def retry_errands(connection: Connection, tables: Tables, state: str, ids: Collection[int] = ()) -> Retried:
    """The same for errands, which do not expire; `state` is `uncertain` or `failed`."""
    e = tables.errand
    which = [e.c.state == state]
    if ids:
        which.append(e.c.errand_id.in_(list(ids)))
    fresh = {"state": "ready", "attempts": 0, "retry_at": None, "settled_at": None, "detail": None}
    return Retried(connection.execute(update(e).where(*which).values(fresh)).rowcount)
