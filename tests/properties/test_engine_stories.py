"""The engine tells the stories that were worked out by hand, each small print line of the language page among them."""

import pytest
from tests.properties.engine import run_engine
from tests.properties.looks import looks_of
from tests.reference.telling import Story, lines, resolved
from tests.reference.test_interpreter import STORIES


@pytest.mark.parametrize("story", [pytest.param(story, id=story.title) for story in STORIES])
def test_the_engine_tells(story: Story) -> None:
    case = story.case()
    looks = story.moments() or looks_of(case, "punctual")
    assert lines(run_engine(case, resolved(case.text), looks), case.zone) == story.tells
