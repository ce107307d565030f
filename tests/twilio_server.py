"""Twilio on the loopback interface: takes what its own description allows, and does what its prose says.

The description lies beside the checkout; without it every form is taken.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.served_app import serving

DESCRIPTION = Path(__file__).parents[2] / "shared" / "specs" / "twilio_api_v2010.json"
_PATH = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


def described() -> dict[str, Any]:
    """Twilio's description of how a message is made. On CI it may not be missing."""
    if not DESCRIPTION.exists():
        if os.environ.get("CI"):
            pytest.fail("Twilio's description is missing, and on CI nothing may be left out")
        pytest.skip("Twilio's description does not lie beside the checkout")
    found = json.loads(DESCRIPTION.read_text("utf-8"))
    messages = {"post": found["paths"][_PATH]["post"]}
    return {**found, "paths": {_PATH: messages}}


class TwilioServer:
    """`messages` are the forms that were taken, `calls` counts requests; `answers` replace its own, by a text."""

    def __init__(self, description: dict[str, Any] | None = None) -> None:
        self.messages: list[dict[str, str]] = []
        self.calls = 0
        self.answers: dict[str, str] = {}
        self.url = ""
        self._description = description
        self._openapi: Any = None

    @contextmanager
    def serving(self) -> Iterator["TwilioServer"]:
        app = Starlette(routes=[Route("/2010-04-01/Accounts/{account}/Messages.json", self._message, methods=["POST"])])
        with serving(app) as self.url:
            if self._description is not None:
                from openapi_core import Config, OpenAPI

                text = {**self._description, "servers": [{"url": self.url}]}
                self._openapi = OpenAPI.from_dict(text, config=Config(spec_validator_cls=None))
            yield self

    def refuses(self, path: str, body: bytes, content_type: str = "application/x-www-form-urlencoded") -> str:
        """What is wrong with a request: by the description, and by what stands only in its prose."""
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        prose = [] if form.get("Body") or form.get("MediaUrl") else ["a message needs a Body"]
        if not form.get("From") and not form.get("MessagingServiceSid"):
            prose.append("a From or MessagingServiceSid is needed")
        if not form.get("To", "").startswith("+"):
            prose.append("To is no number")
        if len(form.get("Body", "")) > 1_600:
            prose.append("the Body is longer than 1600 characters")
        if self._openapi is None:
            return "; ".join(prose)
        from openapi_core.testing import MockRequest

        known = {"authorization": "Basic eDo="}
        asked = MockRequest(self.url, "POST", path, headers=known, data=body, content_type=content_type)
        errors: Sequence[Exception] = list(self._openapi.iter_request_errors(asked))
        return "; ".join([*prose, *(str(error.__cause__ or error)[:200] for error in errors)])

    async def _message(self, request: Request) -> Response:
        self.calls += 1
        body = await request.body()
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if not request.headers.get("authorization", "").startswith("Basic "):
            return _error(401, 20003, "Authenticate")
        for text, answer in self.answers.items():
            if text in " ".join(form.values()):
                return await self._answered(answer, form, request)
        if wrong := self.refuses(request.url.path, body, request.headers.get("content-type", "")):
            return _error(400, 21602, wrong)
        return JSONResponse(self._made(form), 201)

    def _made(self, form: dict[str, str]) -> dict[str, Any]:
        self.messages.append(form)
        return {
            "sid": f"SM{len(self.messages):032x}",
            "status": "queued",
            "body": form.get("Body"),
            "num_segments": "0",
        }

    async def _answered(self, answer: str, form: dict[str, str], request: Request) -> Response:
        if answer.isdigit():
            return _error(400, int(answer), "The message cannot be sent.")
        if answer == "later":
            return _error(429, 20429, "Too Many Requests", {"retry-after": "7"})
        if answer == "broken":
            return _error(500, 20500, "An internal server error has occurred")
        self._made(form)
        if answer == "garbage":
            return Response(b"<html>fine</html>", 201)
        # "silence": it is made, and nobody hears of it.
        await request.receive()
        return Response(status_code=504)


def _error(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    said = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return JSONResponse(said, status, headers=dict(headers or {}))
