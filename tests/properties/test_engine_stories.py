"""The engine tells the stories that were worked out by hand, each small print line of the language page among them."""

from collections.abc import Iterator

import pytest
from tests import databases
from tests.properties.engine import run_engine, server_of
from tests.properties.looks import looks_of
from tests.reference.telling import Story, lines, resolved
from tests.reference.test_interpreter import STORIES

from campflow.storage.database import Database


@pytest.fixture(scope="module", params=databases.kinds())
def server(request: pytest.FixtureRequest) -> Iterator[Database | None]:
    """None for SQLite, else a database in which one story is played after another."""
    yield from server_of(request.param)


@pytest.mark.parametrize("story", [pytest.param(story, id=story.title) for story in STORIES])
def test_the_engine_tells(story: Story, server: Database | None) -> None:
    case = story.case()
    looks = story.moments() or looks_of(case, "punctual")
    assert lines(run_engine(case, resolved(case.text), looks, server), case.zone) == story.tells
