"""Mastodon on the loopback interface: takes what its own description allows, and does what its prose says.

The description lies beside the checkout; without it everything that can be read is taken.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.served_app import serving

DESCRIPTION = Path(__file__).parents[2] / "shared" / "specs" / "mastodon.json"

POSTS, MEDIA = "/api/v1/statuses", "/api/v2/media"


def described() -> dict[str, Any]:
    """What Mastodon's description says of posting. On CI it may not be missing."""
    if not DESCRIPTION.exists():
        if os.environ.get("CI"):
            pytest.fail("Mastodon's description is missing, and on CI nothing may be left out")
        pytest.skip("Mastodon's description does not lie beside the checkout")
    found: dict[str, Any] = json.loads(DESCRIPTION.read_text("utf-8"))
    found["paths"] = {path: {"post": found["paths"][path]["post"]} for path in (POSTS, MEDIA)}
    for path in (POSTS, MEDIA):  # a flow of OAuth that ends in a token: the token is looked at by ourselves
        found["paths"][path]["post"].pop("security", None)
    found.pop("security", None)
    form = found["paths"][MEDIA]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    form["properties"]["file"] = {}  # bytes, which openapi-core takes for no `string` of the format `binary`
    schema = found["paths"][POSTS]["post"]["requestBody"]["content"]["application/json"]["schema"]
    # A post with words and pictures is both a TextStatus and a MediaStatus; the description wants it to be only one.
    schema["anyOf"] = schema.pop("oneOf")
    return found


class MastodonServer:
    """`posts` are what was made, by key. `answers` replace its own, by a text of the request."""

    def __init__(self, description: dict[str, Any] | None = None) -> None:
        self.posts: dict[str, dict[str, Any]] = {}
        self.media: dict[str, tuple[bytes, str]] = {}
        self.looks: dict[str, int] = {}
        self.slow = 0
        self.calls: list[str] = []
        self.answers: dict[str, str] = {}
        self.received: dict[str, dict[str, int]] = {}
        self.garbled: set[str] = set()
        self.url = ""
        self._description = description
        self._openapi: Any = None

    @contextmanager
    def serving(self) -> Iterator["MastodonServer"]:
        routes = [
            Route(POSTS, self._post, methods=["POST"]), Route(MEDIA, self._upload, methods=["POST"]),
            Route("/api/v1/media/{id}", self._look, methods=["GET"]),
            Route("/api/v1/statuses/{id}", self._status, methods=["GET"]),
        ]  # fmt: skip
        with serving(Starlette(routes=routes)) as self.url:
            if self._description is not None:
                from openapi_core import Config, OpenAPI

                text = {**self._description, "servers": [{"url": self.url}]}
                self._openapi = OpenAPI.from_dict(text, config=Config(spec_validator_cls=None))
            yield self

    async def _post(self, request: Request) -> Response:
        body = await request.body()
        self.calls.append(f"POST {POSTS}")
        if request.headers.get("authorization") != "Bearer right":
            return JSONResponse({"error": "The access token is invalid"}, 401)
        for text, answer in self.answers.items():
            if text in json.loads(body).get("status", ""):
                refused = await self._answered(answer, request, body)
                if refused is not None:
                    return refused
        if wrong := self.refuses(POSTS, request.headers, body):
            return JSONResponse({"error": wrong}, 422)
        return JSONResponse(self._made(request, body))

    def _made(self, request: Request, body: bytes) -> dict[str, Any]:
        """A key that is known gets what was made of it the first time."""
        key = request.headers["idempotency-key"]
        known = self.posts.setdefault(key, {**json.loads(body), "id": str(1000 + len(self.posts))})
        return {"id": known["id"], "url": f"https://social.example/@tea/{known['id']}"}

    async def _answered(self, answer: str, request: Request, body: bytes) -> Response | None:
        if answer == "no":
            return JSONResponse({"error": "Validation failed: Text character limit exceeded"}, 422)
        if answer == "later":
            ends = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() + 5))
            return JSONResponse({"error": "Too many requests"}, 429, headers={"x-ratelimit-reset": ends})
        if answer == "broken":
            return JSONResponse({"error": "Service Unavailable"}, 503)
        self._made(request, body)
        if answer == "garbage":
            return Response(b"<html>fine</html>")
        await request.receive()  # "silence": it is made, and nobody hears of it
        return Response(status_code=504)

    async def _upload(self, request: Request) -> Response:
        self.calls.append(f"POST {MEDIA}")
        body = await request.body()
        if wrong := self.refuses(MEDIA, request.headers, body):
            return JSONResponse({"error": wrong}, 422)
        form = BytesParser(policy=HTTP).parsebytes(
            f"content-type: {request.headers['content-type']}\n\n".encode() + body
        )
        fields = {str(part.get_param("name", header="content-disposition")): part for part in form.walk()}
        found = str(500 + len(self.media))
        file, alt = (fields[name].get_payload(decode=True) for name in ("file", "description"))
        assert isinstance(file, bytes)
        assert isinstance(alt, bytes)
        self.media[found] = (file, alt.decode())
        self.looks[found] = self.slow
        return JSONResponse({"id": found, "type": "image"}, 202 if self.slow else 200)

    async def _look(self, request: Request) -> Response:
        found = request.path_params["id"]
        self.calls.append("GET media")
        self.looks[found] -= 1
        return JSONResponse({"id": found}, 206 if self.looks[found] > 0 else 200)

    async def _status(self, request: Request) -> Response:
        """What Mastodon's description calls a Status, by what is read of it."""
        found = request.path_params["id"]
        self.calls.append(f"GET {POSTS}/{found}")
        if self.answers.get("statuses") == "broken":
            return JSONResponse({"error": "Service Unavailable"}, 503)
        if self.answers.get("statuses") == "later" and found not in self.received:
            return JSONResponse({"error": "Too many requests"}, 429, headers={"retry-after": "120"})
        if found not in self.received:
            return JSONResponse({"error": "Record not found"}, 404)
        if found in self.garbled:
            return Response("<html>a proxy's words</html>")
        return JSONResponse({"id": found, **self.received[found]})

    def refuses(self, path: str, headers: Mapping[str, str], body: bytes) -> str:
        """What is wrong with a request by the description, and by what it says in words; empty where nothing is."""
        if self._openapi is None:
            return ""
        from openapi_core.testing import MockRequest

        asked = MockRequest(
            self.url, "POST", path, headers=dict(headers), data=body,
            content_type=headers.get("content-type", "application/json"),
        )  # fmt: skip
        return "; ".join(str(error.__cause__ or error)[:200] for error in self._openapi.iter_request_errors(asked))
