"""The figures of a project, counted from its rows: as many statements as there are tables, however many campaigns."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import monotonic

from sqlalchemy import Connection, func, select

from campflow.content.values import instant
from campflow.hooks.contracts import Measurement, Sink
from campflow.measuring.measures import MEASURES, REACTIONS
from campflow.sql.queue import is_planned
from campflow.storage.database import Database
from campflow.storage.tables import NOBODY, Tables

#: Seconds between two looks, and how much longer than the last look took: counting is to be no load.
EVERY, SPARING = 60.0, 20.0


def measure(connection: Connection, tables: Tables, now: int) -> list[Measurement]:
    """Every figure there is something to say of, by name and labels."""
    at = instant(now)
    return [
        Measurement(name, dict(zip(MEASURES[name].labels, labels, strict=True)), float(value), at)
        for name, labels, value in sorted(_counted(connection, tables, now))
    ]


_Counted = Iterator[tuple[str, tuple[str, ...], float]]


def _counted(c: Connection, t: Tables, now: int) -> _Counted:
    names: dict[int, str] = dict(c.execute(select(t.campaign.c.campaign_id, t.campaign.c.name)).all())
    yield from _journeys(c, t, names)
    yield from _messages(c, t, names)
    yield from _engagements(c, t, names)
    yield from _results(c, t, names)
    yield "lag_seconds", (), lag(c, t, now)


def _journeys(c: Connection, t: Tables, names: Mapping[int, str]) -> _Counted:
    begun = select(t.journey.c.campaign_id, func.count()).group_by(t.journey.c.campaign_id)
    yield from (("entered", (names[key],), count) for key, count in c.execute(begun))
    # Every move comes to a stage or leaves one, and there are few stages.
    to = select(t.move.c.from_stage_id, t.move.c.to_stage_id, func.count().label("moves"))
    by_stage = to.group_by(t.move.c.from_stage_id, t.move.c.to_stage_id).subquery()
    moved = (
        select(t.stage.c.campaign_id, func.sum(by_stage.c.moves))
        .join(t.stage, t.stage.c.stage_id == func.coalesce(by_stage.c.to_stage_id, by_stage.c.from_stage_id))
        .group_by(t.stage.c.campaign_id)
    )
    yield from (("moved", (names[key],), count) for key, count in c.execute(moved))


def _messages(c: Connection, t: Tables, names: Mapping[int, str]) -> _Counted:
    m = t.message.c
    states = select(m.campaign_id, m.channel, m.state, func.count()).group_by(m.campaign_id, m.channel, m.state)
    planned: dict[tuple[str, str], int] = {}
    now: dict[tuple[str, str], int] = {}
    for key, channel, state, count in c.execute(states):
        planned[names[key], channel] = planned.get((names[key], channel), 0) + count
        if name := {"accepted": "sent", "rejected": "rejected"}.get(state):
            yield name, (names[key], channel), count
        if name := {"ready": "queue", "uncertain": "uncertain"}.get(state):
            now[name, channel] = now.get((name, channel), 0) + count
    yield from (("planned", labels, count) for labels, count in planned.items())
    yield from ((name, (channel,), count) for (name, channel), count in now.items())
    e = t.event.c
    reactions = (
        select(e.name, m.campaign_id, m.channel, func.count())
        .join_from(t.event, t.message, (m.contact_id == e.contact_id) & (m.message_id == e.message_id))
        .where(e.name.in_(REACTIONS))
        .group_by(e.name, m.campaign_id, m.channel)
    )
    yield from ((name, (names[key], channel), count) for name, key, channel, count in c.execute(reactions))


def _engagements(c: Connection, t: Tables, names: Mapping[int, str]) -> _Counted:
    m, e = t.message.c, t.engagement.c
    counted = (
        select(m.campaign_id, m.channel, e.kind, func.sum(e["count"]))
        .join_from(t.engagement, t.message, (m.contact_id == NOBODY) & (m.message_id == e.post_id))
        .group_by(m.campaign_id, m.channel, e.kind)
    )
    for key, channel, kind, count in c.execute(counted):
        yield "engagements", (names[key], channel, kind), float(count)


def _results(c: Connection, t: Tables, names: Mapping[int, str]) -> _Counted:
    v = t.conversion.c
    converted = select(v.campaign_id, v.name, func.count(), func.coalesce(func.sum(v.worth), 0))
    for key, name, count, worth in c.execute(converted.group_by(v.campaign_id, v.name)):
        yield "converted", (names[key], name), count
        yield "worth", (names[key], name), worth
    p = t.cost.c
    spent = select(p.campaign_id, p.channel, func.sum(p.amount)).group_by(p.campaign_id, p.channel)
    yield from (("cost", (names[key], channel), amount) for key, channel, amount in c.execute(spent))
    a, b = t.attempt.c, t.batch.c
    called = select(b.channel, func.sum(b.calls), func.sum(b.called_for)).where(b.calls > 0).group_by(b.channel)
    for channel, calls, milliseconds in c.execute(called):
        yield "provider_calls", (channel,), calls
        yield "provider_seconds", (channel,), float(milliseconds) / 1000
    o = t.called.c
    for name, calls, milliseconds in c.execute(select(o.name, o.calls, o.called_for)):
        yield "provider_calls", (name,), calls
        yield "provider_seconds", (name,), float(milliseconds) / 1000
    errors = select(b.channel, a.outcome, func.count()).join_from(t.attempt, t.batch, b.batch_id == a.batch_id)
    yield from (
        ("provider_errors", (channel, outcome), count)
        for channel, outcome, count in c.execute(errors.group_by(b.channel, a.outcome))
    )


def lag(c: Connection, t: Tables, now: int) -> float:
    """Seconds for which what is due longest has been waiting: a journey to be moved, a message to be released."""
    j, r, m = t.journey.c, t.due_run.c, t.message.c
    # One look into the index for each campaign; for all at once, the whole index would be read.
    campaigns = c.scalars(select(t.campaign.c.campaign_id)).all()
    queries = [select(func.min(j.alarm_at)).where(j.campaign_id == key, j.alarm_at.is_not(None)) for key in campaigns]
    queries += [select(func.min(r.due_at)).where(r.campaign_id == key) for key in campaigns]
    queries.append(select(func.min(m.release_at)).where(is_planned(t.message)))
    times = [at for query in queries if (at := c.scalar(query)) is not None]
    return max(0.0, (now - min(times)) / 1000) if times else 0.0


class Meter:
    """Counts when asked, but not too often: what was counted a moment ago is said again.

    `database` gives the one in use, `now` the campaign's clock; `clock` counts seconds.
    """

    def __init__(
        self,
        database: Callable[[], Database],
        now: Callable[[], int],
        every: float = EVERY,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._database, self._now, self._every, self._clock = database, now, every, clock
        self._read: list[Measurement] = []
        self._next = -1.0

    def is_due(self) -> bool:
        return self._clock() >= self._next

    def read(self) -> Sequence[Measurement]:
        begun = self._clock()
        if begun >= self._next:
            database = self._database()
            with database.reader() as connection:
                self._read = measure(connection, database.tables, self._now())
            took = self._clock() - begun
            self._next = begun + max(self._every, SPARING * took)
        return self._read


async def publish(meter: Meter, sinks: Mapping[str, Sink]) -> dict[str, Exception]:
    """Give every sink what is counted now; what went wrong, by sink. Each has the same figures."""
    measured = await asyncio.to_thread(meter.read)
    failed: dict[str, Exception] = {}
    for name, sink in sinks.items():
        try:
            await asyncio.to_thread(sink.publish, measured)
        # A plugin is not ours: whatever it raises concerns no other sink.
        except Exception as error:
            failed[name] = error
    return failed
