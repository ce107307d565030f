"""From what a column holds to what a template shows."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from campflow.model.currencies import exponent
from campflow.model.people import Field, ValueType

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_DAY = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Amount:
    """Money in a template: `{{ amount }}` is `12.50 EUR`, `amount.value` and `amount.currency` its halves."""

    value: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.value} {self.currency}".rstrip()


Reader = Callable[[Any], object]


def reader(type: ValueType, zone: ZoneInfo, currency: str | None) -> Reader:
    """How to read a column of this type; None stays None. `zone` is where instants are shown."""
    match type.kind:
        case "date":
            return _some(lambda days: _FIRST_DAY + dt.timedelta(days=days))
        case "time":
            return _some(lambda at: instant(at).astimezone(zone))
        case "money":
            decimals = exponent(currency) if currency else 2
            return _some(lambda minor: Amount(Decimal(minor).scaleb(-decimals), currency or ""))
        case "yesno":
            return _some(bool)
        case "list":
            return _some(lambda text: tuple(json.loads(text)) if isinstance(text, str) else tuple(text))
        case "number":
            return _some(lambda number: int(number) if number == int(number) else number)
        case _:
            return _as_it_is


def _as_it_is(value: Any) -> object:
    return value


class Named(Protocol):
    """A row, whose columns are read by their names."""

    def __getitem__(self, name: Any, /) -> Any: ...


#: Fields of a row: the name of each, the column it stands in, and how that is read where it is not shown as it is.
Form = Sequence[tuple[str, str, Reader | None]]


def form(fields: Iterable[Field], prefix: str, zone: ZoneInfo, currency: str | None) -> Form:
    """The form of rows whose columns are named `prefix` and the field."""
    read = ((field.name, f"{prefix}{field.name}", reader(field.type, zone, currency)) for field in fields)
    return [(name, column, None if reader is _as_it_is else reader) for name, column, reader in read]


def read(form: Form, row: Named) -> dict[str, object]:
    """Each field by name."""
    return {name: row[column] if reader is None else reader(row[column]) for name, column, reader in form}


def instant(at: int) -> dt.datetime:
    """Milliseconds since 1970 as a time in UTC, exactly."""
    return _EPOCH + dt.timedelta(milliseconds=at)


def _some(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)
