"""Messages to Twilio over HTTP.

Twilio knows no key for what is offered twice, so what was not heard of stays in doubt. The address that its reports
come back to carries the message's key: a report settles what was in doubt.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import ChannelContext, Message, Outcome, Receipt
from campflow.http import HttpClient, NoAnswer, Reply, fate, one_by_one
from campflow_sms.settings import SmsSettings, TwilioSettings
from campflow_sms.texts import text_of

#: Requests side by side.
_BESIDE = 4

#: Where reports and texts from phones come to, below the web part's address.
HOOK = "/hooks/sms"


class Refusal(NamedTuple):
    """What an error of Twilio's means: for the message, and for the person."""

    outcome: Outcome
    reaction: str | None = None


_OURS = None

#: Twilio's error codes (its «Error and Warning Dictionary»). None: it is about us, and every other message fares alike.
ERRORS: Mapping[int, Refusal | None] = {
    21211: Refusal("rejected", "bounced"),  # `To` is no phone number
    21214: Refusal("rejected", "bounced"),
    21217: Refusal("rejected", "bounced"),
    21614: Refusal("rejected", "bounced"),  # `To` is no mobile number
    21610: Refusal("rejected", "unsubscribed"),  # the person has written STOP
    21408: Refusal("rejected"),  # the account may not send to that country
    21602: Refusal("rejected"),  # no text
    21605: Refusal("rejected"),
    21608: Refusal("rejected"),  # a trial account sends to its own numbers only
    21612: Refusal("rejected"),  # not from this number to that one
    21617: Refusal("rejected"),  # more than 1,600 characters
    21635: Refusal("rejected", "bounced"),  # a landline
    14107: Refusal("retry"),
    20429: Refusal("retry"),
    21611: Refusal("retry"),  # the sender's queue is full
    30001: Refusal("retry"),
    20003: _OURS,  # no such key
    21212: _OURS,  # `From` is no number of the account's
    21603: _OURS,
    21606: _OURS,
    21659: _OURS,
    21660: _OURS,
    21701: _OURS,  # no such messaging service
    21703: _OURS,  # a messaging service without numbers
    30002: _OURS,  # the account is suspended
}


class TwilioChannel:
    def __init__(self, settings: SmsSettings, context: ChannelContext) -> None:
        if settings.twilio is None:
            raise ChannelError("`[channels.sms.twilio]` is not written, and the provider is twilio")
        self._settings, self._twilio = settings, settings.twilio
        self._report_to = f"{context.base_url}{HOOK}?key=" if context.base_url else ""
        self._client: HttpClient | None = None

    async def open(self) -> None:
        if self._settings.sender is None and self._twilio.messaging_service is None:
            raise ChannelError("nobody sends: set `sender` under [channels.sms], or a `messaging_service` of Twilio's")
        twilio = self._twilio
        self._client = HttpClient(twilio.url, auth=_login(twilio), timeout=twilio.timeout, connections=_BESIDE)

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        async for receipt in one_by_one(messages, self._send, _BESIDE):
            yield receipt

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _send(self, message: Message) -> Receipt:
        """One message. Raises ChannelError where Twilio wants something else of us, NotSent and NoAnswer."""
        if self._client is None:
            raise ChannelError("the channel is not open")
        try:
            segments = text_of(message, self._settings.max_segments)
        except ContentError as error:
            return Receipt(message.message_id, "rejected", detail=str(error))
        form = {"To": message.address, "Body": "".join(segments.texts), **self._sender()}
        if self._report_to:
            form["StatusCallback"] = self._report_to + quote(message.key)
        path = f"/2010-04-01/Accounts/{self._twilio.account_sid}/Messages.json"
        return self._receipt(message, await self._client.send("POST", path, form=form), len(segments))

    def _sender(self) -> dict[str, str]:
        service, own = self._twilio.messaging_service, self._settings.sender
        found = {"MessagingServiceSid": service, "From": own}
        return {name: value for name, value in found.items() if value}

    def _receipt(self, message: Message, reply: Reply, segments: int) -> Receipt:
        """Raises NoAnswer for a yes that cannot be read, and ChannelError for what is about us."""
        said = _said(reply)
        if reply.status == 429:
            raise ChannelError(f"Twilio: {said}", reply.retry_after)
        if reply.status >= 500:
            # It does not say whether it was taken, and it knows no key: asked again, it would send again.
            return Receipt(message.message_id, "uncertain", detail=said)
        if 400 <= reply.status < 500 and (code := _code(reply) or 0) in ERRORS:
            refusal = ERRORS[code]
            if refusal is None:
                raise ChannelError(f"Twilio: {said}: check [channels.sms] and the account")
            return Receipt(message.message_id, refusal.outcome, detail=said, reaction=refusal.reaction)
        meant = fate(reply)
        if meant.outcome != "accepted":
            return Receipt(message.message_id, meant.outcome, detail=said, retry_after=meant.retry_after)
        found = reply.json_object().get("sid")
        if not isinstance(found, str) or not found:
            raise NoAnswer(f"{reply.status}, and no id of the message: {reply.said}")
        return Receipt(message.message_id, "accepted", provider_id=found[:200], cost=self._settings.cost(segments))


def _login(twilio: TwilioSettings) -> tuple[str, str]:
    """Raises ChannelError."""
    if twilio.api_key is not None and twilio.api_secret is not None:
        return twilio.api_key, twilio.api_secret.get_secret_value()
    if twilio.auth_token is not None:
        return twilio.account_sid, twilio.auth_token.get_secret_value()
    raise ChannelError(
        "Twilio wants a key: set CAMPFLOW_CHANNELS__SMS__TWILIO__API_KEY and CAMPFLOW_CHANNELS__SMS__TWILIO__API_SECRET"
    )


def _code(reply: Reply) -> int | None:
    try:
        code = reply.json_object().get("code")
    except NoAnswer:
        return None
    return code if isinstance(code, int) else None


def _said(reply: Reply) -> str:
    """The sentence in Twilio's error, else the beginning of what came."""
    try:
        sentence = reply.json_object().get("message")
    except NoAnswer:
        sentence = None
    code = _code(reply)
    text = f"{reply.status} {code or ''} {sentence if isinstance(sentence, str) else reply.said}"
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:300]
