"""Holding on to a lease while the other side takes its time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from campflow.engine.outbox import LeaseLost


@asynccontextmanager
async def kept(renew: Callable[[], None], seconds: float) -> AsyncIterator[None]:
    """Call `renew` again and again, three times within the lease's `seconds`."""

    async def renew_on() -> None:
        while True:
            await asyncio.sleep(seconds / 3)
            renew()

    task = asyncio.create_task(renew_on())
    try:
        yield
    finally:
        task.cancel()
        # Lost: the next write will say so.
        with suppress(asyncio.CancelledError, LeaseLost):
            await task
