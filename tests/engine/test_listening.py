"""Channels that are told reactions themselves: recorded before they are confirmed, and again after a cut."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, select, update
from tests.databases import Store
from tests.web.pigeon import PIGEON, Pigeon
from tests.web.served import Log, sent, write_project

from campflow.engine.channels import Channels
from campflow.engine.listening import Listening
from campflow.engine.runtime import Runtime
from campflow.engine.trouble import Trouble
from campflow.errors import ChannelError
from campflow.hooks.contracts import Reaction
from campflow.project import Project


class Mailbox:
    """What lies at the provider: a reaction is taken away when it is confirmed. `cuts` connections are cut off."""

    def __init__(self, *waiting: Reaction, cuts: int = 0) -> None:
        self.waiting = list(waiting)
        self.cuts = cuts
        self.seen: list[int] = []
        self.count: Callable[[], int] = lambda: 0


class Listener(Pigeon):
    def __init__(self, box: Mailbox) -> None:
        self.box = box

    async def listen(self) -> AsyncIterator[Sequence[Reaction]]:
        while self.box.waiting:
            yield self.box.waiting[:1]
            self.box.seen.append(self.box.count())  # how many are in the database when the next is asked for
            if self.box.cuts:
                self.box.cuts -= 1
                raise ChannelError("the line was cut before the confirmation")
            self.box.waiting.pop(0)


def clicked(number: int, **found_by: str) -> Reaction:
    return Reaction("clicked", dt.datetime(2026, 3, 2, 9, 59, tzinfo=dt.UTC), f"c{number}", **found_by)


def listen(runtime: Runtime, box: Mailbox, until: Callable[[], bool], log: Log) -> None:
    def count() -> int:
        event = runtime.database.tables.event
        with runtime.database.reader() as connection:
            return connection.scalar(select(func.count()).where(event.c.name == "clicked")) or 0

    async def work() -> None:
        clock = asyncio.get_running_loop().time
        skipped = 0.0
        box.count = count
        plugin = replace(PIGEON, listens=True, make=lambda settings, context: Listener(box))
        channels = Channels({"pigeon": plugin}, {}, runtime.context, clock=lambda: clock() + skipped)
        listening = Listening(channels, lambda: runtime.inbox, runtime.clock.now, Trouble(log))
        while not until():
            await listening.look()
            await asyncio.sleep(0.01)
            skipped += 60  # no pause after a failure is longer
        await listening.close()
        await channels.close()

    asyncio.run(asyncio.wait_for(work(), 30))


def test_reactions_are_committed_before_they_are_confirmed_and_told_once(store: Store, tmp_path: Path) -> None:
    write_project(tmp_path, store.shared_url(tmp_path))
    with sent(Project.open(tmp_path)) as runtime:
        box = Mailbox(clicked(1, provider_id="p-ada"), clicked(2, provider_id="p-bob"), cuts=2)
        listen(runtime, box, lambda: not box.waiting, log := Log())
        # The first came three times, for its confirmation was lost twice.
        assert box.seen == [1, 1, 1, 2]
        assert [len(log.said(each)) for each in ("failed", "heard", "recovered")] == [2, 2, 2]


def test_what_comes_before_its_receipt_waits_for_it(store: Store, tmp_path: Path) -> None:
    write_project(tmp_path, store.shared_url(tmp_path))
    with sent(Project.open(tmp_path)) as runtime:
        batch, message = runtime.database.tables.batch, runtime.database.tables.message
        with runtime.database.transaction() as connection:
            connection.execute(update(batch).values(closed_at=None))
            connection.execute(update(message).values(provider_id=None))
        box = Mailbox(clicked(1, provider_id="p-late"))
        looks = 0

        def until() -> bool:
            nonlocal looks
            looks += 1
            if looks == 20:  # the receipt is written
                assert box.seen == []
                with runtime.database.transaction() as connection:
                    connection.execute(update(message).values(provider_id="p-late"))
            return not box.waiting

        listen(runtime, box, until, Log())
        assert box.seen == [1]
