"""What campflow and a plugin say to each other: plain values, declared before anything runs."""

import datetime as dt
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import BaseModel

from campflow.hooks.additions import CommandPlugin as CommandPlugin
from campflow.hooks.additions import MakeApp as MakeApp
from campflow.hooks.additions import MakeWebhook as MakeWebhook
from campflow.hooks.additions import RoutePlugin as RoutePlugin
from campflow.hooks.additions import WebhookPlugin as WebhookPlugin
from campflow.hooks.engagement import Engagement as Engagement
from campflow.hooks.engagement import Posted as Posted
from campflow.hooks.errands import Action as Action
from campflow.hooks.errands import ActionPlugin as ActionPlugin
from campflow.hooks.errands import Answer as Answer
from campflow.hooks.errands import AudiencePlugin as AudiencePlugin
from campflow.hooks.errands import Destination as Destination
from campflow.hooks.errands import MakeAction as MakeAction
from campflow.hooks.errands import MakeDestination as MakeDestination
from campflow.hooks.errands import MakeSink as MakeSink
from campflow.hooks.errands import MakeTextSink as MakeTextSink
from campflow.hooks.errands import Member as Member
from campflow.hooks.errands import Note as Note
from campflow.hooks.errands import SinkPlugin as SinkPlugin
from campflow.hooks.errands import Task as Task
from campflow.hooks.errands import TextSink as TextSink
from campflow.hooks.executors import Executor as Executor
from campflow.hooks.executors import ExecutorPlugin as ExecutorPlugin
from campflow.hooks.executors import Log as Log
from campflow.hooks.executors import MakeExecutor as MakeExecutor
from campflow.hooks.executors import ServeExecutor as ServeExecutor
from campflow.hooks.executors import Shop as Shop
from campflow.hooks.executors import Work as Work
from campflow.hooks.executors import Worker as Worker
from campflow.hooks.observers import MakeObserver as MakeObserver
from campflow.hooks.observers import Moved as Moved
from campflow.hooks.observers import Observer as Observer
from campflow.hooks.observers import ObserverPlugin as ObserverPlugin
from campflow.hooks.observers import Settled as Settled
from campflow.hooks.reactions import ListeningChannel as ListeningChannel
from campflow.hooks.reactions import Reaction as Reaction
from campflow.hooks.reactions import WebAnswer as WebAnswer
from campflow.hooks.reactions import Webhook as Webhook
from campflow.hooks.reactions import WebRequest as WebRequest
from campflow.hooks.words import FilterPlugin as FilterPlugin
from campflow.hooks.words import FunctionPlugin as FunctionPlugin

#: Plugins say which version of this page they were written for; another first number is refused.
API_VERSION = (1, 0)

FieldValue = str | int | float | bool | None | dt.datetime | dt.date | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A content file made ready for filling: Jinja texts by part.

    A part whose name is "html" is filled with escaping on, every other one as plain text.
    `front_matter` values that are texts are filled too (subject, preheader, …), and must come out as one line.
    """

    parts: Mapping[str, str]
    front_matter: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One message for one person, rendered: what a channel hands over.

    `key` is the same at each attempt (an idempotency key, the stem of a Message-ID). `address` is the contact's
    field that the channel asked for. `options` are front matter and `send` options, filled. A mail that asks whether
    somebody has filled in a form belongs to no campaign and no contact: these are empty, and so is
    `unsubscribe_token`, for there is nothing yet to unsubscribe from.
    """

    message_id: int
    key: str
    channel: str
    name: str
    campaign: str
    contact_key: str
    address: str
    language: str | None
    parts: Mapping[str, str]
    options: Mapping[str, object]
    planned_at: dt.datetime
    unsubscribe_token: str


Outcome = Literal["accepted", "rejected", "retry", "uncertain"]


# Not frozen: one is made for each message, and a frozen one takes many times as long to make.
@dataclass(slots=True, unsafe_hash=True)
class Receipt:
    """What became of one message.

    accepted: the provider has it. rejected: never. retry: nothing was taken, try later (after `retry_after` seconds
    where the provider said so). uncertain: the provider may have it. `cost` of an accepted one, where the provider
    says it: "0.08 EUR", in the project's currency; None for what the channel costs anyway. `reaction` is one of the
    channel's `reports` that a refusal tells of: a number that is none has `bounced`.
    """

    message_id: int
    outcome: Outcome
    provider_id: str | None = None
    detail: str = ""
    retry_after: float | None = None
    cost: str | None = None
    reaction: str | None = None


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """Something a person did, as a source or a channel reports it.

    `contact` is the external key or the e-mail address. `id` is the source's own: the same id twice is one event.
    """

    contact: str
    name: str
    at: dt.datetime
    source: str
    id: str
    about: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a source, its values still texts; `line` counts from 1 as an editor does."""

    line: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that could not even be read."""

    line: int
    column: str
    reason: str
    raw: str


class Source(Protocol):
    """Reads records of people or events from somewhere. Streams: memory does not grow with the input."""

    #: File name endings, with the dot, that this source reads.
    suffixes: tuple[str, ...]

    def rows(self, lines: Iterable[bytes]) -> Iterable[Row | BadRow]:
        """The records in order."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the project speaks as; from campflow.toml `[sender]`."""

    name: str = ""
    email: str = ""
    reply_to: str = ""
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """What a channel may know of the project.

    `folder` is where campflow.toml lies; `base_url` how the outside reaches the web part, empty where it does not.
    """

    folder: str
    sender: Sender
    base_url: str = ""


class Channel(Protocol):
    """A way to reach people.

    One object serves one process: `open` once, `deliver` often and never twice at a time, `close` once.
    """

    async def open(self) -> None:
        """Get ready: may connect. Raises ChannelError with what to do where that is impossible."""

    def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        """Hand these over and yield one receipt for each, in any order.

        A message without a receipt at the end, or at an exception, is `uncertain`. ChannelError after the receipts
        says that the provider cannot be reached: nothing more is handed over for now (not before its `retry_after`,
        where it has one), and the channel is opened anew.
        """

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A message that the provider may have: `key` is the one it was offered with, `handed_at` the time of that."""

    message_id: int
    key: str
    handed_at: dt.datetime


class LookupChannel(Channel, Protocol):
    """A channel whose provider can be asked what became of a message: `idempotency = "lookup"`."""

    def lookup(self, doubts: Sequence[Doubt]) -> AsyncIterator[Receipt]:
        """Ask the provider about these and yield a receipt for each, in any order.

        accepted or rejected: it has it, or refused it. retry: it never got it, and it is handed over again. uncertain,
        or no receipt at all: it cannot tell yet, and is asked again later.
        """


class CountingChannel(Channel, Protocol):
    """A channel of posts that can say how these were received: `counts = True`."""

    def count(self, posts: Sequence[Posted]) -> AsyncIterator[Engagement]:
        """Ask the provider about these, in any order. What is said of no post stays as it was.

        ChannelError: the provider cannot be asked now; what was yielded before counts. With a `retry_after` it is
        asked about the others when that is over, and nothing before.
        """


@dataclass(frozen=True, slots=True)
class ChannelPlugin:
    """A channel, declared by value.

    name        the word after `send`
    address     the contact field it needs; None where it needs none
    needs       further contact fields without which it reaches nobody: a postal address has a street and a city
    settings    checked from `[channels.NAME]` of campflow.toml and `CAMPFLOW_CHANNELS__NAME__…`
    extensions  endings of its content files, as in `welcome.email.md`
    options     front matter and `send` options it understands
    reports     reactions it can report; with `opened` or `clicked` among them campflow tracks both itself
    idempotency what can be done about a message whose fate is unknown: "key" (offer it again, the provider knows it by
                Message.key), "lookup" (ask: the channel is a LookupChannel) or "none" (it stays `uncertain`)
    window      how many messages are handed over between two commits: the most that a crash leaves `uncertain`
    icon        one character for pictures and tables
    cost        of one message, as in "0.08 EUR", where `[costs]` of campflow.toml says nothing; None: free
    key_hours   how long the provider remembers a key; a message in doubt for longer is `uncertain`. None: for ever
    rate        the most that the provider takes, as in "14 per second", where `[channels.NAME] rate` says nothing
    webhook     makes what hears the provider's calls to `/hooks/NAME`, with the channel's settings; None: it has none
    listens     whether its reactions come over the channel itself: it is a ListeningChannel
    fitted      what of this is otherwise with the channel's settings, where they choose a provider: `idempotency`,
                `window`, `rate` …; never its name, its address or its options. None: it is always as it stands here
    posts       whether a message of it is the campaign's own, to nobody in particular: however many people come to a
                `send`, it is made once (Message.contact_key and .address are then empty, and so is the token)
    counts      whether it can say how its posts were received: it is a CountingChannel
    proof       makes the file that shows a message as it will look, for previews; None: its HTML, else its text
    lint        says what its readers' programs would make of a filled message, for `campflow check`; None: nothing
    """

    name: str
    address: str | None
    settings: type[BaseModel]
    extensions: tuple[str, ...]
    options: frozenset[str]
    reports: frozenset[str]
    idempotency: Literal["key", "lookup", "none"]
    window: int
    prepare: "PrepareContent"
    make: "MakeChannel"
    icon: str = "•"
    cost: str | None = None
    key_hours: float | None = None
    rate: str | None = None
    webhook: "MakeWebhook | None" = None
    listens: bool = False
    needs: tuple[str, ...] = ()
    fitted: "FitChannel | None" = None
    posts: bool = False
    counts: bool = False
    proof: "MakeProof | None" = None
    lint: "LintContent | None" = None


class PrepareContent(Protocol):
    def __call__(self, body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
        """The parts of a content file, once per file. Raises ContentError for what cannot be made ready."""


class FitChannel(Protocol):
    def __call__(self, plugin: ChannelPlugin, settings: BaseModel) -> ChannelPlugin:
        """The plugin as these checked settings have it: `dataclasses.replace(plugin, idempotency="key")`."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A file that shows a message: its ending without the dot, and its bytes."""

    extension: str
    data: bytes


class MakeProof(Protocol):
    def __call__(self, message: Message, settings: BaseModel, context: ChannelContext) -> Proof:
        """May read files of the project, and writes none. Raises ContentError for what could not be sent either."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a filled message: a sentence, and what to write instead.

    `near` is a text that stands where it is wrong, as the author wrote it (an address, the name of a tag), and
    `occurrence` which one of those counted from 0: the finding is shown there. Empty: it is about the whole message.
    """

    text: str
    hint: str | None = None
    near: str = ""
    occurrence: int = 0


class LintContent(Protocol):
    def __call__(self, parts: Mapping[str, str], options: Mapping[str, object]) -> Iterable[Complaint]:
        """Look at a message, filled for a made-up person. Pure, and fast: `check` calls it for each content file."""


class MakeChannel(Protocol):
    def __call__(self, settings: BaseModel, context: ChannelContext) -> Channel: ...


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure: a name of the measurement list, its labels, its value, when it was read."""

    name: str
    labels: Mapping[str, str]
    value: float
    at: dt.datetime


class Sink(Protocol):
    """Takes figures somewhere."""

    def publish(self, measurements: Sequence[Measurement]) -> None: ...


@dataclass(frozen=True, slots=True)
class SourcePlugin:
    name: str
    source: Source
