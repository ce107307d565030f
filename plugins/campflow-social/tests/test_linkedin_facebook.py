"""LinkedIn and Facebook against servers that do what their documentation says: no description of them is at hand."""

import asyncio
import datetime as dt
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any, ClassVar, cast
from urllib.parse import parse_qsl, unquote

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.delivering import delivered

from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import (
    ChannelContext,
    ChannelPlugin,
    CountingChannel,
    Engagement,
    Message,
    Posted,
    Receipt,
    Sender,
)
from campflow.testing import Answer, ChannelContract, Provider
from campflow_social import FACEBOOK, LINKEDIN

AT = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
AUTHOR = "urn:li:organization:1234"


@dataclass
class Network:
    """`posts` are what was made; `answers` are (status, headers, body) by a text of the post, "silence" for none.

    `received` is what it knows of a post; None of one about which nothing can be read. `refuses` is its answer to
    whoever asks, in place of that.
    """

    posts: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[tuple[bytes, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    answers: dict[str, tuple[int, dict[str, str], object] | str] = field(default_factory=dict)
    received: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    refuses: tuple[int, dict[str, str], object] | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def serving(self) -> Iterator["Network"]:
        routes = [
            Route("/rest/posts", self._linkedin, methods=["POST"]),
            Route("/rest/images", self._place, methods=["POST"]),
            Route("/upload/{id}", self._put, methods=["PUT"]),
            Route("/rest/socialMetadata", self._metadata, methods=["GET"]),
            Route("/v23.0/{id}", self._object, methods=["GET"]),
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

    async def _metadata(self, request: Request) -> Response:
        """As many as one likes, by their encoded names; of one that is not there it says so beside the others."""
        query = request.url.query
        self.asked.append(query)
        if request.headers.get("authorization") != "Bearer right":
            return JSONResponse({"status": 401, "message": "The token has expired"}, 401)
        if request.headers.get("x-restli-protocol-version") != "2.0.0" or not query.startswith("ids=List("):
            return JSONResponse({"status": 400, "message": "Syntax exception in query parameters"}, 400)
        if self.refuses is not None:
            status, headers, body = self.refuses
            return JSONResponse(body, status, headers=headers)
        asked = query.removeprefix("ids=List(").removesuffix(")").split(",")
        if any(":" in each for each in asked):
            return JSONResponse({"status": 400, "message": "Invalid query parameters: not encoded"}, 400)
        urns = [unquote(each) for each in asked]
        found = {urn: {"entity": urn, **told} for urn in urns if (told := self.received.get(urn)) is not None}
        gone = {urn: {"status": 404, "message": "Could not find entity"} for urn in urns if urn not in self.received}
        return JSONResponse({"results": found, "statuses": dict.fromkeys(found, 200), "errors": gone})

    # --- Facebook: the Graph API ---

    async def _object(self, request: Request) -> Response:
        self.asked.append(request.path_params["id"])
        if refused := await self._facebook_refuses(request, dict(request.query_params)):
            return refused
        if self.refuses is not None:
            status, headers, body = self.refuses
            return JSONResponse(body, status, headers=headers)
        found = request.path_params["id"]
        if found not in self.received:
            said = f"Unsupported get request. Object with ID '{found}' does not exist"
            return JSONResponse({"error": {"message": said, "code": 100, "error_subcode": 33}}, 400)
        known = self.received[found]
        if known is None:
            return Response("<html>a proxy's words</html>")
        # Nothing is told that was not asked for, and no sum without `summary`.
        fields = {name: more for name, more in _fields(request.query_params["fields"]) if name in known}
        told = {
            name: known[name] for name, more in fields.items() if name == "shares" or ".summary(total_count)" in more
        }
        return JSONResponse({"id": found, **told})

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


def _fields(written: str) -> list[tuple[str, str]]:
    """Names of fields, and what is written behind each."""
    return [(found[1], found[2]) for found in re.finditer(r"(\w+)((?:\.\w+\([^)]*\))*)(?:,|$)", written)]


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
    model = plugin.settings.model_validate({**at(plugin, network), **more})
    return delivered(plugin.make(model, ChannelContext(str(folder or "."), Sender())), messages)


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


# --- how posts are received -------------------------------------------------------------------------------------


def count(plugin: ChannelPlugin, network: Network, *ids: str, **more: object) -> list[Engagement]:
    async def work() -> list[Engagement]:
        model = plugin.settings.model_validate({**at(plugin, network), **more})
        channel = plugin.make(model, ChannelContext(".", Sender()))
        await channel.open()
        posts = [Posted(number, each, AT) for number, each in enumerate(ids, 1)]
        try:
            return [each async for each in cast(CountingChannel, channel).count(posts)]
        finally:
            await channel.close()

    return asyncio.run(work())


def reactions(comments: int, **kinds: int) -> dict[str, Any]:
    """What LinkedIn calls the social metadata of a post."""
    summaries = {kind: {"reactionType": kind, "count": number} for kind, number in kinds.items()}
    return {"reactionSummaries": summaries, "commentSummary": {"count": comments, "topLevelCount": 1}}


def sums(likes: int, comments: int, shares: int | None = None) -> dict[str, Any]:
    """The fields of a post in the Graph API."""
    totals = {"reactions": likes, "comments": comments}
    told: dict[str, Any] = {name: {"data": [], "summary": {"total_count": total}} for name, total in totals.items()}
    return told if shares is None else {**told, "shares": {"count": shares}}


def test_reactions_and_comments_on_linkedin_are_counted_in_one_call(network: Network) -> None:
    one, two, gone = (f"urn:li:{kind}" for kind in ("share:1", "ugcPost:2", "share:3"))
    network.received = {one: reactions(4, LIKE=2, PRAISE=1), two: reactions(0)}
    assert count(LINKEDIN, network, one, gone, two) == [Engagement(1, 3, None, 4), Engagement(3, 0, None, 0)]
    assert len(network.asked) == 1


def test_an_id_on_linkedin_is_part_of_the_list_and_nothing_else(network: Network) -> None:
    network.received = {"urn:li:share:1": reactions(0, LIKE=1)}
    assert count(LINKEDIN, network, "urn:li:share:9),x=List(urn:li:share:1", "urn:li:share:1") == [
        Engagement(2, 1, None, 0)
    ]
    assert count(LINKEDIN, network, "no urn") == []
    assert len(network.asked) == 1, "and of nothing nothing is asked"


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ({"reactionSummaries": None, "commentSummary": {"count": 2}}, Engagement(1, None, None, 2)),
        ({"reactionSummaries": {"LIKE": {"count": "3"}}}, Engagement(1)),
        ({"reactionSummaries": {"LIKE": {"count": -3}}, "commentSummary": []}, Engagement(1)),
    ],
)
def test_what_linkedin_says_otherwise_is_not_counted(
    told: dict[str, Any], counted: Engagement, network: Network
) -> None:
    network.received = {"urn:li:share:1": told}
    assert count(LINKEDIN, network, "urn:li:share:1") == [counted]


def test_reactions_comments_and_shares_of_a_page_are_counted(network: Network) -> None:
    network.received = {"77_1": sums(3, 2, 1), "77_3": sums(0, 0), "77_4": None, "77_5": {"reactions": [], "shares": 4}}
    counted = [Engagement(1, 3, 1, 2), Engagement(3, 0, 0, 0), Engagement(5)]
    assert count(FACEBOOK, network, "77_1", "77_2", "77_3", "77_4", "77_5", "77/../me") == counted
    assert network.asked == ["77_1", "77_2", "77_3", "77_4", "77_5"], "an id is a part of the path and nothing else"


def test_counting_proves_whose_app_it_is(network: Network) -> None:
    network.received = {"77_1": sums(3, 2, 1)}
    assert count(FACEBOOK, network, "77_1", app_secret=None) == []


@pytest.mark.parametrize(
    ("plugin", "answer", "says", "wait"),
    [
        (LINKEDIN, (429, {"retry-after": "300"}, {"message": "Resource level throttle limit"}), "throttle", 300.0),
        (LINKEDIN, (403, {}, {"message": "Not enough permissions"}), "r_organization_social", None),
        (LINKEDIN, (422, {}, {"message": "Too many ids"}), "does not say how", None),
        (LINKEDIN, (503, {}, {"message": "Unavailable"}), "Unavailable", None),
        (FACEBOOK, (400, {"retry-after": "300"}, {"error": {"message": "limit", "code": 32}}), "limit", 300.0),
        (FACEBOOK, (403, {}, {"error": {"message": "no", "code": 10}}), "pages_read_engagement", None),
        (FACEBOOK, (500, {}, {"error": {"message": "odd", "code": 1}}), "odd", None),
        (FACEBOOK, (503, {}, {}), "503", None),
    ],
)
def test_whoever_cannot_be_asked_now_says_so(
    plugin: ChannelPlugin, answer: tuple[int, dict[str, str], object], says: str, wait: float | None, network: Network
) -> None:
    network.refuses = answer
    with pytest.raises(ChannelError, match=says) as caught:
        count(plugin, network, "urn:li:share:1" if plugin is LINKEDIN else "77_1")
    assert caught.value.retry_after == wait


@pytest.mark.parametrize("plugin", [LINKEDIN, FACEBOOK], ids=lambda plugin: plugin.name)
def test_who_may_not_read_need_not_ask(plugin: ChannelPlugin, network: Network) -> None:
    assert plugin.fitted is not None
    model = plugin.settings.model_validate({**at(plugin, network), "count": False})
    assert plugin.counts
    assert not plugin.fitted(plugin, model).counts


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
    nowhere: ClassVar[Mapping[str, object] | None] = {"url": "http://127.0.0.1:9"}
    patience: ClassVar[Mapping[str, object]] = {"timeout": 2}

    @pytest.fixture
    def provider(self, network: Network) -> Provider:
        return _Desk(self.plugin, network)


class TestFacebook(TestLinkedIn):
    plugin = FACEBOOK
