"""Mail into a folder: what the first run uses, and anyone who wants to look before sending."""

import datetime as dt
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import Message, Receipt, Sender
from campflow.hooks.reactions import Reaction
from campflow_email.answers import Answers
from campflow_email.mime import build


class MaildirChannel:
    """A Maildir: each message a file in `new/`, whole or not there. A message offered twice is there once.

    It survives the end of the process, not a power cut: files are not flushed one by one.
    """

    def __init__(self, folder: Path, sender: Sender, answers: Answers | None = None) -> None:
        self._folder = folder
        self._sender = sender
        self._answers = answers or Answers(None, 60)
        self._read: set[str] = set()

    async def open(self) -> None:
        try:
            for name in ("tmp", "new", "cur"):
                (self._folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
            # Mail programs move what was looked at to `cur/` and write flags behind the name.
            self._read = {path.name.partition(":")[0] for path in (self._folder / "cur").iterdir()}
        except OSError as error:
            raise ChannelError(
                f"cannot write mail to {self._folder}: {error.strerror}: set another `maildir`"
            ) from error

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages:
            try:
                mail = build(message, self._sender, dt.datetime.now(dt.UTC))
            except ContentError as error:
                yield Receipt(message.message_id, "rejected", detail=str(error))
                continue
            try:
                name = self._write(message, mail.data)
            except OSError as error:
                reason = f"cannot write mail to {self._folder}: {error.strerror}"
                for left in messages[messages.index(message) :]:
                    yield Receipt(left.message_id, "retry", detail=reason)
                raise ChannelError(reason) from error
            yield Receipt(message.message_id, "accepted", provider_id=name)

    async def close(self) -> None:
        await self._answers.close()

    def listen(self) -> AsyncIterator[Sequence[Reaction]]:
        return self._answers.listen()

    def _write(self, message: Message, data: bytes) -> str:
        name = f"{int(message.planned_at.timestamp())}.{message.key}.campflow"
        if name not in self._read:
            draft = self._folder / "tmp" / name
            # Letters are nobody else's business.
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data.replace(b"\r\n", b"\n"))
            draft.replace(self._folder / "new" / name)
        return name
