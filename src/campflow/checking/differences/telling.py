"""Differences as a text for people, and the contacts who are newly let in or shut out."""

from collections.abc import Iterator, Sequence

from campflow.checking.differences.difference import Difference, Side
from campflow.checking.proofs.judging import Person, Unknown, value
from campflow.checking.proofs.telling import shown
from campflow.model import expressions as x

NOTHING = "nothing has changed in meaning"


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
    values = known(person, currency)
    events = {part.event: None for part in person.told if isinstance(part, x.EventField)}
    inner = [(part, text) for part, text in values if isinstance(part, x.EventField)]
    outer = [(part, text) for part, text in values if not isinstance(part, x.EventField)]
    if events:
        event = f"a `{next(iter(events))}`{_with(inner)}"
        return f"{event} of a contact{_with(outer)}" if outer else event
    return f"a contact{_with(outer)}" if outer else "every contact"


def known(person: Person, currency: str | None) -> list[tuple[x.Expression, str | None]]:
    """The fields and figures that matter, each with its value as it is said; None for one that is missing."""
    found: list[tuple[x.Expression, str | None]] = []
    for part in person.told:
        answer = value(part, person)
        if not isinstance(answer, Unknown):
            found.append((part, None if answer is None else shown(part, answer, currency)))
    return found


def _with(values: Sequence[tuple[x.Expression, str | None]]) -> str:
    there = [f"{figure(part)} {text}" for part, text in values if text is not None]
    absent = [f"no {figure(part)}" for part, text in values if text is None]
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
