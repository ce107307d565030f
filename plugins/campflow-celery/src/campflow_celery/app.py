"""The Celery application that both sides share: its queues, and what it promises about them.

A task says what kind of work it is and whose, never what is to be done: that stands in campflow's database. So there
are no results, no retries and no ETA, and a message of the broker that is lost or doubled costs nothing.
"""

from collections.abc import Iterable

from celery import Celery
from kombu import Exchange, Queue

from campflow.hooks.contracts import Work
from campflow_celery.settings import CelerySettings

#: The one task. Its arguments are a kind of work and names: see `campflow.hooks.contracts.Work`.
TASK = "campflow.work"


def app_of(settings: CelerySettings, queues: Iterable[str]) -> Celery:
    """An application that knows these queues, by their names as in `Work.queue`."""
    app = Celery("campflow", broker=settings.broker, set_as_current=False)
    app.conf.update(
        task_queues=[queue_of(settings, name) for name in queues],
        task_create_missing_queues=False,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        # Said to be done when it is done; who takes one takes no second one beforehand.
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        # Not handed out again when its process dies: a task that kills would go round for ever. The database knows.
        task_reject_on_worker_lost=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=settings.timeout,
        broker_transport_options=_transport(settings),
    )
    return app


def queue_of(settings: CelerySettings, name: str) -> Queue:
    """Durable and replicated on RabbitMQ; Redis takes no notice of that."""
    full = f"{settings.prefix}.{name}"
    exchange = Exchange(full, type="direct", durable=True)
    return Queue(full, exchange, routing_key=full, durable=True, queue_arguments={"x-queue-type": "quorum"})


def arguments(work: Work) -> list[object]:
    return [work.kind, list(work.names)]


def _transport(settings: CelerySettings) -> dict[str, object]:
    if settings.broker.startswith("redis"):
        return {"socket_timeout": settings.timeout, "socket_connect_timeout": settings.timeout}
    return {"confirm_publish": True, "confirm_timeout": settings.timeout}
