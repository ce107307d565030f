"""Differences as a text for people, and the contacts who are newly let in or shut out."""

from collections.abc import Iterator, Sequence

from campflow.checking.differences.difference import Difference, Side
from campflow.checking.proofs.judging import Answer, Person, Unknown, value
from campflow.checking.proofs.telling import shown
from campflow.model import expressions as x

NOTHING = "nothing has changed in meaning"

#: Kinds whose values are numbers only inside.
_COUNTED = ("money", "date", "time")


def report(differences: Sequence[Difference], old_currency: str | None, new_currency: str | None) -> Iterator[str]:
    """The lines of a text for people: what it is about, and indented below it what is different."""
    told: tuple[str, ...] = ()
    for difference in differences:
        place = difference.place
        for depth, name in enumerate(place):
            if told[: depth + 1] != place[: depth + 1]:
                yield "  " * depth + name
        told = place
        for line in (*_lines(difference), *(f"  {line}" for line in people(difference, old_currency, new_currency))):
            yield "  " * len(place) + line


def _lines(difference: Difference) -> Iterator[str]:
    texts = [text for text in (difference.old, difference.new) if text is not None]
    head = f"{difference.what} {difference.change}"
    if difference.old != difference.new and not any(" " in text for text in texts):
        yield "; ".join((f"{head}: {' → '.join(texts)}", *difference.notes))
        return
    yield f"{head}: {'; '.join(difference.notes)}" if difference.notes else head
    if difference.old == difference.new:
        yield from (f"    {text}" for text in texts[:1])
        return
    if difference.old is not None:
        yield f"  - {difference.old}"
    if difference.new is not None:
        yield f"  + {difference.new}"


# --- people -----------------------------------------------------------------------------------------------------


def people(difference: Difference, old_currency: str | None, new_currency: str | None) -> Iterator[str]:
    """Who is let in and shut out by a changed condition."""
    if difference.reach is None:
        return
    lets_in = difference.what in ("audience", "condition")
    yield f"{'newly let in' if lets_in else 'now acts for'}: {_who(difference.reach.let_in, new_currency)}"
    yield f"{'newly shut out' if lets_in else 'no longer acts for'}: {_who(difference.reach.shut_out, old_currency)}"


def _who(side: Side, currency: str | None) -> str:
    if side.person is not None:
        return described(side.person, currency)
    return "nobody" if side.answer == "nobody" else "cannot tell"


def described(person: Person, currency: str | None) -> str:
    """`a contact with country "BE", plan "trial"`, by the values that matter."""
    values = known(person)
    events = [part.event for part, _ in values if isinstance(part, x.EventField)]
    inner = [(part, answer) for part, answer in values if isinstance(part, x.EventField)]
    outer = [(part, answer) for part, answer in values if not isinstance(part, x.EventField)]
    if events:
        event = f"a `{events[0]}`{_with(inner, currency)}"
        return f"{event} of a contact{_with(outer, currency)}" if outer else event
    return f"a contact{_with(outer, currency)}" if outer else "every contact"


def known(person: Person) -> list[tuple[x.Expression, Answer]]:
    """The fields and figures that matter, each with its value; None for one that is missing."""
    answers = ((part, value(part, person)) for part in person.told)
    return [(part, answer) for part, answer in answers if not isinstance(answer, Unknown)]


def plain(part: x.Expression, answer: Answer, currency: str | None) -> object:
    """A value for programs: amounts, days and moments as texts."""
    if isinstance(answer, frozenset):
        return sorted(answer)
    return shown(part, answer, currency) if answer is not None and part.type.kind in _COUNTED else answer


def _with(values: Sequence[tuple[x.Expression, Answer]], currency: str | None) -> str:
    there = [f"{figure(part)} {shown(part, answer, currency)}" for part, answer in values if answer is not None]
    absent = [f"no {figure(part)}" for part, answer in values if answer is None]
    return f" with {', '.join((*there, *absent))}" if values else ""


def figure(part: x.Expression) -> str:
    """A field by its name, a figure nearly as it is written."""
    match part:
        case x.ContactField(name) | x.EventField(_, name):
            return name
        case x.EntryField(_, name):
            return f"entry.{name}"
        case x.RfmScore(score):
            return f"rfm.{score}"
        case x.Aggregate(function, pattern, of, span):
            about = f" {pattern.about}" if pattern.about else ""
            which = " where …" if pattern.where else ""
            over = f"{pattern.event}.{of.name}" if of else f"{pattern.event}{about}"
            return f"{function}({over}{which}{_window(span)})"
    return "value"


def _window(span: x.Window) -> str:
    match span:
        case x.Last(duration):
            return f", last {duration}"
        case x.SinceEntry():
            return ", since entry"
    return ""
