"""The engine against the reference interpreter: the same moves, times, messages, conversions, arms and acts.

Every project is compiled once, and played by several casts of people: each is a case. Every fourth is played with all
clock patterns, the others with one. What may differ between clocks is only when a message was handed over, and so what
it waited for and whether it expired.
"""

from dataclasses import fields, replace

from hypothesis import assume, note
from tests.properties.cases import Casts, RandomCase
from tests.properties.engine import Engine
from tests.properties.looks import looks_of
from tests.reference.story import Outcome
from tests.reference.telling import interpreted, lines, resolved_if_sound
from tests.shares import LONG

from campflow.model.flow import Flow
from campflow.storage.database import Database

PATTERNS = ("event", "hour", "day", "end")

#: Casts of a project; an even share of them is played with all patterns.
CASTS, SHARE = 8, 4


def expected(case: RandomCase, flow: Flow, pattern: str) -> Outcome:
    """Of a calm case there is one story, the punctual one, but for when messages are handed over; else no engine knows
    more than it was told by then."""
    return interpreted(case, flow, looks_of(case, "punctual" if case.calm and not case.sends else pattern))


def agree(casts: Casts, server: Database | None = None) -> int:
    """Play all casts. Returns how many cases that were."""
    case = casts.cases[0]
    flow = resolved_if_sound(case.text)
    assume(flow is not None)
    assert flow
    engine = Engine(case.text, flow, case.zone, case.deployed, server)
    for number, cast in enumerate(casts.cases):
        # Where messages are sent, one look at the end would send all or nothing.
        quick = ("day" if number % 2 else "event",) if cast.sends else ("end",)
        patterns = PATTERNS if LONG or number % SHARE == 0 else quick
        stories = [_play(cast, flow, engine, pattern) for pattern in patterns]
        if cast.calm:
            punctual = expected(cast, flow, "punctual").whatever_the_clock()
            assert all(story == punctual for story in stories), patterns
    return len(casts.cases)


def _told(outcome: Outcome) -> Outcome:
    """Without the moment at which it was seen that a message had expired: an engine that reads a split stops at the
    midnights that matter to it, the interpreter at each."""
    return replace(
        outcome,
        messages=[each._replace(settled_at=None) if each.state == "expired" else each for each in outcome.messages],
    )


def _play(case: RandomCase, flow: Flow, engine: Engine, pattern: str) -> Outcome:
    right = _told(expected(case, flow, pattern))
    found = _told(engine.run(case, looks_of(case, pattern)))
    if found != right:
        note(f"looking by {pattern}\n--- expected\n" + "\n".join(lines(right, case.zone)))
        note("--- the engine says\n" + "\n".join(lines(found, case.zone)))
    for part in fields(Outcome):
        assert getattr(found, part.name) == getattr(right, part.name), part.name
    return found.whatever_the_clock()
