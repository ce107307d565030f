"""Lob on the loopback interface: takes what its own description allows, and does what its prose says.

The description lies beside the checkout; without it everything that is JSON is taken.
"""

import json
import os
import time
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

DESCRIPTION = Path(__file__).parents[2] / "shared" / "specs" / "lob.yml"

PREFIXES = {"/letters": "ltr", "/postcards": "psc", "/self_mailers": "sfm"}


def described() -> dict[str, Any]:
    """Lob's description of what can be ordered. On CI it may not be missing."""
    if not DESCRIPTION.exists():
        if os.environ.get("CI"):
            pytest.fail("Lob's description is missing, and on CI nothing may be left out")
        pytest.skip("Lob's description does not lie beside the checkout")
    with DESCRIPTION.open(encoding="utf-8") as file:
        found = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (both are safe)
    found["paths"] = {path: {"post": found["paths"][path]["post"]} for path in PREFIXES}
    return dict(found)


class LobServer:
    """`orders` are what was made, by kind and key; `calls` counts requests. `answers` replace its own, by a text."""

    def __init__(self, description: dict[str, Any] | None = None) -> None:
        self.orders: dict[tuple[str, str], dict[str, Any]] = {}
        self.calls = 0
        self.answers: dict[str, str] = {}
        self.url = ""
        self._description = description
        self._openapi: Any = None

    @contextmanager
    def serving(self) -> Iterator["LobServer"]:
        app = Starlette(routes=[Route("/v1/{path}", self._order, methods=["POST"])])
        with serving(app) as self.url:
            self._describe()
            yield self

    def _describe(self) -> None:
        if self._description is None:
            return
        from openapi_core import Config, OpenAPI

        text = {**self._description, "servers": [{"url": f"{self.url}/v1"}]}
        self._openapi = OpenAPI.from_dict(text, config=Config(spec_validator_cls=None))

    async def _order(self, request: Request) -> Response:
        self.calls += 1
        path, body = f"/{request.path_params['path']}", await request.body()
        if not request.headers.get("authorization", "").startswith("Basic "):
            return _error(401, "Your API key is not valid.", "unauthorized")
        for text, answer in self.answers.items():
            if text in body.decode():
                refused = await self._answered(answer, path, request, body)
                if refused is not None:
                    return refused
        if wrong := self.refuses(path, request.headers, body):
            return _error(422, wrong, "invalid")
        return JSONResponse(self._made(path, request, body))

    def _made(self, path: str, request: Request, body: bytes) -> dict[str, Any]:
        """A key that is known gets what was made of it the first time."""
        known = self.orders.setdefault((path, request.headers["idempotency-key"]), json.loads(body))
        number = list(self.orders.values()).index(known)
        return {"id": f"{PREFIXES[path]}_{number:016d}", "object": path.strip("/"), "metadata": known.get("metadata")}

    async def _answered(self, answer: str, path: str, request: Request, body: bytes) -> Response | None:
        if answer == "no":
            return _error(422, "The address is not deliverable.", "failed_deliverability_strictness")
        if answer == "later":
            wait = {"x-rate-limit-reset": str(int(time.time()) + 5)}
            return _error(429, "Rate limit exceeded. Please wait 5 seconds and try again.", "rate_limit_exceeded", wait)
        if answer == "broken":
            return _error(500, "An error has occured on our servers.", "internal_server_error")
        if answer == "garbage":
            self._made(path, request, body)
            return Response(b"<html>fine</html>")
        # "silence": it is made, and nobody hears of it.
        self._made(path, request, body)
        await request.receive()
        return Response(status_code=504)

    def refuses(self, path: str, headers: Mapping[str, str], body: bytes) -> str:
        """What is wrong with an order by the description; empty where nothing is."""
        if self._openapi is None:
            return ""
        from openapi_core.testing import MockRequest

        asked = MockRequest(
            self.url, "POST", f"/v1{path}", headers=dict(headers), data=body, content_type="application/json"
        )
        errors: Sequence[Exception] = list(self._openapi.iter_request_errors(asked))
        return "; ".join(str(error.__cause__ or error)[:200] for error in errors)


def _error(status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> Response:
    said = {"error": {"message": message, "status_code": status, "code": code}}
    return JSONResponse(said, status, headers=dict(headers or {}))
