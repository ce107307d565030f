"""`/u/TOKEN`: where people take themselves off a list, by one click of their mail program or by a page with a button.

RFC 8058: a POST acts at once, without cookies, without asking, without sending elsewhere. GET and HEAD never change
anything: programs that look at links for a living unsubscribe nobody.
"""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from campflow.content.unsubscribe import verify
from campflow.web.languages import asked_for
from campflow.web.limits import FORM, body_of
from campflow.web.page_words import UNSUBSCRIBING
from campflow.web.pages import page
from campflow.web.part import WebPart


class Unsubscribing:
    def __init__(self, part: WebPart) -> None:
        self._part = part

    async def __call__(self, request: Request) -> Response:
        runtime = self._part.runtime
        said = verify(runtime.stationery.keys, request.path_params["token"])
        if said is None:
            raise HTTPException(404)
        language = asked_for(request.headers)
        words, name = UNSUBSCRIBING[language], runtime.stationery.sender.name
        if request.method != "POST":
            text = words["from"].format(name=name) if name else words["text"]
            return page(words["title"], text, button=words["button"], language=language)
        await body_of(request, FORM)  # what it says does not matter, that it is small does
        now = runtime.clock.now()
        await asyncio.to_thread(runtime.inbox.unsubscribe, said, now)
        self._part.log.info("unsubscribed", channel=said.channel)
        return page(words["done"], words["text"], language=language)
