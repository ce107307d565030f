"""A visitor of pages: asks an ASGI application, without a server between the two."""

import asyncio
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from campflow.hooks.additions import AsgiApp


@dataclass(frozen=True, slots=True)
class Seen:
    """What a visitor is answered. `status_code` 500: the application raised, or said nothing."""

    status_code: int
    text: str
    headers: Mapping[str, str]


class Visitor:
    """`app` is served below `root`, as a web server would say it: https://asgi.readthedocs.io/en/latest/specs/www.html"""

    def __init__(self, app: AsgiApp, root: str) -> None:
        self._app, self._root = app, root

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Seen:
        return self.request("GET", path, headers)

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Seen:
        """`path` below the root, with its query, as it stands in a URL."""
        way, _, query = path.partition("?")
        raw = f"{self._root}{way}".encode()
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": method,
            "scheme": "https", "path": self._root + unquote(way), "raw_path": raw, "root_path": self._root,
            "query_string": query.encode("latin-1", "ignore"), "server": ("acme.example", 443),
            "client": ("127.0.0.1", 50_000),
            "headers": [(name.encode(), value.encode("latin-1", "ignore")) for name, value in
                        {"host": "acme.example", **(headers or {})}.items()],
        }  # fmt: skip
        return asyncio.run(_asked(self._app, scope))


async def _asked(app: AsgiApp, scope: MutableMapping[str, Any]) -> Seen:
    told: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message)

    try:
        await app(scope, receive, send)
    # What a server would answer.
    except Exception as error:
        return Seen(500, f"{type(error).__name__}: {error}", {})
    start = next((each for each in told if each["type"] == "http.response.start"), None)
    if start is None:
        return Seen(500, "nothing was answered", {})
    body = b"".join(each.get("body", b"") for each in told if each["type"] == "http.response.body")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start.get("headers", ())}
    return Seen(start["status"], body.decode("utf-8", "replace"), headers)
