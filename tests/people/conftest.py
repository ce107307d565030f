"""A small shop with its database, into which people and events are imported."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

from campflow.diagnostics.source import Span
from campflow.errors import RowError
from campflow.hooks.contracts import BadRow, Row, Source
from campflow.model.people import ConstantValue, Contact, Event, Field, Kind, ValueType
from campflow.people.importing import import_events, import_people
from campflow.people.report import ImportReport
from campflow.people.sources import CsvSource, JsonLinesSource
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import tables

NOWHERE = Span("people.flow", 1, 1, 1, 1)


def declared(
    name: str,
    kind: Kind | ValueType,
    *,
    optional: bool = True,
    default: ConstantValue | None = None,
) -> Field:
    return Field(name, kind if isinstance(kind, ValueType) else ValueType(kind), optional, default, NOWHERE)


CONTACT = Contact(
    (
        declared("email", "email"),
        declared("phone", "phone"),
        declared("first_name", "text"),
        declared("country", "country"),
        declared("timezone", "timezone"),
        declared("plan", ValueType("choice", ("trial", "pro"))),
        declared("score", "number", optional=False, default=0),
        declared("vip", "yesno"),
        declared("birthday", "date"),
        declared("tags", ValueType("list", (), ValueType("text")), optional=False),
    ),
    NOWHERE,
)
EVENTS = (
    Event("signup", (), None, NOWHERE),
    Event(
        "purchase",
        (
            declared("amount", "money", optional=False),
            declared("sku", "text"),
            declared("pieces", "integer", default=1),
        ),
        None,
        NOWHERE,
    ),
    Event("moved_house", (declared("at", "text"), declared("email", "text")), None, NOWHERE),
)


#: The fields that channels write to.
ADDRESSES: dict[str, str | None] = {"email": "email", "sms": "phone", "echo": None}


@dataclass
class Shop:
    database: Database
    contact: Contact = CONTACT
    events: tuple[Event, ...] = EVENTS
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    rows_refused: list[Row | BadRow] = field(default_factory=list)

    def people(
        self,
        data: str | bytes | Iterable[bytes],
        *,
        now: int = 1_000,
        source: Source | None = None,
        mapping: Mapping[str, str] | None = None,
    ) -> ImportReport:
        return import_people(
            self.database, self.contact, source or CsvSource(), as_lines(data), currency="EUR", zone="Europe/Paris",
            now=now, mapping=mapping, on_refused=self._refuse,
        )  # fmt: skip

    def happened(
        self,
        data: str | bytes | Iterable[bytes],
        *,
        event: str | None = "purchase",
        now: int = 2_000_000_000_000,
        source: Source | None = None,
        origin: str = "import",
        mapping: Mapping[str, str] | None = None,
    ) -> ImportReport:
        return import_events(
            self.database, self.contact, self.events, source or CsvSource(), as_lines(data), currency="EUR",
            zone="Europe/Paris", now=now, addresses=ADDRESSES, event=event, origin=origin, mapping=mapping,
            on_refused=self._refuse,
        )  # fmt: skip

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.database.reader() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def reasons(self) -> list[tuple[int, str, str]]:
        """What was refused since the last time this was asked: line, column, reason."""
        refused, self.refused = self.refused, []
        return refused

    def _refuse(self, error: RowError, row: Row | BadRow) -> None:
        self.refused.append((error.line, error.column, error.reason))
        self.rows_refused.append(row)


def as_lines(data: str | bytes | Iterable[bytes]) -> Iterable[bytes]:
    if isinstance(data, str):
        data = data.encode()
    return data.splitlines(keepends=True) if isinstance(data, bytes) else data


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    database = Database(f"sqlite:///{tmp_path}/shop.db", tables(CONTACT, EVENTS))
    install(database)
    return Shop(database)


@pytest.fixture
def json_lines() -> Source:
    return JsonLinesSource()
