"""Conditions as a list of cases: whoever meets one of the cases meets the condition, and nobody else does.

A case says of some questions where the answer lies, all at once. There may be very many cases; then there is no
list, nothing is known, and nothing is reported.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from typing import TypeAlias

from campflow.checking.proofs.questions import Question, asked, domain
from campflow.checking.proofs.regions import Region
from campflow.checking.proofs.settling import settled
from campflow.model import expressions as x

#: What a contact must be like: each question answered within its region. One without questions is everybody.
Case: TypeAlias = Mapping[Question, Region]

#: A condition, and whether it is to hold or not to hold.
Claim: TypeAlias = tuple[x.Expression, bool]

#: More cases than this are not followed, nor longer than so many comparisons of two of them.
MOST, _LONGEST = 200, 8_000

_EVERYBODY: tuple[Case, ...] = ({},)


class _TooMany(Exception):
    pass


def cases(claims: Iterable[Claim]) -> tuple[Case, ...] | None:
    """Who fulfils all claims at one moment: nobody where it is empty; None where that cannot be told."""
    listing = _Listing()
    try:
        found = reduce(listing.both, (listing.of(condition, holds) for condition, holds in claims), _EVERYBODY)
    except _TooMany:
        return None
    return tuple(case for each in found if (case := settled(each)) is not None)


def nobody(claims: Iterable[Claim]) -> bool:
    """Whether it is proven that no contact fulfils all claims at one moment."""
    return _nobody(tuple(claims))


@lru_cache(maxsize=4096)  # several proofs ask the same of one condition, and campaigns resemble each other
def _nobody(claims: tuple[Claim, ...]) -> bool:
    return cases(claims) == ()


class _Listing:
    """Writes conditions out as cases, and gives up (raises _TooMany) where that takes too long."""

    def __init__(self) -> None:
        self._left = _LONGEST

    def of(self, condition: x.Expression, holds: bool) -> tuple[Case, ...]:
        """The cases in which the condition holds, or does not."""
        match condition:
            case x.Not(operand):
                return self.of(operand, not holds)
            case x.InSegment(_, inner):
                return self.of(inner, holds)
            case x.And(operands) | x.Or(operands):
                parts = (self.of(operand, holds) for operand in operands)
                joint = isinstance(condition, x.And) == holds
                return reduce(self.both, parts, _EVERYBODY) if joint else reduce(self.either, parts, ())
            case x.InOptions(operand, options) if asked(condition)[0].kind == "yes":
                return self.of(x.Or(tuple(x.Compare("==", operand, option) for option in options)), holds)
            case _:
                question, answers = asked(condition)
                everything = domain(question)
                answers = answers & everything if holds else answers.outside(everything)
                if answers.empty:
                    return ()
                return _EVERYBODY if everything.within(answers) else ({question: answers},)

    def both(self, some: Sequence[Case], others: Sequence[Case]) -> tuple[Case, ...]:
        """The cases of both at once."""
        self._spend(len(some) * len(others))
        met = (_met(one, other) for one in some for other in others)
        return self._fewer([case for case in met if case is not None])

    def either(self, some: Sequence[Case], others: Sequence[Case]) -> tuple[Case, ...]:
        """The cases of either."""
        return self._fewer([*some, *others])

    def _fewer(self, found: list[Case]) -> tuple[Case, ...]:
        """The same without cases inside others; cases about one and the same question become one."""
        alone: dict[Question, Region] = {}
        rest: list[Case] = []
        for case in found:
            if not case:
                return _EVERYBODY
            if len(case) > 1:
                rest.append(case)
                continue
            ((question, region),) = case.items()
            alone[question] = alone[question] | region if question in alone else region
        kept: list[Case] = []
        for question, region in alone.items():
            if domain(question).within(region):
                return _EVERYBODY
            kept.append({question: region})
        for case in rest:
            self._spend(len(kept))
            if not any(_is_inside(case, other) for other in kept):
                kept.append(case)
        if len(kept) > MOST:
            raise _TooMany
        return tuple(kept)

    def _spend(self, comparisons: int) -> None:
        self._left -= comparisons
        if self._left < 0:
            raise _TooMany


def _met(one: Case, other: Case) -> Case | None:
    """Both cases at once; None where they exclude each other."""
    merged = dict(one)
    for question, region in other.items():
        if question in merged:
            region = merged[question] & region
            if region.empty:
                return None
        merged[question] = region
    return merged


def _is_inside(case: Case, other: Case) -> bool:
    """Whether everyone in the case is in the other one as well."""
    return all(question in case and case[question].within(region) for question, region in other.items())
