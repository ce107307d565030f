"""The currency of a project: the one of the settings, else the first that is written."""

from collections.abc import Iterator, Sequence

from campflow.checking.tree import find
from campflow.checking.vocabulary import Vocabulary
from campflow.language import syntax
from campflow.model.currencies import CURRENCIES


def project_currency(files: Sequence[syntax.FlowFile], vocabulary: Vocabulary) -> str | None:
    """The currency of all money; None where no setting names one and none is written."""
    if vocabulary.currency:
        return vocabulary.currency
    first = first_amount(files)
    return first.currency if first else None


def first_amount(files: Sequence[syntax.FlowFile]) -> syntax.Money | None:
    """The first amount in a currency that exists."""
    return next((money for money in amounts(files) if money.currency in CURRENCIES), None)


def amounts(files: Sequence[syntax.FlowFile]) -> Iterator[syntax.Money]:
    """All amounts of money, in the order of the files."""
    for file in files:
        yield from find(file.declarations, syntax.Money)
