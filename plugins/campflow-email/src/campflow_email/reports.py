"""What providers tell of mail that they took: their words in ours. What is not in a table is no reaction.

Openings and clicks are not among them: campflow counts its own, as it can tell people from programs.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from campflow.errors import ChannelError, WebhookRefused
from campflow.hooks.contracts import ChannelContext, Reaction, WebAnswer, Webhook, WebRequest
from campflow_email.drafts import KEY
from campflow_email.settings import EmailSettings
from campflow_email.signed import public_key, shared_secret, verify_public, verify_shared

#: https://resend.com/docs/dashboard/webhooks/event-types; bounces and suppressions are told apart below.
RESEND: Mapping[str, str] = {
    "email.sent": "sent",
    "email.delivered": "delivered",
    "email.complained": "complained",
    "email.failed": "failed",
}

#: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event; what is dropped is told apart below.
SENDGRID: Mapping[str, str] = {
    "processed": "sent",
    "delivered": "delivered",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}

#: Why SendGrid did not even try, by the beginning of its reason.
DROPPED: Sequence[tuple[str, str]] = (
    ("bounced address", "bounced"),
    ("invalid", "bounced"),
    ("spam reporting address", "complained"),
    ("unsubscribed address", "unsubscribed"),
)


class ReportsWebhook:
    """`/hooks/email` for one provider."""

    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings

    async def open(self) -> None:
        """Nothing to get ready."""

    async def hear(self, request: WebRequest) -> WebAnswer:
        secret = self._settings.webhook_secret
        if secret is None:
            raise WebhookRefused("set CAMPFLOW_CHANNELS__EMAIL__WEBHOOK_SECRET: unsigned calls are not heard")
        read = _resend if self._settings.provider == "resend" else _sendgrid
        try:
            return WebAnswer(tuple(read(secret.get_secret_value(), request)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise WebhookRefused(f"the call cannot be read: {type(error).__name__}", status=400) from error

    async def close(self) -> None:
        """Nothing is held open."""


def make_webhook(settings: BaseModel, context: ChannelContext) -> Webhook:
    """Raises ChannelError for settings of another channel."""
    if not isinstance(settings, EmailSettings):
        raise ChannelError(f"the e-mail channel needs EmailSettings, and got {type(settings).__name__}")
    return ReportsWebhook(settings)


def _resend(secret: str, request: WebRequest) -> Sequence[Reaction]:
    """One event. Its name is the call's: the same call again has the same one."""
    id = verify_shared(shared_secret(secret), request)
    event = json.loads(request.body)
    told = event["data"]
    name, detail = RESEND.get(str(event["type"])), ""
    match event["type"]:
        case "email.bounced":
            bounce = told["bounce"]
            # Only an address that does not exist, or will have nothing of us, is a bounce; the rest may pass.
            name = "bounced" if bounce.get("type") == "Permanent" else "failed"
            detail = f"{bounce.get('subType', '')}: {bounce.get('message', '')}"
        case "email.suppressed":
            suppressed = told["suppressed"]
            name = "complained" if suppressed.get("reason") == "previous_complaint" else "bounced"
            detail = str(suppressed.get("message", ""))
        case "email.failed":
            detail = str(told.get("failed", {}).get("reason", ""))
    if name is None:
        return ()
    at = dt.datetime.fromisoformat(str(event["created_at"]))
    tags = told.get("tags") or {}
    return (
        Reaction(
            name, at if at.tzinfo else at.replace(tzinfo=dt.UTC), id, key=_text(tags.get(KEY)),
            provider_id=_text(told["email_id"]), address=_text((told.get("to") or [None])[0]), detail=detail[:300],
        ),
    )  # fmt: skip


def _sendgrid(secret: str, request: WebRequest) -> Sequence[Reaction]:
    """A list of events, each with a name of its own."""
    verify_public(public_key(secret), request)
    events = json.loads(request.body)
    if not isinstance(events, list):
        raise ValueError("not a list")
    return [reaction for event in events if (reaction := _of(event)) is not None]


def _of(event: Mapping[str, Any]) -> Reaction | None:
    kind, reason = str(event["event"]), str(event.get("reason") or "")
    name = SENDGRID.get(kind)
    if kind == "bounce":  # `blocked`: this message, at this moment; the address may be well
        name = "failed" if event.get("type") == "blocked" else "bounced"
    elif kind == "dropped":
        name = next((ours for theirs, ours in DROPPED if reason.lower().startswith(theirs)), "failed")
    if name is None:
        return None
    return Reaction(
        name, dt.datetime.fromtimestamp(int(event["timestamp"]), dt.UTC), str(event["sg_event_id"]),
        key=_text(event.get(KEY)), address=_text(event.get("email")), detail=reason[:300],
        # The id of the message with what SendGrid puts behind it: `.filter0001.16648.5515E0B88.0`.
        provider_id=_text(str(event.get("sg_message_id") or "").partition(".")[0]),
    )  # fmt: skip


def _text(value: object) -> str | None:
    return str(value) if value else None
