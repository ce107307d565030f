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

#: More cases than this are not followed.
MOST = 300

_EVERYBODY: tuple[Case, ...] = ({},)


class _TooMany(Exception):
    pass


def cases(claims: Iterable[Claim]) -> tuple[Case, ...] | None:
    """Who fulfils all claims at one moment: nobody where it is empty; None where that cannot be told."""
    try:
        found = reduce(_both, (_of(condition, holds) for condition, holds in claims), _EVERYBODY)
    except _TooMany:
        return None
    return tuple(case for each in found if (case := settled(each)) is not None)


def nobody(claims: Iterable[Claim]) -> bool:
    """Whether it is proven that no contact fulfils all claims at one moment."""
    return _nobody(tuple(claims))


@lru_cache(maxsize=4096)  # several proofs ask the same of one condition, and campaigns resemble each other
def _nobody(claims: tuple[Claim, ...]) -> bool:
    return cases(claims) == ()


def _of(condition: x.Expression, holds: bool) -> tuple[Case, ...]:
    match condition:
        case x.Not(operand):
            return _of(operand, not holds)
        case x.InSegment(_, inner):
            return _of(inner, holds)
        case x.And(operands) | x.Or(operands):
            parts = (_of(operand, holds) for operand in operands)
            joint = isinstance(condition, x.And) == holds
            return reduce(_both, parts, _EVERYBODY) if joint else reduce(_either, parts, ())
        case x.InOptions(operand, options) if asked(condition)[0].kind == "yes":
            if len(options) > MOST:
                raise _TooMany
            return _of(x.Or(tuple(x.Compare("==", operand, option) for option in options)), holds)
        case _:
            question, answers = asked(condition)
            everything = domain(question)
            answers = answers & everything if holds else answers.outside(everything)
            if answers.empty:
                return ()
            return _EVERYBODY if everything.within(answers) else ({question: answers},)


def _both(some: Sequence[Case], others: Sequence[Case]) -> tuple[Case, ...]:
    if len(some) * len(others) > MOST * 10:
        raise _TooMany
    met = (_met(one, other) for one in some for other in others)
    return _fewer([case for case in met if case is not None])


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


def _either(some: Sequence[Case], others: Sequence[Case]) -> tuple[Case, ...]:
    return _fewer([*some, *others])


def _fewer(found: list[Case]) -> tuple[Case, ...]:
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
        inside = any(all(q in case and case[q].within(other[q]) for q in other) for other in kept)
        if not inside:
            kept.append(case)
        if len(kept) > MOST:
            raise _TooMany
    return tuple(kept)
