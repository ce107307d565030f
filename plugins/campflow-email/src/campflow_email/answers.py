"""Bounces, complaints and replies, as they arrive in the mailbox of the settings."""

import asyncio
import datetime as dt
import hashlib
from collections.abc import AsyncIterator, Sequence

from campflow.hooks.reactions import Reaction
from campflow_email.mailbox import Arrived, Mailbox
from campflow_email.returned import Returned, read

#: Mails that are read, recorded and marked at a time.
_MAILS = 100


class Answers:
    """Looks into a mailbox again and again. What a mail says is recorded before the mail is marked as seen."""

    def __init__(self, mailbox: Mailbox | None, every: float) -> None:
        self._mailbox = mailbox
        self._every = every

    async def listen(self) -> AsyncIterator[Sequence[Reaction]]:
        """What each mail says; ends at once where there is no mailbox. Raises ChannelError."""
        while (mailbox := self._mailbox) is not None:
            arrived = await asyncio.to_thread(lambda: list(mailbox.new(_MAILS)))
            now = dt.datetime.now(dt.UTC)
            reactions = [reaction for mail in arrived if (reaction := reaction_of(mail, now)) is not None]
            if reactions:
                yield reactions
            await asyncio.to_thread(mailbox.seen, [mail.id for mail in arrived])
            if len(arrived) < _MAILS:
                await asyncio.sleep(self._every)

    async def close(self) -> None:
        if self._mailbox is not None:
            await asyncio.to_thread(self._mailbox.close)


def reaction_of(mail: Arrived, now: dt.datetime) -> Reaction | None:
    """What a mail says, as campflow knows it; None where nothing happened to a message.

    A bounce that is not the address's fault is `failed`: only `bounced` ends what is sent there. A server that still
    tries, a vacation note and a program that wants to be answered by a human are nothing.
    """
    said = read(mail.data)
    if said is None or (name := _name(said)) is None:
        return None
    # A message bounces once, however many mails say so; a person may reply more than once.
    which = hashlib.sha256(mail.data).hexdigest()[:24] if name == "replied" else said.key
    return Reaction(name, now, f"{name}.{which}", key=said.key, detail=" ".join((said.status, said.detail)).strip())


def _name(said: Returned) -> str | None:
    match said.kind:
        case "bounced":
            return "bounced" if said.hard else "failed"
        case "delivered" | "complained" | "unsubscribed" | "replied":
            return said.kind
        case _:
            return None
