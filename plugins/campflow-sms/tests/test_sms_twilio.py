"""Messages against Twilio's own description, a server that does what its prose says, and calls signed as it signs."""

import asyncio
import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.delivering import delivered
from tests.twilio_server import TwilioServer, described

from campflow.errors import ChannelError, WebhookRefused
from campflow.hooks.contracts import ChannelContext, Message, Reaction, Receipt, Sender, WebRequest
from campflow.testing import Answer, Call, ChannelContract, Provider, WebhookContract
from campflow.testing.samples import message as sample
from campflow_sms import SMS

ACCOUNT, TOKEN = "AC" + "a" * 32, "the account's token"
TWILIO: Mapping[str, object] = {
    "account_sid": ACCOUNT, "api_key": "SK" + "b" * 32, "api_secret": "s", "auth_token": TOKEN,
}  # fmt: skip
CONTEXT = ChannelContext("", Sender("Acme", "hello@acme.example"), "https://go.acme.example")
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


def settings(url: str, **more: object) -> dict[str, object]:
    return {"provider": "twilio", "sender": "+15552345678", "twilio": {**TWILIO, "url": url}, **more}


def phone(number: int) -> str:
    return f"+3361234{number:04d}"


def message(number: int, text: str = "Hello", **options: object) -> Message:
    return sample(SMS, number, "{{ text }}", phone(number), text=text, options=options)


@pytest.fixture(scope="module")
def serving() -> Iterator[TwilioServer]:
    with TwilioServer(described()).serving() as server:
        yield server


@pytest.fixture
def twilio(serving: TwilioServer) -> TwilioServer:
    serving.messages.clear()
    serving.answers.clear()
    return serving


Said = tuple[dict[int, Receipt], str, float | None]


def send(server: TwilioServer, messages: Sequence[Message], **more: object) -> Said:
    """The receipts, and a ChannelError after them: its text and its wait."""
    channel = SMS.make(SMS.settings.model_validate(settings(server.url, **more)), CONTEXT)
    found, error = delivered(channel, messages)
    return (found, "", None) if error is None else (found, str(error), error.retry_after)


# --- what Twilio's description takes, and its twin that it refuses -------------------------------------------------


@pytest.mark.parametrize(
    ("text", "service"),
    [("Hello", False), ("Grüße & = + % 😀\nzweite Zeile", False), ("x" * 500, False), ("Hello", True)],
)
def test_a_message_is_what_the_description_takes_and_its_twin_is_refused(
    text: str, service: bool, twilio: TwilioServer
) -> None:
    by_service = {**TWILIO, "url": twilio.url, "messaging_service": "MG" + "c" * 32}
    more = {"twilio": by_service, "sender": None} if service else {}
    receipts, _, _ = send(twilio, [message(1, text)], **more)
    assert receipts[1].outcome == "accepted", receipts[1].detail
    assert receipts[1].provider_id == "SM" + "0" * 31 + "1"
    (form,) = twilio.messages
    assert (form["To"], form["Body"]) == (phone(1), text)
    assert form["StatusCallback"] == f"https://go.acme.example/hooks/sms?key={message(1).key}"
    assert twilio.refuses(PATH, urlencode(form).encode()) == ""
    for name in ("To", "Body", "MessagingServiceSid" if service else "From"):
        twin = {each: value for each, value in form.items() if each != name}
        assert twilio.refuses(PATH, urlencode(twin).encode()) != "", name
    for name, wrong in {"MessagingServiceSid": "MG1", "ValidityPeriod": "soon", "RiskCheck": "perhaps"}.items():
        assert twilio.refuses(PATH, urlencode({**form, name: wrong}).encode()) != "", name
    assert twilio.refuses(PATH.replace(ACCOUNT, "AC1"), urlencode(form).encode()) != ""
    assert twilio.refuses(PATH, json.dumps(form).encode(), "application/json") != ""


# --- what Twilio's prose says --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "outcome", "reaction"),
    [
        ("21610", "rejected", "unsubscribed"),
        ("21211", "rejected", "bounced"),
        ("21614", "rejected", "bounced"),
        ("21612", "rejected", None),
        ("99999", "rejected", None),
        ("21611", "retry", None),
        ("broken", "uncertain", None),
        ("garbage", "uncertain", None),
    ],
)
def test_what_an_error_means_for_a_message_and_its_person(
    code: str, outcome: str, reaction: str | None, twilio: TwilioServer
) -> None:
    twilio.answers = {phone(2): code}
    receipts, wrong, _ = send(twilio, [message(1), message(2), message(3)])
    assert wrong == ""
    assert [receipts[each].outcome for each in (1, 2, 3)] == ["accepted", outcome, "accepted"]
    assert receipts[2].reaction == reaction
    assert receipts[2].detail


def test_a_limit_stops_the_window_until_twilio_says(twilio: TwilioServer) -> None:
    twilio.answers = {phone(2): "later"}
    before = twilio.calls
    receipts, wrong, wait = send(twilio, [message(number) for number in range(1, 12)])
    assert "20429 Too Many Requests" in wrong
    assert wait == 7
    assert twilio.calls - before == 4, "nobody asks on after a limit"
    assert {number: each.outcome for number, each in receipts.items()} == {
        number: "accepted" if number in (1, 3, 4) else "retry" for number in range(1, 12)
    }


def test_what_is_about_us_stops_the_channel_and_refuses_nobody(twilio: TwilioServer) -> None:
    twilio.answers = {phone(1): "21606"}
    receipts, wrong, _ = send(twilio, [message(1)])
    assert receipts[1].outcome == "retry"
    assert "check [channels.sms]" in wrong


def test_the_cost_is_the_price_of_all_segments(twilio: TwilioServer) -> None:
    texts = {1: "Hello", 2: "x" * 161, 3: "x" * 70 + "\u2019", 4: "x" * 70 + "\u2019"}
    window = [message(number, text, plain=number == 4) for number, text in texts.items()]
    receipts, _, _ = send(twilio, window, price="0.0075 EUR")
    costs = {number: receipt.cost for number, receipt in receipts.items()}
    assert costs == {1: "0.0075 EUR", 2: "0.0150 EUR", 3: "0.0150 EUR", 4: "0.0075 EUR"}
    assert {each["To"]: each["Body"][-1] for each in twilio.messages} == {
        phone(1): "o", phone(2): "x", phone(3): "\u2019", phone(4): "'",
    }  # fmt: skip


def test_a_text_that_needs_too_many_segments_is_rejected_and_says_how_many(twilio: TwilioServer) -> None:
    window = [message(1, "x" * 307), message(2, "x" * 307, max_segments=3), message(3, "x" * 100_000)]
    receipts, _, _ = send(twilio, window, max_segments=2)
    assert [receipts[each].outcome for each in (1, 2, 3)] == ["rejected", "accepted", "rejected"]
    assert receipts[1].detail.startswith("the text needs 3 segments (GSM-7), and 2 may be sent")
    assert "100,000 characters" in receipts[3].detail


def test_without_a_key_or_a_sender_the_channel_says_what_to_set(twilio: TwilioServer) -> None:
    with pytest.raises(ChannelError, match="CAMPFLOW_CHANNELS__SMS__TWILIO__API_KEY"):
        send(twilio, [], twilio={"account_sid": ACCOUNT, "url": twilio.url})
    with pytest.raises(ChannelError, match="set `sender`"):
        send(twilio, [], sender=None)
    with pytest.raises(ChannelError, match="set `provider`"):
        SMS.make(SMS.settings(), CONTEXT)


class _Desk:
    def __init__(self, server: TwilioServer) -> None:
        self._server = server
        # The suite's patience is short; here all have it, as a table of settings is given whole.
        self.settings: Mapping[str, object] = settings(server.url, twilio={**TWILIO, "url": server.url, "timeout": 2})

    def taken(self) -> Sequence[str]:
        return [form["Body"] for form in self._server.messages]

    def will_answer(self, answer: Answer, message: Message) -> None:
        self._server.answers[message.address] = {"no": "21612"}.get(answer, answer)


class TestTwilio(ChannelContract):
    plugin = SMS
    answers = frozenset({"no", "later", "silence"})
    nowhere = {"twilio": {**TWILIO, "url": "http://127.0.0.1:9"}}  # noqa: RUF012  (declared in the suite)

    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        with TwilioServer().serving() as server:
            yield _Desk(server)

    def address(self, number: int) -> str:
        return phone(number)


# --- what Twilio tells ---------------------------------------------------------------------------------------------

HOOK = "https://go.acme.example/hooks/sms"


def signed(url: str, fields: Mapping[str, str], token: str = TOKEN) -> str:
    """As Twilio's «Webhooks Security» says it."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def call(fields: Mapping[str, str], query: str = "", url: str = HOOK) -> WebRequest:
    said = {"AccountSid": ACCOUNT, "MessageSid": "SM" + "1" * 32, **fields}
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": signed(url + query, said),
    }
    return WebRequest("POST", url + query, headers, urlencode(said).encode(), dt.datetime.now(dt.UTC))


def texted(body: str, **more: str) -> WebRequest:
    return call({"SmsStatus": "received", "From": "+33612345678", "To": "+15552345678", "Body": body, **more})


class TestWebhook(WebhookContract):
    plugin = SMS
    settings = settings("https://api.twilio.com")
    unsigned = ("x-twilio-signature",)

    def calls(self) -> Sequence[Call]:
        return [
            Call(call({"MessageStatus": "delivered"}, "?key=1-abc"), ["delivered"]),
            Call(call({"MessageStatus": "undelivered", "ErrorCode": "30003"}), ["failed"]),
            Call(call({"MessageStatus": "undelivered", "ErrorCode": "30006"}), ["bounced"]),
            Call(call({"MessageStatus": "failed", "ErrorCode": "21610"}), ["unsubscribed"]),
            Call(call({"MessageStatus": "sent"}), []),
            Call(texted("Yes, at 5 pm? 😀"), ["replied"]),
            Call(texted("STOP"), ["unsubscribed"]),
            Call(texted("unstop"), ["resubscribed"]),
            Call(texted("help"), []),
        ]

    def test_a_report_names_its_message_by_the_key_in_its_address(self, tmp_path: Path) -> None:
        (answer,) = self.hear(tmp_path, call({"MessageStatus": "delivered"}, "?key=1-abc"))
        (reaction,) = answer.reactions
        assert isinstance(reaction, Reaction)
        assert (reaction.key, reaction.provider_id) == ("1-abc", "SM" + "1" * 32)

    def test_a_report_with_another_key_is_forged(self, tmp_path: Path) -> None:
        genuine = call({"MessageStatus": "delivered"}, "?key=1-abc")
        self.refused(tmp_path, replace(genuine, url=genuine.url.replace("1-abc", "2-abc")))

    def test_a_port_that_the_scheme_has_anyway_changes_nothing(self, tmp_path: Path) -> None:
        with_port = call({"MessageStatus": "delivered"}, url="https://go.acme.example:443/hooks/sms")
        (answer,) = self.hear(tmp_path, replace(with_port, url=HOOK))
        assert len(answer.reactions) == 1
        self.refused(tmp_path, replace(with_port, url=HOOK.replace("https", "http")))

    def test_the_order_of_fields_means_nothing_and_none_may_be_added(self, tmp_path: Path) -> None:
        genuine = texted("yes")
        turned = b"&".join(reversed(genuine.body.split(b"&")))
        (answer,) = self.hear(tmp_path, replace(genuine, body=turned))
        assert [each.name for each in answer.reactions] == ["replied"]
        for forged in (genuine.body + b"&Body=STOP", genuine.body + b"&X=", genuine.body.replace(b"yes", b"YES")):
            self.refused(tmp_path, replace(genuine, body=forged))

    def test_json_is_signed_by_the_hash_of_its_bytes(self, tmp_path: Path) -> None:
        body = json.dumps({"AccountSid": ACCOUNT, "status": "delivered"}).encode()
        query = f"?bodySHA256={hashlib.sha256(body).hexdigest()}"
        headers = {"content-type": "application/json", "x-twilio-signature": signed(HOOK + query, {})}
        genuine = WebRequest("POST", HOOK + query, headers, body, dt.datetime.now(dt.UTC))
        # Genuine, and no report of a message: those are forms.
        (answer,) = self.hear(tmp_path, genuine)
        assert list(answer.reactions) == []
        with pytest.raises(WebhookRefused, match="not the one that was signed"):
            self.hear(tmp_path, replace(genuine, body=json.dumps(json.loads(body), indent=1).encode()))
        with pytest.raises(WebhookRefused, match="the signature is not right"):
            self.hear(tmp_path, replace(genuine, headers={**headers, "x-twilio-signature": signed(HOOK, {})}))

    @pytest.mark.parametrize("account", ["", "AC" + "b" * 32])
    def test_a_call_about_another_account_is_refused(self, tmp_path: Path, account: str) -> None:
        self.refused(tmp_path, call({"AccountSid": account, "MessageStatus": "delivered"}))

    @pytest.mark.parametrize("body", [b"Body=%ff%fe", "Body=é".encode(), b"&".join([b"a=1"] * 300)])
    def test_a_body_that_is_no_form_is_refused(self, tmp_path: Path, body: bytes) -> None:
        self.refused(tmp_path, replace(texted("x"), body=body))

    def test_stop_and_help_are_answered_once_and_other_texts_never(self, tmp_path: Path) -> None:
        once, again, replay, asked, words = self.hear(
            tmp_path, texted("Stop"), texted("STOP", MessageSid="SM2"), texted("Stop"), texted("HILFE"), texted("hello")
        )
        assert once.media_type == "text/xml"
        assert "<Message>" in once.text
        assert "<Message>" not in again.text
        assert replay.text == once.text
        assert "STOP beendet sie" in asked.text
        assert words.text == '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'

    def test_what_twilio_has_answered_is_not_answered_again(self, tmp_path: Path) -> None:
        (answer,) = self.hear(tmp_path, texted("STOP", OptOutType="STOP"))
        assert [each.name for each in answer.reactions] == ["unsubscribed"]
        assert "<Message>" not in answer.text

    def test_a_text_is_a_field_and_the_number_finds_the_person(self, tmp_path: Path) -> None:
        (answer,) = self.hear(tmp_path, texted("Yes\r\n\0please\u2028<b>"))
        (reaction,) = answer.reactions
        assert isinstance(reaction, Reaction)
        assert (reaction.address, reaction.text) == ("+33612345678", "Yes please <b>")

    def test_without_a_token_or_with_another_provider_nothing_is_heard(self, tmp_path: Path) -> None:
        for more in ({"twilio": {"account_sid": ACCOUNT}}, {"provider": None}):
            model = SMS.settings.model_validate({**self.settings, **more})
            webhook = SMS.webhook(model, CONTEXT) if SMS.webhook else None
            assert webhook is not None
            with pytest.raises(WebhookRefused):
                asyncio.run(webhook.hear(texted("STOP")))
