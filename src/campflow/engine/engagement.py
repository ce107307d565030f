"""Asking providers how posts were received: recent ones only, a few at a time, again after a while."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import cast

from sqlalchemy import Connection, exists, func, select

from campflow.content.values import instant
from campflow.engine.channels import Channels
from campflow.engine.trouble import reason
from campflow.errors import ChannelError
from campflow.hooks.contracts import CountingChannel, Engagement, Posted
from campflow.storage.database import Database
from campflow.storage.tables import NOBODY, Tables
from campflow.storage.writers import HOLDER

#: Milliseconds until the same post is asked about again, and how old a post may be that is.
AGAIN, RECENT = 15 * 60_000, 7 * 86_400_000

#: Posts of a channel that are asked about at a time.
MOST = 40

#: Seconds between two looks whether there is something to ask.
EVERY = 60.0

KINDS = ("likes", "reposts", "replies")


class Engaging:
    """`now` is the campaign's clock, `clock` counts seconds."""

    def __init__(
        self, database: Callable[[], Database], now: Callable[[], int], clock: Callable[[], float] = monotonic
    ) -> None:
        self._database, self._now, self._clock = database, now, clock
        self._next = -1.0

    async def look(self, channels: Channels) -> dict[str, str]:
        """Ask where it is time to. Why a provider could not be asked, by channel."""
        counting = [name for name, plugin in channels.plugins.items() if plugin.counts]
        if not counting or self._clock() < self._next:
            return {}
        self._next = self._clock() + EVERY
        failures: dict[str, str] = {}
        for name in counting:
            try:
                await self._ask(name, channels)
            # A plugin is not ours: that it cannot count concerns no other one, and no message.
            except Exception as error:
                failures[name] = reason(error)
        return failures

    async def _ask(self, name: str, channels: Channels) -> None:
        database, now = self._database(), self._now()
        with database.reader() as connection:
            posts = wanting(connection, database.tables, name, now)
        if not posts:
            return
        channel = cast(CountingChannel, await channels.open(name))
        found: dict[int, Engagement] = {}
        wanted = {each.message_id for each in posts}
        asked: Sequence[Posted] = posts
        try:
            async for each in channel.count(posts):
                if each.message_id in wanted:
                    found[each.message_id] = each
        except ChannelError as error:
            if error.retry_after is not None:  # the others were not refused: they are asked about when it may be
                asked = [each for each in posts if each.message_id in found]
                leave_alone(database, name, now + round(error.retry_after * 1000))
            raise
        finally:
            write_down(database, asked, found, now)


def wanting(connection: Connection, tables: Tables, channel: str, now: int) -> list[Posted]:
    """Recent posts of a channel that were not asked about for a while; those that never were come first. None while
    its provider wants to be left alone."""
    m, e, ch = tables.message.c, tables.engagement.c, tables.channel.c
    alone = exists().where(ch.name == channel, ch.ask_at > now)
    read = select(e.post_id, func.max(e.read_at).label("at")).group_by(e.post_id).subquery()
    before = func.coalesce(read.c.at, 0)
    query = (
        select(m.message_id, m.provider_id, m.settled_at)
        .outerjoin(read, read.c.post_id == m.message_id)
        .where(
            m.contact_id == NOBODY, m.channel == channel, m.state == "accepted", m.provider_id.is_not(None),
            m.settled_at > now - RECENT, before <= now - AGAIN, ~alone,
        )
        .order_by(before, m.message_id)
        .limit(MOST)
    )  # fmt: skip
    return [Posted(row.message_id, row.provider_id, instant(row.settled_at)) for row in connection.execute(query)]


def leave_alone(database: Database, channel: str, until: int) -> None:
    """The provider is asked nothing more before then, by the campaign's clock and by no process. What is handed over to
    it does not wait: that has limits of its own."""
    new = database.dialect.insert(database.tables.channel).values(name=channel, failures=0, ask_at=until)
    said = new.on_conflict_do_update(index_elements=["name"], set_={"ask_at": new.excluded.ask_at})
    with database.transaction(HOLDER) as connection:
        connection.execute(said)


def write_down(database: Database, posts: Sequence[Posted], found: dict[int, Engagement], now: int) -> None:
    """What was said. Of a post about which nothing was, only that it was asked about."""
    said, asked = [], []
    for post in posts:
        counts = {kind: getattr(found[post.message_id], kind) for kind in KINDS} if post.message_id in found else {}
        told = [
            {"post_id": post.message_id, "kind": kind, "count": count, "read_at": now}
            for kind, count in counts.items()
            if isinstance(count, int) and count >= 0
        ]
        said += told
        asked += [] if told else [{"post_id": post.message_id, "kind": KINDS[0], "count": 0, "read_at": now}]
    table = database.tables.engagement
    with database.transaction(HOLDER) as connection:
        for rows, columns in ((said, ("count", "read_at")), (asked, ("read_at",))):
            if rows:
                new = database.dialect.insert(table)
                changed = {name: new.excluded[name] for name in columns}
                connection.execute(new.on_conflict_do_update(index_elements=["post_id", "kind"], set_=changed), rows)
