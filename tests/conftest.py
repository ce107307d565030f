"""Tests that run on each kind of database: `pytestmark = pytest.mark.usefixtures("store")`; which files come first."""

from collections import Counter
from collections.abc import Iterator

import pytest
from tests import brokers, browsers, databases, npm, pds, postfix
from tests.databases import Store

#: The files that take longest, longest first: two processes that share the files end at about the same time.
LONGEST = (
    "test_matrix.py",
    "test_engine_stories.py",
    "test_celery_project.py",
    "test_example_shop.py",
    "test_changing.py",
    "test_server_restarts.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture(autouse=True)
def _databases_end_with_the_test() -> Iterator[None]:
    made = Store(databases.SQLITE)
    before = databases.use(made)
    try:
        yield
    finally:
        databases.use(before)
        made.close()


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
    for peer in (databases, brokers, browsers, npm, pds, postfix):
        if (said := peer.left_out()) is not None:
            terminalreporter.write_line(said, yellow=True)
    reasons = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", ()))
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} left out: {reason.removeprefix('Skipped: ')}", yellow=True)
