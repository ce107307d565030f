"""`/l/NAME` and `/l/NAME/TOKEN`: landing pages, and the forms on them.

Nothing is kept in cookies. Who comes by the link of a message is known by its token; a form carries a signed token of
its own, so that only what we showed can be sent, not too soon and not too late.
"""

import asyncio
import secrets
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from campflow.content.landing import Page, Pages
from campflow.content.page_tokens import Filling, Visitor, read_filling, read_visitor, sign_filling, sign_visitor
from campflow.content.record import Record
from campflow.engine.opt_ins import OptIns
from campflow.engine.submissions import Agreed, Intake, Known, Submission
from campflow.errors import ContentError
from campflow.model.draws import draw_of
from campflow.people.wording import BadCell
from campflow.web.confirming import intake_of, opt_ins_of
from campflow.web.filled import Filled, Unasked, read_form
from campflow.web.form_html import FormHtml, shown_values
from campflow.web.form_words import Words
from campflow.web.languages import accepted, asked_for
from campflow.web.limits import FORM, Bucket, body_of, caller
from campflow.web.page_frame import framed, policy
from campflow.web.pages import error_page, page
from campflow.web.part import WebPart

#: Seconds after which a form may be sent: people take longer, and until when: the page may lie open over lunch.
SOONEST, LATEST = 2.0, 12 * 3_600.0

#: Forms of one caller in a second, and how many may come at once: a whole office may have one address.
_FORMS = (0.2, 30.0)


@dataclass(frozen=True, slots=True)
class _Coming:
    """Somebody who comes to a page: `visitor` and `known` by a personal link, else None."""

    page: Page
    visitor: Visitor | None
    known: Known | None
    say: Words


class Landing:
    def __init__(self, part: WebPart) -> None:
        self._part = part
        self._forms = Bucket(*_FORMS)
        self._root = urlsplit(part.base_url).path

    async def __call__(self, request: Request) -> Response:
        coming = await asyncio.to_thread(self._come, request)
        if request.method != "POST":
            return await asyncio.to_thread(self._look, request, coming)
        if not is_from_here(request):
            self._part.log.warning("form refused", page=coming.page.name, reason="sent from another site")
            return error_page(403, asked_for(request.headers))
        if not self._forms.take(caller(request.client.host if request.client else "")):
            self._part.log.warning("form refused", page=coming.page.name, reason="too often")
            return error_page(429, asked_for(request.headers))
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
            raise HTTPException(415)
        return await asyncio.to_thread(self._send, coming, await body_of(request, FORM), _network(request))

    # --- who comes ----------------------------------------------------------------------------------------------

    @property
    def _pages(self) -> Pages | None:
        return self._part.runtime.stationery.pages

    @property
    def _intake(self) -> Intake:
        return intake_of(self._part)

    @property
    def _opt_ins(self) -> OptIns:
        return opt_ins_of(self._part)

    def _come(self, request: Request) -> _Coming:
        name, pages = request.path_params["page"], self._pages
        if pages is None or name not in pages.names:
            raise HTTPException(404)
        runtime = self._part.runtime
        token = request.path_params.get("token", "")
        visitor = read_visitor(runtime.stationery.keys, token, name, runtime.clock.now()) if token else None
        known = self._intake.known(visitor) if visitor else None
        spoken = [str(language)] if known and (language := known.values.get("language")) else []
        try:
            found = pages.page(name, (*spoken, *accepted(request.headers)))
        except ContentError as error:
            self._part.log.error("page cannot be shown", page=name, error=str(error))
            raise HTTPException(500) from error
        return _Coming(found, visitor if known else None, known, Words(found.language))

    # --- showing ------------------------------------------------------------------------------------------------

    def _look(self, request: Request, coming: _Coming) -> Response:
        filling = self._filling(coming)
        if coming.visitor is not None and _is_a_person(request):
            now = self._part.runtime.clock.now()
            if self._intake.visited(coming.visitor, filling.variant or None, now):
                self._part.log.info("visited", page=coming.page.name)
        shown = coming.page.words.prefill
        values = shown_values(coming.known.values, shown) if coming.known else {}
        return self._show(coming, filling, Filled(values=values))

    def _filling(self, coming: _Coming) -> Filling:
        visit = secrets.token_urlsafe(12)
        return Filling(
            page=coming.page.name,
            language=coming.say.tag,
            variant=_variant(coming, visit) or "",
            at=int(self._part.wall()),
            visit=visit,
            contact_id=coming.known.contact_id if coming.known else 0,
        )

    def _show(self, coming: _Coming, filling: Filling, filled: Filled) -> Response:
        """The page, filled; 422 where something is wrong with the form."""
        stationery, words = self._part.runtime.stationery, coming.page.words
        token = sign_filling(stationery.keys, filling)
        form = FormHtml(words, stationery.contact, filled, token, coming.say)
        held = coming.known.values if coming.known else {}
        person = {each.name: held.get(each.name) if each.name in words.prefill else None
                  for each in stationery.contact.fields}  # fmt: skip
        values: dict[str, object] = {
            **person,
            "contact": Record(person),
            "page": Record({"name": coming.page.name, "title": words.title}),
            "language": coming.say.tag,
            "variant": filling.variant or None,
            "page_url": lambda name: self._path(name, coming),
            "asset": lambda name: f"{self._root}/assets/{name}",
            **form.names,
        }
        try:
            text = coming.page.template.fill(values)
        except ContentError as error:
            self._part.log.error("page cannot be shown", page=coming.page.name, error=str(error))
            raise HTTPException(500) from error
        if not coming.page.is_whole:
            text = framed(text, words.title or coming.page.name, coming.say.tag)
        headers = {
            "content-security-policy": policy(coming.page),
            "content-language": coming.say.tag,
            "vary": "accept-language",
            # With none at all, browsers do not say where a form comes from.
            "referrer-policy": "same-origin",
        }
        return HTMLResponse(text, 422 if filled.errors else 200, headers)

    def _path(self, name: str, coming: _Coming) -> str:
        """The address of another page, which knows as well who comes."""
        path = f"{self._root}/l/{name}"
        if coming.visitor is None:
            return path
        onward = replace(coming.visitor, page=name, variant=None)
        return f"{path}/{sign_visitor(self._part.runtime.stationery.keys, onward)}"

    # --- what is sent -------------------------------------------------------------------------------------------

    def _send(self, coming: _Coming, body: bytes, network: str) -> Response:
        log, name, words = self._part.log, coming.page.name, coming.page.words
        intake = self._intake
        if not words.has_form:
            raise HTTPException(405)
        country = _country(coming)
        try:
            filled = read_form(body, words, intake.stationery.contact, intake.conventions, country, coming.say)
        except Unasked as error:
            log.warning("form refused", page=name, reason=str(error))
            return error_page(400, coming.say.lang)
        if filled.trapped:
            log.warning("form refused", page=name, reason="a field that nobody sees was filled in")
            return self._done(coming)
        filling = read_filling(intake.stationery.keys, filled.token)
        age = self._part.wall() - filling.at if filling else -1.0
        ours = filling is not None and filling.page == name
        ours = ours and filling is not None and filling.contact_id == (coming.known.contact_id if coming.known else 0)
        if filling is None or not ours or not SOONEST <= age <= LATEST:
            too_soon = filling is not None and ours and 0 <= age < SOONEST
            log.warning("form refused", page=name, reason="too soon" if too_soon else "no form of ours, or an old one")
            again = filling if filling is not None and too_soon else self._filling(coming)
            return self._show(coming, again, replace(filled, errors={"": coming.say["again"], **filled.errors}))
        if filled.errors:
            return self._show(coming, filling, filled)
        submission = Submission(
            page=name,
            cells=filled.cells,
            visit=filling.visit,
            version=coming.page.version,
            variant=filling.variant or None,
            agreed=Agreed(words.consent, words.wording) if words.consent and filled.agreed else None,
            visitor=_themselves(coming, filled),
            proof=None,
        )
        return self._record(coming, submission, filling, filled, network)

    def _record(
        self, coming: _Coming, submission: Submission, filling: Filling, filled: Filled, network: str
    ) -> Response:
        asking = coming.page.words.double_opt_in
        if submission.visitor is None and asking is not None:
            sent = self._opt_ins.hold(submission, asking, coming.say.tag, network, self._part.runtime.clock.now())
            self._part.log.info("held", page=submission.page, mail=sent)
            return self._done(coming)
        if submission.visitor is not None:
            submission = replace(submission, proof=f"personal link of message {submission.visitor.message_id}")
        try:
            what = self._intake.take(submission, self._part.runtime.clock.now())
        except BadCell as error:
            wrong = {error.column: coming.say["other"]}
            return self._show(coming, filling, replace(filled, errors=wrong))
        self._part.log.info("submitted", page=submission.page, what=what)
        return self._done(coming)

    def _done(self, coming: _Coming) -> Response:
        """What follows a form, whoever has sent it."""
        words = coming.page.words
        if words.after:
            return RedirectResponse(self._path(words.after, coming), 303)
        text = coming.say["mailed" if words.double_opt_in else "received"]
        return page(coming.say["thanks"], text, language=coming.say.lang)


_FORM_TYPE = "application/x-www-form-urlencoded"


def _variant(coming: _Coming, visit: str) -> str | None:
    """The one that the message names, else by the contact's own number, else by chance."""
    names = [name for name, _ in coming.page.words.variants]
    if coming.visitor is not None and coming.visitor.variant in names:
        return coming.visitor.variant
    return coming.page.variant_of(coming.known.draw if coming.known else draw_of(visit))


def _themselves(coming: _Coming, filled: Filled) -> Visitor | None:
    """Who sends the form; None for anybody. A mail may have been passed on: whoever types another address is another
    person, and changes nothing about the one who got it."""
    if coming.known is None or coming.visitor is None:
        return None
    said = filled.cells.get("email")
    held = coming.known.email
    same = said is None or held is None or str(said).strip().casefold() == held.casefold()
    return coming.visitor if same else None


def _country(coming: _Coming) -> str | None:
    said = coming.known.values.get("country") if coming.known else None
    return str(said) if said else None


def is_from_here(request: Request) -> bool:
    """Whether a browser says that the form was sent from a page of ours, or says nothing."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _is_a_person(request: Request) -> bool:
    """Whether a browser says that somebody goes to the page. Programs that try links say no such thing."""
    told = request.headers
    goes = told.get("sec-fetch-mode") == "navigate" and told.get("sec-fetch-dest") == "document"
    ahead = "prefetch" in (told.get("sec-purpose") or told.get("purpose") or "")
    return request.method == "GET" and goes and not ahead


def _network(request: Request) -> str:
    return caller(request.client.host if request.client else "")
