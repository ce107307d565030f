"""Values as written become constants: durations in months, days and milliseconds, money in minor units."""

from campflow.checking.wording import types as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax
from campflow.model.currencies import CURRENCIES, exponent
from campflow.model.expressions import Constant
from campflow.model.people import Duration, Money, ValueType

_LONGEST_MONTHS, _LONGEST_DAYS = 12_000, 366_000
_LARGEST = 10**18
_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}
_MILLISECONDS = {"second": 1_000, "minute": 60_000, "hour": 3_600_000}


def constant(node: syntax.Value, written: str, currency: str | None) -> Constant | Diagnostic | None:
    """The constant; a diagnostic where it can stand nowhere in a condition; None where the mistake is told elsewhere.

    `written` is the source text, for the message. Money in another currency than the project's is None here, because
    the check of the currencies says it.
    """
    match node:
        case syntax.Text(value):
            return Constant(value, ValueType("text"))
        case syntax.YesNo(value):
            return Constant(value, ValueType("yesno"))
        case syntax.Date(value):
            return Constant(value.isoformat(), ValueType("date"))
        case syntax.DateTime(value):
            return Constant(value.isoformat(timespec="seconds"), ValueType("time"))
        case syntax.Number(value, whole):
            return Constant(int(value), ValueType("integer")) if whole else Constant(float(value), ValueType("number"))
        case syntax.Money():
            amount = money(node, currency)
            return Constant(amount, ValueType("money")) if amount else None
        case syntax.Duration():
            length = duration(node)
            return Constant(length, ValueType("duration")) if length else say.too_long(f"`{written}`", node.span)
        case syntax.Percent():
            return say.percent_here(f"`{written}`", node.span)
        case syntax.TimeOfDay():
            return say.time_of_day_here(f"`{written}`", node.span)


def duration(node: syntax.Duration) -> Duration | None:
    """The duration with weeks as days and years as months; None where it is longer than 1000 years."""
    months = sum(count * _MONTHS.get(unit, 0) for count, unit in node.parts)
    days = sum(count * _DAYS.get(unit, 0) for count, unit in node.parts)
    milliseconds = sum(count * _MILLISECONDS.get(unit, 0) for count, unit in node.parts)
    fits = months <= _LONGEST_MONTHS and days + milliseconds // 86_400_000 <= _LONGEST_DAYS
    return Duration(months, days, milliseconds) if fits else None


def money(node: syntax.Money, currency: str | None) -> Money | None:
    """The amount in minor units; None where its currency or its decimals are mistaken (see `checks.currencies`)."""
    if node.currency != currency or not fits_currency(node):
        return None
    return Money(int(node.amount.scaleb(exponent(node.currency))), node.currency)


def fits_currency(node: syntax.Money) -> bool:
    """Whether the currency is known, and has as many decimals as were written, and the amount fits a database."""
    minor = node.amount.scaleb(exponent(node.currency))
    return node.currency in CURRENCIES and minor == minor.to_integral_value() and minor < _LARGEST
