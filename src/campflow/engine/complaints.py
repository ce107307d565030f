"""Bounces and complaints: a channel that makes too many of them is paused before its provider does it."""

from sqlalchemy import Connection, distinct, func, select

from campflow.engine.weather import Weather
from campflow.storage.tables import Tables

#: How far back is looked, in milliseconds: a day.
SINCE = 86_400_000

#: Fewer events than this say nothing yet.
FEWEST = 5


def pause_where_due(weather: Weather, now: int) -> str | None:
    """Pause the channel if more came back of a day's messages than its limits allow; why, or None.

    `now` is the campaign's clock. What came back before it was last resumed does not count.
    """
    limits, tables = weather.limits, weather.database.tables
    with weather.database.reader() as connection:
        for event, most in (("bounced", limits.max_bounces), ("complained", limits.max_complaints)):
            if most is not None and (reason := _reason(connection, tables, weather.name, event, most, now)):
                break
        else:
            return None
    weather.pause(reason)
    return reason


def _reason(c: Connection, tables: Tables, channel: str, event: str, most: float, now: int) -> str | None:
    m, e, b, own = tables.message.c, tables.event.c, tables.batch.c, tables.channel.c
    resumed = c.scalar(select(own.resumed_at).where(own.name == channel)) or 0
    since = max(now - SINCE, resumed)
    first = c.scalar(select(func.min(b.first_message_id)).where(b.channel == channel, b.ready_at >= since))
    if first is None:
        return None
    mine = (m.message_id >= first, m.channel == channel, m.settled_at >= since, m.state == "accepted")
    same = (m.contact_id == e.contact_id) & (m.message_id == e.message_id)
    back = select(func.count(distinct(e.message_id))).join_from(tables.event, tables.message, same)
    back = back.where(e.message_id >= first, e.name == event, *mine)
    came_back = c.scalar(back) or 0
    if came_back < FEWEST:
        return None
    accepted = c.scalar(select(func.count()).select_from(tables.message).where(*mine)) or 0
    share = came_back / max(accepted, came_back)
    if share <= most:
        return None
    return f"{came_back:,} of {accepted:,} messages of the last day {event} ({share:.1%}; at most {most:.1%} may)"
