"""`/metrics`: the figures as Prometheus reads them, for who knows the token."""

import asyncio
import hmac
from collections.abc import Iterator, Sequence
from itertools import groupby

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from campflow.engine.figures import Meter
from campflow.hooks.contracts import Measurement
from campflow.measuring.measures import MEASURES
from campflow.web.part import WebPart

#: Seconds for which figures are said again: whoever scrapes twice as often learns nothing new.
_EVERY = 10.0


class Metrics:
    def __init__(self, part: WebPart) -> None:
        self._token = part.metrics_token
        runtime = part.runtime
        self._meter = Meter(lambda: runtime.database, lambda: runtime.clock.now(), _EVERY)
        self._counting = asyncio.Lock()

    async def __call__(self, request: Request) -> Response:
        if self._token is None:
            raise HTTPException(404)
        shown = request.headers.get("authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(shown, f"Bearer {self._token}".encode()):
            raise HTTPException(401, headers={"www-authenticate": "Bearer"})
        async with self._counting:  # two who ask at one time are told the same
            measured = await asyncio.to_thread(self._meter.read)
        return PlainTextResponse(exposition(measured), media_type="text/plain; version=0.0.4")


def exposition(measured: Sequence[Measurement]) -> str:
    """The text format of Prometheus, version 0.0.4."""
    return "".join(f"{line}\n" for line in _lines(measured))


def _lines(measured: Sequence[Measurement]) -> Iterator[str]:
    for name, figures in groupby(sorted(measured, key=lambda each: each.name), key=lambda each: each.name):
        known = MEASURES[name]
        shown = f"campflow_{name}{'_total' if known.kind == 'total' else ''}"
        yield f"# HELP {shown} {known.help} Unit: {known.unit}."
        yield f"# TYPE {shown} {'counter' if known.kind == 'total' else 'gauge'}"
        for each in figures:
            labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in each.labels.items())
            yield f"{shown}{{{labels}}} {each.value!r}" if labels else f"{shown} {each.value!r}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
