"""A project of one text on a database in memory or in a file, its clock in the test's hand."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select
from tests import databases

from campflow.checking.vocabulary import ChannelWords, ContentFile, ContentIndex, Vocabulary
from campflow.compiler import check_sources, compile_flow
from campflow.diagnostics.render import render_text
from campflow.diagnostics.source import Source
from campflow.engine.advance import TOGETHER, Advance, advance
from campflow.engine.deploy import deploy
from campflow.engine.deployed import Deployment
from campflow.engine.versions import Version
from campflow.model.flow import CheckedFlow, Flow
from campflow.model.people import Duration
from campflow.people.importing import import_events, import_people
from campflow.people.report import ImportReport
from campflow.people.sources import CsvSource
from campflow.planning.plan import Rfm
from campflow.sql.program import CampaignProgram, Program
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import NOBODY, Tables, tables


def instant(text: str) -> int:
    """Milliseconds of `2026-03-01 09:00` in UTC, or of a text with an offset."""
    moment = dt.datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return int(moment.timestamp() * 1000)


def shown(at: int | None) -> str | None:
    """`2026-03-01 09:00` in UTC, with seconds where there are any."""
    if at is None:
        return None
    text = dt.datetime.fromtimestamp(at / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    return text.removesuffix(":00")


@dataclass
class Bench:
    """Everything a test of the engine wants to say, in one place."""

    text: str
    messages: Sequence[str]
    zone: str = "UTC"
    currency: str | None = "EUR"
    rfm: Rfm | None = None
    sinks: Sequence[str] = ()
    #: Where a new database is made. Where the test names no place, it gets one that is ready, and that one's URL.
    url: str = ""
    database: Database = field(init=False)
    program: Program = field(init=False)
    deployment: Deployment | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.url:
            self.database = Database(self.url, self._tables(self.text))
            databases.opened(self.database)
            install(self.database, self.zone)
        else:
            self.database = databases.installed(self._tables(self.text))
            self.url = self.database.url.render_as_string(hide_password=False)
        self.program = self._compile(self.text)

    def _flow(self, text: str) -> Flow:
        return self._checked(text).flow

    def _checked(self, text: str) -> CheckedFlow:
        return _checked(
            text, tuple(self.messages), frozenset(self.sinks), self.currency,
            self.rfm.event if self.rfm else None, self.zone,
        )  # fmt: skip

    def _tables(self, text: str) -> Tables:
        flow = self._flow(text)
        return tables(flow.contact, flow.events)

    def _compile(self, text: str) -> Program:
        return compile_flow(
            self._checked(text), zone=self.zone, expires=Duration(days=1), tables=self.database.tables,
            dialect=self.database.engine.dialect, rfm=self.rfm,
        )  # fmt: skip

    # --- what happens ---

    def people(self, rows: str | Iterable[bytes], now: int = 0) -> ImportReport:
        return import_people(
            self.database, self._flow(self.text).contact, CsvSource(), _lines(rows), currency=self.currency,
            zone=self.zone, now=now,
        )  # fmt: skip

    def events(self, rows: str | Iterable[bytes], now: int = 0, event: str | None = None) -> ImportReport:
        flow = self._flow(self.text)
        return import_events(
            self.database, flow.contact, flow.events, CsvSource(), _lines(rows), currency=self.currency,
            zone=self.zone, now=now, addresses={"email": "email"}, event=event,
        )  # fmt: skip

    def deploy(
        self, now: str | int, text: str | None = None, recall: Callable[[Version], CampaignProgram] | None = None
    ) -> None:
        if text is not None:
            self.text, self.program = text, self._compile(text)
        kept: dict[str, Any] = {} if recall is None else {"recall": recall}
        self.deployment = deploy(
            self.database, self.program, sources={"test.flow": self.text}, author="test", now=_at(now), **kept
        )

    def tick(self, now: str | int, chunk: int = 50_000, together: int = TOGETHER) -> Advance:
        if self.deployment is None:
            self.deploy(now)
        assert self.deployment is not None
        return advance(self.database, self.program, self.deployment, _at(now), chunk=chunk, together=together)

    # --- what the rows say ---

    def moves(self) -> list[tuple[str, str | None, str | None, str | None]]:
        """(contact key, from, to, when), in the order of contacts, journeys and moves."""
        t = self.database.tables
        names = self._stage_names()
        query = (
            select(t.contact.c.contact_key, t.move.c.from_stage_id, t.move.c.to_stage_id, t.move.c.at)
            .join(t.contact, t.contact.c.contact_id == t.move.c.contact_id)
            .join(t.journey, t.journey.c.journey_id == t.move.c.journey_id)
            .order_by(t.contact.c.contact_key, t.journey.c.entered_at, t.journey.c.journey_key, t.move.c.nth)
        )
        return [(key, names.get(old), names.get(new), shown(at)) for key, old, new, at in self._rows(query)]

    def planned(self) -> list[tuple[str, str, str | None, str]]:
        """(contact key, message, planned for, state)"""
        t = self.database.tables
        query = (
            select(t.contact.c.contact_key, t.send.c.message, t.message.c.planned_at, t.message.c.state)
            .join(t.contact, t.contact.c.contact_id == t.message.c.contact_id)
            .join(t.send, t.send.c.send_id == t.message.c.send_id)
            .order_by(t.contact.c.contact_key, t.message.c.planned_at, t.message.c.nth, t.message.c.send_id)
        )
        return [(key, name, shown(at), state) for key, name, at, state in self._rows(query)]

    def posts(self) -> list[tuple[str, str | None, str]]:
        """(post, planned for, state)"""
        t = self.database.tables
        query = (
            select(t.send.c.message, t.message.c.planned_at, t.message.c.state)
            .join(t.send, t.send.c.send_id == t.message.c.send_id)
            .where(t.message.c.contact_id == NOBODY)
            .order_by(t.message.c.planned_at, t.message.c.message_id)
        )
        return [(name, shown(at), state) for name, at, state in self._rows(query)]

    def stages(self) -> Mapping[str, str | None]:
        """Where each contact's last journey is; None after leaving."""
        return {key: new for key, _, new, _ in self.moves()}

    def conversions(self) -> list[tuple[str, str, str | None, float | None]]:
        t = self.database.tables
        query = (
            select(t.contact.c.contact_key, t.conversion.c.name, t.conversion.c.at, t.conversion.c.worth)
            .join(t.contact, t.contact.c.contact_id == t.conversion.c.contact_id)
            .order_by(t.contact.c.contact_key, t.conversion.c.name, t.conversion.c.at)
        )
        return [(key, name, shown(at), worth) for key, name, at, worth in self._rows(query)]

    def _stage_names(self) -> dict[int | None, str]:
        s = self.database.tables.stage
        return {row.stage_id: row.name for row in self._rows(select(s.c.stage_id, s.c.name))}

    def _rows(self, query: Select[tuple[Any, ...]]) -> Sequence[Any]:
        with self.database.reader() as connection:
            return connection.execute(query).all()


@lru_cache(maxsize=64)
def _checked(
    text: str, messages: tuple[str, ...], sinks: frozenset[str], currency: str | None, rfm: str | None, zone: str
) -> CheckedFlow:
    content = [
        ContentFile(f"content/{name}.{channel}.txt", name, channel) for channel in ("mail", "wall") for name in messages
    ]
    words = Vocabulary(
        channels={"mail": ChannelWords("mail", None), "wall": ChannelWords("wall", None, posts=True)},
        sinks=sinks, content=ContentIndex(tuple(content)),
        currency=currency, rfm_event=rfm, timezone=zone,
    )  # fmt: skip
    source = Source("test.flow", text)
    checked = check_sources([source], words)
    assert checked.flow is not None, render_text(checked.diagnostics, {"test.flow": source})
    return checked.flow


def _at(now: str | int) -> int:
    return instant(now) if isinstance(now, str) else now


def _lines(rows: str | Iterable[bytes]) -> Iterable[bytes]:
    if isinstance(rows, str):
        return [f"{line.strip()}\n".encode() for line in rows.strip().splitlines()]
    return rows


def shared_data(name: str) -> Path:
    """A file of real data that lies beside the checkout; not part of the project."""
    return Path(__file__).parents[2].parent / "shared" / "data" / name
