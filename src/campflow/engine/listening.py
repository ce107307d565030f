"""Listening to channels that are told reactions over a connection of their own, or look for them in a mailbox."""

import asyncio
from collections.abc import Callable, Sequence

from campflow.engine.channels import Channels
from campflow.engine.inbox import Inbox
from campflow.engine.trouble import Trouble
from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ContactEvent, ListeningChannel, Reaction

#: Seconds until reactions are recorded again that came before the receipt of their message was written.
_AGAIN = 2.0


class Listening:
    """One task for each channel that listens, as long as it is open. `look` begins it; `close` ends it.

    `inbox` gives the inbox of the texts that are in force, `now` the campaign's clock.
    """

    def __init__(
        self, channels: Channels, inbox: Callable[[], Inbox], now: Callable[[], int], trouble: Trouble
    ) -> None:
        self._channels, self._inbox, self._now, self._trouble = channels, inbox, now, trouble
        self._tasks: dict[str, tuple[Channel, asyncio.Task[None]]] = {}

    async def look(self) -> None:
        """Listen to each channel that listens and is not listened to: at first, and after it was opened anew."""
        for name, plugin in self._channels.plugins.items():
            if not plugin.listens:
                continue
            try:
                channel = await self._channels.open(name)
            except ChannelError as error:
                self._trouble.say(f"listening to {name}", error)
                continue
            known = self._tasks.get(name)
            if known is None or known[0] is not channel:
                if known is not None:
                    await _end(known[1])
                self._tasks[name] = channel, asyncio.create_task(self._listen(name, channel))

    async def close(self) -> None:
        while self._tasks:
            await _end(self._tasks.popitem()[1][1])

    async def _listen(self, name: str, channel: Channel) -> None:
        listening: ListeningChannel = channel  # type: ignore[assignment]
        try:
            async for told in listening.listen():
                await self._record(name, told)
                self._trouble.over(f"listening to {name}")
        # A plugin is not ours: whatever it raises means that its connection is of no use any more.
        except Exception as error:
            self._trouble.say(f"listening to {name}", error)
            await self._channels.drop(name, str(error))

    async def _record(self, name: str, told: Sequence[Reaction | ContactEvent]) -> None:
        """Returns when all of it is committed: the channel confirms it then."""
        while told:
            heard = await asyncio.to_thread(self._inbox().record, name, told, self._now())
            for each in heard.refused:
                self._trouble.log.warning(
                    "not recorded", channel=name, event_name=each.name, id=each.id, reason=each.reason
                )
            if heard.added:
                self._trouble.log.info("heard", channel=name, added=heard.added, known=heard.known)
            told = heard.early
            if told:
                await asyncio.sleep(_AGAIN)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
