"""One project, one currency: the one of the settings, else the first that is written."""

from collections.abc import Iterator, Sequence

from campflow.checking.currency import amounts, first_amount
from campflow.checking.literals import fits_currency
from campflow.checking.names import Names
from campflow.checking.wording import money as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax
from campflow.model.currencies import CURRENCIES


def one_currency(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """Every amount of money is in a real currency, has no more decimals than it, and is in the project's one."""
    first = None if names.vocabulary.currency else first_amount(files)
    for money in amounts(files):
        if money.currency not in CURRENCIES:
            yield say.unknown_currency(money, names.currency)
        elif names.currency and money.currency != names.currency:
            yield say.other_currency(money, names.currency, first.span if first else None)
        elif not fits_currency(money):
            yield say.odd_amount(money)
