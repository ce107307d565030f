"""What each type of field takes, what it makes of it, and what it says of everything else."""

import datetime as dt

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campflow.model.people import Kind, ValueType
from campflow.people.addresses import email
from campflow.people.values import Conventions, read
from campflow.people.wording import BadValue

PARIS = Conventions("EUR", "Europe/Paris", "FR")
CHOICE = ValueType("choice", ("trial", "pro"))


def list_of(kind: Kind) -> ValueType:
    return ValueType("list", (), ValueType(kind))


def of(type: Kind | ValueType) -> ValueType:
    return type if isinstance(type, ValueType) else ValueType(type)


@pytest.mark.parametrize(
    ("type", "value", "stored"),
    [
        ("text", " as it is ", " as it is "),
        ("text", "été\n\t🎉", "été\n\t🎉"),
        ("text", 75001, "75001"),
        ("integer", " -42 ", -42),
        ("integer", "4611686018427387903", 2**62 - 1),
        ("integer", 3.0, 3),
        ("number", "3.5", 3.5),
        ("number", "-1e3", -1000.0),
        ("number", 7, 7.0),
        ("yesno", "Yes", True),
        ("yesno", "0", False),
        ("yesno", False, False),
        ("yesno", 1, True),
        ("date", "2026-12-01", 20_788),
        ("date", "1969-12-31", -1),
        ("date", dt.date(1970, 1, 2), 1),
        # A time without an offset is a local time of the project; a date alone is its midnight.
        ("time", "2026-12-01T09:00", 1_796_112_000_000),
        ("time", "2026-12-01 09:00:00.250", 1_796_112_000_250),
        ("time", "2026-12-01", 1_796_079_600_000),
        ("time", "2026-12-01T08:00:00Z", 1_796_112_000_000),
        ("time", "2026-12-01T13:30:00+05:30", 1_796_112_000_000),
        ("time", "2024-03-31T02:30", 1_711_846_800_000),  # skipped by the clock change: the first moment after it
        ("time", dt.datetime(2026, 12, 1, 8, tzinfo=dt.UTC), 1_796_112_000_000),
        ("money", "12.50", 1250),
        ("money", "12.5 EUR", 1250),
        ("money", "-0.05", -5),
        ("money", "1000", 100_000),
        ("money", 12.5, 1250),
        ("money", 3, 300),
        ("money", "12 eur", 1200),
        ("email", "Ada.Lovelace@ACME.Example", "Ada.Lovelace@acme.example"),
        ("email", " ada@acme.example ", "ada@acme.example"),
        ("email", "ada@münchen.example", "ada@münchen.example"),
        ("phone", "06 12 34 56 78", "+33612345678"),
        ("phone", "+41 44 668 18 00", "+41446681800"),
        ("country", "fr", "FR"),
        ("language", "FR", "fr"),
        ("language", "pt_br", "pt-BR"),
        ("language", "zh-hant-tw", "zh-Hant-TW"),
        ("timezone", "Europe/Paris", "Europe/Paris"),
        ("url", "https://acme.example/pricing?a=1#b", "https://acme.example/pricing?a=1#b"),
        (CHOICE, " trial ", "trial"),
        (list_of("text"), "a|b| c ", '["a","b","c"]'),
        (list_of("text"), '["a", "é|b"]', '["a","é|b"]'),
        (list_of("integer"), [1, 2], "[1,2]"),
        (list_of("text"), [], "[]"),
        (list_of("money"), ("1.50",), "[150]"),
    ],
)
def test_what_is_taken(type: Kind | ValueType, value: object, stored: object) -> None:
    found = read(value, of(type), PARIS)
    assert (found, found.__class__) == (stored, stored.__class__)


@pytest.mark.parametrize(
    ("type", "value", "reason"),
    [
        ("text", "a\0b", "has a NUL character in it: remove it"),
        ("text", "\ud800", "is not well-formed Unicode: save the file as UTF-8"),
        ("text", "x" * 10_001, "has 10,001 characters: at most 10,000 are kept"),
        ("text", True, "`True` is not a text"),
        ("text", {"a": 1}, "`{'a': 1}` is not a text"),
        ("integer", "1,000", "`1,000` is not a whole number: write 1000"),
        ("integer", "1_000", "`1_000` is not a whole number: write 1000"),
        ("integer", "3.5", "`3.5` is not a whole number: write 1000"),
        ("integer", "٣", "`٣` is not a whole number: write 1000"),
        ("integer", "4611686018427387904", "`4611686018427387904` is too large"),
        ("integer", True, "`True` is not a whole number: write for example 1000"),
        ("number", "NaN", "`NaN` is not a number: write 1000 or 3.5, with nothing between digits"),
        ("number", "1e999", "`1e999` is not a number that can be counted with"),
        ("number", float("inf"), "`inf` is not a number that can be counted with"),
        ("number", 10**400, None),
        ("number", "1,5", "`1,5` is not a number: write 1000 or 3.5, with nothing between digits"),
        ("yesno", "maybe", "`maybe` is neither yes nor no: write yes or no"),
        ("date", "12/01/2026", "`12/01/2026` is not a date: write 2026-12-01"),
        ("date", "20261201", "`20261201` is not a date: write 2026-12-01"),
        ("date", "2026-02-30", "`2026-02-30` is not a date: there is no such day"),
        ("time", "yesterday", "`yesterday` is not a time: write 2026-12-01T09:00 or 2026-12-01T09:00:00+01:00"),
        ("time", "2026-12-01T25:00", "`2026-12-01T25:00` is not a time: there is no such moment"),
        ("time", 1796112000, "`1796112000` is not a time: write 2026-12-01T09:00 or 2026-12-01T09:00:00+01:00"),
        ("money", "12.505", "`12.505` has more decimals than EUR, which has 2"),
        ("money", "12.50 USD", "`12.50 USD` is not in EUR, the project's currency"),
        ("money", "12,50", "`12,50` is not an amount: write 12.50 or 12.50 EUR"),
        ("money", float("nan"), "`nan` is not an amount: write 12.50 or 12.50 EUR"),
        ("money", "99999999999999999999", None),
        ("email", "ada", None),
        ("email", "ada@localhost", None),
        ("email", "ada@acme.example\r\nBcc: eve@acme.example", None),
        ("phone", "06 12", "`06 12` is not a phone number that anyone can have"),
        ("phone", "call me", "`call me` is not a phone number: write one of FR"),
        ("country", "UK", "`UK` is not a country code: write GB"),
        ("country", "France", "`France` is not a country code: write two letters, as in FR"),
        ("language", "français", "`français` is not a language: write for example fr or pt-BR"),
        ("timezone", "Paris", "`Paris` is not a time zone: write an IANA name such as Europe/Paris"),
        ("timezone", "../../etc/passwd", None),
        ("url", "javascript:alert(1)", None),
        ("url", "https://", None),
        ("url", "https://[::1", None),
        ("url", "https://acme.example/a b", None),
        (CHOICE, "Pro", "`Pro` is not one of trial, pro"),
        (list_of("integer"), "1|x", "`x` is not a whole number: write 1000"),
        (list_of("text"), "[1", '`[1` begins like a JSON list and is none: write ["a", "b"] or a|b'),
        (list_of("text"), "[" * 9_000, None),
        (list_of("text"), 3, '`3` is not a list: write a|b|c or ["a", "b", "c"]'),
        (list_of("text"), ["a"] * 1_001, "has 1,001 items: at most 1,000 are kept"),
    ],
)
def test_what_is_refused_and_why(type: Kind | ValueType, value: object, reason: str | None) -> None:
    with pytest.raises(BadValue) as refused:
        read(value, of(type), PARIS)
    assert "\n" not in str(refused.value)
    if reason is not None:
        assert str(refused.value) == reason


def test_a_phone_number_without_a_country_needs_its_code() -> None:
    with pytest.raises(BadValue, match=r"write one with \+ and the country's code"):
        read("06 12 34 56 78", ValueType("phone"), Conventions("EUR", "UTC"))


def test_money_is_counted_in_what_the_currency_has() -> None:
    assert read("1200", ValueType("money"), Conventions("JPY", "UTC")) == 1200
    assert read("1.234 KWD", ValueType("money"), Conventions("KWD", "UTC")) == 1234
    with pytest.raises(BadValue, match="has more decimals than JPY, which has 0"):
        read("12.5", ValueType("money"), Conventions("JPY", "UTC"))
    with pytest.raises(BadValue, match=r"campflow\.toml names no currency"):
        read("12.5", ValueType("money"), Conventions(None, "UTC"))


def test_a_reason_is_short_and_obeys_no_terminal() -> None:
    with pytest.raises(BadValue) as refused:
        read("\x1b[31m" + "x" * 5_000, ValueType("date"), PARIS)
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 150


ANYTHING = st.one_of(
    st.text(max_size=30), st.text("0123456789.,+-:TZ EUR/@ae[]|", max_size=25),
    st.integers(), st.floats(), st.booleans(), st.lists(st.text(max_size=5), max_size=4),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
    st.dates(), st.datetimes(),
)  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "text", "integer", "number", "yesno", "date", "time", "money",
    "email", "phone", "country", "language", "timezone", "url",
)  # fmt: skip
TYPES = [
    *map(of, KINDS),
    CHOICE,
    list_of("text"),
    list_of("time"),
]


@settings(max_examples=1_500, deadline=None)
@given(ANYTHING, st.sampled_from(TYPES))
def test_nothing_but_a_storable_value_or_a_sentence_comes_out(value: object, type: ValueType) -> None:
    try:
        stored = read(value, type, PARIS)
    except BadValue:
        return
    assert isinstance(stored, str | int | float)
    if isinstance(stored, str):
        stored.encode()
    elif isinstance(stored, int):
        assert abs(stored) < 2**63


@settings(max_examples=1_500, deadline=None)
@given(st.from_regex(r"[A-Za-z0-9.+_-]{1,12}@[A-Za-z0-9.-]{1,20}\.(com|example|test|local|arpa|c1|X)", fullmatch=True))
@example("WWW@acme.com")
def test_the_short_way_with_plain_addresses_says_what_the_long_one_says(address: str) -> None:
    try:
        expected: str | None = validate_email(address, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        expected = None
    try:
        found: str | None = email(address)
    except BadValue:
        found = None
    assert found == expected
