"""Tests that run on each kind of database: `pytestmark = pytest.mark.usefixtures("store")`."""

from collections.abc import Iterator

import pytest
from tests import databases
from tests.databases import Store


@pytest.fixture(params=databases.kinds())
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Where the test keeps its databases; those it does not name are made there as well."""
    made = Store(request.param)
    before = databases.use(made)
    try:
        yield made
    finally:
        databases.use(before)
        made.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    said = databases.left_out()
    if said is not None:
        terminalreporter.write_line(said, yellow=True)
