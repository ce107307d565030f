"""Resend on the loopback interface: takes what its own description allows, and does what its prose says of keys.

The description lies beside the checkout; without it everything that is JSON is taken.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.served_app import serving

DESCRIPTION = Path(__file__).parents[2] / "shared" / "specs" / "resend.yaml"

PATHS = ("/emails", "/emails/batch")


def described() -> dict[str, Any]:
    """Resend's description of what can be sent and what its webhooks tell. On CI it may not be missing."""
    if not DESCRIPTION.exists():
        if os.environ.get("CI"):
            pytest.fail("Resend's description is missing, and on CI nothing may be left out")
        pytest.skip("Resend's description does not lie beside the checkout")
    with DESCRIPTION.open(encoding="utf-8") as file:
        found = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (both are safe)
    found["paths"] = {path: {"post": found["paths"][path]["post"]} for path in PATHS}
    return dict(found)


class ResendServer:
    """`mails` are what was taken; `calls` the paths that were asked for. `answers` replace its own, by a text."""

    def __init__(self, description: dict[str, Any] | None = None) -> None:
        self.mails: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.keys: dict[str, tuple[bytes, Any]] = {}
        self.answers: dict[str, str] = {}
        self.url = ""
        self._description = description
        self._openapi: Any = None

    @contextmanager
    def serving(self) -> Iterator["ResendServer"]:
        app = Starlette(
            routes=[
                Route("/emails", self._send, methods=["POST"]),
                Route("/emails/batch", self._send, methods=["POST"]),
            ]
        )
        with serving(app) as self.url:
            if self._description is not None:
                from openapi_core import Config, OpenAPI

                text = {**self._description, "servers": [{"url": self.url}]}
                self._openapi = OpenAPI.from_dict(text, config=Config(spec_validator_cls=None))
            yield self

    async def _send(self, request: Request) -> Response:
        path, body = request.url.path, await request.body()
        self.calls.append(path)
        if request.headers.get("authorization") != "Bearer re_test":
            return _error(401, "missing_api_key", "Missing API key in the authorization header.")
        if wrong := self.refuses(path, request.headers, body):
            return _error(422, "validation_error", wrong)
        key = request.headers["idempotency-key"]
        if key in self.keys:
            before, answer = self.keys[key]
            if before != body:
                return _error(409, "invalid_idempotent_request", "This key was used with another body.")
            return JSONResponse(answer)
        asked = json.loads(body)
        mails = asked if isinstance(asked, list) else [asked]
        told = [
            next((answer for text, answer in self.answers.items() if text in json.dumps(mail)), "") for mail in mails
        ]
        for answer in told:
            if answer == "later":
                return _error(429, "rate_limit_exceeded", "Too many requests.", {"retry-after": "7"})
            if answer == "spent":
                return _error(429, "daily_quota_exceeded", "You have reached your daily email quota.")
            if answer == "broken":
                return _error(500, "application_error", "An unexpected error occurred.")
            if answer == "at work" and self.calls.count(path) == 1:
                return _error(409, "concurrent_idempotent_requests", "The same request is in progress.")
        refused = [at for at, answer in enumerate(told) if answer == "no"]
        if refused and (not isinstance(asked, list) or "strict" in told):
            return _error(422, "validation_error", "Invalid `to` field.")
        ids = []
        for at, mail in enumerate(mails):
            if at not in refused:
                self.mails.append(mail)
                ids.append({"id": f"re_{len(self.mails):08d}"})
        made: Any = ids[0] if not isinstance(asked, list) else {
            "data": ids, "errors": [{"index": at, "message": "Invalid `to` field."} for at in refused]
        }  # fmt: skip
        self.keys[key] = body, made
        if "silence" in told:  # it is made, and nobody hears of it
            await request.receive()
            return Response(status_code=504)
        if "hiccup" in told:
            return Response(b"<html>fine</html>")
        return JSONResponse(made)

    def refuses(self, path: str, headers: Mapping[str, str], body: bytes) -> str:
        """What is wrong with a request by the description; empty where nothing is."""
        if self._openapi is None:
            return ""
        from openapi_core.testing import MockRequest

        asked = MockRequest(self.url, "POST", path, headers=dict(headers), data=body, content_type="application/json")
        errors: Sequence[Exception] = list(self._openapi.iter_request_errors(asked))
        return "; ".join(str(error.__cause__ or error)[:200] for error in errors)


def _error(status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"statusCode": status, "name": name, "message": message}, status, headers=dict(headers or {}))
