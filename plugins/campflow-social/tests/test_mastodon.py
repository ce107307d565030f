"""Posts against Mastodon's own description, and a server that does what its prose says."""

import asyncio
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from tests.delivering import delivered
from tests.mastodon_server import MEDIA, POSTS, MastodonServer, described

from campflow.content.templates import compile_text
from campflow.errors import ChannelError
from campflow.hooks.contracts import ChannelContext, Message, Receipt, Sender
from campflow.testing import Answer, ChannelContract, Provider
from campflow_social import MASTODON

AT = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture(scope="module")
def served() -> Iterator[MastodonServer]:
    with MastodonServer(described()).serving() as server:
        yield server


@pytest.fixture
def mastodon(served: MastodonServer) -> MastodonServer:
    served.posts.clear()
    served.media.clear()
    served.answers.clear()
    served.calls.clear()
    served.slow = 0
    return served


def post(number: int, body: str = "Hello", values: Mapping[str, object] | None = None, **options: object) -> Message:
    prepared = MASTODON.prepare(body, "txt", options)
    parts = {
        name: compile_text(text, html=False, name=name).fill(values or {}) for name, text in prepared.parts.items()
    }
    return Message(
        number, f"{number:x}-0123456789abcdef", "mastodon", "sale", "spring", "", "", None, parts,
        prepared.front_matter, AT, "",
    )  # fmt: skip


def send(
    server: MastodonServer, messages: Sequence[Message], folder: Path | None = None, **settings: object
) -> tuple[dict[int, Receipt], ChannelError | None]:
    model = MASTODON.settings.model_validate({"server": server.url, "access_token": "right", **settings})
    return delivered(MASTODON.make(model, ChannelContext(str(folder or "."), Sender())), messages)


# --- what the description takes, and its twin that it refuses ----------------------------------------------------

ACCEPTED: list[tuple[str, dict[str, object]]] = [
    ("Hello", {}),
    ("Grüße 🍵 https://tea.example/ #tea", {"visibility": "unlisted", "language": "de"}),
    ("Behind", {"spoiler": "Tea inside", "sensitive": True}),
    ("One\n---\nTwo\n---\nThree", {}),
    ("With a picture", {"media": [{"file": "spring.png", "alt": "Tea bushes"}]}),
]

SPOILT: list[tuple[str, object]] = [
    ("visibility", "everybody"), ("status", 7), ("status", None), ("sensitive", "yes"), ("in_reply_to_id", 5),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "spring.png").write_bytes(PNG)
    return tmp_path


@pytest.mark.parametrize(("body", "options"), ACCEPTED)
def test_a_post_is_what_the_description_takes_and_its_twin_is_refused(
    body: str, options: dict[str, object], mastodon: MastodonServer, folder: Path
) -> None:
    receipts, error = send(mastodon, [post(1, body, None, **options)], folder)
    assert error is None
    assert receipts[1].outcome == "accepted", receipts[1].detail
    assert receipts[1].provider_id == "1000"
    assert receipts[1].detail == "https://social.example/@tea/1000"
    assert len(mastodon.posts) == body.count("---") + 1
    for key, made in mastodon.posts.items():
        asked = {name: value for name, value in made.items() if name != "id"}
        headers = {"idempotency-key": key}
        assert mastodon.refuses(POSTS, headers, json.dumps(asked).encode()) == ""
        for name, instead in SPOILT:
            twin = {**asked, name: instead} if instead is not None else {k: v for k, v in asked.items() if k != name}
            if "media_ids" in twin and name == "status" and instead is None:
                continue  # a picture without words is a post
            assert mastodon.refuses(POSTS, headers, json.dumps(twin).encode()) != "", (name, instead)


def test_a_thread_answers_itself_and_its_picture_is_on_the_first(mastodon: MastodonServer, folder: Path) -> None:
    mastodon.slow = 2
    send(mastodon, [post(1, "One\n---\nTwo\n---\nThree", media=[{"file": "spring.png", "alt": "Tea bushes"}])], folder)
    one, two, three = mastodon.posts.values()
    assert [each["status"] for each in (one, two, three)] == ["One", "Two", "Three"]
    assert (one["media_ids"], two.get("media_ids")) == (["500"], None)
    assert (two["in_reply_to_id"], three["in_reply_to_id"]) == (one["id"], two["id"])
    assert mastodon.media == {"500": (PNG, "Tea bushes")}
    assert mastodon.calls[:4] == [f"POST {MEDIA}", "GET media", "GET media", f"POST {POSTS}"], (
        "it waits for the picture"
    )


def test_an_upload_without_a_file_is_refused(mastodon: MastodonServer) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="description"\r\n\r\nTea\r\n--x--\r\n'
    assert mastodon.refuses(MEDIA, {"content-type": "multipart/form-data; boundary=x"}, body) != ""


@pytest.mark.parametrize(
    ("body", "options", "reason"),
    [
        ("x" * 501, {}, "post 1 has 501 characters, and 500 is the most"),
        ("ok\n---\n" + "x" * 600, {}, "post 2 has 600"),
        ("x" * 490, {"spoiler": "x" * 20}, "has 510"),
        ("{{ boom }}", {}, "empty"),
        ("x", {"visibility": "direct"}, "is none of public"),
        ("x", {"language": "klingon language"}, "write a tag"),
        ("x", {"media": [{"file": "../x.png", "alt": "x"}]}, "leads out"),
        ("x", {"media": [{"file": "none.png", "alt": "x"}]}, "there is no picture"),
    ],
)
def test_what_mastodon_would_refuse_is_rejected_and_the_rest_goes(
    body: str, options: dict[str, object], reason: str, mastodon: MastodonServer, folder: Path
) -> None:
    receipts, _ = send(mastodon, [post(1), post(2, body, {"boom": "\u202e\u0000 "}, **options), post(3)], folder)
    assert [receipts[number].outcome for number in (1, 2, 3)] == ["accepted", "rejected", "accepted"]
    assert reason in receipts[2].detail
    assert len(mastodon.posts) == 2


def test_a_server_that_takes_more_gets_more(mastodon: MastodonServer) -> None:
    assert send(mastodon, [post(1, "x" * 5_000)], characters=5_000)[0][1].outcome == "accepted"


def test_nothing_in_a_value_mentions_turns_or_divides(mastodon: MastodonServer) -> None:
    values = {"title": "@eve@evil.example \u202eabc\u202c\r\n---\r\nsecond \x00\x1b[31m"}
    send(mastodon, [post(1, "@lea@tea.example: {{ title }}", values)])
    (made,) = mastodon.posts.values()
    assert made["status"] == "@lea@tea.example: @\u2060eve@evil.example abc\n---\nsecond [31m"


def test_ten_megabytes_of_text_are_rejected_at_once(mastodon: MastodonServer) -> None:
    receipts, _ = send(mastodon, [replace(post(1), parts={"1": "@a " * 3_500_000})])
    assert receipts[1].outcome == "rejected"
    assert mastodon.calls == []


# --- what the prose says -----------------------------------------------------------------------------------------


def test_what_is_offered_twice_is_there_once(mastodon: MastodonServer) -> None:
    thread = post(1, "One\n---\nTwo")
    assert send(mastodon, [thread])[0][1].provider_id == send(mastodon, [thread])[0][1].provider_id
    assert len(mastodon.posts) == 2


def test_a_thread_that_was_cut_goes_on_where_it_ended(mastodon: MastodonServer) -> None:
    thread = post(1, "One\n---\nTwo\n---\nThree")
    mastodon.answers["Two"] = "later"
    receipts, _ = send(mastodon, [thread])
    assert receipts[1].outcome == "uncertain"
    assert "after 1 of 3 posts" in receipts[1].detail
    mastodon.answers.clear()
    assert send(mastodon, [thread])[0][1].outcome == "accepted"
    assert [each["status"] for each in mastodon.posts.values()] == ["One", "Two", "Three"]


def test_a_limit_stops_everything_until_mastodon_says(mastodon: MastodonServer) -> None:
    mastodon.answers["word2"] = "later"
    receipts, error = send(mastodon, [post(n, f"word{n}") for n in (1, 2, 3)])
    assert [receipts[n].outcome for n in (1, 2, 3)] == ["accepted", "retry", "retry"]
    assert error is not None
    assert error.retry_after is not None
    assert 3 < error.retry_after <= 5


def test_a_token_that_is_over_stops_the_channel_and_says_what_to_do(mastodon: MastodonServer) -> None:
    receipts, error = send(mastodon, [post(1)], access_token="wrong")
    assert receipts[1].outcome == "retry"
    assert "make a token with write:statuses" in str(error)


def test_without_a_token_it_does_not_open(mastodon: MastodonServer) -> None:
    channel = MASTODON.make(MASTODON.settings(), ChannelContext(".", Sender()))
    with pytest.raises(ChannelError, match="ACCESS_TOKEN"):
        asyncio.run(channel.open())


class _Wall:
    """The people of the suite, without the description."""

    def __init__(self, server: MastodonServer) -> None:
        self._server = server
        self.settings: Mapping[str, object] = {"server": server.url, "access_token": "right", "characters": 100_000}

    def taken(self) -> Sequence[str]:
        return [str(each["status"]) for each in self._server.posts.values()]

    def will_answer(self, answer: Answer, message: Message) -> None:
        self._server.answers[message.parts["1"]] = answer


class TestMastodon(ChannelContract):
    plugin = MASTODON
    answers = frozenset({"no", "later", "silence"})
    nowhere: ClassVar[Mapping[str, object] | None] = {"server": "http://127.0.0.1:9"}
    patience: ClassVar[Mapping[str, object]] = {"timeout": 2}

    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        with MastodonServer().serving() as server:
            yield _Wall(server)
