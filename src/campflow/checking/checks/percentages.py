"""The arms of a split cover everyone."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from campflow.checking.checks.campaigns import campaigns
from campflow.checking.names import Names
from campflow.checking.tree import find
from campflow.checking.wording import campaigns as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax


def arms_sum_up(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """The arms of every split sum to exactly 100%.

    A share above that was told when it was read, and so was an arm whose beginning makes no sense (it has no name).
    """
    for split in find(tuple(campaigns(files)), syntax.Split):
        shares = [arm.share.value for arm in split.arms]
        readable = all(arm.name.text and arm.share.value <= 100 for arm in split.arms)
        if sum(shares) != 100 and readable:
            yield say.arms_sum(split.name, sum(shares, Decimal()))
