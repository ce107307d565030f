"""Mail by Resend, against its own description and a server that does what its prose says."""

import asyncio
import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from tests.delivering import delivered
from tests.resend_server import DESCRIPTION, ResendServer, described

from campflow.errors import ChannelError
from campflow.hooks.contracts import ChannelContext, ChannelPlugin, Message, Receipt, Sender, WebRequest
from campflow.testing import Answer, Call, ChannelContract, Provider, WebhookContract
from campflow_email import EMAIL

AT = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
SENDER = Sender("Acme", "hello@acme.example", "answers@acme.example", "https://acme.example/u/{token}")
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()


def fitted(**settings: object) -> ChannelPlugin:
    assert EMAIL.fitted is not None
    return EMAIL.fitted(EMAIL, EMAIL.settings.model_validate({"provider": "resend", **settings}))


def message(number: int, *, name: str = "Ada", **options: Any) -> Message:
    said = {"subject": "Hello", **options}
    parts = {"text": f"Hi {name}, word{number}word", "html": f"<p>Hi {name}, word{number}word</p>"}
    address = f"person{number}@example.com"
    key = f"{number:x}-0123456789abcdef01234567"
    return Message(number, key, "email", "offer", "spring_sale", f"p{number}", address, None, parts, said, AT, "tok.en")


def send(server: ResendServer, messages: Sequence[Message], **settings: object) -> dict[int, Receipt]:
    """The receipts; a ChannelError after them is let be."""
    model = EMAIL.settings.model_validate({"provider": "resend", "api_key": "re_test", "url": server.url, **settings})
    return delivered(EMAIL.make(model, ChannelContext("", SENDER)), messages)[0]


@pytest.fixture(scope="module")
def server() -> Iterator[ResendServer]:
    with ResendServer(described()).serving() as made:
        yield made


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> None:
    if "server" in request.fixturenames:
        made = request.getfixturevalue("server")
        made.mails.clear()
        made.calls.clear()
        made.keys.clear()
        made.answers.clear()


# --- what the description takes, and its twin that it refuses ----------------------------------------------------

ACCEPTED: list[dict[str, Any]] = [
    {},
    {"from": "Ада Лавлейс <ada@acme.example>", "reply_to": 'Bob, "B" <bob@acme.example>'},
    {"transactional": True},
    {"preheader": "Look inside"},
]

#: What makes a request wrong: what stands at a name of it instead; None: nothing.
SPOILT: list[tuple[str, object]] = [
    ("from", None), ("to", None), ("subject", None), ("to", []), ("subject", 7), ("headers", "x"), ("tags", "x"),
    ("to", [f"p{number}@example.com" for number in range(51)]),
]  # fmt: skip


@pytest.mark.parametrize("options", ACCEPTED)
@pytest.mark.parametrize("batch", [1, 100])
def test_a_mail_is_what_the_description_takes_and_its_twin_is_refused(
    options: dict[str, Any], batch: int, server: ResendServer
) -> None:
    receipts = send(server, [message(1, **options), message(2, **options)], batch=batch)
    assert [each.outcome for each in receipts.values()] == ["accepted", "accepted"], receipts
    assert server.calls == (["/emails", "/emails"] if batch == 1 else ["/emails/batch"])
    made = server.mails[0]
    assert made["to"] == ["person1@example.com"]
    assert made["tags"] == [{"name": "campflow_key", "value": message(1).key}]
    for name, instead in SPOILT:
        twin = {**made, name: instead}
        if instead is None:
            del twin[name]
        assert server.refuses("/emails", {}, json.dumps(twin).encode()) != "", name
        assert server.refuses("/emails/batch", {}, json.dumps([made, twin]).encode()) != "", name


def test_lists_can_be_left_by_one_click_and_what_must_arrive_is_no_list(server: ResendServer) -> None:
    send(server, [message(1), message(2, transactional=True)])
    one, two = server.mails
    assert one["headers"] == {
        "List-Id": "<spring-sale.acme.example>",
        "List-Unsubscribe": "<https://acme.example/u/tok.en>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert "headers" not in two
    assert one["reply_to"] == ["answers@acme.example"]


def test_a_line_break_in_a_name_stops_its_own_mail(server: ResendServer) -> None:
    bad = [
        message(2, **{"from": "Ada\r\nBcc: eve <ada@acme.example>"}),
        message(3, subject="a\nb"),
        message(4, subject=""),
    ]
    receipts = send(server, [message(1), *bad])
    assert [receipts[number].outcome for number in (1, 2, 3, 4)] == ["accepted", "rejected", "rejected", "rejected"]
    assert len(server.mails) == 1


# --- what its prose says -----------------------------------------------------------------------------------------


def test_a_batch_whose_answer_is_lost_is_asked_for_again_under_its_key(server: ResendServer) -> None:
    server.answers = {"word2word": "silence"}
    receipts = send(server, [message(number) for number in (1, 2, 3)], timeout=2)
    assert [each.outcome for each in receipts.values()] == ["accepted"] * 3
    assert (len(server.mails), len(server.calls)) == (3, 2)


def test_a_batch_that_nobody_ever_heard_of_is_uncertain(server: ResendServer) -> None:
    server.answers = {"word2word": "at work"}
    assert send(server, [message(2)])[2].outcome == "accepted", "it was at work, and then it was done"
    with ResendServer().serving() as dead:
        dead.answers = {"word2word": "hiccup"}
        assert {each.outcome for each in send(dead, [message(1), message(2)]).values()} == {"uncertain"}


def test_one_at_a_time_what_is_known_by_its_key_was_taken_however_it_is_written_now(server: ResendServer) -> None:
    assert send(server, [message(1)], batch=1)[1].outcome == "accepted"
    again = send(server, [message(1, name="Bob")], batch=1)[1]
    assert (again.outcome, len(server.mails)) == ("accepted", 1)


def test_what_resend_will_not_have_keeps_nobody_back(server: ResendServer) -> None:
    server.answers = {"word2word": "no"}
    receipts = send(server, [message(number) for number in (1, 2, 3)])
    assert [receipts[number].outcome for number in (1, 2, 3)] == ["accepted", "rejected", "accepted"]
    assert receipts[2].detail == "Invalid `to` field."
    assert (receipts[1].provider_id, receipts[3].provider_id) == ("re_00000001", "re_00000002")


def test_a_batch_refused_as_a_whole_is_asked_one_by_one(server: ResendServer) -> None:
    server.answers = {"word2word": "no", "word3word": "strict"}
    receipts = send(server, [message(number) for number in (1, 2, 3)])
    assert [receipts[number].outcome for number in (1, 2, 3)] == ["accepted", "rejected", "accepted"]
    assert server.calls == ["/emails/batch", "/emails", "/emails", "/emails"]


@pytest.mark.parametrize(("answer", "wait", "reason"), [("later", 7.0, "Too many"), ("spent", None, "see the plan")])
def test_a_limit_stops_the_window(answer: str, wait: float | None, reason: str, server: ResendServer) -> None:
    server.answers = {"word2word": answer}

    async def work() -> tuple[list[Receipt], ChannelError]:
        model = EMAIL.settings.model_validate(
            {"provider": "resend", "api_key": "re_test", "url": server.url, "batch": 2}
        )
        channel = EMAIL.make(model, ChannelContext("", SENDER))
        await channel.open()
        found: list[Receipt] = []
        try:
            async for receipt in channel.deliver([message(number) for number in range(1, 6)]):
                found.append(receipt)
        except ChannelError as error:
            return found, error
        finally:
            await channel.close()
        raise AssertionError("a limit is the whole channel's")

    found, error = asyncio.run(work())
    assert {each.outcome for each in found} == {"retry"}
    assert len(found) == 5
    assert (error.retry_after, reason in str(error)) == (wait, True)
    assert len(server.calls) == 1, "nobody asks on after a limit"


def test_the_settings_say_what_can_be_done_about_doubt() -> None:
    one, many = fitted(batch=1), fitted()
    assert (one.idempotency, one.key_hours, one.window, one.rate) == ("key", 24, 1, "2 per second")
    assert (many.idempotency, many.key_hours, many.window, many.rate) == ("none", None, 100, "200 per second")
    with pytest.raises(ValueError, match="in the clear"):
        fitted(url="http://api.example")
    with pytest.raises(ValueError, match="api_key"):
        EMAIL.settings.model_validate({"api_key": "x"})
    with pytest.raises(ValueError, match="whsec_"):
        fitted(webhook_secret="short")


class _Desk:
    def __init__(self, server: ResendServer) -> None:
        self._server = server
        self.settings: Mapping[str, object] = {"provider": "resend", "api_key": "re_test", "url": server.url}

    def taken(self) -> Sequence[str]:
        return [str(each["text"]) for each in self._server.mails]

    def will_answer(self, answer: Answer, message: Message) -> None:
        self._server.answers[f'"{message.key}"'] = answer


class TestResend(ChannelContract):
    plugin = fitted()
    options: ClassVar[Mapping[str, object]] = {"subject": "Hello {{ number }}"}
    answers: ClassVar[frozenset[Answer]] = frozenset({"no", "later"})
    nowhere: ClassVar[Mapping[str, object]] = {"url": "http://127.0.0.1:9"}

    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        with ResendServer().serving() as server:
            yield _Desk(server)


class TestOneByOne(TestResend):
    plugin = fitted(batch=1)
    answers: ClassVar[frozenset[Answer]] = frozenset({"no", "later", "silence"})
    patience: ClassVar[Mapping[str, object]] = {"timeout": 2}

    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        with ResendServer().serving() as server:
            desk = _Desk(server)
            desk.settings = {**desk.settings, "batch": 1}
            yield desk


# --- webhooks ----------------------------------------------------------------------------------------------------


def call(kind: str, age: float = 0, **told: Any) -> WebRequest:
    data = {
        "email_id": "re_1", "created_at": "2026-12-08T10:00:00.000Z", "from": "Acme <hello@acme.example>",
        "to": ["ada@example.com"], "subject": "Hello", "tags": {"campflow_key": "1-abc"}, **told,
    }  # fmt: skip
    body = json.dumps({"type": kind, "created_at": "2026-12-08T10:00:01.000Z", "data": data}).encode()
    now = dt.datetime.now(dt.UTC)
    stamp = str(int(now.timestamp() - age))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    right = base64.b64encode(hmac.digest(key, f"msg_1.{stamp}.".encode() + body, hashlib.sha256)).decode()
    headers = {"svix-id": "msg_1", "svix-timestamp": stamp, "svix-signature": f"v1,AAAA v1,{right}"}
    return WebRequest("POST", "https://acme.example/hooks/email", headers, body, now)


def bounce(type: str, sub: str) -> dict[str, Any]:
    return {"bounce": {"type": type, "subType": sub, "message": "no such user", "diagnosticCode": ["smtp; 550 5.1.1"]}}


def suppressed(reason: str) -> dict[str, object]:
    told = {"type": "OnAccountSuppressionList", "message": "not sent", "reason": reason, "diagnosticCode": []}
    return {"suppressed": told}


CALLS: Sequence[tuple[str, dict[str, Any], list[str]]] = [
    ("email.sent", {}, ["sent"]),
    ("email.delivered", {}, ["delivered"]),
    ("email.bounced", bounce("Permanent", "NoEmail"), ["bounced"]),
    ("email.bounced", bounce("Transient", "MailboxFull"), ["failed"]),
    ("email.complained", {}, ["complained"]),
    ("email.failed", {"failed": {"reason": "reached_daily_quota"}}, ["failed"]),
    ("email.suppressed", suppressed("previous_bounce"), ["bounced"]),
    ("email.suppressed", suppressed("previous_complaint"), ["complained"]),
    ("email.delivery_delayed", {}, []),
    ("email.opened", {}, []),
    ("contact.created", {}, []),
]


class TestReports(WebhookContract):
    plugin = fitted()
    settings: ClassVar[Mapping[str, object]] = {"provider": "resend", "api_key": "re_test", "webhook_secret": SECRET}
    unsigned: ClassVar[Sequence[str]] = ("svix-id", "svix-timestamp", "svix-signature")

    def calls(self) -> Sequence[Call]:
        return [Call(call(kind, **told), tells) for kind, told, tells in CALLS]

    def test_a_report_names_its_message(self, tmp_path: Path) -> None:
        (answer,) = self.hear(tmp_path, call("email.bounced", **bounce("Permanent", "NoEmail")))
        (reaction,) = answer.reactions
        assert (getattr(reaction, "key", None), getattr(reaction, "provider_id", None)) == ("1-abc", "re_1")
        assert getattr(reaction, "detail", "") == "NoEmail: no such user"
        assert reaction.id == "msg_1"

    def test_an_old_call_is_a_replay(self, tmp_path: Path) -> None:
        self.refused(tmp_path, call("email.delivered", age=360))

    def test_an_id_that_was_not_signed_is_refused(self, tmp_path: Path) -> None:
        genuine = call("email.delivered")
        self.refused(tmp_path, replace(genuine, headers={**genuine.headers, "svix-id": "msg_2"}))


@pytest.mark.parametrize(("kind", "told", "tells"), [each for each in CALLS if each[0].startswith("email.")])
def test_the_calls_of_these_tests_are_those_of_the_description(
    kind: str, told: dict[str, Any], tells: list[str]
) -> None:
    from jsonschema import Draft202012Validator

    described()
    whole = yaml.load(DESCRIPTION.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    where = whole["webhooks"][kind]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    validator = Draft202012Validator({"$ref": where, "components": whole["components"]})
    made = json.loads(call(kind, **told).body)
    assert not list(validator.iter_errors(made))
    del made["data"]["email_id"]
    assert list(validator.iter_errors(made))
