"""Clock patterns: at which moments the engine looks."""

from tests.properties.cases import HOUR
from tests.reference.clock import DAY
from tests.reference.telling import Case


def looks_of(case: Case, pattern: str) -> list[int]:
    """`punctual` looks before and at everything that is learned; every pattern looks at deployment and at the end.

    `hour` looks hourly around the clock change only: half a day of it shows what a week of it would.
    """
    learned = {h.known_at for h in case.happenings} | {c.at for c in case.changes} | {p.created_at for p in case.people}
    moments: set[int] = set()
    match pattern:
        case "punctual":
            moments = {look for moment in learned for look in (moment - 1, moment)}
        case "event":
            moments = learned
        case "hour":
            moments = set(range(case.deployed + 42 * HOUR, case.deployed + 54 * HOUR, HOUR))
        case "day":
            moments = set(range(case.deployed, case.end, DAY))
    first = {case.deployed} if pattern != "end" else set()
    return sorted(look for look in {*moments, *first, case.end} if case.deployed <= look <= case.end)
