"""What a message would say to a made-up person, for those who write it. No real person's data is read."""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from campflow.checking.names import EventWords, Names
from campflow.content.filter_words import NO_FILTERS, Filters
from campflow.content.record import Record
from campflow.content.templates import BadTemplate, compile_text
from campflow.content.values import Amount
from campflow.errors import ContentError
from campflow.model.people import Field, Kind, ValueType

_BY_NAME = {"first_name": "Ada", "last_name": "Lovelace", "name": "Ada Lovelace"}
_BY_KIND: Mapping[Kind, object] = {
    "integer": 42,
    "number": 42,
    "yesno": True,
    "date": dt.date(2026, 12, 1),
    "time": dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC),
    "email": "ada@example.com",
    "phone": "+41446681800",
    "country": "FR",
    "language": "fr",
    "timezone": "Europe/Paris",
    "url": "https://example.com/",
}


def filled(
    text: str,
    names: Names,
    channel: str,
    message: str,
    entry: Iterable[EventWords] = (),
    filters: Filters = NO_FILTERS,
) -> str:
    """The text of a subject as a made-up person would read it; as it is written, where it cannot be filled.

    `filters` are those of plugins.
    """
    person = _record(names.contact_fields.values(), names.currency)
    event = Record({k: v for words in entry for k, v in _record(words.fields.values(), names.currency).items()})
    values = {
        **person,
        "contact": Record(person),
        "entry": event,
        "event": event,
        "campaign": Record({"name": "campaign", "title": "Campaign", "owner": ""}),
        "message": Record({"name": message, "channel": channel}),
        "language": None,
        "unsubscribe_url": "https://example.com/",
        "preferences_url": "https://example.com/",
    }
    try:
        return compile_text(text, html=False, name="subject", filters=filters).fill(values).strip()
    except (BadTemplate, ContentError):
        return text


def _record(fields: Iterable[Field | None], currency: str | None) -> dict[str, object]:
    return {field.name: _sample(field.name, field.type, currency) for field in fields if field}


def _sample(name: str, type_: ValueType, currency: str | None) -> object:
    if type_.kind == "choice":
        return type_.choices[0]
    if type_.kind == "list" and type_.element:
        return (_sample(name, type_.element, currency),)
    if type_.kind == "money":
        return Amount(Decimal("42.00"), currency or "EUR")
    return _BY_KIND.get(type_.kind, _BY_NAME.get(name, name))
