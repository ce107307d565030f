"""Whom a changed condition newly lets in, and whom it shuts out, by proof and by example.

An example is told only of a contact for whom both conditions were worked out, and whose history is possible.
"""

from collections.abc import Iterator, Sequence

from campflow.checking.differences.difference import Reach, Side
from campflow.checking.differences.meaning import meaning, rebuilt
from campflow.checking.differences.version import Version
from campflow.checking.proofs.examples import anything_done, example
from campflow.checking.proofs.intervals import Intervals
from campflow.checking.proofs.judging import Answer, Person
from campflow.checking.proofs.regions import Region
from campflow.checking.proofs.terms import cases
from campflow.model import expressions as x
from campflow.model.flow import Flow
from campflow.model.people import Duration, Field, Money

#: No condition: everybody.
EVERYBODY = x.Constant(True, x.YESNO)

_UNKNOWN, _NOBODY = Side("unknown"), Side("nobody")


def reach(old: x.Expression | None, new: x.Expression | None, before: Version, after: Version) -> Reach | None:
    """None where both mean the same: written the same over segments that are the same, or proven to be equal."""
    was, is_now = old or EVERYBODY, new or EVERYBODY
    if meaning(was, through_segments=True) == meaning(is_now, through_segments=True):
        return None
    if _mixes_currencies(was, is_now):
        return Reach(_UNKNOWN, _UNKNOWN)
    found = Reach(_who(is_now, was, after.flow), _who(was, is_now, before.flow))
    return None if found.same else found


def changed_segments(old: x.Expression | None, new: x.Expression | None) -> tuple[str, ...]:
    """The segments by which two conditions differ that are written the same."""
    before, after = _segments(old), _segments(new)
    return tuple(name for name in after if name in before and before[name] != after[name])


def _segments(condition: x.Expression | None) -> dict[str, object]:
    parts = x.walk(condition) if condition else ()
    return {part.name: meaning(part, through_segments=True) for part in parts if isinstance(part, x.InSegment)}


def _who(met: x.Expression, missed: x.Expression, flow: Flow) -> Side:
    """Who meets the one condition and not the other, among the contacts that there can be in one version."""
    claims = [(_asked_in(flow, met), True), (_asked_in(flow, missed), False)]
    if _kinds_differ(claims[0][0], claims[1][0]):
        return _UNKNOWN
    if cases(claims) == ():
        return _NOBODY
    for past in (anything_done, _nothing_done):
        person = example(claims, past)
        if person and _is_possible(person):
            return Side("somebody", person)
    return _UNKNOWN


# --- one world for both conditions ------------------------------------------------------------------------------


def _asked_in(flow: Flow, condition: x.Expression) -> x.Expression:
    """The condition over the fields as this version declares them; a field that it does not have stays as it is."""

    def change(part: object) -> object:
        match part:
            case x.ContactField(name):
                field = flow.contact.field(name)
                return x.ContactField(name, field.type, field.optional) if _fits(field, part) and field else part
            case x.EventField(event, name):
                declared = flow.event(event)
                field = declared.field(name) if declared else None
                return x.EventField(event, name, field.type, field.optional) if _fits(field, part) and field else part
            case x.EntryField(_, name, type):
                return x.EntryField((), name, type)
        return part

    return rebuilt(condition, change)


def _fits(field: Field | None, part: x.ContactField | x.EventField) -> bool:
    return field is not None and field.type.kind == part.type.kind


def _kinds_differ(*conditions: x.Expression) -> bool:
    """Whether a field is of one kind here and of another there: then the two cannot be compared."""
    kinds: dict[tuple[object, ...], str] = {}
    for part in (part for condition in conditions for part in x.walk(condition)):
        if isinstance(part, x.ContactField | x.EventField | x.EntryField):
            key = (type(part), part.name, part.event if isinstance(part, x.EventField) else None)
            if kinds.setdefault(key, part.type.kind) != part.type.kind:
                return True
    return False


def _mixes_currencies(*conditions: x.Expression) -> bool:
    parts = (part for condition in conditions for part in x.walk(condition) if isinstance(part, x.Constant))
    return len({part.value.currency for part in parts if isinstance(part.value, Money)}) > 1


# --- possible histories -----------------------------------------------------------------------------------------


def _nothing_done(figure: x.Expression, region: Region) -> Sequence[Answer]:
    """What figures are over no event at all."""
    if isinstance(figure, x.EntryField):
        return anything_done(figure, region)
    if isinstance(figure, x.Aggregate) and figure.function in ("count", "sum"):
        return [0] if isinstance(region.values, Intervals) and 0 in region.values else []
    return [None] * region.missing


def _is_possible(person: Person) -> bool:
    """Whether one history can give all figures: those over the same events have to agree."""
    figures = {figure: answer for figure, answer in person.answers.items() if isinstance(figure, x.Aggregate)}
    if any(isinstance(leaf, x.RfmScore) for leaf in person.answers):
        scores = [answer for leaf, answer in person.answers.items() if isinstance(leaf, x.RfmScore)]
        some = [answer is not None for answer in scores] + [bool(answer) for answer in figures.values()]
        if len(set(some)) > 1:
            return False
    return all(_agree(group) for group in _over_the_same_events(figures))


def _over_the_same_events(figures: dict[x.Aggregate, Answer]) -> Iterator[dict[x.Aggregate, Answer]]:
    """Clicks on one message say nothing of those on another, unless clicks on any message are asked for as well."""
    for event in {figure.pattern.event for figure in figures}:
        mine = {figure: answer for figure, answer in figures.items() if figure.pattern.event == event}
        abouts = {figure.pattern.about for figure in mine}
        for about in {None} if None in abouts else abouts:
            yield {figure: answer for figure, answer in mine.items() if about in (None, figure.pattern.about)}


def _agree(figures: dict[x.Aggregate, Answer]) -> bool:
    some = {bool(answer) for answer in figures.values()}
    if len(figures) == 1 or some == {False}:
        return True
    counts = [(figure, answer) for figure, answer in figures.items() if isinstance(answer, int)]
    if len(counts) == len(figures) == 2 and all(figure.function == "count" for figure in figures):
        (one, first), (other, second) = counts
        return (first <= second and _among(one, other)) or (second <= first and _among(other, one))
    alike = len({(figure.pattern, figure.window) for figure in figures}) == 1
    return alike and some == {True} and all(figure.function in ("count", "sum", "last") for figure in figures)


def _among(few: x.Aggregate, many: x.Aggregate) -> bool:
    """Whether all events that the one counts are counted by the other, too."""
    anything = x.EventPattern(many.pattern.event, None, None)
    about_it = x.EventPattern(many.pattern.event, few.pattern.about, None)
    if many.pattern not in (few.pattern, about_it, anything):
        return False
    match few.window, many.window:
        case (x.Last(Duration(0, days, 0)), x.Last(Duration(0, more_days, 0))):
            return days <= more_days
        case (_, None):
            return True
    return few.window == many.window
