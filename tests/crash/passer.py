"""A daemon in small: passes over a project until all of it is done, with leases of so many seconds.

`FOLDER SECONDS`
"""

import asyncio
import sys
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select

from campflow.engine.delivery import Rules, deliver_ready
from campflow.project import Project
from campflow.running import open_runtime


async def main(folder: Path, lease: float) -> None:
    with closing(open_runtime(Project.open(folder))) as runtime:
        journey = runtime.database.tables.journey.c
        message = runtime.database.tables.message.c
        rules = Rules(batch=20, lease=lease, listens=runtime.program.plan.reads, gates=runtime._gates)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            now = runtime.clock.now()
            runtime.tick(now)
            runtime.release(now)
            async with runtime.channels() as channels:
                await deliver_ready(runtime.database, runtime.stationery, channels, runtime.clock.now, rules)
            with runtime.database.reader() as connection:
                inside = connection.scalar(select(func.count()).where(journey.ended_at.is_(None)))
                waiting = connection.scalar(select(func.count()).where(message.state.in_(["planned", "ready"])))
            if not inside and not waiting:
                return
            await asyncio.sleep(0.1)
        sys.exit("it is not done after a minute")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
