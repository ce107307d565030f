"""`/health`: whether this process lives, and whether it can do its work. Said in a word; figures are elsewhere."""

import asyncio

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from campflow.engine.trouble import reason
from campflow.web.part import WebPart


async def live(request: Request) -> Response:
    """The process answers: who asks need not start it anew."""
    return PlainTextResponse("live")


class Ready:
    """The database answers, so requests may be sent here.

    That people are moved in time is not asked: to send visitors away would not move anybody. `campflow doctor` and the
    figure `lag_seconds` tell of that.
    """

    def __init__(self, part: WebPart) -> None:
        self._part = part

    async def __call__(self, request: Request) -> Response:
        try:
            await asyncio.wait_for(asyncio.to_thread(self._ask), 5)
        except Exception as error:
            self._part.log.warning("not ready", error=reason(error))
            return PlainTextResponse("not ready", 503)
        return PlainTextResponse("ready")

    def _ask(self) -> None:
        with self._part.runtime.database.reader() as connection:
            connection.execute(text("SELECT 1"))
