"""The reference interpreter tells the stories that were worked out by hand from the language page."""

import pytest
from tests.reference import (
    stories_of_acting,
    stories_of_arms,
    stories_of_conditions,
    stories_of_entering,
    stories_of_errands,
    stories_of_moving,
    stories_of_posting,
    stories_of_releasing,
)
from tests.reference.telling import Story, interpreted, lines, resolved

STORIES = [
    *stories_of_entering.STORIES,
    *stories_of_moving.STORIES,
    *stories_of_acting.STORIES,
    *stories_of_arms.STORIES,
    *stories_of_errands.STORIES,
    *stories_of_posting.STORIES,
    *stories_of_releasing.STORIES,
    *stories_of_conditions.STORIES,
]


@pytest.mark.parametrize("story", [pytest.param(story, id=story.title) for story in STORIES])
def test_the_interpreter_tells(story: Story) -> None:
    case = story.case()
    assert lines(interpreted(case, resolved(case.text), story.moments()), case.zone) == story.tells
