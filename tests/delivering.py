"""What a channel makes of the messages it is given."""

import asyncio
from collections.abc import Sequence

from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, Message, Receipt


def delivered(channel: Channel, messages: Sequence[Message]) -> tuple[dict[int, Receipt], ChannelError | None]:
    """The receipts of a channel that is opened for them and closed after them, and the ChannelError that ended it."""

    async def work() -> tuple[dict[int, Receipt], ChannelError | None]:
        found: dict[int, Receipt] = {}
        await channel.open()
        try:
            async for receipt in channel.deliver(messages):
                found[receipt.message_id] = receipt
        except ChannelError as error:
            return found, error
        finally:
            await channel.close()
        return found, None

    return asyncio.run(work())
