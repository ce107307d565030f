"""Sentences about amounts of money and their currency."""

from campflow.checking.wording.types import mismatch
from campflow.diagnostics.diagnostic import Diagnostic, Label, did_you_mean
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model.currencies import CURRENCIES, exponent


def unknown_currency(money: syntax.Money, currency: str | None) -> Diagnostic:
    near = did_you_mean(money.currency, (currency,) if currency else ()) or did_you_mean(money.currency, CURRENCIES)
    hint = near or "currencies are written as three capital letters: `EUR`, `CHF`, `USD`"
    return Diagnostic("unknown-name", f"there is no currency `{money.currency}`", money.span, hint)


def other_currency(money: syntax.Money, currency: str, first: Span | None) -> Diagnostic:
    """`first` is where the project's currency was first written; None where a setting names it."""
    source = "the project counts in" if first else "campflow.toml says that the project counts in"
    message = f"this amount is in {money.currency}, but {source} {currency}"
    labels = (Label(first, f"{currency} was written first here"),) if first else ()
    hint = f"write the amount in {currency}: a project has one currency"
    return Diagnostic("currency-mismatch", message, money.span, hint, labels)


def odd_amount(money: syntax.Money) -> Diagnostic:
    places = exponent(money.currency)
    decimals = "no decimals" if places == 0 else f"{places} decimals"
    return mismatch(
        f"{money.currency} has {decimals}, so `{money.amount} {money.currency}` is no amount",
        money.span,
        "round the amount",
    )
