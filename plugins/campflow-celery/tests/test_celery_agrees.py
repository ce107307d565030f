"""Random projects whose ticks are made by two Celery processes: the reference interpreter's story, as everywhere.

CAMPFLOW_TEST_LONG and CAMPFLOW_TEST_FIRST are those of `tests/properties/test_engine_agrees.py`. A worker that is late
ticks with an older time than what is told meanwhile: it must pass over nobody (`tests/engine/test_two_clocks.py`).
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import assume
from tests import brokers, databases
from tests.engine.by_workers import AskingEngine
from tests.properties.agreeing import expected
from tests.properties.cases import Casts, casts
from tests.properties.looks import looks_of
from tests.properties.many import for_many
from tests.reference.telling import lines, resolved_if_sound
from tests.shares import FIRST, share, some

from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow_celery.executor import CeleryExecutor
from campflow_celery.settings import CelerySettings

#: Other projects than those that the databases play.
OTHERS = 4_000_000

ROOT = Path(__file__).parents[3]


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[type[AskingEngine]]:
    """An engine whose ticks are made by two processes."""
    with brokers.prefix() as prefix:
        file, settings = tmp_path / "told.json", CelerySettings(broker=brokers.BROKER, prefix=prefix)
        command = [sys.executable, "-m", "tests.engine.by_workers", brokers.BROKER, prefix, str(file)]
        errors = (tmp_path / "errors").open("w")
        loop, executor = asyncio.new_event_loop(), CeleryExecutor(settings)
        with closing(loop), errors, subprocess.Popen(command, cwd=ROOT, stdout=errors, stderr=errors) as process:
            try:
                yield type("Asked", (AskingEngine,), {"executor": executor, "file": file, "loop": loop})
            finally:
                loop.run_until_complete(executor.close())
                process.terminate()


@pytest.mark.long
@pytest.mark.parametrize("kind", some(databases.kinds(), databases.kinds()))
@brokers.needed
@pytest.mark.timeout(3_600)
def test_workers_tell_the_one_story(kind: str, asked: type[AskingEngine], tmp_path: Path) -> None:
    store = databases.Store(kind)
    with closing(store), closing(Database(store.shared_url(tmp_path), AskingEngine.tables())) as server:
        install(server)
        for_many(casts(calm=True, count=2), partial(_agree, server, asked), share(4, 300), OTHERS + FIRST)
    # The workers were asked, each time.
    assert asked.pieces >= asked.runs


def _agree(server: Database, asked: type[AskingEngine], casts: Casts) -> int:
    """What is sent is not asked for here: that hangs on when one looks."""
    case = casts.cases[0]
    flow = resolved_if_sound(case.text)
    assume(flow is not None)
    assert flow
    engine = asked(case.text, flow, case.zone, case.deployed, server)
    for cast in casts.cases:
        pattern = "day" if cast.sends else "end"
        right = expected(cast, flow, pattern).whatever_the_clock()
        found = engine.run(cast, looks_of(cast, pattern)).whatever_the_clock()
        assert lines(found, cast.zone) == lines(right, cast.zone)
        assert found == right
    return len(casts.cases)
