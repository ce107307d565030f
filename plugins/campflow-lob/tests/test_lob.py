"""Orders against Lob's own description, and a server that does what Lob's prose says."""

import asyncio
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.delivering import delivered
from tests.lob_server import LobServer, described

from campflow.content import postal
from campflow.content.templates import compile_text
from campflow.errors import ChannelError, ContentError, WebhookRefused
from campflow.hooks.contracts import ChannelContext, Message, Receipt, Sender, WebRequest
from campflow.testing import Answer, Call, ChannelContract, Provider, WebhookContract
from campflow_lob import LOB
from campflow_lob.pieces import prepare

AT = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
PERSON = {
    "first_name": "Harry", "last_name": "Zhang", "street": "210 King St", "street2": "# 6100",
    "postcode": "94107", "city": "San Francisco", "state": "CA", "country": "US",
}  # fmt: skip
BODIES = {
    "letter": "<p>Hello {{ first_name }}</p>",
    "postcard": "<h1>Hi {{ first_name }}</h1>\n<!-- back -->\n<p>Come by</p>",
    "self_mailer": "<h1>Hi {{ first_name }}</h1>\n<!-- inside -->\n<p>Inside</p>",
}
SETTINGS: Mapping[str, object] = {
    "api_key": "test_0dc8d51e0acffcb1880e0f19c79b2f5b0cc",
    "sender": "adr_210a8d4b0b76d77b",
}


@pytest.fixture(scope="module")
def lob() -> Iterator[LobServer]:
    with LobServer(described()).serving() as server:
        yield server


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> None:
    if "lob" in request.fixturenames:
        server = request.getfixturevalue("lob")
        server.orders.clear()
        server.answers.clear()


def message(
    number: int, piece: str = "letter", person: Mapping[str, object] | None = None, **options: object
) -> Message:
    known = {**PERSON, **(person or {})}
    said = {"piece": piece, **options}
    filled = {
        name: compile_text(text, html=name == "html", name=name).fill({**known, "contact": known})
        for name, text in prepare(BODIES[piece], said).parts.items()
    }
    return Message(
        number, f"{number:x}-0123456789abcdef01234567", "lob", "offer", "spring", f"person{number}",
        str(known["street"]), None, filled, said, AT, "",
    )  # fmt: skip


def send(server: LobServer, messages: Sequence[Message], **settings: object) -> dict[int, Receipt]:
    """The receipts; a ChannelError after them is let be."""
    model = LOB.settings.model_validate({**SETTINGS, "url": f"{server.url}/v1", **settings})
    return delivered(LOB.make(model, ChannelContext("", Sender())), messages)[0]


# --- what Lob's description takes, and its twin that it refuses --------------------------------------------------

ACCEPTED: list[tuple[str, dict[str, object], dict[str, object]]] = [
    ("letter", {}, {}),
    ("letter", {"street2": None, "last_name": None}, {"color": True, "double_sided": False, "size": "us_legal"}),
    ("letter", {"country": "CH", "postcode": "8001", "city": "Zürich", "state": None}, {}),
    ("letter", {"country": "DE", "postcode": "10115", "city": "Berlin", "state": "Berlin"}, {"transactional": True}),
    ("letter", {"country": "PR", "postcode": "00901", "city": "San Juan", "state": None}, {}),
    ("postcard", {}, {}),
    ("postcard", {"first_name": "{{ boom }}"}, {"size": "6x11"}),
    ("self_mailer", {}, {}),
    ("self_mailer", {}, {"size": "17.75x9_trifold"}),
]

#: What makes an order wrong: a path into it and what stands there instead (None: nothing).
SPOILT: list[tuple[tuple[str, ...], object]] = [
    (("to", "address_line1"), None), (("to", "name"), "x" * 41), (("to", "address_country"), "XX"),
    (("use_type",), "spam"), (("to",), None), (("use_type",), None),
]  # fmt: skip


@pytest.mark.parametrize(("piece", "person", "options"), ACCEPTED)
def test_an_order_is_what_the_description_takes_and_its_twin_is_refused(
    piece: str, person: dict[str, object], options: dict[str, object], lob: LobServer
) -> None:
    receipts = send(lob, [message(1, piece, person, **options)])
    assert receipts[1].outcome == "accepted", receipts[1].detail
    ((path, key), made) = next(iter(lob.orders.items()))
    assert made["metadata"] == {"campflow_key": key}
    headers = {"idempotency-key": key, "authorization": "Basic eDo="}
    assert lob.refuses(path, headers, json.dumps(made).encode()) == ""
    for place, instead in SPOILT:
        twin = json.loads(json.dumps(made))
        holder = twin
        for name in place[:-1]:
            holder = holder[name]
        holder[place[-1]] = instead
        if instead is None:
            del holder[place[-1]]
        assert lob.refuses(path, headers, json.dumps(twin).encode()) != "", place


def test_each_side_of_a_piece_is_needed(lob: LobServer) -> None:
    for piece in BODIES:
        send(lob, [message(1, piece)])
    for (path, key), made in lob.orders.items():
        for side in {"file", "front", "back", "inside", "outside"} & set(made):
            twin = {name: value for name, value in made.items() if name != side}
            assert lob.refuses(path, {"idempotency-key": key}, json.dumps(twin).encode()) != "", side


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ({"state": "California"}, "no state of two letters"),
        ({"postcode": "8001"}, "not an American one"),
        ({"street": "x" * 46}, "more than 50 characters"),
        ({"first_name": "x" * 41}, "name has more than 40 characters"),
        ({"city": None}, "the contact has no city"),
        ({"country": "PS"}, "posts nothing to `PS`"),
    ],
)
def test_what_lob_would_refuse_is_rejected_with_a_reason_and_the_rest_goes(
    person: dict[str, object], reason: str, lob: LobServer
) -> None:
    receipts = send(lob, [message(1), message(2, "letter", person), message(3)])
    assert [receipts[number].outcome for number in (1, 2, 3)] == ["accepted", "rejected", "accepted"]
    assert reason in receipts[2].detail


def test_nothing_in_a_field_is_a_variable_or_a_tag_of_lobs(lob: LobServer) -> None:
    """Lob fills `{{name}}` itself; what people are called is neither that nor HTML, nor the end of a side."""
    send(lob, [message(1, "postcard", {"first_name": "{{boom}}<!-- back --><script>"})])
    (made,) = lob.orders.values()
    assert "{{" not in made["front"] + made["back"]
    assert "<script" not in made["front"]
    assert made["front"].startswith("<h1>Hi &#123;&#123;boom}}&lt;!-- back --&gt;")
    assert made["back"] == "<p>Come by</p>"


@pytest.mark.parametrize(
    ("body", "options", "reason"),
    [
        ("<p>front</p>", {"piece": "postcard"}, "`<!-- back -->` between the front and the back"),
        ("plain words", {}, "is not HTML"),
        ("<p>x</p>", {"piece": "parcel"}, "is no kind of mail: choose letter"),
        ("<p>x</p>", {"size": "4x6"}, "no size of a letter"),
    ],
)
def test_check_says_what_cannot_be_posted(body: str, options: dict[str, object], reason: str) -> None:
    with pytest.raises(ContentError, match=reason):
        prepare(body, options)


# --- what Lob's prose says ---------------------------------------------------------------------------------------


def test_what_is_offered_twice_is_made_once(lob: LobServer) -> None:
    once, twice = send(lob, [message(1)]), send(lob, [message(1)])
    assert once[1].provider_id == twice[1].provider_id
    assert len(lob.orders) == 1


def test_a_made_piece_that_nobody_heard_of_is_uncertain_and_found_again_by_its_key(lob: LobServer) -> None:
    lob.answers = {'"1-0123': "garbage"}
    assert send(lob, [message(1)])[1].outcome == "uncertain"
    lob.answers = {}
    assert send(lob, [message(1)])[1].outcome == "accepted"
    assert len(lob.orders) == 1


def test_a_limit_stops_the_window_until_lob_says(lob: LobServer) -> None:
    lob.answers = {'"2-0123': "later"}
    before = lob.calls

    async def work() -> tuple[list[Receipt], float | None]:
        model = LOB.settings.model_validate({**SETTINGS, "url": f"{lob.url}/v1"})
        channel = LOB.make(model, ChannelContext("", Sender()))
        await channel.open()
        found: list[Receipt] = []
        try:
            async for receipt in channel.deliver([message(number) for number in range(1, 12)]):
                found.append(receipt)
        except ChannelError as error:
            return found, error.retry_after
        finally:
            await channel.close()
        raise AssertionError("a limit is the whole channel's")

    found, wait = asyncio.run(work())
    assert wait is not None
    assert 3 < wait <= 5
    assert {each.message_id: each.outcome for each in found} == {
        number: "accepted" if number in (1, 3, 4) else "retry" for number in range(1, 12)
    }
    assert lob.calls - before == 4, "nobody asks on after a limit"


def test_errors_say_what_lob_said(lob: LobServer) -> None:
    lob.answers = {'"2-0123': "no", '"3-0123': "broken"}
    receipts = send(lob, [message(1), message(2), message(3)])
    assert [receipts[number].outcome for number in (1, 2, 3)] == ["accepted", "rejected", "retry"]
    assert receipts[2].detail == "422 The address is not deliverable."


def test_prices_are_those_of_the_kind(lob: LobServer) -> None:
    receipts = send(lob, [message(1), message(2, "postcard")], prices={"postcard": "0.60 USD"})
    assert (receipts[1].cost, receipts[2].cost) == (None, "0.60 USD")


def test_without_a_key_the_channel_says_what_to_set(lob: LobServer) -> None:
    with pytest.raises(ChannelError, match="CAMPFLOW_CHANNELS__LOB__API_KEY"):
        send(lob, [message(1)], api_key=None)


class _Desk:
    """Lob, as the suite asks for it: people of the suite, without the description."""

    def __init__(self, server: LobServer) -> None:
        self._server = server
        self.settings: Mapping[str, object] = {**SETTINGS, "url": f"{server.url}/v1"}

    def taken(self) -> Sequence[str]:
        return [str(each["file"]) for each in self._server.orders.values()]

    def will_answer(self, answer: Answer, message: Message) -> None:
        self._server.answers[f'"{message.key}"'] = answer


class TestLob(ChannelContract):
    plugin = LOB
    content = "<p>{{ text }}</p>"
    answers = frozenset({"no", "later", "silence"})
    nowhere: ClassVar[Mapping[str, object] | None] = {"url": "http://127.0.0.1:9"}
    patience: ClassVar[Mapping[str, object]] = {"timeout": 2}

    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        with LobServer().serving() as server:
            yield _Desk(server)

    def address(self, number: int) -> str:
        return f"{number} King St"

    def message(
        self,
        number: int,
        text: str = "Hello",
        *,
        options: Mapping[str, object] | None = None,
        address: str | None = None,
    ) -> Message:
        """The suite's people have no postal address."""
        made = super().message(number, text, options=options, address=address)
        part = {**json.loads(made.parts[postal.PART]), **PERSON, "street": "", "street2": ""}
        return replace(made, parts={**made.parts, postal.PART: json.dumps(part)})

    def test_an_address_that_is_none_spoils_its_own_message(self, provider: Provider, tmp_path: Path) -> None:
        """A street may hold commas and numbers; two lines in one field are somebody else's address."""
        bad = ["", " ", "\0", "x" * 2_000, "1 King St\r\nEve", "1 King St\nEve", "1 King St\u2028Eve"]
        for number, address in enumerate(bad, start=2):
            window = [self.message(1, "word1word"), self.message(number, f"word{number}word", address=address)]
            (receipts,) = self.send(provider, tmp_path, window)
            assert (receipts[1].outcome, receipts[number].outcome) == ("accepted", "rejected"), repr(address)
            assert self.arrived(provider, f"word{number}word") == 0


# --- webhooks ----------------------------------------------------------------------------------------------------

SECRET = "whs_0123456789"


def call(kind: str, metadata: dict[str, Any] | None = None, at: dt.datetime | None = None) -> WebRequest:
    now = dt.datetime.now(dt.UTC)
    told = {"campflow_key": "1-abc"} if metadata is None else metadata
    event = {
        "id": "evt_d95ff8ffd2b5cfb4", "object": "event", "date_created": "2026-12-08T10:00:00.000Z",
        "event_type": {"id": kind, "resource": "letters", "object": "event_type"},
        "reference_id": "ltr_1", "body": {"id": "ltr_1", "metadata": told},
    }  # fmt: skip
    body = json.dumps(event).encode()
    stamp = str(int((at or now).timestamp() * 1_000))
    signature = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"lob-signature": signature, "lob-signature-timestamp": stamp}
    return WebRequest("POST", "https://acme.example/hooks/lob", headers, body, now)


class TestWebhook(WebhookContract):
    plugin = LOB
    settings: ClassVar[Mapping[str, object]] = {"webhook_secret": SECRET}
    unsigned: ClassVar[Sequence[str]] = ("lob-signature", "lob-signature-timestamp")

    def calls(self) -> Sequence[Call]:
        return [
            Call(call("letter.delivered"), ["delivered"]),
            Call(call("postcard.returned_to_sender"), ["returned"]),
            Call(call("letter.certified.returned_to_sender"), ["returned"]),
            Call(call("self_mailer.failed"), ["failed"]),
            Call(call("postcard.viewed"), ["scanned"]),
            Call(call("letter.in_transit"), []),
            Call(call("letter.return_envelope.returned_to_sender"), []),
            Call(call("check.returned_to_sender"), []),
            Call(call("letter.delivered", {}), ["delivered"]),
        ]

    def test_a_reaction_names_its_message(self, tmp_path: Path) -> None:
        (answer,) = self.hear(tmp_path, call("letter.returned_to_sender"))
        (reaction,) = answer.reactions
        assert getattr(reaction, "key", None) == "1-abc"
        assert getattr(reaction, "provider_id", None) == "ltr_1"
        assert reaction.at == dt.datetime(2026, 12, 8, 10, 0, tzinfo=dt.UTC)

    def test_an_old_call_is_a_replay(self, tmp_path: Path) -> None:
        self.refused(tmp_path, call("letter.delivered", at=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=6)))

    def test_without_a_secret_nothing_is_heard(self, tmp_path: Path) -> None:
        webhook = LOB.webhook(LOB.settings(), ChannelContext(str(tmp_path), Sender())) if LOB.webhook else None
        assert webhook is not None
        with pytest.raises(WebhookRefused, match="WEBHOOK_SECRET"):
            asyncio.run(webhook.hear(call("letter.delivered")))
