"""The text of a value becomes its node; a value that cannot be (30 February) becomes a diagnostic and a near one."""

import calendar
import datetime as dt
import re
from decimal import Decimal

from campflow.diagnostics.diagnostic import Diagnostic, did_you_mean
from campflow.diagnostics.source import Span
from campflow.language import syntax

MOST_DIGITS = 15
"""Digits before the point: more than any budget needs, and exact in every database."""

MOST_DECIMALS = 9

UNITS: tuple[syntax.Unit, ...] = ("second", "minute", "hour", "day", "week", "month", "year")
LONGEST: dict[syntax.Unit, int] = {
    "second": 10_000_000_000,
    "minute": 100_000_000,
    "hour": 2_000_000,
    "day": 100_000,
    "week": 15_000,
    "month": 3_000,
    "year": 250,
}
"""The most of each unit: durations are added to dates, and the calendar ends with the year 9999."""

THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""Currencies that count in thousandths (ISO 4217); all others have two decimals or none."""

_ESCAPES = {"\\": "\\", '"': '"', "n": "\n", "t": "\t"}
_PART = re.compile(r"(\d[\d_]*)[ \t]+([a-z]+?)s?(?!\w)")


class ValueReader:
    """Reads the values of one file, and collects what is wrong with them."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def refuse(self, span: Span, message: str, hint: str | None = None) -> None:
        self.diagnostics.append(Diagnostic("syntax", message, span, hint))

    def text(self, written: str, span: Span) -> syntax.Text:
        inner = written[1:-1]
        if "\\" not in inner:
            return syntax.Text(inner, span)
        return syntax.Text(re.sub(r"\\(.)", lambda escape: self._escape(escape, span), inner), span)

    def _escape(self, escape: re.Match[str], span: Span) -> str:
        character = escape[1]
        if character not in _ESCAPES:
            column = span.column + 1 + escape.start()
            place = Span(span.path, span.line, column, span.line, column + 2)
            self.refuse(
                place,
                f"`\\{character}` means nothing in a text",
                'write `\\\\` for a backslash; the others are `\\"`, `\\n` and `\\t`',
            )
        return _ESCAPES.get(character, character)

    def decimal(self, written: str, span: Span) -> Decimal:
        """The number; 0 where it is too large or too fine, which is reported."""
        digits = written.replace("_", "")
        whole, _, fraction = digits.partition(".")
        if "__" in written or written.endswith("_") or "_." in written:
            self.refuse(
                span, "this number is not written well", f"`_` stands between two digits: `{self._shorten(digits)}`"
            )
        if len(whole.lstrip("0")) > MOST_DIGITS:
            self.refuse(
                span,
                f"this number is too large: it has {len(whole)} digits",
                f"a number has up to {MOST_DIGITS} digits",
            )
            return Decimal(0)
        if len(fraction) > MOST_DECIMALS:
            self.refuse(
                span,
                f"this number is too fine: it has {len(fraction)} decimals",
                f"a number has up to {MOST_DECIMALS} decimals",
            )
            return Decimal(0)
        return Decimal(digits)

    @staticmethod
    def _shorten(text: str) -> str:
        return text if len(text) <= 20 else f"{text[:20]}…"

    def integer(self, written: str, span: Span, what: str) -> int:
        """A whole number where nothing else makes sense: `at least 2 times`. If it is not one, that is reported."""
        if "." in written:
            self.refuse(span, f"{what} is a whole number, `{self._shorten(written)}` is not")
            return 1
        value = int(self.decimal(written, span))
        if value > 1_000_000_000:
            self.refuse(span, f"{what} is too large", "it is at most 1_000_000_000")
            return 1
        return value

    def number(self, written: str, span: Span) -> syntax.Number:
        return syntax.Number(self.decimal(written, span), "." not in written, span)

    def percent(self, written: str, span: Span) -> syntax.Percent:
        return syntax.Percent(self.decimal(written[:-1], span), span)

    def money(self, written: str, span: Span) -> syntax.Money:
        amount, currency = written.split()
        value = self.decimal(amount, span)
        decimals = len(amount.partition(".")[2])
        if decimals > (3 if currency in THREE_DECIMALS else 2):
            hint = "a point stands before the cents"
            if decimals == 3:
                hint += f"; for thousands write `{amount.replace('.', '_')} {currency}`"
            self.refuse(span, f"an amount in {currency} has no {decimals} decimals", hint)
        return syntax.Money(value, currency, span)

    def date(self, written: str, span: Span) -> syntax.Date:
        year, month, day = (int(part) for part in written.split("-"))
        try:
            return syntax.Date(dt.date(year, month, day), span)
        except ValueError:
            self.refuse(span, f"there is no {written} in the calendar", self._nearest_day(year, month, day))
            return syntax.Date(dt.date(2000, 1, 1), span)

    @staticmethod
    def _nearest_day(year: int, month: int, day: int) -> str:
        if not 1 <= month <= 12:
            swapped = f"; did you mean `{year:04}-{day:02}-{month:02}`?" if 1 <= day <= 12 and 1 <= month <= 31 else ""
            return f"a date is year-month-day{swapped}"
        if year < 1:
            return "years count from 0001"
        last = calendar.monthrange(year, month)[1]
        return (
            f"{calendar.month_name[month]} {year} ends on the {last}th: `{year:04}-{month:02}-{last:02}`"
            if day > last
            else "days count from 01"
        )

    def time(self, written: str, span: Span) -> syntax.TimeOfDay:
        hour, minute, second = (int(part) for part in f"{written}:00".split(":")[:3])
        try:
            return syntax.TimeOfDay(dt.time(hour, minute, second), span)
        except ValueError:
            hint = "the last minute of a day is `23:59`, midnight is `00:00`"
            self.refuse(span, f"there is no {written} on the clock", hint)
            return syntax.TimeOfDay(dt.time(0, 0), span)

    def date_time(self, written: str, span: Span) -> syntax.DateTime:
        day, clock = written.split()
        start = Span(span.path, span.line, span.column, span.line, span.column + len(day))
        end = Span(span.path, span.line, span.end_column - len(clock), span.line, span.end_column)
        date, time = self.date(day, start), self.time(clock, end)
        return syntax.DateTime(dt.datetime.combine(date.value, time.value), span)

    def duration(self, written: str, span: Span) -> syntax.Duration:
        parts: list[tuple[int, syntax.Unit]] = []
        for part in _PART.finditer(written):
            unit = next(unit for unit in UNITS if unit == part[2])
            count = self.integer(part[1], span, "a duration")
            if count > LONGEST[unit]:
                self.refuse(span, "this duration is too long", f"it is at most {LONGEST[unit]:_} {unit}s")
                count = 1
            parts.append((count, unit))
        return syntax.Duration(tuple(parts), span)

    def one_unit(self, written: str, span: Span) -> syntax.Duration:
        """`day` in `limit 1 email per day`."""
        for unit in UNITS:
            if unit == written.removesuffix("s"):
                return syntax.Duration(((1, unit),), span)
        known = did_you_mean(written, UNITS) or f"units of time are {', '.join(UNITS)}"
        self.refuse(span, f"`{written}` is not a unit of time", known)
        return syntax.Duration(((1, "day"),), span)
