"""How often the engine looks changes nothing: shown of the reference interpreter itself."""

import os

from hypothesis import assume, note
from tests.properties.cases import RandomCase, cases
from tests.properties.looks import looks_of
from tests.properties.many import for_many
from tests.reference.story import Outcome
from tests.reference.telling import interpreted, lines, resolved_if_sound

LONG = os.environ.get("CAMPFLOW_TEST_LONG") == "1"


def tell_one_story(case: RandomCase) -> None:
    flow = resolved_if_sound(case.text)
    assume(flow is not None)
    assert flow

    def told(pattern: str) -> Outcome:
        outcome = interpreted(case, flow, looks_of(case, pattern)).whatever_the_clock()
        note(f"--- {pattern}\n" + "\n".join(lines(outcome, case.zone)))
        return outcome

    punctual = told("punctual")
    for pattern in ("event", "hour", "day", "end"):
        assert told(pattern) == punctual, pattern


def test_the_interpreter_tells_one_story_however_often_it_looks() -> None:
    for_many(cases(calm=True), tell_one_story, 2_000 if LONG else 150)
