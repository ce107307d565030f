"""Words for the differences of two versions, and for the contacts who are newly let in or shut out."""

from collections.abc import Iterator, Sequence

from campflow.checking.differences.difference import Difference, Reach, Side
from campflow.checking.proofs.judging import Person, Unknown, value
from campflow.checking.proofs.telling import shown
from campflow.model import expressions as x
from campflow.model.flow import Arm, Convert, Enter, Leave, WayOut
from campflow.model.people import ConstantValue, Duration, Field, Money
from campflow.model.currencies import exponent

RENAMED = ("probably: the content is the same",)
FINAL, NOT_FINAL = "ends the journey now", "no longer ends the journey"
OTHER_TRIGGER = "waits for something else"
OTHER_MOMENT = "acts at another moment"
OTHER_REENTRY = "other rules for entering again"
OTHER_KEY = "journeys are counted apart in another way"
OTHER_WORTH = "is worth something else"

NOTHING = "nothing has changed in meaning"


def kind(statement: Enter | Leave | Convert | WayOut) -> str:
    words = {Enter: "way in", Leave: "leave", Convert: "conversion", WayOut: "way out"}
    return words[type(statement)]


def retitled(place: tuple[str, ...], old: str | None, new: str | None) -> Difference:
    change = "added" if old is None else "removed" if new is None else "changed"
    texts = (f'"{title}"' if title is not None else None for title in (old, new))
    return Difference(place, "title", change, *texts)


def leads(new: str | None, old: str | None) -> str:
    if new is None or old is None:
        return f"leads to `{new}`" if new else f"no longer leads to `{old}`"
    return f"leads to `{new}` instead of `{old}`"


def named(new: str, old: str) -> str:
    return f"is called `{new}` instead of `{old}`"


def before(first: str, second: str) -> str:
    return f"`{first}` now comes before `{second}`"


def waits(old: Duration, new: Duration) -> str:
    return f"waits {_longer(old, new)}: {old} → {new}"


def window(old: Duration, new: Duration) -> str:
    return f"counts for {_longer(old, new)}: {old} → {new}"


def _longer(old: Duration, new: Duration) -> str:
    """A month has 28 to 31 days and a day 23 to 25 hours: some lengths cannot be compared."""
    hour = 3_600_000

    def extent(length: Duration, days: int, hours: int) -> int:
        return (length.months * days + length.days) * hours * hour + length.milliseconds

    steps = (new.months - old.months, new.days - old.days, new.milliseconds - old.milliseconds)
    if all(step >= 0 for step in steps) or extent(new, 28, 23) > extent(old, 31, 25):
        return "longer"
    if all(step <= 0 for step in steps) or extent(new, 31, 25) < extent(old, 28, 23):
        return "shorter"
    return "differently"


def unchanged_text(segments: Sequence[str]) -> tuple[str, ...]:
    """Why a condition that is written the same means something else."""
    named_ = ", ".join(f"`{name}`" for name in segments)
    return (f"written the same: segment {named_} has changed" if segments else "written the same, over changed fields",)


def field(declared: Field) -> str:
    """As it is declared."""
    default = f" = {_constant(declared.default)}" if declared.default is not None else ""
    return f"{declared.name} {declared.type}{'?' if declared.optional else ''}{default}"


def arm(one: Arm) -> str:
    return f"{one.share:g}% {one.name}"


def _constant(fixed: ConstantValue) -> str:
    match fixed:
        case bool():
            return "yes" if fixed else "no"
        case str():
            return f'"{fixed}"'
        case Money(minor, currency):
            decimals = exponent(currency)
            return f"{minor / 10**decimals:.{decimals}f} {currency}"
    return str(fixed)


# --- people -----------------------------------------------------------------------------------------------------


def of_audience(difference: Difference) -> bool:
    return difference.what in ("audience", "condition")


def people(difference: Difference, old_currency: str | None, new_currency: str | None) -> Iterator[str]:
    """Who is let in and shut out by a changed condition."""
    if difference.reach is None:
        return
    into, out = ("newly let in", "newly shut out")
    if not of_audience(difference):
        into, out = ("now acts for", "no longer acts for")
    for words, side, currency in (
        (into, difference.reach.let_in, new_currency),
        (out, difference.reach.shut_out, old_currency),
    ):
        yield f"{words}: {_who(side, currency)}"


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


__all__ = ["Reach"]
