"""`/p/TOKEN`: the preference centre. A person sees what they get, and says what they want.

The link says who they are; the form carries a token of its own, so that only a form that we showed them can be sent.
GET and HEAD change nothing, and a mail program's one-click POST, which has no such token, changes nothing here either.
"""

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from campflow.content.preferences import OPEN_FOR, Preference, read_form, read_preference, sign_form
from campflow.content.values import instant
from campflow.engine.preferences import Kind, Preferences, Wanted, Wishes
from campflow.web.landing import is_from_here
from campflow.web.languages import accepted, spoken
from campflow.web.limits import FORM, body_of
from campflow.web.pages import error_page, own_page
from campflow.web.part import WebPart
from campflow.web.preference_words import LANGUAGES

#: Lengths of a pause that are offered, in days.
PAUSES = (30, 90)

_DAY = 86_400_000

#: Fields of a form that are read; more than we ever show.
_MOST = 1_000

_PAGE = """{% extends "frame" %}{% block body %}{% for each in texts %}<p{% if loop.first and urgent %} role="alert"{% endif %}>{{ each }}</p>
{% endfor %}
{%- if form %}<form method="post">
<input type="hidden" name="form" value="{{ form }}">
{% for topic in topics %}<fieldset>
<legend>{{ topic.title }}</legend>
{% for box in topic.boxes %}<label><input type="checkbox" name="{{ box.name }}" value="yes"{% if box.checked %} checked{% endif %}>{{ box.title }}</label>
{% endfor %}</fieldset>
{% endfor %}<fieldset>
<legend>{{ words.pause }}</legend>
{% for each in pauses %}<label><input type="radio" name="pause" value="{{ each.value }}"{% if loop.first %} checked{% endif %}>{{ each.title }}</label>
{% endfor %}</fieldset>
<p><button name="do" value="save">{{ words.save }}</button>
<button class="quiet" name="do" value="stop">{{ words.stop }}</button></p>
</form>{% endif %}
{%- if back %}<p><a href="">{{ words.back }}</a></p>{% endif %}
{%- endblock %}"""  # noqa: E501 -- a break inside a label would be a blank in it

_CENTRE = own_page(_PAGE)


@dataclass(frozen=True, slots=True)
class _Visit:
    """Somebody who came by a link of ours, what they get now, and the language that they are spoken to in."""

    whose: Preference
    wishes: Wishes
    language: str
    now: int

    @property
    def words(self) -> Mapping[str, str]:
        return LANGUAGES[self.language]


class PreferenceCentre:
    def __init__(self, part: WebPart) -> None:
        self._part = part

    async def __call__(self, request: Request) -> Response:
        visit = await asyncio.to_thread(self._come, request)
        if request.method != "POST":
            return self._show(visit)
        if not is_from_here(request):
            self._part.log.warning("form refused", page="preferences", reason="sent from another site")
            return error_page(403, visit.language)
        said = dict(_fields(await body_of(request, FORM)))
        shown_at = read_form(self._part.runtime.stationery.keys, visit.whose, said.get("form", ""))
        if shown_at is None:
            self._part.log.warning("form refused", page="preferences", reason="it is no form of ours")
            return error_page(403, visit.language)
        if not shown_at <= self._part.wall() <= shown_at + OPEN_FOR + 1:
            return self._show(visit, visit.words["stale"], 422)
        written = await asyncio.to_thread(self._write, visit, said, shown_at)
        self._part.log.info("preferences", contact_id=visit.whose.contact_id, lines=written)
        text = visit.words["saved" if written else "unchanged"]
        return self._page(visit, visit.words["saved_title"], [text], back=True)

    @property
    def _preferences(self) -> Preferences:
        runtime = self._part.runtime
        return Preferences(runtime.inbox, frozenset(runtime.program.plan.opt_in))

    def _come(self, request: Request) -> _Visit:
        runtime = self._part.runtime
        whose = read_preference(runtime.stationery.keys, request.path_params["token"])
        now = runtime.clock.now()
        wishes = self._preferences.read(whose, now) if whose is not None else None
        if whose is None or wishes is None:
            raise HTTPException(404)
        language = spoken((wishes.language or "", *accepted(request.headers)))
        return _Visit(whose, wishes, language, now)

    # --- writing ------------------------------------------------------------------------------------------------

    def _write(self, visit: _Visit, said: Mapping[str, str], shown_at: int) -> int:
        stop = said.get("do") == "stop"
        kinds = {kind: not stop and said.get(_name(kind)) == "yes" for kind in visit.wishes.kinds}
        words = visit.words
        wording = {
            kind: f"{self._title(kind, visit.language)} ({self._channel(kind, visit.language)}): "
            f"{words['yes' if yes else 'no']}"
            for kind, yes in kinds.items()
        }
        pause, pausing = said.get("pause", ""), ""
        until = None
        if pause == "end":
            until, pausing = visit.now, words["pause_end"]
        elif pause in map(str, PAUSES):
            until, pausing = visit.now + int(pause) * _DAY, words["pause_days"].format(days=pause)
        proof = (
            f"message {visit.whose.message_id}, form shown {dt.datetime.fromtimestamp(shown_at, dt.UTC).isoformat()}"
        )
        return self._preferences.write(visit.whose, Wanted(kinds, until), wording, pausing, proof, visit.now)

    # --- showing ------------------------------------------------------------------------------------------------

    def _show(self, visit: _Visit, note: str = "", status: int = 200) -> Response:
        words, stationery = visit.words, self._part.runtime.stationery
        texts = [note] if note else []
        texts += [words["from"].format(name=stationery.sender.name)] if stationery.sender.name else []
        texts += [] if visit.wishes.kinds else [words["nothing_known"]]
        texts += [words["silent"].format(channel=words.get(each, each)) for each in visit.wishes.silent]
        topics: dict[str, list[dict[str, object]]] = {}
        for kind, checked in visit.wishes.kinds.items():
            box = {"name": _name(kind), "checked": checked, "title": self._channel(kind, visit.language)}
            topics.setdefault(self._title(kind, visit.language), []).append(box)
        form = sign_form(stationery.keys, visit.whose, int(self._part.wall()))
        return self._page(
            visit, words["title"], texts, form=form, status=status, urgent=bool(note), pauses=self._pauses(visit),
            topics=[{"title": title, "boxes": boxes} for title, boxes in topics.items()],
        )  # fmt: skip

    def _pauses(self, visit: _Visit) -> list[dict[str, str]]:
        """The first is how it is now."""
        words, until = visit.words, visit.wishes.paused_until
        days = [{"value": str(each), "title": words["pause_days"].format(days=each)} for each in PAUSES]
        if until is None:
            return [{"value": "keep", "title": words["pause_none"]}, *days]
        date = instant(until).astimezone(self._part.runtime.stationery.zone).strftime("%Y-%m-%d")
        kept = {"value": "keep", "title": words["pause_keep"].format(date=date)}
        return [kept, {"value": "end", "title": words["pause_end"]}, *days]

    def _page(
        self,
        visit: _Visit,
        title: str,
        texts: list[str],
        *,
        form: str = "",
        back: bool = False,
        urgent: bool = False,
        status: int = 200,
        topics: object = (),
        pauses: object = (),
    ) -> Response:
        text = _CENTRE.render(
            title=title, texts=texts, form=form, back=back, urgent=urgent, topics=topics, pauses=pauses,
            words=visit.words, language=visit.language,
        )  # fmt: skip
        # With none at all, browsers do not say where a form comes from.
        headers = {"content-language": visit.language, "referrer-policy": "same-origin"}
        return HTMLResponse(text, status, headers)

    def _title(self, kind: Kind, language: str) -> str:
        """What a person reads of a purpose: as the project says, else its name."""
        said = self._part.topics.get(kind.purpose, "")
        if not isinstance(said, str):
            said = said.get(language) or said.get("en") or next(iter(said.values()), "")
        return said or kind.purpose.replace("_", " ").capitalize() or LANGUAGES[language]["other"]

    def _channel(self, kind: Kind, language: str) -> str:
        return LANGUAGES[language].get(kind.channel, kind.channel)


def _name(kind: Kind) -> str:
    return f"get.{kind.channel}.{kind.purpose}"


def _fields(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form. Raises HTTPException for what is none."""
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST)
    except ValueError as error:
        raise HTTPException(400) from error
