"""What channels of a provider with an HTTP interface have in common: a client, a key, a mailbox of answers."""

from collections.abc import AsyncIterator, Sequence

from campflow.errors import ChannelError
from campflow.hooks.contracts import Sender
from campflow.hooks.reactions import Reaction
from campflow.http import HttpClient
from campflow_email.answers import Answers
from campflow_email.settings import EmailSettings


class ApiChannel:
    """`provider` is its name, `url` where it is called, `beside` how many requests go side by side."""

    provider: str
    url: str
    beside = 1

    def __init__(self, settings: EmailSettings, sender: Sender, answers: Answers) -> None:
        self._settings = settings
        self._sender = sender
        self._answers = answers
        self._client: HttpClient | None = None

    async def open(self) -> None:
        key = self._settings.api_key
        if key is None:
            raise ChannelError(f"{self.provider} wants a key: set CAMPFLOW_CHANNELS__EMAIL__API_KEY")
        self._client = HttpClient(
            self._settings.url or self.url,
            headers={"authorization": f"Bearer {key.get_secret_value()}"},
            timeout=self._settings.timeout,
            connections=self.beside,
        )

    async def close(self) -> None:
        await self._answers.close()
        if self._client is not None:
            await self._client.close()
            self._client = None

    def listen(self) -> AsyncIterator[Sequence[Reaction]]:
        return self._answers.listen()

    @property
    def client(self) -> HttpClient:
        """Raises ChannelError where the channel is not open."""
        if self._client is None:
            raise ChannelError("the channel is not open")
        return self._client
