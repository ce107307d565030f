"""Words for what is different about a statement, a stage or a field."""

from collections.abc import Sequence

from campflow.model.currencies import exponent
from campflow.model.flow import Arm, Convert, Enter, Leave, WayOut
from campflow.model.people import ConstantValue, Duration, Field, Money

RENAMED = ("probably: the content is the same",)
FINAL, NOT_FINAL = "ends the journey now", "no longer ends the journey"
OTHER_TRIGGER = "waits for something else"
OTHER_MOMENT = "acts at another moment"
OTHER_REENTRY = "other rules for entering again"
OTHER_KEY = "journeys are counted apart in another way"
OTHER_WORTH = "is worth something else"


def kind(statement: Enter | Leave | Convert | WayOut) -> str:
    words = {Enter: "way in", Leave: "leave", Convert: "conversion", WayOut: "way out"}
    return words[type(statement)]


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
    time = {"longer": "a longer time", "shorter": "a shorter time"}.get(_longer(old, new), "another time")
    return f"counts for {time}: {old} → {new}"


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


def written_the_same(segments: Sequence[str]) -> tuple[str, ...]:
    """Why a condition that is written the same means something else: the segments in it have changed."""
    listed = ", ".join(f"`{name}`" for name in segments)
    return (f"written as before, but segment {listed} has changed",) if segments else ()


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
