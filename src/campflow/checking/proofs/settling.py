"""What questions have to do with each other, because of one value that several of them are about.

A calculation is missing exactly where something in it is (or where it divides by zero), and of a text that is one of a
few it can be said whether it starts with `A`.
"""

from collections.abc import Mapping

from campflow.checking.proofs.questions import Question, divides, domain, leaves, may_be_missing
from campflow.checking.proofs.regions import Among, Region
from campflow.model import expressions as x

_YES = Among(frozenset({True}))


def settled(case: Mapping[Question, Region]) -> Mapping[Question, Region] | None:
    """The case with what follows from it; None where no contact can be like that."""
    known = dict(case)
    for question, region in case.items():
        if not (_is_there(question, region, known) and _reads_like_that(question, region, known)):
            return None
    return known


def reads(question: Question) -> tuple[x.Expression, str] | None:
    """The value and the fixed text where a question is about how a text reads."""
    match question:
        case Question("yes", (x.TextMatch(_, operand, x.Constant(str() as text)),)):
            return operand, text
        case Question("order", (operand, x.Constant(str() as text))):
            return operand, text
    return None


def answer(question: Question, value: str, text: str) -> str | bool:
    """What such a question answers for one value."""
    if question.kind == "order":
        return "=" if value == text else "<" if value < text else ">"
    (match,) = question.subject
    starts = isinstance(match, x.TextMatch) and match.operator == "starts with"
    return value.startswith(text) if starts else text in value


# --- missing ----------------------------------------------------------------------------------------------------


def _is_there(question: Question, region: Region, known: dict[Question, Region]) -> bool:
    needed = _needed(question, region)
    if not region.missing:
        return all(_narrow(known, leaf, Region(domain(_value(leaf)).values, False)) for leaf in needed)
    if not needed or any(divides(part) for part in question.subject):
        return True
    if any(_region(known, leaf).missing for leaf in needed):
        return True
    known[question] = Region(region.values, False)
    return not region.values.empty


def _needed(question: Question, region: Region) -> list[x.Expression]:
    """What must be there for such an answer; a plain value speaks for itself, and a no can mean anything."""
    match question:
        case Question("value", (subject,)) if not isinstance(subject, x.Arithmetic):
            return []
        case Question("yes") if region.values != _YES:
            return []
        case Question("yes", (x.TextMatch(_, operand, pattern),)):
            subjects: tuple[x.Expression, ...] = (operand, pattern)
        case Question("yes", (x.ListHas(list_, item),)):
            subjects = (list_, item)
        case Question("yes"):
            return []
        case _:
            subjects = question.subject
    return [leaf for subject in subjects for leaf in leaves(subject) if may_be_missing(leaf)]


# --- texts ------------------------------------------------------------------------------------------------------


def _reads_like_that(question: Question, region: Region, known: dict[Question, Region]) -> bool:
    """Leaves only those of a few texts that answer the question so."""
    about = reads(question)
    if about is None or not isinstance(region.values, Among):
        return True
    operand, text = about
    there = _region(known, operand)
    if not isinstance(there.values, Among) or there.values.but:
        return True
    allowed = region.values.items
    fitting = frozenset(item for item in there.values.items if answer(question, str(item), text) in allowed)
    may_miss = region.missing if question.kind == "order" else False in allowed
    return _narrow(known, operand, Region(Among(fitting), may_miss))


def _value(leaf: x.Expression) -> Question:
    return Question("value", (leaf,))


def _region(known: Mapping[Question, Region], leaf: x.Expression) -> Region:
    return known.get(_value(leaf)) or domain(_value(leaf))


def _narrow(known: dict[Question, Region], leaf: x.Expression, region: Region) -> bool:
    known[_value(leaf)] = _region(known, leaf) & region
    return not known[_value(leaf)].empty
