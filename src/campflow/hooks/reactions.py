"""What comes back: reactions of people and providers, told by a webhook or over a connection that a channel keeps."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from campflow.hooks.contracts import ContactEvent


@dataclass(frozen=True, slots=True)
class Reaction:
    """What became of a message after it was handed over, or what somebody answered to it.

    name         one of the channel's `reports`: "delivered", "bounced", "unsubscribed", "replied", …
    at           when it happened
    id           the provider's own name of this report: the same id twice is one event
    key          Message.key, where the provider gives it back: the surest way to find the message
    provider_id  Receipt.provider_id: the next surest
    address      whom it is about, where no message is named or known: the contact who has it in the channel's field
    detail       why, in the provider's words, for people; kept with the message when it bounced, failed or came back
    text         what somebody wrote who `replied`, `unsubscribed` or `resubscribed`: the field `text` of the event, and
                 the proof in the ledger of consent
    """

    name: str
    at: dt.datetime
    id: str
    key: str | None = None
    provider_id: str | None = None
    address: str | None = None
    detail: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class WebRequest:
    """A call from outside, as it came in: nothing of it has been looked at but its size.

    `url` is what the outside called, with its query: signatures cover it. The names of `headers` are in small letters;
    one that came several times holds its values with ", " between them. `body` are the bytes as they were sent, but
    for a `Content-Encoding: gzip`, which is undone. `at` is when it came, by the clock on the wall: signatures are
    held against it. `clock` is what time the campaigns have, where that is another: under a clock moved by hand.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    at: dt.datetime
    clock: dt.datetime | None = None

    @property
    def happened(self) -> dt.datetime:
        """The time of what has no time of its own: it happened when it was told."""
        return self.clock or self.at


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What a webhook makes of a call.

    `reactions` are recorded, together, before anything is answered: the provider hears `status` and `text` only when
    the rows are committed, and an error, so that it calls again, when they are not.
    """

    reactions: "Sequence[Reaction | ContactEvent]" = ()
    status: int = 200
    text: str = ""
    media_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


class Webhook(Protocol):
    """Hears what is sent to `/hooks/NAME` of the web part.

    One object serves one process: `open` once, `hear` often and several at a time, `close` once.
    """

    async def open(self) -> None:
        """Get ready. Raises PluginError with what to do where that is impossible."""

    async def hear(self, request: WebRequest) -> WebAnswer:
        """Check who is calling, and read what is told.

        Raises WebhookRefused for a call that is forged, stale or no such thing: nothing of it is recorded. Any other
        exception is answered with 500, so that the provider calls again.
        """

    async def close(self) -> None:
        """Let go of connections."""


class ListeningChannel(Protocol):
    """A channel that is told reactions over a connection of its own, or looks for them: `listens=True`.

    An SMPP bind, a mailbox of bounces. It has the methods of a Channel beside this one.
    """

    def listen(self) -> "AsyncIterator[Sequence[Reaction | ContactEvent]]":
        """Yield reactions as they come, for as long as the channel is open.

        When the next ones are asked for, those before are committed: confirm or delete them at their origin then, and
        not sooner. To end means that there is nothing to listen to. ChannelError: the connection is lost; the channel
        is opened anew after a pause, and listened to again.
        """
