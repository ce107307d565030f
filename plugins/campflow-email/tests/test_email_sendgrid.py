"""Mail by SendGrid, before a server that does what its documentation says of version 3."""

import base64
import datetime as dt
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.delivering import delivered
from tests.served_app import serving

from campflow.errors import ChannelError
from campflow.hooks.contracts import ChannelContext, ChannelPlugin, Message, Receipt, Sender, WebRequest
from campflow.testing import Answer, Call, ChannelContract, Provider, WebhookContract
from campflow_email import EMAIL

AT = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
SENDER = Sender("Acme", "hello@acme.example", "", "https://acme.example/u/{token}")
KEY = generate_private_key(SECP256R1())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def fitted() -> ChannelPlugin:
    assert EMAIL.fitted is not None
    return EMAIL.fitted(EMAIL, EMAIL.settings.model_validate({"provider": "sendgrid"}))


class SendGridServer:
    """`mails` are what was taken. `answers` replace its own, by a text of the mail."""

    def __init__(self) -> None:
        self.mails: list[dict[str, Any]] = []
        self.calls = 0
        self.answers: dict[str, Answer] = {}
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator["SendGridServer"]:
        with serving(Starlette(routes=[Route("/v3/mail/send", self._send, methods=["POST"])])) as self.url:
            yield self

    async def _send(self, request: Request) -> Response:
        self.calls += 1
        body = await request.body()
        mail = json.loads(body)
        if request.headers.get("authorization") != "Bearer SG.test":
            return JSONResponse({"errors": [{"message": "The provided authorization grant is invalid"}]}, 401)
        wanted = {"personalizations", "from", "subject", "content"}
        if not wanted <= set(mail) or mail["content"][0]["type"] != "text/plain":
            return JSONResponse({"errors": [{"message": "Bad request", "field": "content"}]}, 400)
        answer = next((answer for text, answer in self.answers.items() if text in body.decode()), None)
        if answer == "no":
            wrong = {"message": "Does not contain a valid address.", "field": "personalizations.0.to.0.email"}
            return JSONResponse({"errors": [wrong]}, 400)
        if answer == "later":
            headers = {"x-ratelimit-reset": str(int(time.time()) + 9)}
            return JSONResponse({"errors": [{"message": "too many requests"}]}, 429, headers=headers)
        self.mails.append(mail)
        if answer == "silence":
            await request.receive()
        return Response(status_code=202, headers={"x-message-id": f"sg{len(self.mails)}"})


def message(number: int, **options: object) -> Message:
    said = {"subject": "Hello", **options}
    parts = {"text": f"word{number}word", "html": f"<p>word{number}word</p>"}
    address, key = f"person{number}@example.com", f"{number:x}-0123456789abcdef01234567"
    return Message(number, key, "email", "offer", "spring_sale", f"p{number}", address, None, parts, said, AT, "tok.en")


def send(server: SendGridServer, messages: Sequence[Message]) -> tuple[dict[int, Receipt], ChannelError | None]:
    model = EMAIL.settings.model_validate({"provider": "sendgrid", "api_key": "SG.test", "url": server.url})
    return delivered(EMAIL.make(model, ChannelContext("", SENDER)), messages)


def test_a_mail_is_what_its_documentation_says() -> None:
    with SendGridServer().serving() as server:
        receipts, _ = send(server, [message(1, reply_to="Bob <bob@acme.example>"), message(2, transactional=True)])
        one, two = sorted(server.mails, key=lambda each: str(each["personalizations"]))
    assert {each.outcome for each in receipts.values()} == {"accepted"}
    assert one == {
        "personalizations": [
            {"to": [{"email": "person1@example.com"}], "custom_args": {"campflow_key": message(1).key}}
        ],
        "from": {"email": "hello@acme.example", "name": "Acme"},
        "reply_to": {"email": "bob@acme.example", "name": "Bob"},
        "subject": "Hello",
        "content": [
            {"type": "text/plain", "value": "word1word\n"}, {"type": "text/html", "value": "<p>word1word</p>"},
        ],
        "categories": ["spring_sale"],
        "headers": {
            "List-Id": "<spring-sale.acme.example>",
            "List-Unsubscribe": "<https://acme.example/u/tok.en>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
        },
    }  # fmt: skip
    assert "headers" not in two


def test_a_limit_stops_the_window_until_sendgrid_says() -> None:
    with SendGridServer().serving() as server:
        server.answers = {"word2word": "later"}
        receipts, error = send(server, [message(number) for number in range(1, 10)])
        assert error is not None
        assert error.retry_after is not None
        assert 6 < error.retry_after <= 9
        assert server.calls == 4, "nobody asks on after a limit"
        assert len(receipts) == 9


def test_errors_say_what_sendgrid_said() -> None:
    with SendGridServer().serving() as server:
        server.answers = {"word2word": "no"}
        receipts, _ = send(server, [message(1), message(2)])
    assert receipts[2].detail == "400 Does not contain a valid address."


class _Desk:
    def __init__(self, server: SendGridServer) -> None:
        self._server = server
        self.settings: Mapping[str, object] = {"provider": "sendgrid", "api_key": "SG.test", "url": server.url}

    def taken(self) -> Sequence[str]:
        return [str(each["content"][0]["value"]) for each in self._server.mails]

    def will_answer(self, answer: Answer, message: Message) -> None:
        self._server.answers[f'"{message.key}"'] = answer


class TestSendGrid(ChannelContract):
    plugin = fitted()
    options: ClassVar[Mapping[str, object]] = {"subject": "Hello {{ number }}"}
    answers: ClassVar[frozenset[Answer]] = frozenset({"no", "later", "silence"})
    nowhere: ClassVar[Mapping[str, object]] = {"url": "http://127.0.0.1:9"}
    patience: ClassVar[Mapping[str, object]] = {"timeout": 2}

    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        with SendGridServer().serving() as server:
            yield _Desk(server)


# --- its event webhook -------------------------------------------------------------------------------------------


def call(*events: dict[str, object], age: float = 0) -> WebRequest:
    now = dt.datetime.now(dt.UTC)
    told = [
        {"email": "ada@example.com", "timestamp": 1_796_000_000, "sg_event_id": f"event{at}", "campflow_key": "1-abc",
         "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0", **event}
        for at, event in enumerate(events)
    ]  # fmt: skip
    body = json.dumps(told).encode()
    stamp = str(int(now.timestamp() - age))
    headers = {
        "x-twilio-email-event-webhook-timestamp": stamp,
        "x-twilio-email-event-webhook-signature": base64.b64encode(
            KEY.sign(stamp.encode() + body, ECDSA(SHA256()))
        ).decode(),
    }
    return WebRequest("POST", "https://acme.example/hooks/email", headers, body, now)


class TestReports(WebhookContract):
    plugin = fitted()
    settings: ClassVar[Mapping[str, object]] = {
        "provider": "sendgrid", "api_key": "SG.test", "webhook_secret": PUBLIC,
    }  # fmt: skip
    unsigned: ClassVar[Sequence[str]] = (
        "x-twilio-email-event-webhook-timestamp", "x-twilio-email-event-webhook-signature",
    )  # fmt: skip

    def calls(self) -> Sequence[Call]:
        return [
            Call(call({"event": "processed"}, {"event": "delivered"}), ["sent", "delivered"]),
            Call(call({"event": "bounce", "type": "bounce", "reason": "550 5.1.1"}), ["bounced"]),
            Call(call({"event": "bounce", "type": "blocked", "reason": "421 busy"}), ["failed"]),
            Call(call({"event": "dropped", "reason": "Bounced Address"}), ["bounced"]),
            Call(call({"event": "dropped", "reason": "Spam Reporting Address"}), ["complained"]),
            Call(call({"event": "dropped", "reason": "Unsubscribed Address"}), ["unsubscribed"]),
            Call(call({"event": "dropped", "reason": "Recipient List over Package Quota"}), ["failed"]),
            Call(call({"event": "spamreport"}, {"event": "group_unsubscribe"}), ["complained", "unsubscribed"]),
            Call(call({"event": "deferred"}, {"event": "open"}, {"event": "click"}), []),
        ]

    def test_a_report_names_its_message(self, tmp_path: Path) -> None:
        (answer,) = self.hear(tmp_path, call({"event": "bounce", "type": "bounce", "reason": "550 5.1.1 no"}))
        (reaction,) = answer.reactions
        assert (getattr(reaction, "key", None), getattr(reaction, "detail", "")) == ("1-abc", "550 5.1.1 no")
        assert getattr(reaction, "provider_id", None) == "14c5d75ce93"

    def test_an_old_call_is_a_replay(self, tmp_path: Path) -> None:
        self.refused(tmp_path, call({"event": "delivered"}, age=360))

    def test_a_key_that_is_none_is_said_when_the_settings_are_read(self) -> None:
        with pytest.raises(ValueError, match="verification key"):
            EMAIL.settings.model_validate({"provider": "sendgrid", "webhook_secret": "MFkw"})
