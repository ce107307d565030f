"""Serving: a Celery worker whose processes each have one campflow worker, and so one event loop and one of each
channel."""

import logging

from celery import Celery, signals
from celery.worker.consumer import Consumer

from campflow.hooks.contracts import Log, Shop, Work, Worker
from campflow_celery.app import TASK, app_of
from campflow_celery.settings import CelerySettings


class PlainConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Celery's, without what it sets up for tasks with an ETA on quorum queues (28 queues more): there are none."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        default_steps = tuple(step for step in Consumer.Blueprint.default_steps if "delayed_delivery" not in str(step))


def work(settings: CelerySettings, shop: Shop) -> None:
    """Work until SIGTERM; what was begun is finished."""
    app = app_of(settings, shop.queues)
    _listen(app, shop)
    _log(shop.log)
    app.Worker(
        concurrency=shop.processes, pool="prefork", consumer_cls=PlainConsumer, without_gossip=True,
        without_mingle=True, quiet=True,
    ).start()  # fmt: skip


def _listen(app: Celery, shop: Shop) -> None:
    """Each process makes its worker after the fork: no connection and no event loop is shared."""
    hired: list[Worker] = []

    def hire(**_: object) -> None:
        hired.append(shop.hire())

    def leave(**_: object) -> None:
        while hired:
            hired.pop().close()

    signals.worker_process_init.connect(hire, weak=False)
    signals.worker_process_shutdown.connect(leave, weak=False)

    @app.task(name=TASK)  # type: ignore[untyped-decorator]
    def do(kind: str, names: list[str]) -> None:
        if kind in ("tick", "send", "errands") and all(isinstance(name, str) for name in names):
            hired[0].do(Work(kind, tuple(names)))  # type: ignore[arg-type]
        else:
            shop.log.error("not understood", kind=str(kind)[:100])


class _Forward(logging.Handler):
    """What Celery says becomes a line of our log."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        said = " ".join(record.getMessage().split())
        (self._log.error if record.levelno >= logging.ERROR else self._log.warning)("celery", said=said)


def _log(log: Log) -> None:
    logging.captureWarnings(True)
    for name in ("celery", "kombu", "amqp", "py.warnings"):
        logging.getLogger(name).addHandler(_Forward(log))
        logging.getLogger(name).propagate = False
    # Somebody who listens here keeps Celery from setting up logging itself.
    signals.setup_logging.connect(lambda **_: None, weak=False)
