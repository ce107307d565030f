"""The engine against the reference interpreter: the same moves, times, messages and conversions, however it ticks.

300 cases, each with four clock patterns. CAMPFLOW_TEST_LONG=1 makes 2,000 of them, and CAMPFLOW_TEST_FIRST=N begins
with case number N. A failing case is shrunk and printed as its `.flow` text, its people and what happened to them.
"""

import os
from dataclasses import fields

import pytest
from hypothesis import assume, note
from tests.properties.cases import RandomCase, cases
from tests.properties.engine import compiled, run_engine
from tests.properties.looks import looks_of
from tests.properties.many import for_many
from tests.reference.story import Outcome
from tests.reference.telling import interpreted, lines, resolved_if_sound

from campflow.model.flow import Flow

LONG = os.environ.get("CAMPFLOW_TEST_LONG") == "1"
FIRST = int(os.environ.get("CAMPFLOW_TEST_FIRST", "0"))
PATTERNS = ("event", "hour", "day", "end")


def expected(case: RandomCase, flow: Flow, pattern: str) -> Outcome:
    """Of a calm case there is one story, the punctual one, but for when messages are handed over; else no engine knows
    more than it was told by then."""
    return interpreted(case, flow, looks_of(case, "punctual" if case.calm and not case.sends else pattern))


def tell_one_story(case: RandomCase) -> None:
    flow = resolved_if_sound(case.text)
    assume(flow is not None)
    assert flow
    program = compiled(flow, case.zone)
    stories = []
    for pattern in PATTERNS:
        right = expected(case, flow, pattern)
        found = run_engine(case, program, looks_of(case, pattern))
        if found != right:
            note(f"looking by {pattern}\n--- expected\n" + "\n".join(lines(right, case.zone)))
            note("--- the engine says\n" + "\n".join(lines(found, case.zone)))
        for part in fields(Outcome):
            assert getattr(found, part.name) == getattr(right, part.name), part.name
        stories.append(found.whatever_the_clock())
    if case.calm:
        assert all(story == stories[0] for story in stories)


@pytest.mark.timeout(3_600)
def test_however_often_the_engine_ticks_it_tells_the_one_story() -> None:
    for_many(cases(calm=True), tell_one_story, 1_400 if LONG else 210, FIRST)


@pytest.mark.timeout(3_600)
def test_late_events_and_changed_fields_act_as_they_become_known() -> None:
    for_many(cases(calm=False), tell_one_story, 600 if LONG else 90, FIRST)
