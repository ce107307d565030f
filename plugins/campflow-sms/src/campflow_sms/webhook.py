"""What Twilio tells: what became of messages, and texts from phones. Every call is signed.

X-Twilio-Signature is an HMAC-SHA1, with the account's token, over the address that was called; behind it the fields of
a form, sorted, each name with its value. A call with a body that is no form has the body's SHA-256 in its address.
"""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlsplit
from xml.sax.saxutils import escape

from campflow.errors import WebhookRefused
from campflow.hooks.contracts import ChannelContext, Reaction, WebAnswer, WebRequest
from campflow_sms.answers import Answers
from campflow_sms.settings import SmsSettings

SIGNATURE = "x-twilio-signature"

#: Twilio's words for what became of a message, and our reactions. What is not here is none: `queued`, `sent`, …
STATUSES: Mapping[str, str] = {"delivered": "delivered", "undelivered": "failed", "failed": "failed"}

#: Errors of a message that say more than that it did not arrive: nobody has this number, or wants no messages.
ERRORS: Mapping[str, str] = {
    "30005": "bounced", "30006": "bounced", "21211": "bounced", "21614": "bounced", "21610": "unsubscribed",
}  # fmt: skip

#: Fields that a call may have.
_FIELDS = 200

_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response>{}</Response>'


class TwilioWebhook:
    def __init__(self, settings: SmsSettings, context: ChannelContext) -> None:
        self._settings = settings
        self._answers = Answers(settings, context.sender)

    async def open(self) -> None:
        """Nothing to get ready."""

    async def hear(self, request: WebRequest) -> WebAnswer:
        twilio = self._settings.twilio
        if self._settings.provider != "twilio" or twilio is None:
            raise WebhookRefused("nobody calls: the provider is not twilio", status=404)
        if twilio.auth_token is None:
            raise WebhookRefused("set CAMPFLOW_CHANNELS__SMS__TWILIO__AUTH_TOKEN: unsigned calls are not heard")
        fields = verified(twilio.auth_token.get_secret_value(), request)
        if fields is None:
            return WebAnswer()
        if fields.get("AccountSid") != twilio.account_sid:
            raise WebhookRefused("the call is about another account", status=403)
        sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
        if not sid:
            raise WebhookRefused("the call names no message", status=400)
        # Reports have a MessageStatus; texts from phones have none, and an SmsStatus that is always `received`.
        status = fields.get("MessageStatus") or fields.get("SmsStatus") or ""
        if status == "received":
            return self._arrived(fields, sid[:100], request.happened)
        return _report(fields, status, sid[:100], request)

    async def close(self) -> None:
        """Nothing is held open."""

    def _arrived(self, fields: Mapping[str, str], sid: str, at: dt.datetime) -> WebAnswer:
        # Twilio has answered itself where it names the word.
        answered = bool(fields.get("OptOutType"))
        said = self._answers.read(fields.get("From", ""), fields.get("Body", ""), at, sid, answered=answered)
        message = f"<Message>{escape(said.answer)}</Message>" if said.answer else ""
        reactions = (said.reaction,) if said.reaction else ()
        return WebAnswer(reactions, text=_TWIML.format(message), media_type="text/xml")


def _report(fields: Mapping[str, str], status: str, sid: str, request: WebRequest) -> WebAnswer:
    error = fields.get("ErrorCode", "")
    name = ERRORS.get(error, STATUSES[status]) if status in STATUSES else None
    if name is None:
        return WebAnswer()
    key = parse_qs(urlsplit(request.url).query).get("key", [""])[0]
    detail = " ".join(f"{status} {error} {fields.get('ErrorMessage', '')}".split())[:200]
    reaction = Reaction(name, request.happened, f"{sid}.{status}", key=key or None, provider_id=sid, detail=detail)
    return WebAnswer((reaction,))


def verified(token: str, request: WebRequest) -> dict[str, str] | None:
    """The fields of a call that Twilio made, the first of each name; None of one that is no form, which tells of no
    message. Raises WebhookRefused."""
    if request.method != "POST":
        raise WebhookRefused("Twilio calls with POST", status=405)
    address = urlsplit(request.url)
    digest = parse_qs(address.query).get("bodySHA256", [""])[0]
    is_form = request.headers.get("content-type", "").partition(";")[0].strip() == "application/x-www-form-urlencoded"
    if not is_form:
        if not digest or not _same(hashlib.sha256(request.body).hexdigest(), digest.lower()):
            raise WebhookRefused("the body is not the one that was signed")
        _check(token, address, "", request)
        return None
    if digest and not _same(hashlib.sha256(request.body).hexdigest(), digest.lower()):
        raise WebhookRefused("the body is not the one that was signed")
    pairs = _pairs(request.body)
    _check(token, address, "".join(name + value for name, value in sorted(pairs)), request)
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def _check(token: str, address: SplitResult, behind: str, request: WebRequest) -> None:
    given = request.headers.get(SIGNATURE, "").encode("utf-8", "replace")
    right = [
        base64.b64encode(hmac.new(token.encode(), (url + behind).encode(), hashlib.sha1).digest())
        for url in _spellings(address)
    ]
    # All are compared, so that the time it takes says nothing.
    if not any([hmac.compare_digest(each, given) for each in right]):  # noqa: C419  (not the first that fits)
        raise WebhookRefused("the signature is not right: check `auth_token`, and `[web] base_url`")


def _spellings(address: SplitResult) -> list[str]:
    """The address as it is, and with or without the port that its scheme has anyway: Twilio signs either."""
    usual = {"https": 443, "http": 80}.get(address.scheme)
    host = address.netloc.removesuffix(f":{usual}")
    return [address._replace(netloc=netloc).geturl() for netloc in {address.netloc, host, f"{host}:{usual}"}]


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_FIELDS,
        )
    except ValueError as error:
        raise WebhookRefused("the call is no form that can be read", status=400) from error


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "replace"))
