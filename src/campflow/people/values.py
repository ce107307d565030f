"""From a text or a JSON value to what is stored, field type by field type. What does not fit is said in a sentence."""

import datetime as dt
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from campflow.errors import CampflowError
from campflow.model.calendar import to_instant
from campflow.model.constants import Stored, day_number, list_text, local_milliseconds
from campflow.model.currencies import exponent
from campflow.model.people import LARGEST, Kind, ValueType
from campflow.people import addresses
from campflow.people.wording import BadValue, quoted

LONGEST_TEXT = 10_000
LONGEST_LIST = 1_000

#: What is larger is refused at the door.
LARGEST_INTEGER, LARGEST_AMOUNT, LARGEST_NUMBER = (int(LARGEST["integer"]), int(LARGEST["money"]), LARGEST["number"])


@dataclass(frozen=True, slots=True)
class Conventions:
    """What a value may leave unsaid.

    currency   of an amount of money; None where the project has none
    zone       of a time without an offset
    country    of a phone number without a country code; ISO 3166 alpha-2
    """

    currency: str | None
    zone: str
    country: str | None = None


def is_missing(value: object) -> bool:
    """Whether a cell says nothing: an empty one, or a JSON null."""
    return value is None or (isinstance(value, str) and (not value or value.isspace()))


def read(value: object, type: ValueType, conventions: Conventions) -> Stored:
    """The stored form of a value that is not missing. Raises BadValue with what is wrong and what to write."""
    return _READERS[type.kind](value, type, conventions)


def reader(type: ValueType, conventions: Conventions) -> Callable[[object], Stored]:
    """`read`, prepared for many values of one field."""
    if type.kind == "text":
        return read_text
    read_one = _READERS[type.kind]

    def read_it(value: object) -> Stored:
        return read_one(value, type, conventions)

    return _remembering(read_it) if type.kind in REPEATED else read_it


#: Kinds of which a file has the same few values again and again.
REPEATED = frozenset[Kind]({"choice", "country", "date", "integer", "language", "money", "number", "timezone", "yesno"})
_REMEMBERED = 10_000


def _remembering(read_it: Callable[[object], Stored]) -> Callable[[object], Stored]:
    seen: dict[object, Stored] = {}

    def remembered(value: object) -> Stored:
        # Only texts and floats: 1, 1.0 and True are the same to a dictionary, and are not to every field.
        kind = type(value)
        if kind is not str and kind is not float:
            return read_it(value)
        known = seen.get(value, seen)
        if known is not seen:
            return known  # type: ignore[return-value]  # the dictionary itself stands for nothing found
        if len(seen) >= _REMEMBERED:
            seen.clear()
        result = seen[value] = read_it(value)
        return result

    return remembered


def read_text(value: object) -> str:
    """A text that every database and every file can hold."""
    if type(value) is str and len(value) <= LONGEST_TEXT and value.isascii() and "\0" not in value:
        return value  # as nearly all of them are
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)  # JSON files write 75001 where they mean "75001"
    if not isinstance(value, str):
        raise BadValue(f"{quoted(value)} is not a text")
    if len(value) > LONGEST_TEXT:
        raise BadValue(f"has {len(value):,} characters: at most {LONGEST_TEXT:,} are kept")
    if "\0" in value:
        raise BadValue("has a NUL character in it: remove it")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadValue("is not well-formed Unicode: save the file as UTF-8") from None
    return value


# --- one reader a type -----------------------------------------------------------------------------------------

Reader = Callable[[object, ValueType, Conventions], Stored]

_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?")
_MONEY = re.compile(r"([+-]?[0-9]{1,30})(?:\.([0-9]{1,30}))?(?:\s*([A-Za-z]{3}))?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?\s?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _text(value: object, _type: ValueType, _conventions: Conventions) -> str:
    return read_text(value)


def _integer(value: object, _type: ValueType, _conventions: Conventions) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str):
        text = value.strip()
        if not _INTEGER.fullmatch(text):
            raise BadValue(f"{quoted(value)} is not a whole number: write {_plain_digits(text) or '1000'}")
        value = int(text)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadValue(f"{quoted(value)} is not a whole number: write for example 1000")
    return _within(value, LARGEST_INTEGER)


def _number(value: object, _type: ValueType, _conventions: Conventions) -> float:
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            raise BadValue(f"{quoted(value)} is not a number: write 1000 or 3.5, with nothing between digits")
        number = float(text)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value) if abs(value) < 1e308 else math.inf
    else:
        raise BadValue(f"{quoted(value)} is not a number: write for example 3.5")
    if not abs(number) <= LARGEST_NUMBER:
        raise BadValue(f"{quoted(value)} is not a number that can be counted with")
    return number


def _yes_no(value: object, _type: ValueType, _conventions: Conventions) -> bool:
    answer = _YES_NO.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    if answer is None:
        raise BadValue(f"{quoted(value)} is neither yes nor no: write yes or no")
    return answer


def _date(value: object, _type: ValueType, _conventions: Conventions) -> int:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return day_number(value)
    if isinstance(value, str) and _DATE.fullmatch(value.strip()):
        try:
            return day_number(dt.date.fromisoformat(value.strip()))
        except ValueError:
            raise BadValue(f"{quoted(value)} is not a date: there is no such day") from None
    raise BadValue(f"{quoted(value)} is not a date: write 2026-12-01")


def _time(value: object, _type: ValueType, conventions: Conventions) -> int:
    return read_time(value, conventions.zone)


def read_time(value: object, zone: str) -> int:
    """An instant in milliseconds; without an offset it is a local time of the zone, a date alone its midnight."""
    return instant_of(value if type(value) is dt.datetime else _moment(value), zone)


def instant_of(moment: dt.datetime, zone: str) -> int:
    """The instant of a moment in milliseconds; without an offset it is a local time of the zone."""
    if moment.tzinfo is None:
        return to_instant(zone, local_milliseconds(moment))
    return (moment - _EPOCH) // _MILLISECOND


def _moment(value: object) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 -- midnight in the project's zone
    if isinstance(value, str) and _TIME.fullmatch(value.strip()):
        try:
            return dt.datetime.fromisoformat(value.strip())
        except ValueError:
            raise BadValue(f"{quoted(value)} is not a time: there is no such moment") from None
    raise BadValue(f"{quoted(value)} is not a time: write 2026-12-01T09:00 or 2026-12-01T09:00:00+01:00")


def _money(value: object, _type: ValueType, conventions: Conventions) -> int:
    currency = conventions.currency
    if currency is None:
        raise BadValue('is money, but campflow.toml names no currency: add currency = "EUR" to it')
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        text = format(Decimal(repr(value)), "f")
    else:
        text = value.strip() if isinstance(value, str) else ""
    match = _MONEY.fullmatch(text)
    if not match:
        raise BadValue(f"{quoted(value)} is not an amount: write 12.50 or 12.50 {currency}")
    whole, decimals, named = match.groups(default="")
    if named and named.upper() != currency:
        raise BadValue(f"{quoted(value)} is not in {currency}, the project's currency")
    places = exponent(currency)
    if len(decimals) > places:
        raise BadValue(f"{quoted(value)} has more decimals than {currency}, which has {places}")
    return _within(int(whole + decimals.ljust(places, "0")), LARGEST_AMOUNT)


def _choice(value: object, type: ValueType, _conventions: Conventions) -> str:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and text in type.choices:
        return text
    raise BadValue(f"{quoted(value)} is not one of {', '.join(type.choices)}")


def _list(value: object, type: ValueType, conventions: Conventions) -> str:
    assert type.element is not None  # noqa: S101 -- a list type always says of what
    if isinstance(value, str):
        value = _json_list(value) if value.lstrip().startswith("[") else value.split("|")
    if not isinstance(value, list | tuple):
        raise BadValue(f'{quoted(value)} is not a list: write a|b|c or ["a", "b", "c"]')
    if len(value) > LONGEST_LIST:
        raise BadValue(f"has {len(value):,} items: at most {LONGEST_LIST:,} are kept")
    return list_text([read(_stripped(item), type.element, conventions) for item in value if not is_missing(item)])


def _json_list(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadValue(f'{quoted(text)} begins like a JSON list and is none: write ["a", "b"] or a|b') from None


def _stripped(item: object) -> object:
    return item.strip() if isinstance(item, str) else item


def _within(number: int, largest: int) -> int:
    if abs(number) > largest:
        raise BadValue(f"{quoted(number)} is too large")
    return number


def _plain_digits(text: str) -> str:
    """`1,000` and `1_000` as they should be written; empty where that is not what was meant."""
    plain = re.sub(r"[,_ '\u2019]", "", text)
    return plain if _INTEGER.fullmatch(plain) else ""


def _of_text(reader: Callable[[str], str]) -> Reader:
    """A reader of the kinds that are texts of a certain shape."""

    def of_text(value: object, _type: ValueType, _conventions: Conventions) -> str:
        return reader(read_text(value).strip())

    return of_text


def _phone(value: object, _type: ValueType, conventions: Conventions) -> str:
    return addresses.phone(read_text(value).strip(), conventions.country)


def _duration(value: object, _type: ValueType, _conventions: Conventions) -> Stored:
    raise CampflowError(f"{quoted(value)}: no field holds a duration")


_READERS: dict[Kind, Reader] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "yesno": _yes_no,
    "date": _date,
    "time": _time,
    "money": _money,
    "choice": _choice,
    "list": _list,
    "email": _of_text(addresses.email),
    "phone": _phone,
    "country": _of_text(addresses.country),
    "language": _of_text(addresses.language),
    "timezone": _of_text(addresses.timezone),
    "url": _of_text(addresses.url),
    "duration": _duration,
}
