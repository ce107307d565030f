"""Asking: as many tasks in the queues as there is work, and no more."""

import asyncio
from collections.abc import Iterator, Mapping

from celery import Celery
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.utils.url import maybe_sanitize_url

from campflow.errors import PluginError
from campflow.hooks.contracts import Work
from campflow_celery.app import TASK, app_of, arguments, queue_of
from campflow_celery.settings import CelerySettings


class CeleryExecutor:
    """Looks how much waits in each queue, and adds what is missing. It remembers nothing but its connection: a queue
    that was purged is filled again at the next look."""

    def __init__(self, settings: CelerySettings) -> None:
        self._settings = settings
        self._app: Celery = app_of(settings, ())
        self._connection: Connection | None = None

    async def open(self) -> None:
        await asyncio.to_thread(self._with_connection, {})

    async def ask(self, wanted: Mapping[Work, int]) -> int:
        return await asyncio.to_thread(self._with_connection, wanted)

    async def close(self) -> None:
        await asyncio.to_thread(self._let_go)

    def _with_connection(self, wanted: Mapping[Work, int]) -> int:
        try:
            if self._connection is None:
                self._connection = self._app.connection_for_write()
                self._connection.connect()
            return self._ask(self._connection, wanted)
        except (OperationalError, OSError, *self._app.connection_for_write().connection_errors) as error:
            self._let_go()
            place = maybe_sanitize_url(self._settings.broker)
            said = " ".join(str(error).split()) or type(error).__name__
            raise PluginError(f"the broker at {place} cannot be used ({said}): start it, or correct the URL") from error

    def _ask(self, connection: Connection, wanted: Mapping[Work, int]) -> int:
        asked, by_queue = 0, dict[str, dict[Work, int]]()
        for work, count in wanted.items():
            by_queue.setdefault(work.queue, {})[work] = count
        with connection.channel() as channel, self._app.amqp.Producer(channel, auto_declare=False) as producer:
            for name, works in by_queue.items():
                queue = queue_of(self._settings, name)(channel)
                # Declaring one that is there changes nothing; its answer says how many wait.
                queue.exchange.declare()
                waiting = queue.queue_declare().message_count
                queue.queue_bind()
                for work in _missing(works, waiting):
                    self._app.send_task(
                        TASK, arguments(work), producer=producer, exchange=queue.exchange.name,
                        routing_key=queue.routing_key, retry=False, expires=None,
                    )  # fmt: skip
                    asked += 1
        return asked

    def _let_go(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.release()


def _missing(works: Mapping[Work, int], waiting: int) -> Iterator[Work]:
    """What is to be added to a queue, the first ones first; those that wait may be any of them."""
    left = sum(works.values()) - waiting
    for work, count in works.items():
        for _ in range(min(count, max(0, left))):
            yield work
        left -= count
