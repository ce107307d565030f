"""LinkedIn and Facebook against servers that do what their documentation says: no description of them is at hand."""

import asyncio
import datetime as dt
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import ChannelContext, ChannelPlugin, Message, Receipt, Sender
from campflow.testing import Answer, ChannelContract, Provider
from campflow_social import FACEBOOK, LINKEDIN

AT = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
AUTHOR = "urn:li:organization:1234"


@dataclass
class Network:
    """`posts` are what was made; `answers` are (status, headers, body) by a text of the post, "silence" for none."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[tuple[bytes, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    answers: dict[str, tuple[int, dict[str, str], object] | str] = field(default_factory=dict)
    url: str = ""

    @contextmanager
    def serving(self) -> Iterator["Network"]:
        routes = [
            Route("/rest/posts", self._linkedin, methods=["POST"]),
            Route("/rest/images", self._place, methods=["POST"]),
            Route("/upload/{id}", self._put, methods=["PUT"]),
            Route("/v23.0/77/feed", self._feed, methods=["POST"]),
            Route("/v23.0/77/photos", self._photo, methods=["POST"]),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), host="127.0.0.1", port=0, log_level="critical", lifespan="off",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.should_exit = True
            thread.join(10)

    async def _answered(self, text: str, request: Request, made: dict[str, Any]) -> Response | None:
        for sign, answer in self.answers.items():
            if sign in text:
                if isinstance(answer, str):
                    self.posts.append(made)
                    await request.receive()
                    return Response(status_code=504)
                status, headers, body = answer
                return JSONResponse(body, status, headers=headers)
        return None

    # --- LinkedIn: Posts API and Images API ---

    async def _linkedin(self, request: Request) -> Response:
        self.headers = dict(request.headers)
        made = json.loads(await request.body())
        if request.headers.get("authorization") != "Bearer right":
            return JSONResponse(
                {"status": 401, "code": "EXPIRED_ACCESS_TOKEN", "message": "The token has expired"}, 401
            )
        if request.headers.get("linkedin-version") != "202601":
            return JSONResponse({"status": 426, "message": "Requested version is not active"}, 426)
        if not {"author", "commentary", "visibility", "distribution", "lifecycleState"} <= set(made):
            return JSONResponse({"status": 422, "message": "a field is missing"}, 422)
        if refused := await self._answered(made["commentary"], request, made):
            return refused
        self.posts.append(made)
        return Response(status_code=201, headers={"x-restli-id": f"urn:li:share:{6000 + len(self.posts)}"})

    async def _place(self, request: Request) -> Response:
        assert request.query_params["action"] == "initializeUpload"
        assert json.loads(await request.body()) == {"initializeUploadRequest": {"owner": AUTHOR}}
        found = f"urn:li:image:C{len(self.pictures)}"
        return JSONResponse({"value": {"uploadUrl": f"{self.url}/upload/{len(self.pictures)}", "image": found}})

    async def _put(self, request: Request) -> Response:
        self.pictures.append((await request.body(), request.headers["content-type"]))
        return Response(status_code=201)

    # --- Facebook: the Graph API ---

    async def _feed(self, request: Request) -> Response:
        self.headers = dict(request.headers)
        made = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if refused := await self._facebook_refuses(request, made):
            return refused
        if refused := await self._answered(made.get("message", ""), request, made):
            return refused
        self.posts.append(made)
        return JSONResponse({"id": f"77_{len(self.posts)}"})

    async def _photo(self, request: Request) -> Response:
        head = f"content-type: {request.headers['content-type']}\n\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(head + await request.body())
        parts = {str(part.get_param("name", header="content-disposition")): part for part in form.walk()}
        said = {name: part.get_payload(decode=True) for name, part in parts.items()}
        fields = {name: data.decode() for name, data in said.items() if isinstance(data, bytes) and name != "source"}
        if refused := await self._facebook_refuses(request, fields):
            return refused
        assert fields["published"] == "false"
        assert isinstance(said["source"], bytes)
        self.pictures.append((said["source"], fields["alt_text_custom"]))
        return JSONResponse({"id": str(900 + len(self.pictures))})

    async def _facebook_refuses(self, request: Request, form: Mapping[str, str]) -> Response | None:
        if request.headers.get("authorization") != "Bearer right":
            said = {"message": "Error validating access token", "type": "OAuthException", "code": 190}
            return JSONResponse({"error": said}, 400)
        right = hmac.new(b"hush", b"right", hashlib.sha256).hexdigest()
        if form.get("appsecret_proof") != right:
            return JSONResponse({"error": {"message": "Invalid appsecret_proof", "code": 100}}, 400)
        return None


LINKEDIN_IS = {"author": AUTHOR, "access_token": "right"}
FACEBOOK_IS = {"page": "77", "access_token": "right", "app_secret": "hush"}


def at(plugin: ChannelPlugin, network: Network) -> dict[str, object]:
    if plugin is LINKEDIN:
        return {**LINKEDIN_IS, "url": network.url}
    return {**FACEBOOK_IS, "url": f"{network.url}/v23.0"}


@pytest.fixture
def network() -> Iterator[Network]:
    with Network().serving() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "spring.png").write_bytes(PNG)
    return tmp_path


def post(plugin: ChannelPlugin, number: int, text: str = "Hello", **options: object) -> Message:
    prepared = plugin.prepare(text, "txt", options)
    return Message(number, f"k{number}", plugin.name, "sale", "spring", "", "", None, dict(prepared.parts),
                   prepared.front_matter, AT, "")  # fmt: skip


def send(
    plugin: ChannelPlugin, network: Network, *messages: Message, folder: Path | None = None, **more: object
) -> tuple[dict[int, Receipt], ChannelError | None]:
    async def work() -> tuple[dict[int, Receipt], ChannelError | None]:
        model = plugin.settings.model_validate({**at(plugin, network), **more})
        channel = plugin.make(model, ChannelContext(str(folder or "."), Sender()))
        found: dict[int, Receipt] = {}
        await channel.open()
        try:
            async for receipt in channel.deliver(messages):
                found[receipt.message_id] = receipt
        except ChannelError as error:
            return found, error
        finally:
            await channel.close()
        return found, None

    return asyncio.run(work())


def test_a_post_on_linkedin_is_escaped_and_knows_its_version(network: Network) -> None:
    receipts, _ = send(
        LINKEDIN, network, post(LINKEDIN, 1, "50% (now) @[Eve](urn:li:person:1) #tea", link="https://tea.example/")
    )
    assert (receipts[1].outcome, receipts[1].provider_id) == ("accepted", "urn:li:share:6001")
    (made,) = network.posts
    assert made["commentary"] == "50% \\(now\\) \\@\\[Eve\\]\\(urn:li:person:1\\) \\#tea"
    assert made["author"] == AUTHOR
    assert made["content"]["article"]["source"] == "https://tea.example/"
    assert network.headers["x-restli-protocol-version"] == "2.0.0"


def test_pictures_go_to_linkedin_first(network: Network, folder: Path) -> None:
    media = [{"file": "spring.png", "alt": "Tea"}, {"file": "spring.png", "alt": "More tea"}]
    receipts, _ = send(
        LINKEDIN, network, post(LINKEDIN, 1, media=media[:1]), post(LINKEDIN, 2, media=media), folder=folder
    )
    assert {each.outcome for each in receipts.values()} == {"accepted"}
    one, two = network.posts
    assert one["content"] == {"media": {"id": "urn:li:image:C0", "altText": "Tea"}}
    assert [each["altText"] for each in two["content"]["multiImage"]["images"]] == ["Tea", "More tea"]
    assert network.pictures == [(PNG, "image/png")] * 3


def test_a_post_of_a_page_proves_whose_app_it_is(network: Network, folder: Path) -> None:
    media = [{"file": "spring.png", "alt": "Tea"}]
    receipts, _ = send(FACEBOOK, network, post(FACEBOOK, 1, "Grüße", media=media), folder=folder)
    assert (receipts[1].outcome, receipts[1].provider_id) == ("accepted", "77_1"), receipts[1].detail
    (made,) = network.posts
    assert made["message"] == "Grüße"
    assert json.loads(made["attached_media[0]"]) == {"media_fbid": "901"}
    assert network.pictures == [(PNG, "Tea")]
    refused, _ = send(FACEBOOK, network, post(FACEBOOK, 2), app_secret=None)
    assert refused[2].outcome == "rejected"


@pytest.mark.parametrize("plugin", [LINKEDIN, FACEBOOK], ids=lambda plugin: plugin.name)
def test_a_token_that_is_over_stops_the_channel_and_says_what_to_do(plugin: ChannelPlugin, network: Network) -> None:
    receipts, error = send(plugin, network, post(plugin, 1), access_token="old")
    assert receipts[1].outcome == "retry"
    assert "make a new one" in str(error)
    assert network.posts == []


def test_a_version_that_linkedin_no_longer_has_stops_the_channel(network: Network) -> None:
    _, error = send(LINKEDIN, network, post(LINKEDIN, 1), version="202001")
    assert "set `version`" in str(error)


@pytest.mark.parametrize(
    ("code", "outcome", "says"),
    [
        (4, "retry", "too often"), (32, "retry", "too often"), (80001, "retry", "too often"),
        (200, "retry", "pages_manage_posts"), (10, "retry", "pages_manage_posts"), (2, "retry", "out of order"),
        (100, "rejected", ""), (506, "rejected", ""), (1, "uncertain", ""),
    ],
)  # fmt: skip
def test_numbers_of_the_graph_api_are_fates(code: int, outcome: str, says: str, network: Network) -> None:
    network.answers["word"] = (400, {}, {"error": {"message": "asked too often", "code": code}})
    receipts, error = send(FACEBOOK, network, post(FACEBOOK, 1, "word"))
    assert receipts[1].outcome == outcome
    assert says in str(error or "")
    assert (error is None) == (outcome != "retry")


def test_facebook_says_in_minutes_how_long_to_wait(network: Network) -> None:
    usage = json.dumps({"77": [{"type": "pages", "estimated_time_to_regain_access": 7}]})
    network.answers["word"] = (
        400,
        {"x-business-use-case-usage": usage},
        {"error": {"message": "limit", "code": 80001}},
    )
    _, error = send(FACEBOOK, network, post(FACEBOOK, 1, "word"))
    assert error is not None
    assert error.retry_after == 420.0


@pytest.mark.parametrize("plugin", [LINKEDIN, FACEBOOK], ids=lambda plugin: plugin.name)
def test_what_is_too_long_or_a_thread_is_refused(plugin: ChannelPlugin, network: Network) -> None:
    receipts, _ = send(plugin, network, post(plugin, 1, "x" * 70_000), post(plugin, 2))
    assert [receipts[number].outcome for number in (1, 2)] == ["rejected", "accepted"]
    with pytest.raises(ContentError, match="no threads"):
        plugin.prepare("One\n---\nTwo", "txt", {})


class _Desk:
    def __init__(self, plugin: ChannelPlugin, network: Network) -> None:
        self._plugin, self._network = plugin, network
        self.settings: Mapping[str, object] = at(plugin, network)

    def taken(self) -> Sequence[str]:
        return [str(each.get("commentary") or each.get("message")) for each in self._network.posts]

    def will_answer(self, answer: Answer, message: Message) -> None:
        of_linkedin = self._plugin is LINKEDIN
        no = {"message": "Content is a duplicate"} if of_linkedin else {"error": {"message": "Duplicate", "code": 506}}
        later = {"message": "Throttled"} if of_linkedin else {"error": {"message": "limit", "code": 32}}
        self._network.answers[message.parts["1"]] = (
            "silence" if answer == "silence"
            else (422 if of_linkedin else 400, {}, no) if answer == "no"
            else (429 if of_linkedin else 400, {}, later)
        )  # fmt: skip


class TestLinkedIn(ChannelContract):
    plugin = LINKEDIN
    answers = frozenset({"no", "later", "silence"})
    nowhere: Mapping[str, object] | None = {"url": "http://127.0.0.1:9"}  # type: ignore[misc]  # a ClassVar there
    patience: Mapping[str, object] = {"timeout": 1.0}  # type: ignore[misc]  # a ClassVar there

    @pytest.fixture
    def provider(self, network: Network) -> Provider:
        return _Desk(self.plugin, network)


class TestFacebook(TestLinkedIn):
    plugin = FACEBOOK
