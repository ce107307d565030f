"""Messages into a file: for trying a campaign without an account anywhere."""

import json
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import ChannelContext, Message, Receipt
from campflow_sms.settings import SmsSettings
from campflow_sms.texts import text_of


class FileChannel:
    """A line of JSON for each message: to whom, from whom, the text and its segments. No telephone ever rings."""

    def __init__(self, settings: SmsSettings, context: ChannelContext) -> None:
        self._settings = settings
        self._path = Path(context.folder) / settings.file

    async def open(self) -> None:
        """Nothing to get ready: the file is there with its first message."""

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for nth, message in enumerate(messages):
            try:
                segments = text_of(message, self._settings.max_segments)
            except ContentError as error:
                yield Receipt(message.message_id, "rejected", detail=str(error))
                continue
            text, count = "".join(segments.texts), len(segments)
            line = {"to": message.address, "from": self._settings.sender, "text": text, "segments": count}
            try:
                self._write(json.dumps({**line, "key": message.key}, ensure_ascii=False))
            except OSError as error:
                reason = f"cannot write to {self._path}: {error.strerror}"
                for left in messages[nth:]:
                    yield Receipt(left.message_id, "retry", detail=reason)
                raise ChannelError(f"{reason}: set another `file` under [channels.sms]") from error
            yield Receipt(message.message_id, "accepted", cost=self._settings.cost(count))

    async def close(self) -> None:
        """Nothing is held open."""

    def _write(self, line: str) -> None:
        # Opened for each: one that was moved away or emptied in between begins anew. Others do not read people's texts.
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as file:
            file.write(f"{line}\n".encode())
