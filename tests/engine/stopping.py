"""Workers on PostgreSQL, each with connections of its own, that stop before statements which the test names."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, event
from tests.engine.workbench import Bench

from campflow.storage.database import Database

LONG = 20.0  # seconds that nothing here takes
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = ANY(%(pids)s)"


class Worker:
    """Work on connections of its own, in a thread, that stops before the `nth` statement that contains `at`.

    `COMMIT` is the end of a transaction that was written to.
    """

    def __init__(self, bench: Bench, work: Callable[[Database], Any], at: str = "", nth: int = 1) -> None:
        self._work, self._at, self._left = work, at, nth
        self.database = Database(bench.url, bench.database.tables)
        self.there, self._go = threading.Event(), threading.Event()
        self.result: Any = None
        self.pids: set[int] = set()
        event.listen(self.database.engine, "connect", self._note)
        event.listen(self.database.engine, "before_cursor_execute", self._look)
        event.listen(self.database.engine, "commit", self._look_at_commit)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _note(self, connection: Any, _record: object) -> None:
        self.pids.add(connection.info.backend_pid)

    def _look(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if self._at and self._at in statement and not self.there.is_set():
            self._left -= 1
            if not self._left:
                self.there.set()
                assert self._go.wait(LONG)

    def _look_at_commit(self, connection: Connection) -> None:
        if not connection.get_execution_options().get("reading"):
            self._look(connection, None, "COMMIT")

    def _run(self) -> None:
        try:
            self.result = self._work(self.database)
        except Exception as error:
            self.result = error
        finally:
            self.there.set()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def go(self) -> Any:
        """On to the end."""
        self._go.set()
        self._thread.join(LONG)
        assert self.done
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def close(self) -> None:
        self._go.set()
        self._thread.join(LONG)
        self.database.close()


@contextmanager
def stopped(bench: Bench, work: Callable[[Database], Any], at: str, nth: int = 1) -> Iterator[Worker]:
    """A worker that has come there and waits."""
    with closing(Worker(bench, work, at, nth)) as worker:
        assert worker.there.wait(LONG)
        assert not worker.done, worker.result
        yield worker


@contextmanager
def beside(bench: Bench, work: Callable[[Database], Any]) -> Iterator[Worker]:
    """A worker that is through, or waits for a lock."""
    with closing(Worker(bench, work)) as worker:
        with bench.database.engine.connect().execution_options(reading=True) as connection:
            while not worker.done and not connection.exec_driver_sql(WAITING, {"pids": list(worker.pids)}).scalar():
                connection.rollback()  # what it shows is the moment at which a transaction first asked
        yield worker


class Walk:
    """Work in a thread that stops before each of some statements, the first time it comes to it.

    To iterate over it is to let it go from one to the next: it gives their names, and raises what the work raises.
    """

    def __init__(self, bench: Bench, work: Callable[[Database], Any], statements: Mapping[str, str]) -> None:
        self._work, self._names = work, {text: name for name, text in statements.items()}
        self._database = Database(bench.url, bench.database.tables)
        self._stops: queue.Queue[str | None] = queue.Queue()
        self._go = threading.Semaphore(0)
        self._trouble: Exception | None = None
        event.listen(self._database.engine, "before_cursor_execute", self._look)

    def _look(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        name = self._names.pop(statement, None)
        if name is not None:
            self._stops.put(name)
            assert self._go.acquire(timeout=LONG)

    def _run(self) -> None:
        try:
            self._work(self._database)
        except Exception as error:
            self._trouble = error
        self._stops.put(None)

    def __iter__(self) -> Iterator[str]:
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            while (name := self._stops.get(timeout=LONG)) is not None:
                yield name
                self._go.release()
        finally:
            self._names.clear()
            self._go.release()
            thread.join(LONG)
            self._database.close()
        if self._trouble is not None:
            raise self._trouble
