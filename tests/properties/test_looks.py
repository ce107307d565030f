"""How often the engine looks changes nothing: shown of the reference interpreter itself."""

import pytest
from hypothesis import assume, note
from tests.properties.cases import Casts, casts
from tests.properties.looks import looks_of
from tests.properties.many import for_many
from tests.reference.story import Outcome
from tests.reference.telling import interpreted, lines, resolved_if_sound
from tests.shares import FIRST, share


def tell_one_story(casts: Casts) -> int:
    case = casts.cases[0]
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
    return 1


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_the_interpreter_tells_one_story_however_often_it_looks() -> None:
    for_many(casts(calm=True, count=1), tell_one_story, share(40, 2_000), FIRST)
