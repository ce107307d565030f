"""For all tests, those of the plugins too: the run that plays a share of the long ones (tests/shares.py)."""

import gc
import os
import sys
from collections.abc import Generator

import pytest
from hypothesis import settings
from tests import commands, databases, shares
from tests.bounded import BoundedRun

# Python keeps what it has compiled of the sources, as with ./dev test: the tests start the command hundreds of times.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# How long an example takes says what else the machine does.
settings.register_profile("untimed", settings.default, deadline=None)
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    if shares.MINUTES is not None:
        config.pluginmanager.register(BoundedRun(shares.MINUTES))


def pytest_unconfigure() -> None:
    databases.end()
    commands.end()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    # What is collected stays to the end: looking it through for cycles took a quarter of the time.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    # And so it would again and again while the tests run.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
