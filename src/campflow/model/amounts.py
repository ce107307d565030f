"""Amounts of money as people write them outside of a `.flow` file, in settings and plugins: `0.08 EUR`."""

import re
from decimal import ROUND_CEILING, Decimal

from campflow.model.currencies import CURRENCIES, exponent
from campflow.model.people import Money

_AMOUNT = re.compile(r"\s*(\d{1,12}(?:\.\d{1,12})?)\s+([A-Z]{3})\s*")


def parse_amount(text: str, *, round_up: bool = False) -> Money:
    """The amount that a text says. Raises ValueError with what to write for one that says none.

    An amount finer than the minor unit of its currency is refused, or rounded up to it where `round_up` says so.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text}` is not an amount of money: write for example 0.08 EUR")
    if found[2] not in CURRENCIES:
        raise ValueError(f"`{found[2]}` is not a currency: write an ISO 4217 code such as EUR")
    minor = Decimal(found[1]).scaleb(exponent(found[2]))
    if minor != minor.to_integral_value() and not round_up:
        raise ValueError(f"`{text}` has more decimals than {found[2]}: it has {exponent(found[2])}")
    return Money(int(minor.to_integral_value(ROUND_CEILING)), found[2])
