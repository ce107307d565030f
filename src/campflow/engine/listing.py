"""Messages as the desk lists them. Reads only."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from campflow.engine.outbox import being_handed_over
from campflow.storage.tables import NOBODY, Tables

#: Every state, in the order in which a message meets them. `sending` is `ready` and handed over just now.
STATES = ("planned", "ready", "sending", "accepted", "rejected", "uncertain", "skipped", "cancelled", "expired")


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """A message. Instants are milliseconds; `retry_at` is set where it waits for another attempt. The contact of a post
    is None."""

    message_id: int
    contact: str | None
    campaign: str
    stage: str
    channel: str
    name: str
    nth: int
    state: str
    planned_at: int
    expires_at: int
    retry_at: int | None
    settled_at: int | None
    attempts: int
    provider_id: str | None
    detail: str | None


def _state(tables: Tables) -> ColumnElement[str]:
    state = tables.message.c.state
    return case((and_(state == "ready", being_handed_over(tables)), "sending"), else_=state)


def messages(
    connection: Connection,
    tables: Tables,
    *,
    state: str | None = None,
    journey: tuple[int, int] | None = None,
    posts: tuple[int, Collection[int] | None] | None = None,
    limit: int | None = None,
) -> tuple[ListedMessage, ...]:
    """Messages in the order they were planned; with `limit`, the last ones.

    `posts` are a campaign and occurrences of it (0: the only one; None: all): what it posted then.
    """
    message, contact, campaign, send, stage = (
        tables.message.c, tables.contact.c, tables.campaign.c, tables.send.c, tables.stage.c,
    )  # fmt: skip
    shown = _state(tables)
    wanted = (
        select(
            message.message_id, contact.contact_key, campaign.name, stage.name, message.channel, send.message,
            message.nth, shown, message.planned_at, message.expires_at, message.retry_at, message.settled_at,
            message.attempts, message.provider_id, message.detail,
        )
        .outerjoin(tables.contact, contact.contact_id == message.contact_id)
        .join(tables.campaign, campaign.campaign_id == message.campaign_id)
        .join(tables.send, send.send_id == message.send_id)
        .join(tables.stage, stage.stage_id == send.stage_id)
        .where(or_(contact.contact_id.is_not(None), message.contact_id == NOBODY))
        .order_by(message.message_id.desc())
    )  # fmt: skip
    if posts is not None:
        wanted = wanted.where(message.contact_id == NOBODY, message.campaign_id == posts[0])
        wanted = wanted if posts[1] is None else wanted.where(message.journey_id.in_(list(posts[1])))
    if journey is not None:
        wanted = wanted.where(message.contact_id == journey[0], message.journey_id == journey[1])
    if state is not None:
        stored = "ready" if state == "sending" else state
        wanted = wanted.where(message.state == stored, shown == state)
    rows = connection.execute(wanted.limit(limit) if limit is not None else wanted)
    return tuple(ListedMessage(*row) for row in reversed(rows.all()))


def count_by_state(connection: Connection, tables: Tables) -> dict[str, int]:
    """How many messages are in each state that has any."""
    shown = _state(tables).label("shown")
    counted = dict(connection.execute(select(shown, func.count()).group_by(shown)).all())
    return {state: counted[state] for state in STATES if state in counted}
