"""A plugin whose provider is the test: everything it is given is told to the ledger, one line of JSON a call.

`LEDGER_PORT` says where the ledger listens, `LEDGER_KEYS=1` that it takes a key once only, `LEDGER_SLOW` how many
seconds it thinks about each. With `LEDGER_FAILS` the observer writes what it is told, and fails then.
"""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence

from pydantic import BaseModel

from campflow.hooks.contracts import (
    Action,
    ActionPlugin,
    Answer,
    AudiencePlugin,
    Channel,
    ChannelContext,
    ChannelPlugin,
    Destination,
    Member,
    Message,
    Moved,
    Note,
    Observer,
    ObserverPlugin,
    Prepared,
    Receipt,
    Settled,
    SinkPlugin,
    Task,
    TextSink,
)
from campflow.hooks.specs import hookimpl

CAMPFLOW_API = (1, 0)

#: Messages between two commits, tasks held at a time, and lines an observer is told at a time.
WINDOW = 4


class Nothing(BaseModel):
    """There is nothing to set."""


class Line:
    """A connection to the ledger."""

    async def open(self) -> None:
        self._line = socket.create_connection(("127.0.0.1", int(os.environ["LEDGER_PORT"]))).makefile("rwb")

    def _tell(self, what: str, key: str, who: str) -> None:
        self._line.write(json.dumps([what, key, who]).encode() + b"\n")
        self._line.flush()
        assert self._line.readline() == b"taken\n"

    async def close(self) -> None:
        self._line.close()


class Post(Line):
    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages:
            await _take_time()
            self._tell("message", message.key, f"{message.contact_key} {message.name}")
            yield Receipt(message.message_id, "accepted", provider_id=message.key)

    async def notify(self, notes: Sequence[Note]) -> AsyncIterator[Answer]:
        for note in notes:
            await _take_time()
            self._tell("note", note.key, note.contact_key)
            yield Answer(note.errand_id, "done")

    async def run(self, tasks: Sequence[Task]) -> AsyncIterator[Answer]:
        for task in tasks:
            self._tell("task", task.key, task.contact_key)
            yield Answer(task.errand_id, "done")


class Lists(Line):
    async def add(self, audience: str, members: Sequence[Member]) -> None:
        for member in members:
            self._tell("member", member.contact_key, audience)

    async def remove(self, audience: str, members: Sequence[Member]) -> None:
        for member in members:
            self._tell("removed", member.contact_key, audience)


class Watcher(Line):
    async def moved(self, moves: Sequence[Moved]) -> None:
        for each in moves:
            await _take_time()
            self._tell("moved", str(each.number), f"{each.contact_key} {each.from_stage} {each.to_stage}")
        self._fail()

    async def settled(self, fates: Sequence[Settled]) -> None:
        for each in fates:
            await _take_time()
            self._tell("settled", str(each.number), f"{each.message_id} {each.state}")
        self._fail()

    def _fail(self) -> None:
        if os.environ.get("LEDGER_FAILS"):
            raise RuntimeError("no room")


async def _take_time() -> None:
    if slow := os.environ.get("LEDGER_SLOW"):
        await asyncio.sleep(float(slow))


def make_channel(settings: BaseModel, context: ChannelContext) -> Channel:
    return Post()


def make_sink(settings: BaseModel, context: ChannelContext) -> TextSink:
    return Post()


def make_action(settings: BaseModel, context: ChannelContext) -> Action:
    return Post()


def make_destination(settings: BaseModel, context: ChannelContext) -> Destination:
    return Lists()


def make_observer(settings: BaseModel, context: ChannelContext) -> Observer:
    return Watcher()


def prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    return Prepared({"text": body}, front_matter)


@hookimpl
def campflow_channels() -> list[ChannelPlugin]:
    keys = os.environ.get("LEDGER_KEYS") == "1"
    return [
        ChannelPlugin(
            name="ledger",
            address="email",
            settings=Nothing,
            extensions=("txt",),
            options=frozenset(),
            reports=frozenset({"sent", "bounced"}),
            idempotency="key" if keys else "none",
            window=WINDOW,
            prepare=prepare,
            make=make_channel,
        )
    ]


@hookimpl
def campflow_sinks() -> list[SinkPlugin]:
    return [SinkPlugin("ledger", Nothing, texts=make_sink)]


@hookimpl
def campflow_audiences() -> list[AudiencePlugin]:
    return [AudiencePlugin("ledger", Nothing, make_destination)]


@hookimpl
def campflow_observers() -> list[ObserverPlugin]:
    return [ObserverPlugin("ledger", Nothing, make_observer, batch=WINDOW)]


@hookimpl
def campflow_actions() -> list[ActionPlugin]:
    keys = os.environ.get("LEDGER_KEYS") == "1"
    return [ActionPlugin("ledger", frozenset({"say"}), Nothing, "key" if keys else "none", make_action, batch=WINDOW)]
