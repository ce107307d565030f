"""For all tests, those of the plugins too: the run that plays a share of the long ones (tests/shares.py)."""

import pytest
from tests import shares
from tests.bounded import BoundedRun


def pytest_configure(config: pytest.Config) -> None:
    if shares.MINUTES is not None:
        config.pluginmanager.register(BoundedRun(shares.MINUTES))
