"""`/hooks/NAME`: what providers tell us. Nothing is answered before what they told is committed."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from campflow.content.values import instant
from campflow.engine.clock import ManualClock
from campflow.engine.trouble import Trouble
from campflow.errors import PluginError, WebhookRefused
from campflow.hooks.contracts import ContactEvent, Reaction, Webhook, WebRequest
from campflow.web.limits import REPORT, body_of
from campflow.web.part import WebPart

#: Seconds after which a report comes again that was too early, or could not be recorded.
_AGAIN = "30"

#: Of what one call tells and is not recorded, so many have a line of the log; the others are counted.
_NAMED = 20


class Hooks:
    """Opens each webhook when it is first called; `close` closes them."""

    def __init__(self, part: WebPart) -> None:
        self._part = part
        self._trouble = Trouble(part.log)
        self._opened: dict[str, Webhook] = {}
        self._opening = asyncio.Lock()

    async def __call__(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._part.webhooks:
            raise HTTPException(404)
        body = await body_of(request, REPORT)
        try:
            webhook = await self._open(name)
            answer = await webhook.hear(_told(request, body, self._part))
            heard = await asyncio.to_thread(self._record, name, answer.reactions)
        except WebhookRefused as error:
            self._trouble.say(f"webhook {name}", f"refused: {error}")
            return PlainTextResponse(HTTPStatus(error.status).phrase, error.status)
        # A plugin is not ours, and the database may be away: the provider keeps what it told, and tells it again.
        except Exception as error:
            self._trouble.say(f"webhook {name}", error)
            status = 503 if isinstance(error, PluginError) else 500
            return PlainTextResponse(HTTPStatus(status).phrase, status, {"retry-after": _AGAIN})
        if heard:
            return PlainTextResponse("too early", 503, {"retry-after": _AGAIN})
        self._trouble.over(f"webhook {name}")
        return Response(answer.text, answer.status, dict(answer.headers), answer.media_type)

    def _record(self, name: str, told: Sequence[Reaction | ContactEvent]) -> bool:
        """Whether some of it is to be told again."""
        runtime = self._part.runtime
        heard = runtime.inbox.record(name, told, runtime.clock.now())
        if heard.added:
            self._part.log.info("heard", webhook=name, added=heard.added, known=heard.known)
        for each in heard.refused[:_NAMED]:
            self._part.log.warning("not recorded", webhook=name, event_name=each.name, id=each.id, reason=each.reason)
        if len(heard.refused) > _NAMED:
            self._part.log.warning("not recorded either", webhook=name, count=len(heard.refused) - _NAMED)
        return bool(heard.early)

    async def _open(self, name: str) -> Webhook:
        async with self._opening:
            if name not in self._opened:
                webhook = self._part.webhooks[name]
                await webhook.open()
                self._opened[name] = webhook
        return self._opened[name]

    async def close(self) -> None:
        while self._opened:
            await self._opened.popitem()[1].close()


def _told(request: Request, body: bytes, part: WebPart) -> WebRequest:
    base_url, clock = part.base_url, part.runtime.clock
    names = dict.fromkeys(request.headers.keys())
    query = request.url.query
    path = request.scope.get("raw_path", request.url.path.encode()).decode("ascii", "replace").partition("?")[0]
    return WebRequest(
        method=request.method,
        url=f"{base_url or str(request.base_url).rstrip('/')}{path}{'?' if query else ''}{query}",
        headers={name.lower(): ", ".join(request.headers.getlist(name)) for name in names},
        body=body,
        at=dt.datetime.now(dt.UTC),
        clock=instant(clock.now()) if isinstance(clock, ManualClock) else None,
    )
