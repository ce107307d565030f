"""What is done outside and is no message to a person: texts of `notify`, audiences of `sync`, tasks of `do`."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel

if TYPE_CHECKING:
    from campflow.hooks.contracts import ChannelContext, Sink


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one note or task.

    done: it is there. failed: never. retry: nothing was done, try later (after `retry_after` seconds where the other
    side said so). uncertain: it may have been done.
    """

    errand_id: int
    outcome: Literal["done", "failed", "retry", "uncertain"]
    detail: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """The text of one `notify`, filled. `key` is the same at each attempt; `at` is when the contact came there."""

    errand_id: int
    key: str
    campaign: str
    stage: str
    contact_key: str
    text: str
    at: dt.datetime


class TextSink(Protocol):
    """Takes the texts of `notify` somewhere: a chat, a ticket, a file. At least once: after a crash it may come twice.

    One object serves one process: `open` once, `notify` often and never twice at a time, `close` once.
    """

    async def open(self) -> None:
        """Get ready: may connect. Raises PluginError with what to do where that is impossible."""

    def notify(self, notes: Sequence[Note]) -> AsyncIterator[Answer]:
        """Take these and yield one answer for each, in any order. A note without an answer is tried again."""

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class SinkPlugin:
    """A place that figures go to, or texts of `notify`, or both: it is what it gives the makers of.

    name      the word after `notify`
    settings  checked from `[sinks.NAME]` of campflow.toml and `CAMPFLOW_SINKS__NAME__…`
    """

    name: str
    settings: type[BaseModel]
    figures: "MakeSink | None" = None
    texts: "MakeTextSink | None" = None


class MakeSink(Protocol):
    def __call__(self, settings: BaseModel, context: "ChannelContext") -> "Sink": ...


class MakeTextSink(Protocol):
    def __call__(self, settings: BaseModel, context: "ChannelContext") -> TextSink: ...


@dataclass(frozen=True, slots=True)
class Member:
    """A contact in an audience: `fields` are the contact's, by name, as they are now."""

    contact_key: str
    fields: Mapping[str, object]


class Destination(Protocol):
    """A place where audiences are kept: an advertising account, a list at another service, a file.

    Adding who is there already and removing who is not changes nothing: both may be asked twice.
    One object serves one process: `open` once, the others often and never twice at a time, `close` once.
    """

    async def open(self) -> None:
        """Get ready: may connect. Raises PluginError with what to do where that is impossible."""

    async def add(self, audience: str, members: Sequence[Member]) -> None:
        """Put these into the audience, all of them. PluginError: it cannot be reached now.

        Any other exception is taken to be about these members: each is then tried alone.
        """

    async def remove(self, audience: str, members: Sequence[Member]) -> None:
        """Take these out of the audience, all of them. Raises as `add` does."""

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class AudiencePlugin:
    """A destination of `sync`.

    name      what `[destinations.NAME]` of campflow.toml is called; its `audiences` say which ones are kept there
    settings  checked from the other keys of that table and `CAMPFLOW_DESTINATIONS__NAME__…`
    batch     how many members it is given at a time
    """

    name: str
    settings: type[BaseModel]
    make: "MakeDestination"
    batch: int = 1_000


class MakeDestination(Protocol):
    def __call__(self, settings: BaseModel, context: "ChannelContext") -> Destination: ...


@dataclass(frozen=True, slots=True)
class Task:
    """One `do`: `options` are its block's, texts filled; `fields` are the contact's, by name, as they are now.

    `key` is the same at each attempt; `at` is when the contact came there.
    """

    errand_id: int
    key: str
    campaign: str
    stage: str
    contact_key: str
    fields: Mapping[str, object]
    options: Mapping[str, object]
    at: dt.datetime


class Action(Protocol):
    """Does something for a contact.

    One object serves one process: `open` once, `run` often and never twice at a time, `close` once.
    """

    async def open(self) -> None:
        """Get ready: may connect. Raises PluginError with what to do where that is impossible."""

    def run(self, tasks: Sequence[Task]) -> AsyncIterator[Answer]:
        """Do these and yield one answer for each, in any order.

        A task without an answer at the end, or at an exception, is tried again where the plugin says
        `idempotency = "key"`, and else `uncertain`.
        """

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class ActionPlugin:
    """An action, declared by value.

    name        the word after `do`
    options     words that its block may hold
    settings    checked from `[actions.NAME]` of campflow.toml and `CAMPFLOW_ACTIONS__NAME__…`
    idempotency what it does with a task offered twice: "key" (takes Task.key) or "none"
    batch       how many tasks it is given at a time
    """

    name: str
    options: frozenset[str]
    settings: type[BaseModel]
    idempotency: Literal["key", "none"]
    make: "MakeAction"
    batch: int = 100


class MakeAction(Protocol):
    def __call__(self, settings: BaseModel, context: "ChannelContext") -> Action: ...
