"""campflow's work, done by Celery workers: the executor `celery`."""

from pydantic import BaseModel

from campflow.hooks.contracts import ChannelContext, Executor, ExecutorPlugin, Shop
from campflow.hooks.specs import hookimpl
from campflow_celery.settings import CelerySettings

CAMPFLOW_API = (1, 0)


def make(settings: BaseModel, context: ChannelContext) -> Executor:
    # Celery takes half a second to import, which `campflow check` has no use for.
    from campflow_celery.executor import CeleryExecutor

    return CeleryExecutor(CelerySettings.model_validate(settings.model_dump()))


def serve(settings: BaseModel, shop: Shop) -> None:
    from campflow_celery.worker import work

    work(CelerySettings.model_validate(settings.model_dump()), shop)


@hookimpl
def campflow_executors() -> list[ExecutorPlugin]:
    return [ExecutorPlugin("celery", CelerySettings, make, serve)]
