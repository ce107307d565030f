"""The engine under the same roof as the reference interpreter: a case goes in, an Outcome comes out."""

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update
from tests import databases
from tests.properties.campaigns import ZONES
from tests.reference.interpreter import a_post
from tests.reference.story import (
    Act,
    Conversion,
    Decision,
    Exposure,
    Happening,
    Message,
    Move,
    Outcome,
    Permission,
    Stored,
)
from tests.reference.telling import ALLOWANCE, CHANNELS, EXPIRES, PEOPLE, WALL, Case, resolved

from campflow.compiler import compile_flow
from campflow.engine.advance import TOGETHER, advance
from campflow.engine.deploy import deploy
from campflow.engine.deployed import Deployment
from campflow.engine.fates import RETRY
from campflow.engine.fates import Outcome as Sent
from campflow.engine.gates import Gates
from campflow.engine.leasing import lease
from campflow.engine.outbox import Clerk, members, release
from campflow.hooks.contracts import Receipt
from campflow.model.constants import stored_text
from campflow.model.draws import draw_of
from campflow.model.flow import CheckedFlow, Flow
from campflow.people.costs import Prices
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import NOBODY, Tables, contact_column, event_column, tables
from campflow.storage.zones import ensure_zones

PRICES = Prices(ALLOWANCE.costs, "EUR")


@cache
def _tables() -> Tables:
    flow = resolved(PEOPLE)
    return tables(flow.contact, flow.events)


@cache
def _template() -> Database:
    """An installed database, made once: every run begins as a copy of it."""
    database = Database("sqlite://", _tables())
    install(database)
    with database.transaction() as connection:
        ensure_zones(connection, _tables(), ZONES)
    return database


@cache
def _desk() -> Database:
    """Where every run is made: one connection, so that SQLAlchemy compiles each statement once."""
    return Database("sqlite://", _tables())


def _emptied(database: Database) -> None:
    """On PostgreSQL, where no database is copied in a moment: everything goes but the zones and the calendar."""
    kept = {"zone_offset", "zone_local", "calendar_month", "setting"}
    with database.transaction() as connection:
        ensure_zones(connection, _tables(), ZONES)
        filled = [table for table in reversed(_tables().metadata.sorted_tables) if table.name not in kept]
        # TRUNCATE takes ten times as long where rows are few.
        statements = [str(delete(table)) for table in filled]
        if connection.dialect.name == databases.SQLITE:  # a file, whose numbers begin again by themselves
            for statement in statements:
                connection.exec_driver_sql(statement)
            return
        connection.exec_driver_sql("; ".join(statements))
        connection.exec_driver_sql(
            "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' "
            "AND relnamespace = current_schema()::regnamespace"
        )


@cache
def _kept() -> Database:
    """A copy of the desk with the program of a case deployed, for its next run."""
    return Database("sqlite://", _tables())


def _copy(source: Database, target: Database) -> None:
    with source.engine.connect() as full, target.engine.connect() as empty:
        full.rollback()
        empty.rollback()
        rows, page = full.connection.dbapi_connection, empty.connection.dbapi_connection
        assert isinstance(rows, sqlite3.Connection)
        assert isinstance(page, sqlite3.Connection)
        rows.backup(page)


class Engine:
    """A project's text, compiled and deployed once for all that happens in it.

    `server` is an installed database on PostgreSQL to play in; without it everything is played on SQLite.
    """

    def __init__(self, text: str, flow: Flow, zone: str, deployed: int, server: Database | None = None) -> None:
        self.text, self.zone, self.deployed, self.server = text, zone, deployed, server
        self.database = server or _desk()
        self.program = compile_flow(
            CheckedFlow(flow), zone=zone, expires=EXPIRES, tables=_tables(),
            dialect=self.database.engine.dialect, opt_in=ALLOWANCE.opt_in,
        )  # fmt: skip
        if server is None:
            _copy(_template(), self.database)
            self.deployment = self._deploy()
            _copy(self.database, _kept())
        else:
            self.deployment = self._begin(server)
        self._new = True
        self.gates = Gates(_tables(), self.program, self.deployment, CHANNELS, PRICES)

    def _deploy(self) -> Deployment:
        return deploy(self.database, self.program, sources={"case.flow": self.text}, author="", now=self.deployed)

    def _again(self) -> None:
        """As it was just after the text was deployed; the numbers of stages and statements are the same ones."""
        if self._new:
            self._new = False
        elif self.server is None:
            _copy(_kept(), self.database)
        else:
            self._begin(self.server)

    def _begin(self, server: Database) -> Deployment:
        _emptied(server)
        return self._deploy()

    def advance(self, look: int, together: int = TOGETHER) -> None:
        advance(self.database, self.program, self.deployment, look, together=together)

    def run(self, case: Case, looks: Sequence[int]) -> Outcome:
        """What the rows say after a tick at each look, each told beforehand what was learned by then."""
        self._again()
        told = -(2**62)
        for nth, look in enumerate(looks):
            with self.database.transaction() as connection:
                _tell(connection, case, told, look)
            # In every other tick whoever can waits in a run.
            self.advance(look, TOGETHER if nth % 2 else 1)
            if case.sends:
                _send(self.database, self.gates, look)
            told = look
        with self.database.reader() as connection:
            return _outcome(connection, case.sends)


def run_engine(case: Case, flow: Flow, looks: Sequence[int], server: Database | None = None) -> Outcome:
    return Engine(case.text, flow, case.zone, case.deployed, server).run(case, looks)


def server_of(kind: str) -> Iterator[Database | None]:
    """A database for `Engine`'s `server`, gone afterwards; None for SQLite."""
    store = databases.Store(kind)
    if kind == databases.SQLITE:
        yield None
        return
    database = Database(store.url(), _tables())
    store.opened(database)
    try:
        install(database)
        yield database
    finally:
        store.close()


def _send(database: Database, gates: Gates, now: int) -> None:
    """Channels that take at once what may go out."""
    m = _tables().message.c
    waiting = exists().where(m.state.in_(["planned", "ready"]), m.release_at <= now)
    with database.reader() as connection:
        if not connection.scalar(select(waiting)):
            return
    with database.transaction() as connection:
        release(connection, _tables(), now, (), gates)
    for channel in sorted({*CHANNELS, WALL}):
        while batch := lease(database, channel, "test", 10_000, 60, now, (), gates):
            with database.reader() as connection:
                ids = connection.scalars(select(_tables().message.c.message_id).where(members(_tables(), batch)))
                window = sorted(ids)
            clerk = Clerk(database, batch, RETRY, Random(0), prices=PRICES, gates=gates)
            going = clerk.hand_over(window, Sent(), now)
            clerk.close(Sent([Receipt(each, "accepted") for each in sorted(going)]), now)


# --- telling it what happens ----------------------------------------------------------------------------------------


def _tell(connection: Connection, case: Case, after: int, until: int) -> None:
    t = _tables()
    for person in case.people:
        if after < person.created_at <= until:
            fields = {contact_column(name): value for name, value in person.fields.items()}
            fields |= {"contact_key": person.key, "created_at": person.created_at, "draw": draw_of(person.key)}
            connection.execute(insert(t.contact).values(fields))
    known = connection.execute(select(t.contact.c.contact_key, t.contact.c.contact_id))
    ids = {row.contact_key: row.contact_id for row in known}
    for happening in sorted(case.happenings, key=lambda h: (h.known_at, h.seq)):
        if after < happening.known_at <= until:
            _record(connection, happening, ids[happening.contact])
    for said in case.permissions:
        if after < said.at <= until:
            _say(connection, said, ids[said.contact])
        if said.lifted_at is not None and after < said.lifted_at <= until:
            same = (t.suppression.c.contact_id == ids[said.contact], t.suppression.c.at == said.at)
            lift = update(t.suppression).where(*same, t.suppression.c.channel == said.channel)
            connection.execute(lift.values(lifted_at=said.lifted_at))
    for change in case.changes:
        if after < change.at <= until:
            column, mine = t.contact.c[contact_column(change.field)], t.contact.c.contact_key == change.contact
            old = connection.scalar(select(column).where(mine))
            if old != change.value:
                connection.execute(update(t.contact).where(mine).values({column: change.value}))
                row = {
                    "contact_id": ids[change.contact], "field": change.field, "at": change.at, "old": stored_text(old),
                }  # fmt: skip
                connection.execute(insert(t.change).values(row))


def _say(connection: Connection, said: Permission, contact_id: int) -> None:
    t = _tables()
    row = {"contact_id": contact_id, "channel": said.channel, "at": said.at}
    if said.suppresses:
        connection.execute(insert(t.suppression).values(row | {"address": "", "reason": "manual"}))
    else:
        connection.execute(insert(t.consent).values(row | {"purpose": said.purpose, "given": said.given}))


def _record(connection: Connection, happening: Happening, contact_id: int) -> None:
    t = _tables()
    fields = {event_column(happening.name, name): value for name, value in happening.fields.items()}
    identity = happening.id or f"#{happening.seq}"
    same = (t.event.c.contact_id == contact_id, t.event.c.source == "test", t.event.c.event_id == identity)
    if connection.scalar(select(t.event.c.seq).where(*same)) is None:
        connection.execute(
            insert(t.event).values(
                contact_id=contact_id,
                name=happening.name,
                about=happening.about,
                at=happening.at,
                source="test",
                event_id=identity,
                early=happening.at > happening.known_at,
                **fields,
            )
        )


# --- reading what came of it ----------------------------------------------------------------------------------------


def _outcome(connection: Connection, sending: bool) -> Outcome:
    t = _tables()
    journeys = {
        row.journey_id: (row.name, row.contact_key, row.journey_key, row.entry)
        for row in connection.execute(
            select(t.journey, t.campaign.c.name, t.contact.c.contact_key)
            .join(t.campaign, t.campaign.c.campaign_id == t.journey.c.campaign_id)
            .join(t.contact, t.contact.c.contact_id == t.journey.c.contact_id)
        )
    }
    names = {row.campaign_id: row.name for row in connection.execute(select(t.campaign))}
    stages = {row.stage_id: row.name for row in connection.execute(select(t.stage))}
    orders = {row.statement_id: row.position for row in connection.execute(select(t.statement))}
    sends = {row.send_id: row for row in connection.execute(select(t.send))}
    moves = [
        Move(
            *journeys[m.journey_id],
            m.nth,
            stages.get(m.from_stage_id),
            stages.get(m.to_stage_id),
            orders[m.statement_id],
            m.at,
        )
        for m in connection.execute(select(t.move))
    ]
    left = {m.journey_id for m in connection.execute(select(t.move)) if m.to_stage_id is None and m.nth > 1}
    posts = [
        a_post(names[m.campaign_id], _day(m.journey_id), m.channel, sends[m.send_id].message, m.planned_at)
        for m in connection.execute(select(t.message).where(t.message.c.contact_id == NOBODY))
    ]
    messages = [
        Message(
            *journeys[m.journey_id],
            m.nth,
            m.channel,
            sends[m.send_id].message,
            sends[m.send_id].nth,
            m.planned_at,
            m.expires_at,
            *(_fate(m) if sending else _plain_fate(m, m.journey_id in left)),
        )
        for m in connection.execute(select(t.message).where(t.message.c.contact_id != NOBODY))
    ]
    conversions = [
        Conversion(*journeys[c.journey_id], c.name, c.at, c.worth) for c in connection.execute(select(t.conversion))
    ]
    return Outcome(
        sorted(moves), sorted([*messages, *posts]), sorted(conversions), sorted(_exposures(connection)),
        sorted(_decisions(connection)), sorted(_acts(connection, journeys)),
    )  # fmt: skip


def _day(occurrence: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=occurrence)).isoformat() if occurrence else ""


def _plain_fate(message: Row[Any], left: bool) -> tuple[str, None, str]:
    """Where nothing is ever sent. What expired before it was planned (the clock was late) is cancelled no more; it is
    not sent either way."""
    cancelled = message.state == "cancelled" or (message.state == "expired" and left)
    return ("cancelled" if cancelled else "planned"), None, ""


def _fate(message: Row[Any]) -> tuple[str, int | None, str]:
    """The state, since when, and in one word why: a limit, quiet hours, consent …"""
    said = message.detail or ""
    why = next((word for sign, word in _REASONS.items() if sign in said), said)
    return message.state, message.settled_at, why if message.state in ("planned", "skipped") else ""


_REASONS = {
    "quiet": "quiet", "limit": "limit", "budget": "budget", "suppressed": "suppressed", "consent": "consent",
}  # fmt: skip


def _exposures(connection: Connection) -> list[Exposure]:
    t = _tables()
    x, s = t.exposure.c, t.split.c
    query = select(t.campaign.c.name, t.contact.c.contact_key, s.name.label("split"), t.arm.c.name.label("arm"), x.at,
                   x.drawn).select_from(t.exposure)  # fmt: skip
    query = query.join(t.split, s.split_id == x.split_id).join(t.campaign, t.campaign.c.campaign_id == s.campaign_id)
    query = query.join(t.arm, t.arm.c.arm_id == x.arm_id).join(t.contact, t.contact.c.contact_id == x.contact_id)
    return [Exposure(*row) for row in connection.execute(query)]


def _decisions(connection: Connection) -> list[Decision]:
    t = _tables()
    s = t.split.c
    query = select(t.campaign.c.name, s.name.label("split"), t.arm.c.name.label("arm"), s.decided_at)
    query = query.select_from(t.split).join(t.campaign, t.campaign.c.campaign_id == s.campaign_id)
    query = query.join(t.arm, t.arm.c.arm_id == s.winner_arm_id)
    return [Decision(*row) for row in connection.execute(query)]


def _acts(connection: Connection, journeys: dict[int, tuple[str, str, str, int]]) -> list[Act]:
    t = _tables()
    e, s = t.errand.c, t.errand_statement.c
    query = select(e.journey_id, e.nth, s.kind, s.target, s.content, e.given, e.at)
    query = query.join(t.errand_statement, s.errand_statement_id == e.errand_statement_id)
    return [
        Act(*journeys[row.journey_id], row.nth, row.kind, row.target, _given(row.kind, row.content, row.given), row.at)
        for row in connection.execute(query)
    ]


def _given(kind: str, content: str, given: str | None) -> tuple[tuple[str, Stored], ...]:
    said = json.loads(content)
    if kind != "do":
        return () if said is None else (("text", said),)
    options = said["written"] | json.loads(given or "{}")
    return tuple(
        sorted((name, value["minor"] if isinstance(value, dict) else value) for name, value in options.items())
    )
