"""Who was where before a change, and how each group fared. The people are remembered in a temporary table meanwhile."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Column, Connection, MetaData, Table, and_, case, func, insert, or_, select, update

from campflow.engine.changes import Group, Planned, Wait
from campflow.storage.tables import Id, Tables

_CROWD = Table(
    "crowd",
    MetaData(),
    # Who was inside before the change: in which stage, due when; and where `moved` lines took them.
    Column("journey_id", Id, primary_key=True, autoincrement=False),
    Column("campaign_id", Id, nullable=False),
    Column("stage_id", Id),
    Column("due_at", Id),
    Column("carried_id", Id),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, slots=True)
class Came:
    """What a change came to in one campaign. `groups` are the people who were inside, by the name of their stage."""

    groups: dict[str, list[Group]]
    entered: int
    converted: int
    cancelled: int
    planned: tuple[Planned, ...]

    @classmethod
    def to_nothing(cls) -> "Came":
        return cls({}, 0, 0, 0, ())


@dataclass(frozen=True, slots=True)
class Before:
    """How things stood before a change."""

    connection: Connection
    tables: Tables
    journeys: int
    messages: int
    cancelled: dict[int, int]
    converted: dict[int, int]

    @classmethod
    @contextmanager
    def now(cls, connection: Connection, tables: Tables) -> "Iterator[Before]":
        """As things stand now. What has changed since then can be asked as long as the block lasts."""
        _CROWD.create(connection, checkfirst=False)
        j, m = tables.journey.c, tables.message.c
        inside = select(j.journey_id, j.campaign_id, j.stage_id, j.due_at).where(j.ended_at.is_(None))
        connection.execute(insert(_CROWD).from_select(["journey_id", "campaign_id", "stage_id", "due_at"], inside))
        last = (select(func.coalesce(func.max(number), 0)) for number in (j.journey_id, m.message_id))
        journeys, messages = (int(connection.scalar(query) or 0) for query in last)
        yield cls(
            connection, tables, journeys, messages, _cancelled(connection, tables), _converted(connection, tables)
        )
        _CROWD.drop(connection, checkfirst=False)

    def carried(self) -> None:
        """Remember where people are just after the new text was put into force, before anybody has moved by it."""
        j = self.tables.journey.c
        there = select(j.stage_id).where(j.journey_id == _CROWD.c.journey_id).scalar_subquery()
        self.connection.execute(update(_CROWD).values(carried_id=there))

    def came(self) -> dict[str, Came]:
        """What became of everyone, by campaign."""
        c = self.tables.campaign.c
        names = dict(self.connection.execute(select(c.campaign_id, c.name)).all())
        groups, entered, planned = self._groups(), self._entered(), self._planned()
        cancelled, converted = _cancelled(self.connection, self.tables), _converted(self.connection, self.tables)
        return {
            name: Came(
                groups[key],
                entered.get(key, 0),
                converted.get(key, 0) - self.converted.get(key, 0),
                cancelled.get(key, 0) - self.cancelled.get(key, 0),
                tuple(planned[key]),
            )
            for key, name in names.items()
        }

    def _groups(self) -> dict[int, dict[str, list[Group]]]:
        b, j, s, v = _CROWD.c, self.tables.journey.c, self.tables.stage.c, self.tables.campaign_version
        names = dict(self.connection.execute(select(s.stage_id, s.name)).all())
        newest = self.tables.campaign.alias("n")
        wait = case(
            (b.due_at.is_not_distinct_from(j.due_at), "same"),
            (or_(b.due_at.is_(None), j.due_at < b.due_at), "earlier"),
            else_="later",
        )
        governs = and_(v.c.campaign_id == b.campaign_id, j.version_id.between(v.c.version_from, v.c.version_to))
        kept = case((v.c.version_id != newest.c.version_id, v.c.version_id))
        key = (b.campaign_id, b.stage_id, b.carried_id, j.stage_id, j.ended_at.is_not(None), wait, kept)
        query = (
            select(*(part.label(f"part_{n}") for n, part in enumerate(key)), func.count().label("people"))
            .select_from(_CROWD)
            .join(self.tables.journey, j.journey_id == b.journey_id)
            .join(newest, newest.c.campaign_id == b.campaign_id)
            .outerjoin(v, governs)
            .group_by(*key)
            .order_by(*(f"part_{n}" for n in range(len(key))))
        )
        found: dict[int, dict[str, list[Group]]] = defaultdict(lambda: defaultdict(list))
        for row in self.connection.execute(query):
            campaign, was, carried, is_now, ended, waits, version, count = tuple(row)
            moved = is_now != carried or (bool(ended) and is_now != was)
            group = Group(
                people=count,
                carried=names[carried] if carried != was and is_now == carried and not ended else None,
                moved=moved,
                to=names.get(is_now) if moved else None,
                ends=bool(ended),
                wait=_wait(waits) if not moved and not ended else "same",
                version=version,
            )
            found[campaign][names[was]].append(group)
        return found

    def _entered(self) -> dict[int, int]:
        j = self.tables.journey.c
        query = select(j.campaign_id, func.count()).where(j.journey_id > self.journeys).group_by(j.campaign_id)
        return dict(self.connection.execute(query).all())

    def _planned(self) -> dict[int, list[Planned]]:
        m, s = self.tables.message.c, self.tables.send.c
        key = (m.campaign_id, s.channel, s.message, m.state)
        query = select(*key, func.count()).join(self.tables.send, s.send_id == m.send_id)
        found: dict[int, list[Planned]] = defaultdict(list)
        new = query.where(m.message_id > self.messages).group_by(*key).order_by(*key)
        for campaign, channel, message, state, count in self.connection.execute(new):
            found[campaign].append(Planned(channel, message, state, count))
        return found


def _wait(word: str) -> Wait:
    return "earlier" if word == "earlier" else "later" if word == "later" else "same"


def _cancelled(connection: Connection, tables: Tables) -> dict[int, int]:
    m = tables.message.c
    query = select(m.campaign_id, func.count()).where(m.state == "cancelled").group_by(m.campaign_id)
    return dict(connection.execute(query).all())


def _converted(connection: Connection, tables: Tables) -> dict[int, int]:
    v = tables.conversion.c
    query = select(v.campaign_id, func.count()).group_by(v.campaign_id)
    return dict(connection.execute(query).all())
