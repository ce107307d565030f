"""What a process does that sends: it makes an outbox of some messages, or delivers it, telling its parent each message.

`make URL COUNT` or `send URL FOLDER`, the project's. A message is written as a line to standard output, where it counts
as received; then one byte of standard input says to go on.
`die URL FOLDER IDEMPOTENCY` sends by a plugin that ends the process at the message POISON, and waits for nobody.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlalchemy import Table, insert

from campflow.content.rendering import Library
from campflow.content.tokens import SigningKeys
from campflow.engine.channels import Channels
from campflow.engine.delivery import Rules, deliver_ready
from campflow.engine.fates import Retry
from campflow.engine.letters import Stationery
from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin, Message, Prepared, Receipt, Sender
from campflow.model.people import Contact
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import tables

NOW = 1_000_000
POISON, ATTEMPTS, DIED = 5, 3, 3
NOBODY = Contact((), None)


class NoSettings(BaseModel):
    pass


class Pipe:
    """The provider is the parent process."""

    async def open(self) -> None:
        """Always open."""

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages:
            os.write(1, f"{message.message_id}\n".encode())
            os.read(0, 1)
            yield Receipt(message.message_id, "accepted")

    async def close(self) -> None:
        """Never closed."""


class Dying(Pipe):
    """A plugin that no exception can hold: C code that crashes, or `os._exit`."""

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages:
            if message.message_id == POISON:
                os._exit(DIED)
            os.write(1, f"{message.message_id}\n".encode())
            yield Receipt(message.message_id, "accepted")


def prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    return Prepared({"text": body}, front_matter)


def make(settings: BaseModel, context: ChannelContext) -> Channel:
    return Pipe()


PLUGIN = ChannelPlugin(
    name="pipe",
    address=None,
    settings=NoSettings,
    extensions=("txt",),
    options=frozenset(),
    reports=frozenset(),
    idempotency="none",
    window=7,
    prepare=prepare,
    make=make,
)


def row(table: Table, **values: object) -> dict[str, object]:
    """A row in which only these columns matter."""
    needed = [c for c in table.c if not c.nullable and not c.primary_key and c.server_default is None]
    return {c.name: c.type.python_type() for c in needed} | values


def fill(database: Database, count: int) -> None:
    install(database)
    t = database.tables
    with database.transaction() as connection:
        connection.execute(insert(t.contact).values(row(t.contact, contact_key="ada")))
        connection.execute(insert(t.campaign).values(row(t.campaign)))
        connection.execute(insert(t.stage).values(row(t.stage, campaign_id=1)))
        send = row(t.send, campaign_id=1, stage_id=1, channel="pipe", message="hi", options="{}")
        connection.execute(insert(t.send).values(send))
        message = row(
            t.message, contact_id=1, campaign_id=1, channel="pipe", send_id=1, expires_at=2 * NOW, state="planned"
        )
        connection.execute(insert(t.message), [message | {"nth": nth} for nth in range(count)])


RULES = Rules(batch=50, lease=3600, retry=Retry(attempts=ATTEMPTS))


async def send(database: Database, folder: Path, plugin: ChannelPlugin = PLUGIN) -> None:
    plugins = {plugin.name: plugin}
    keys = SigningKeys("a", {"a": b"secret"})
    stationery = Stationery(NOBODY, (), Library(folder, plugins), Sender(), keys, "here", ZoneInfo("UTC"))
    async with Channels(plugins, {}, ChannelContext(str(folder), Sender())) as channels:
        await deliver_ready(database, stationery, channels, lambda: NOW, RULES)


def main(words: Sequence[str]) -> None:
    opened = Database(words[1], tables(NOBODY, ()))
    if words[0] == "make":
        fill(opened, int(words[2]))
    elif words[0] == "send":
        asyncio.run(send(opened, Path(words[2])))
    else:
        (idempotency,) = (each for each in ("key", "none") if each == words[3])
        dying = replace(PLUGIN, idempotency=idempotency, make=lambda settings, context: Dying())
        asyncio.run(send(opened, Path(words[2]), dying))
