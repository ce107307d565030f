"""Contacts with concrete values, to whom what a diagnostic says happens.

Values are picked from the regions of a case, and then the claims themselves are asked of the contact who results:
nothing is told of anyone for whom it was not checked.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from campflow.checking.proofs.intervals import Cut, Intervals
from campflow.checking.proofs.judging import Answer, Person, holds
from campflow.checking.proofs.questions import Question, domain, is_whole
from campflow.checking.proofs.regions import Among, Region
from campflow.checking.proofs.settling import reads
from campflow.checking.proofs.terms import Case, Claim, cases
from campflow.model import expressions as x
from campflow.model.people import Kind

#: What a contact can be said to have done: those answers of a region that are possible for a figure over events, or
#: for a field of the event by which the contact entered.
Past: TypeAlias = Callable[[x.Expression, Region], Sequence[Answer]]

_MOST_TRIES = 400
_SAMPLES: dict[Kind, tuple[str, ...]] = {
    "email": ("ada@acme.example", "bo@acme.example"),
    "phone": ("+41791234567", "+33612345678"),
    "country": ("CH", "FR", "DE", "JP", "BR"),
    "language": ("en", "de", "fr", "ja"),
    "timezone": ("Europe/Paris", "Asia/Tokyo", "UTC"),
    "url": ("https://acme.example/", "https://other.example/"),
}
_PLAIN = ("Ada", "Zoe", "x", "~")
_DAY = 86_400_000


def anything_done(figure: x.Expression, region: Region) -> Sequence[Answer]:
    """Any past that the figure by itself allows: for stories in which it does not matter how it came about."""
    return [*[None] * region.missing, *values_in(region, figure)]


def example(claims: Iterable[Claim], past: Past = anything_done) -> Person | None:
    """A contact who fulfils all claims at one moment; None where none is found, although there may be one."""
    claims = tuple(claims)
    for case in cases(claims) or ():
        for person in _people(case, claims, past):
            if all(holds(condition, person) is wanted for condition, wanted in claims):
                return person
    return None


def _people(case: Case, claims: Sequence[Claim], past: Past) -> Iterator[Person]:
    lists = _lists(case)
    asked = [part for question in case for part in question.subject] or [condition for condition, _ in claims]
    told = tuple(dict.fromkeys(leaf for part in asked for leaf in _values(part)))
    leaves = dict.fromkeys(part for condition, _ in claims for part in _values(condition) if part not in lists)
    picked = [_picked(leaf, case, past) for leaf in leaves]
    for answers in itertools.islice(itertools.product(*picked), _MOST_TRIES):
        yield Person({**lists, **dict(zip(leaves, answers, strict=True))}, told)


def _values(condition: x.Expression) -> Iterator[x.Expression]:
    """The fields and figures that a condition reads, not what is asked of single events."""
    match condition:
        case x.ContactField() | x.EventField() | x.EntryField() | x.RfmScore() | x.Aggregate():
            yield condition
        case x.Did(pattern, _, window):
            yield x.Aggregate("count", pattern, None, window, x.INTEGER)
        case _:
            for part in x.parts(condition):
                if not isinstance(part, x.EventPattern):
                    yield from _values(part)


def _picked(leaf: x.Expression, case: Case, past: Past) -> Sequence[Answer]:
    question = Question("value", (leaf,))
    region = case.get(question) or domain(question)
    if isinstance(leaf, x.Aggregate | x.RfmScore | x.EntryField):
        return past(leaf, region)
    read = [text for question in case if (text := _read(question, leaf)) is not None]
    return [*values_in(region, leaf, read), *[None] * region.missing]


def values_in(region: Region, leaf: x.Expression, read: Sequence[str] = ()) -> Sequence[Answer]:
    """A few of the region's values, those first of which people think first. `read` are texts to try and vary."""
    if leaf.type.kind == "list":
        return [] if region.values.empty else [frozenset()]
    if isinstance(region.values, Intervals):
        return _numbers(region.values, leaf)
    return _texts(region.values, leaf, read)


def _lists(case: Case) -> Mapping[x.Expression, Answer]:
    """Lists that hold exactly what the case wants in them."""
    held: dict[x.Expression, set[str]] = {}
    for question, region in case.items():
        match question:
            case Question("yes", (x.ListHas(list_, x.Constant(str() as item)),)):
                items = held.setdefault(list_, set())
                if region.values == Among(frozenset({True})):
                    items.add(item)
    return {list_: frozenset(items) for list_, items in held.items() if items}


def _read(question: Question, leaf: x.Expression) -> str | None:
    about = reads(question)
    return about[1] if about and about[0] == leaf else None


# --- picking ----------------------------------------------------------------------------------------------------


def _texts(names: Among, leaf: x.Expression, read: Sequence[str]) -> list[Answer]:
    if not names.but:
        return list[Answer](sorted(names.items, key=str))[:5]
    near = [end for text in read for end in (text, f"{text}1", f"a{text}")]
    known = [*near, *_SAMPLES.get(leaf.type.kind, _PLAIN)]
    return list[Answer](text for text in known if text not in names.items)[:6]


def _numbers(values: Intervals, leaf: x.Expression) -> list[Answer]:
    """A few numbers that people would think of first, from each interval."""
    found: list[Answer] = []
    for low, high in values.spans():
        found += _between(low, high, leaf)
    return found[:8]


def _between(low: Cut | None, high: Cut | None, leaf: x.Expression) -> list[int | float]:
    step = _DAY if leaf.type.kind == "time" else 100 if leaf.type.kind == "money" else 1
    if low is None and high is None:
        ordinary = _ORDINARY.get(leaf.type.kind, 0)
        return [ordinary, ordinary + step]
    if low is None:
        return [high[0] if high[1] else high[0] - (1 if is_whole(leaf) else step)] if high else []
    wanted = [low[0] // 100 * 100 + 100] if leaf.type.kind == "money" else []
    wanted += [low[0] + step if low[1] else low[0]]
    if high is not None and not is_whole(leaf) and leaf.type.kind != "time":
        wanted.append(low[0] / 2 + high[0] / 2)
    fits = [number for number in wanted if (number, True) > low and (high is None or (number, False) < high)]
    return [int(number) if number == int(number) else number for number in fits][:1]


#: Where any value will do: a number, some cents, a day and a moment in 2026.
_ORDINARY: dict[Kind, int] = {"money": 5_000, "date": 20_500, "time": 20_500 * _DAY}
