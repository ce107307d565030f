"""What Lob tells of a piece on its way: signed calls, and its words in ours."""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping

from pydantic import BaseModel

from campflow.errors import ChannelError, WebhookRefused
from campflow.hooks.contracts import ChannelContext, Reaction, WebAnswer, Webhook, WebRequest
from campflow_lob.orders import KEY
from campflow_lob.settings import LobSettings

#: The last words of Lob's event types, and our reactions. What is not here is no reaction: `mailed`, `in_transit`, ….
REACTIONS: Mapping[str, str] = {
    "delivered": "delivered",
    "certified.delivered": "delivered",
    "returned_to_sender": "returned",
    "certified.returned_to_sender": "returned",
    "failed": "failed",
    "rejected": "failed",
    # The code or address that Lob itself put on a piece.
    "viewed": "scanned",
}

_PIECES = frozenset({"letter", "postcard", "self_mailer"})

#: Seconds that a call may be old, or our clocks may differ.
TOLERANCE = 300.0

SIGNATURE, TIMESTAMP = "lob-signature", "lob-signature-timestamp"


class LobWebhook:
    def __init__(self, secret: str | None) -> None:
        self._secret = secret

    async def open(self) -> None:
        """Nothing to get ready."""

    async def hear(self, request: WebRequest) -> WebAnswer:
        if self._secret is None:
            raise WebhookRefused("set CAMPFLOW_CHANNELS__LOB__WEBHOOK_SECRET: unsigned calls are not heard")
        verify(self._secret, request)
        reaction = reaction_in(request.body)
        return WebAnswer((reaction,) if reaction else ())

    async def close(self) -> None:
        """Nothing is held open."""


def make_webhook(settings: BaseModel, context: ChannelContext) -> Webhook:
    """Raises ChannelError for settings of another channel."""
    if not isinstance(settings, LobSettings):
        raise ChannelError(f"Lob needs LobSettings, and got {type(settings).__name__}")
    return LobWebhook(settings.webhook_secret.get_secret_value() if settings.webhook_secret else None)


def verify(secret: str, request: WebRequest) -> None:
    """HMAC-SHA256 over the time, a dot and the bytes of the body. Raises WebhookRefused."""
    stamp, signature = request.headers.get(TIMESTAMP, ""), request.headers.get(SIGNATURE, "")
    if request.method != "POST" or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 15):
        raise WebhookRefused("the call has no time in its signature")
    right = hmac.new(secret.encode(), stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
        raise WebhookRefused("the signature is not right: check `webhook_secret`")
    # Seconds since 1970, or milliseconds.
    seconds = int(stamp) / (1_000 if len(stamp) > 11 else 1)
    if abs(request.at.timestamp() - seconds) > TOLERANCE:
        raise WebhookRefused("the call is too old, or a clock is wrong")


def reaction_in(body: bytes) -> Reaction | None:
    """What a genuine call tells, None for what is no reaction. Raises WebhookRefused for what cannot be read."""
    try:
        event = json.loads(body)
        kind, told = event["event_type"]["id"], event["body"]
        piece, _, word = str(kind).partition(".")
        name = REACTIONS.get(word) if piece in _PIECES else None
        if name is None:
            return None
        at = dt.datetime.fromisoformat(str(event["date_created"]))
        metadata = told.get("metadata") or {}
        key = metadata.get(KEY)
        return Reaction(
            name, at if at.tzinfo else at.replace(tzinfo=dt.UTC), str(event["id"]),
            key=str(key) if key else None, provider_id=str(told["id"]), detail=str(kind),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WebhookRefused(f"the call cannot be read: {type(error).__name__}", status=400) from error
