"""Orders to Lob over HTTP. A key is good for a day: what was offered twice is printed once."""

from collections.abc import AsyncIterator, Sequence

from pydantic import BaseModel

from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import Channel, Message, Receipt
from campflow.http import HttpClient, NoAnswer, Reply, fate, next_window, one_by_one
from campflow_lob.orders import order
from campflow_lob.settings import LobSettings

#: Requests side by side.
_BESIDE = 4


class LobChannel:
    def __init__(self, settings: LobSettings) -> None:
        self._settings = settings
        self._client: HttpClient | None = None

    async def open(self) -> None:
        key = self._settings.api_key
        if key is None:
            raise ChannelError("Lob wants a key: set CAMPFLOW_CHANNELS__LOB__API_KEY")
        self._client = HttpClient(
            self._settings.url, auth=(key.get_secret_value(), ""), timeout=self._settings.timeout, connections=_BESIDE
        )

    def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        return one_by_one(messages, self._send, _BESIDE)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _send(self, message: Message) -> Receipt:
        """One order. Raises HttpError, and ChannelError where Lob wants to be left alone."""
        if self._client is None:
            raise ChannelError("the channel is not open")
        try:
            piece, path, body = order(message, self._settings)
        except ContentError as error:
            return Receipt(message.message_id, "rejected", detail=str(error))
        reply = await self._client.send("POST", path, json=body, headers={"idempotency-key": message.key})
        return self._receipt(message, piece, reply)

    def _receipt(self, message: Message, piece: str, reply: Reply) -> Receipt:
        """Raises NoAnswer for a yes that cannot be read."""
        if reply.status == 429:
            # Lob says when its window ends; Retry-After is what something before it says.
            wait = next_window(reply, "x-rate-limit-reset", "ratelimit-reset")
            raise ChannelError(f"Lob: {_said(reply)}", wait)
        meant = fate(reply)
        if meant.outcome != "accepted":
            return Receipt(message.message_id, meant.outcome, detail=_said(reply), retry_after=meant.retry_after)
        found = reply.json_object().get("id")
        if not isinstance(found, str) or not found:
            raise NoAnswer(f"{reply.status}, and no id of what was made: {reply.said}")
        return Receipt(message.message_id, "accepted", provider_id=found[:200], cost=self._settings.prices.get(piece))


def make_channel(settings: BaseModel) -> Channel:
    """Raises ChannelError for settings of another channel."""
    if not isinstance(settings, LobSettings):
        raise ChannelError(f"Lob needs LobSettings, and got {type(settings).__name__}")
    return LobChannel(settings)


def _said(reply: Reply) -> str:
    """The sentence in Lob's error, else the beginning of what came."""
    try:
        error = reply.json_object().get("error")
    except NoAnswer:
        error = None
    sentence = error.get("message") if isinstance(error, dict) else None
    text = f"{reply.status} {sentence if isinstance(sentence, str) else reply.said}"
    return "".join(each if each.isprintable() else " " for each in text)[:300].strip()
