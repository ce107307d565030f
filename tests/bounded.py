"""The run that plays a share of the long tests in so many minutes: see `tests/shares.py`.

Every test function has the same part of the time, whatever its parameters; what does not fit is skipped, and said.
"""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Generator

import pytest
from tests import shares


class BoundedRun:
    """A plugin of pytest."""

    def __init__(self, minutes: int) -> None:
        self._minutes = minutes
        self._seconds = 0.0
        self._used: defaultdict[str, float] = defaultdict(float)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=[item for item in items if item not in long])
        items[:] = long
        workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        self._seconds = self._minutes * 60 * workers / max(1, len({_function(item.nodeid) for item in items}))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        started = time.monotonic()
        try:
            return (yield)
        finally:
            self._used[_function(item.nodeid)] += time.monotonic() - started

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        left = self._seconds - self._used[_function(item.nodeid)]
        if left <= 0:
            pytest.skip("its time is over")
        shares.begin(left)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        try:
            return (yield)
        finally:
            item.user_properties.append(("played", shares.played() or 1))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        again = f"CAMPFLOW_TEST_LONG=minutes:{self._minutes} CAMPFLOW_TEST_FIRST={shares.FIRST}"
        terminalreporter.write_line(f"a share of the long tests, in {self._minutes} minutes; the same again: {again}")
        told: Counter[str] = Counter()
        for reports in terminalreporter.stats.values():
            for report in reports:
                if isinstance(report, pytest.TestReport) and report.when == "call":
                    told[_function(report.nodeid)] += sum(
                        int(str(value)) for name, value in report.user_properties if name == "played"
                    )
        for function, cases in sorted(told.items()):
            terminalreporter.write_line(f"{cases:6} of {function}")


def _function(node: str) -> str:
    return node.partition("[")[0]
