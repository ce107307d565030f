"""`/confirm/TOKEN`: where somebody says that it was them who filled in a form.

Only a press on the button confirms: programs that look at the links of a mail confirm nothing.
"""

import asyncio
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campflow.content.page_tokens import read_confirmation
from campflow.engine.opt_ins import OptIns
from campflow.engine.submissions import Intake
from campflow.people.wording import BadCell
from campflow.web.form_words import Words
from campflow.web.limits import FORM, body_of
from campflow.web.pages import page
from campflow.web.part import WebPart


def intake_of(part: WebPart) -> Intake:
    runtime = part.runtime
    addresses = {name: plugin.address for name, plugin in runtime.plugins.items()}
    return Intake(runtime.database, runtime.stationery, addresses)


def opt_ins_of(part: WebPart) -> OptIns:
    runtime = part.runtime
    return OptIns(runtime.database, runtime.stationery, runtime.plugins, intake_of(part))


class Confirming:
    def __init__(self, part: WebPart) -> None:
        self._part = part
        self._root = urlsplit(part.base_url).path

    async def __call__(self, request: Request) -> Response:
        runtime = self._part.runtime
        said = read_confirmation(runtime.stationery.keys, request.path_params["token"])
        if said is None:
            raise HTTPException(404)
        if request.method == "POST":
            await body_of(request, FORM)  # what it says does not matter, that it is small does
            return await asyncio.to_thread(self._confirm, said[0])
        return await asyncio.to_thread(self._ask, *said)

    def _ask(self, opt_in_id: int, until: int) -> Response:
        held = opt_ins_of(self._part).held(opt_in_id)
        say = Words(held.language if held else None)
        if held is None or (self._part.runtime.clock.now() >= until and not held.is_confirmed):
            return _expired(say)
        if held.is_confirmed:
            return page(say["thanks"], say["confirmed"], language=say.lang)
        # They see what they confirm: it was not necessarily they who typed it.
        said = {name.replace("_", " ").capitalize(): _shown(value) for name, value in held.said.items()}
        return page(say["confirm"], say["confirming"], button=say["yes"], language=say.lang, said=said)

    def _confirm(self, opt_in_id: int) -> Response:
        try:
            done = opt_ins_of(self._part).confirm(opt_in_id, self._part.runtime.clock.now())
        except BadCell as error:
            self._part.log.error("cannot be confirmed", id=opt_in_id, error=str(error))
            raise HTTPException(500) from error
        if done is None:
            return _expired(Words(None))
        say = Words(done.language)
        self._part.log.info("confirmed", page=done.page, what=done.what)
        pages = self._part.runtime.stationery.pages
        if pages is not None and done.page in pages.names:
            after = pages.page(done.page, (done.language,)).words.confirmed
            if after:
                return RedirectResponse(f"{self._root}/l/{after}", 303)
        return page(say["thanks"], say["confirmed"], language=say.lang)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _expired(say: Words) -> Response:
    return page(say["expired"], say["expired_more"], status=410, language=say.lang)
