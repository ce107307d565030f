"""Mail by SendGrid, version 3 of its interface: a message a request. It knows no keys: what is in doubt stays so until
its event webhook tells."""

from collections.abc import AsyncIterator, Mapping, Sequence

from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import Message, Receipt
from campflow.http import NoAnswer, Reply, fate, next_window, one_by_one
from campflow_email.api import ApiChannel
from campflow_email.drafts import KEY, draft

URL = "https://api.sendgrid.com"
#: Requests side by side.
BESIDE = 4


class SendGridChannel(ApiChannel):
    provider, url, beside = "SendGrid", URL, BESIDE

    def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        return one_by_one(messages, self._send, BESIDE)

    async def _send(self, message: Message) -> Receipt:
        """Raises HttpError, and ChannelError where SendGrid wants to be left alone."""
        try:
            mail = self._mail(message)
        except ContentError as error:
            return Receipt(message.message_id, "rejected", detail=str(error))
        reply = await self.client.send("POST", "/v3/mail/send", json=mail)
        if reply.status == 429:
            raise ChannelError(f"SendGrid: {_said(reply)}", next_window(reply, "x-ratelimit-reset"))
        meant = fate(reply)
        if meant.outcome != "accepted":
            return Receipt(message.message_id, meant.outcome, detail=_said(reply), retry_after=meant.retry_after)
        # A yes has no body; the id is what its webhook's ids begin with.
        return Receipt(message.message_id, "accepted", provider_id=reply.headers.get("x-message-id", "")[:200] or None)

    def _mail(self, message: Message) -> Mapping[str, object]:
        """Raises ContentError."""
        made = draft(message, self._sender)
        content = [{"type": "text/plain", "value": made.text}]
        if made.html is not None:
            content.append({"type": "text/html", "value": made.html})
        mail: dict[str, object] = {
            "personalizations": [{"to": [{"email": made.recipient}], "custom_args": {KEY: message.key}}],
            "from": _mailbox(*made.origin),
            "subject": made.subject,
            "content": content,
            "categories": [message.campaign[:255]],
            # Links, pixels and unsubscribing are campflow's own: SendGrid leaves the mail as it is.
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": {"enable": False},
                "subscription_tracking": {"enable": False},
            },
        }
        if made.reply_to is not None:
            mail["reply_to"] = _mailbox(*made.reply_to)
        if made.headers:
            mail["headers"] = made.headers
        return mail


def _mailbox(name: str, address: str) -> dict[str, str]:
    return {"email": address, "name": name} if name else {"email": address}


def _said(reply: Reply) -> str:
    """The sentences of SendGrid's errors, else the beginning of what came."""
    try:
        errors = reply.json_object().get("errors")
    except NoAnswer:
        errors = None
    found = [str(each.get("message")) for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    text = f"{reply.status} {'; '.join(found) or reply.said}"
    return "".join(each if each.isprintable() else " " for each in text)[:300].strip()
