"""Posts on a real personal data server: what it keeps is read back from it."""

import asyncio
import contextlib
import datetime as dt
import struct
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
from tests.pds import Pds, served

from campflow.content.templates import compile_text
from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelContext, Engagement, Message, Posted, Receipt, Sender
from campflow.http import HttpClient
from campflow.testing import Answer, ChannelContract, Provider
from campflow_social import BLUESKY
from campflow_social.bluesky import POST, BlueskyChannel, record_key

AT = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


#: One grey point: this server looks into pictures.
PNG = b"\x89PNG\r\n\x1a\n" + b"".join([
    _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), _chunk(b"IDAT", zlib.compress(b"\0\x80")),
    _chunk(b"IEND", b""),
])  # fmt: skip


@pytest.fixture(scope="module")
def pds() -> Iterator[Pds]:
    with served() as server:
        yield server


def post(key: str, body: str = "Hello", values: Mapping[str, object] | None = None, **options: object) -> Message:
    prepared = BLUESKY.prepare(body, "txt", options)
    parts = {
        name: compile_text(text, html=False, name=name).fill(values or {}) for name, text in prepared.parts.items()
    }
    return Message(1, key, "bluesky", "sale", "spring", "", "", None, parts, prepared.front_matter, AT, "")


def settings(pds: Pds, **more: object) -> dict[str, object]:
    return {"server": pds.url, "identifier": "tea-shop.test", "app_password": pds.password, **more}


def channel(pds: Pds, folder: Path | None = None, **more: object) -> Channel:
    return BLUESKY.make(
        BLUESKY.settings.model_validate(settings(pds, **more)), ChannelContext(str(folder or "."), Sender())
    )


def send(pds: Pds, *messages: Message, folder: Path | None = None) -> list[Receipt]:
    async def work() -> list[Receipt]:
        made = channel(pds, folder)
        await made.open()
        try:
            return [receipt async for receipt in made.deliver(messages)]
        finally:
            await made.close()

    return asyncio.run(work())


def ask(pds: Pds, path: str) -> Any:
    async def work() -> Any:
        client = HttpClient(pds.url)
        try:
            return (await client.send("GET", f"/xrpc/{path}")).json()
        finally:
            await client.close()

    return asyncio.run(work())


def kept(pds: Pds, receipt: Receipt, place: int = 0, key: str = "") -> dict[str, Any]:
    """The record on the server."""
    assert receipt.outcome == "accepted", receipt.detail
    repo, _, rkey = str(receipt.provider_id).removeprefix("at://").split("/")
    rkey = record_key(f"{key}.{place}") if key else rkey
    found: dict[str, Any] = ask(pds, f"com.atproto.repo.getRecord?repo={repo}&collection={POST}&rkey={rkey}")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "spring.png").write_bytes(PNG)
    return tmp_path


def test_a_post_with_a_link_a_tag_and_a_mention_is_there(pds: Pds) -> None:
    body = "🍵 Grüße @lea-reads.test: https://tea.example/ü #früh {{ title }}"
    (receipt,) = send(pds, post("k1", body, {"title": "@tea-shop.test"}, language="de"))
    record = kept(pds, receipt)["value"]
    assert record["text"] == "🍵 Grüße @lea-reads.test: https://tea.example/ü #früh @tea-shop.test"
    assert record["langs"] == ["de"]
    features = [each["features"][0] for each in record["facets"]]
    kinds = [each["$type"].partition("#")[2] for each in features]
    assert kinds == ["mention", "link", "tag"], "a name that a value brings is no mention"
    lea = ask(pds, "com.atproto.identity.resolveHandle?handle=lea-reads.test")["did"]
    assert features[0]["did"] == lea


def test_what_is_offered_twice_is_one_record_that_stays_as_it_was(pds: Pds) -> None:
    (once,), (twice,) = send(pds, post("k2", "First words")), send(pds, post("k2", "Other words"))
    assert once.provider_id == twice.provider_id
    assert kept(pds, twice)["value"]["text"] == "First words"


def test_a_thread_has_a_root_and_each_post_its_parent(pds: Pds) -> None:
    (receipt,) = send(pds, post("k3", "One\n---\nTwo\n---\nThree"))
    one, two, three = (kept(pds, receipt, place, "k3") for place in range(3))
    places = [{"uri": each["uri"], "cid": each["cid"]} for each in (one, two)]
    assert "reply" not in one["value"]
    assert two["value"]["reply"] == {"root": places[0], "parent": places[0]}
    assert three["value"]["reply"] == {"root": places[0], "parent": places[1]}


def test_a_picture_goes_with_its_words(pds: Pds, folder: Path) -> None:
    media = [{"file": "spring.png", "alt": "Tea bushes"}]
    (receipt,) = send(pds, post("k4", "Look", media=media), folder=folder)
    (image,) = kept(pds, receipt)["value"]["embed"]["images"]
    assert image["alt"] == "Tea bushes"
    assert (image["image"]["mimeType"], image["image"]["size"]) == ("image/png", len(PNG))


def test_a_page_is_shown_as_a_card(pds: Pds) -> None:
    (receipt,) = send(pds, post("k5", "Read", link="https://tea.example/", link_title="Tea", link_text="All of it"))
    external = kept(pds, receipt)["value"]["embed"]["external"]
    assert external == {"uri": "https://tea.example/", "title": "Tea", "description": "All of it"}


@pytest.mark.parametrize(
    ("body", "options", "reason"),
    [
        ("x" * 301, {}, "post 1 has 301 characters"),
        ("🧑‍🌾" * 300, {}, "bytes, and 3,000"),
        ("{{ empty }}", {}, "empty"),
        ("x", {"link": "javascript:alert(1)"}, "is no web address"),
        ("x", {"media": [{"file": "big.png", "alt": "x"}]}, "more than 1,000,000 bytes"),
    ],
)
def test_what_the_lexicon_forbids_is_rejected_here(
    body: str, options: dict[str, object], reason: str, pds: Pds, folder: Path
) -> None:
    (folder / "content" / "big.png").write_bytes(PNG + b"\0" * 1_000_000)
    (receipt,) = send(pds, post("k6", body, {"empty": "\u202e"}, **options), folder=folder)
    assert receipt.outcome == "rejected"
    assert reason in receipt.detail


def test_the_server_itself_refuses_what_is_too_long(pds: Pds) -> None:
    """The twin: what we would reject goes past us, and the lexicon says no."""

    async def work() -> str:
        made = channel(pds)
        assert isinstance(made, BlueskyChannel)
        await made.open()
        try:
            record = {"$type": POST, "text": "x" * 301, "createdAt": "2026-12-01T09:00:00.000Z"}
            await made._put(record_key("k7"), record)
        except Exception as error:
            return str(error)
        finally:
            await made.close()
        return ""

    assert "grapheme too big (maximum 300, got 301)" in asyncio.run(work())


def test_a_session_that_is_over_is_renewed(pds: Pds) -> None:
    async def work() -> Receipt:
        made = channel(pds)
        assert isinstance(made, BlueskyChannel)
        await made.open()
        made._access = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.AAAA"
        try:
            return await anext(made.deliver([post("k8")]))
        finally:
            await made.close()

    assert asyncio.run(work()).outcome == "accepted"


def test_a_wrong_password_says_what_to_do(pds: Pds) -> None:
    with pytest.raises(ChannelError, match="make a new app password"):
        asyncio.run(channel(pds, app_password="wrong").open())


# --- how posts are received: the AppView counts, and the server asks it ---------------------------------------------


@contextlib.asynccontextmanager
async def opened(pds: Pds) -> AsyncIterator[BlueskyChannel]:
    made = channel(pds)
    assert isinstance(made, BlueskyChannel)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


async def react(pds: Pds, uri: str, *kinds: str) -> None:
    """Lea likes a post, passes it on, answers it, or passes it on with words of her own."""
    client = HttpClient(pds.url)
    try:
        account = {"identifier": "lea-reads.test", "password": pds.password}
        lea = (await client.send("POST", "/xrpc/com.atproto.server.createSession", json=account)).json_object()
        repo, _, rkey = uri.removeprefix("at://").split("/")
        where = f"/xrpc/com.atproto.repo.getRecord?repo={repo}&collection={POST}&rkey={rkey}"
        subject = {"uri": uri, "cid": (await client.send("GET", where)).json_object()["cid"]}
        records: dict[str, dict[str, Any]] = {
            "like": {"$type": "app.bsky.feed.like", "subject": subject},
            "repost": {"$type": "app.bsky.feed.repost", "subject": subject},
            "reply": {"$type": POST, "text": "Lovely", "reply": {"root": subject, "parent": subject}},
            "quote": {"$type": POST, "text": "Look", "embed": {"$type": "app.bsky.embed.record", "record": subject}},
        }
        for kind in kinds:
            record = {**records[kind], "createdAt": "2026-12-01T10:00:00.000Z"}
            said = {"repo": lea["did"], "collection": record["$type"], "record": record}
            headers = {"authorization": f"Bearer {lea['accessJwt']}"}
            reply = await client.send("POST", "/xrpc/com.atproto.repo.createRecord", json=said, headers=headers)
            assert reply.status == 200, reply.said
    finally:
        await client.close()


def posted(*uris: str) -> list[Posted]:
    return [Posted(number, uri, AT) for number, uri in enumerate(uris, 1)]


@pytest.fixture
def counting(pds: Pds) -> Pds:
    if not pds.counts:
        pytest.skip("the AppView needs a PostgreSQL server")
    return pds


def test_likes_replies_and_what_was_passed_on_are_counted_back(counting: Pds) -> None:
    async def work() -> list[Engagement]:
        async with opened(counting) as made:
            sent = [str((await anext(made.deliver([post(f"c{n}")]))).provider_id) for n in (1, 2)]
            await react(counting, sent[0], "like", "repost", "quote", "reply")
            gone = f"{sent[0][:-13]}3kaaaaaaaaaaa"
            async with asyncio.timeout(30):  # it learns of all this by and by
                while True:
                    found = [each async for each in made.count(posted(sent[0], gone, sent[1]))]
                    if len(found) == 2 and found[0].likes and found[0].replies and found[0].reposts == 2:
                        return found

    assert asyncio.run(work()) == [Engagement(1, 1, 2, 1), Engagement(3, 0, 0, 0)]


def test_forty_posts_are_asked_about_in_calls_that_the_lexicon_allows(counting: Pds) -> None:
    async def work() -> tuple[list[Engagement], str]:
        async with opened(counting) as made:
            first = str((await anext(made.deliver([post("c3")]))).provider_id)
            others = [f"{first[:-13]}3k{letter * 11}" for letter in "abcdefghijklmnopqrstuvwxyz234567"]
            uris = [*others, "at://nobody/app.bsky.feed.post/x y", first]
            async with asyncio.timeout(30):
                while not (found := [each async for each in made.count(posted(*uris))]):
                    pass
            query = urlencode({"uris": others[:26]}, doseq=True)
            try:  # the twin: one more than we ask about at a time
                await made._call("GET", f"app.bsky.feed.getPosts?{query}")
            except Exception as error:
                return found, str(error)
            return found, ""

    found, refused = asyncio.run(work())
    assert found == [Engagement(34, 0, 0, 0)]
    assert "must not have more than 25" in refused


def test_who_cannot_ask_is_told_so() -> None:
    """There is a server, and no AppView behind it."""

    async def work(pds: Pds) -> None:
        async with opened(pds) as made:
            sent = posted(str((await anext(made.deliver([post("c4")]))).provider_id))
            with pytest.raises(ChannelError, match="502"):
                await anext(made.count(sent))

    with served(view=False) as pds:
        asyncio.run(work(pds))


class _Repo:
    """The posts on the server, as the suite reads them: those since it began."""

    def __init__(self, pds: Pds) -> None:
        self._pds = pds
        self._before = {each["uri"] for each in self._records()}
        self.settings: Mapping[str, object] = settings(pds)

    def _records(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = ask(
                self._pds, f"com.atproto.repo.listRecords?repo=tea-shop.test&collection={POST}&limit=100{cursor}"
            )
            found += page["records"]
            if not page.get("cursor"):
                return found
            cursor = f"&cursor={page['cursor']}"

    def taken(self) -> Sequence[str]:
        return [each["value"]["text"] for each in self._records() if each["uri"] not in self._before]

    def will_answer(self, answer: Answer, message: Message) -> None:
        raise NotImplementedError("a real server answers as it does")


class TestBluesky(ChannelContract):
    plugin = BLUESKY
    nowhere: ClassVar[Mapping[str, object] | None] = {"server": "http://127.0.0.1:9"}
    patience: ClassVar[Mapping[str, object]] = {"timeout": 5.0}

    @pytest.fixture
    def provider(self, pds: Pds, request: pytest.FixtureRequest) -> Provider:
        self._test = request.node.name
        return _Repo(pds)

    def message(
        self,
        number: int,
        text: str = "Hello",
        *,
        options: Mapping[str, object] | None = None,
        address: str | None = None,
    ) -> Message:
        """All tests share one server: a key of one is none of another."""
        made = super().message(number, text, options=options, address=address)
        return replace(made, key=f"{getattr(self, '_test', '')}-{made.key}")
