"""`/c/TOKEN` and `/o/TOKEN`: the links and the pixel of a message. A visitor is led on, whatever becomes of counting.

What is asked is written down before it is answered. Where the database is away, or takes too long, the visitor goes on
all the same, and the log says what was lost: nobody sees an error because of tracking.
"""

import asyncio
from base64 import b64decode
from typing import Literal

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from campflow.content.clicks import HONEYPOT, read_click, read_opening
from campflow.content.targets import BadTarget, read_target
from campflow.engine import hits
from campflow.engine.hits import Hit
from campflow.engine.trouble import Trouble
from campflow.tracking import judging
from campflow.web.languages import asked_for
from campflow.web.limits import caller
from campflow.web.page_words import FOR_NOBODY
from campflow.web.pages import page
from campflow.web.part import WebPart

#: A GIF of one transparent point.
_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

#: Seconds that a visitor waits for our writing; and between two looks at what was written.
_PATIENCE, _LOOK = 3.0, 1.0


class Tracking:
    def __init__(self, part: WebPart) -> None:
        self._part = part
        self._trouble = Trouble(part.log)

    async def click(self, request: Request) -> Response:
        click = read_click(self._part.runtime.stationery.keys, request.path_params["token"])
        if click is None:
            raise HTTPException(404)
        try:
            # Signed by us, and still looked at: a mistake in signing must not lead anybody astray.
            target = read_target(click.url) if click.number != HONEYPOT else None
        except BadTarget as error:
            raise HTTPException(404) from error
        await self._write(request, "click", click.contact_id, click.message_id, click.number, click.of, click.url)
        if target is None:
            language = asked_for(request.headers)
            return page(*FOR_NOBODY[language], language=language)
        if target.host is None:
            raise HTTPException(404)
        return Response(status_code=302, headers={"location": target.url})

    async def open(self, request: Request) -> Response:
        opening = read_opening(self._part.runtime.stationery.keys, request.path_params["token"])
        if opening is None:
            raise HTTPException(404)
        await self._write(request, "open", opening.contact_id, opening.message_id, 0, opening.of, "")
        headers = {"cache-control": "no-store, no-cache, must-revalidate, max-age=0", "expires": "0"}
        return Response(_PIXEL, media_type="image/gif", headers=headers)

    async def _write(
        self,
        request: Request,
        kind: Literal["open", "click"],
        contact_id: int,
        message_id: int,
        link: int,
        links: int,
        url: str,
    ) -> None:
        keys = self._part.runtime.stationery.keys
        asked = judging.Request(request.method, {name.lower(): value for name, value in request.headers.items()})
        address = caller(request.client.host if request.client else "")
        hit = Hit(
            contact_id, message_id, kind, link, links, url, hits.caller_of(keys, address), judging.sign_of(asked, kind)
        )
        try:
            await asyncio.wait_for(asyncio.to_thread(self._write_down, hit), _PATIENCE)
        # Whatever goes wrong with counting, the visitor goes on.
        except Exception as error:
            # Without the statement, which holds what was asked for.
            cause = getattr(error, "orig", None) or error
            reason = "it took too long" if isinstance(error, TimeoutError) else f"{type(cause).__name__}: {cause}"
            self._part.log.error(
                "not counted", what=kind, contact_id=contact_id, message_id=message_id, link=link, error=reason
            )

    def _write_down(self, hit: Hit) -> None:
        runtime = self._part.runtime
        hits.write_hit(runtime.database, hit, runtime.clock.now())

    async def judge(self) -> None:
        """Judge what was written down, again and again, until this is cancelled."""
        while True:
            try:
                await asyncio.to_thread(self._judge)
                self._trouble.over("tracking")
            except Exception as error:
                self._trouble.say("tracking", error)
            await asyncio.sleep(_LOOK)

    def _judge(self) -> None:
        runtime = self._part.runtime
        judged = hits.judge_hits(runtime.inbox, runtime.clock.now())
        if judged.people or judged.machines:
            self._part.log.info("fetched", people=judged.people, machines=judged.machines)
