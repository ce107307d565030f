"""The smallest channel: a line in a file for each message."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from campflow.hooks.contracts import (
    ActionPlugin,
    AudiencePlugin,
    Channel,
    ChannelContext,
    ChannelPlugin,
    Message,
    Prepared,
    Receipt,
    SinkPlugin,
)
from campflow.hooks.specs import hookimpl
from campflow_echo.outside import (
    DeedsSettings,
    MembersSettings,
    NotesSettings,
    make_action,
    make_destination,
    make_sink,
)

CAMPFLOW_API = (1, 0)


class EchoSettings(BaseModel, extra="forbid"):
    """`file` is below the project."""

    file: str = "echo.txt"


class EchoChannel:
    def __init__(self, path: Path) -> None:
        self.path = path

    async def open(self) -> None:
        """Nothing to get ready."""

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        with self.path.open("a", buffering=1, encoding="utf-8") as file:
            for message in messages:
                line = (message.contact_key, message.name, message.parts["text"])
                file.write("\t".join(" ".join(each.split()) for each in line) + "\n")
                yield Receipt(message.message_id, "accepted")

    async def close(self) -> None:
        """Nothing is held open."""


def prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    return Prepared({"text": body}, front_matter)


def make(settings: BaseModel, context: ChannelContext) -> Channel:
    return EchoChannel(Path(context.folder) / EchoSettings.model_validate(settings.model_dump()).file)


@hookimpl
def campflow_channels() -> list[ChannelPlugin]:
    return [
        ChannelPlugin(
            name="echo",
            address=None,
            settings=EchoSettings,
            extensions=("txt",),
            options=frozenset(),
            reports=frozenset({"sent"}),
            idempotency="none",
            window=100,
            prepare=prepare,
            make=make,
        )
    ]


@hookimpl
def campflow_sinks() -> list[SinkPlugin]:
    return [SinkPlugin("echo", NotesSettings, texts=make_sink)]


@hookimpl
def campflow_audiences() -> list[AudiencePlugin]:
    return [AudiencePlugin("echo", MembersSettings, make_destination)]


@hookimpl
def campflow_actions() -> list[ActionPlugin]:
    return [
        ActionPlugin(
            name="echo",
            options=frozenset({"say"}),
            settings=DeedsSettings,
            idempotency="none",
            make=make_action,
        )
    ]
