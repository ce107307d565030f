"""Posts of a Facebook Page by the Graph API. It knows no keys: what is in doubt stays so."""

import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from campflow.content.pictures import Picture, read_picture, wanted
from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import Engagement, Message, Posted, Receipt
from campflow.http import LONGEST_WAIT, HttpClient, NoAnswer, Reply
from campflow_social.network import Network, Refused, good, maker, natural, sentence
from campflow_social.settings import FacebookSettings
from campflow_social.texts import link_of, thread

#: Characters of a post.
MOST = 63_206

#: What a post is called, and what is asked of one: how many, and not who. A comment on a comment is one too.
_ID = re.compile(r"[0-9_]{1,80}")
_COUNTED = "reactions.limit(0).summary(total_count),comments.filter(stream).limit(0).summary(total_count),shares"

#: Numbers of the Graph API's errors. Of the first the token is over; the second say that we may not; the third that we
#: asked too often; the fourth that it is out of order; the fifth that it may have happened.
_TOKEN = frozenset({102, 190, 463, 467})
_FORBIDDEN = frozenset({3, 10, 368, *range(200, 300)})
_TOO_OFTEN = frozenset({4, 17, 32, 341, 613, *range(80_000, 80_015)})
_OUT_OF_ORDER = frozenset({2})
_UNKNOWN = frozenset({1})


class FacebookChannel(Network):
    def __init__(self, settings: FacebookSettings, folder: Path) -> None:
        super().__init__(folder)
        self._settings = settings
        self._proof: dict[str, str] = {}

    async def open(self) -> None:
        token, secret = self._settings.access_token, self._settings.app_secret
        if token is None or self._settings.page is None:
            raise ChannelError(
                "Facebook wants a Page and its token: set `page` under [channels.facebook] and "
                "CAMPFLOW_CHANNELS__FACEBOOK__ACCESS_TOKEN"
            )
        written = token.get_secret_value()
        if secret is not None:
            key = secret.get_secret_value().encode()
            self._proof = {"appsecret_proof": hmac.new(key, written.encode(), hashlib.sha256).hexdigest()}
        self.client = HttpClient(
            self._settings.url, headers={"authorization": f"Bearer {written}"}, timeout=self._settings.timeout,
            connections=2,
        )  # fmt: skip

    async def send(self, message: Message) -> Receipt:
        """Raises HttpError and ChannelError."""
        try:
            (text,) = thread(message)
            if len(text) > MOST:
                raise ContentError(f"the post has {len(text):,} characters, and {MOST:,} is the most")
            link = link_of(message.options)
            pictures = [read_picture(self.folder, each) for each in wanted(message.options)]
        except ContentError as error:
            return Receipt(message.message_id, "rejected", detail=str(error))
        form = {"message": text} | ({"link": link} if link and not pictures else {})
        try:
            for number, picture in enumerate(await self._pictures(pictures)):
                form[f"attached_media[{number}]"] = json.dumps({"media_fbid": picture})
            made = await self._call("feed", form)
        except Refused as refused:
            return Receipt(message.message_id, "rejected", detail=str(refused))
        found = made.get("id")
        if not isinstance(found, str) or not _ID.fullmatch(found):
            raise NoAnswer("Facebook does not say what it made")
        return Receipt(message.message_id, "accepted", found, f"https://www.facebook.com/{found}")

    async def _pictures(self, pictures: Sequence[Picture]) -> list[str]:
        """Nothing of it is seen before the post names it: what goes wrong here may be tried again."""
        try:
            return [await self._upload(each) for each in pictures]
        except NoAnswer as error:
            raise ChannelError(f"Facebook took no picture: {error}") from error

    async def _upload(self, picture: Picture) -> str:
        form = {"published": "false", "alt_text_custom": picture.alt}
        made = await self._call("photos", form, {"source": (picture.name, picture.data, picture.type)})
        found = made.get("id")
        if not isinstance(found, str) or not found.isdigit():
            raise NoAnswer("no id of the picture")
        return found

    async def _call(
        self, what: str, form: Mapping[str, str], files: Mapping[str, tuple[str, bytes, str]] | None = None
    ) -> dict[str, Any]:
        """A good answer. Raises Refused, ChannelError and HttpError."""
        path = f"/{self._settings.page}/{what}"
        return _good(await self.ready().send("POST", path, form={**form, **self._proof}, files=files))

    async def read(self, posts: Sequence[Posted]) -> AsyncIterator[Engagement]:
        """One by one: of several the Graph API answers about none, where one of them was deleted."""
        query = urlencode({"fields": _COUNTED, **self._proof})
        for post in posts:
            if not _ID.fullmatch(post.provider_id):
                continue
            reply = await self.ready().send("GET", f"/{post.provider_id}?{query}")
            try:
                said = _good(reply)
            except Refused:
                continue
            except NoAnswer:
                if reply.status != 200:
                    raise
                continue
            yield Engagement(post.message_id, _total(said, "reactions"), _shares(said), _total(said, "comments"))


def _good(reply: Reply) -> dict[str, Any]:
    """Raises Refused, ChannelError and NoAnswer."""
    error = _error(reply)
    if error is None:
        return good("Facebook", reply, sentence(f"{reply.status} {reply.said}")).json_object()
    code, said = error
    if code in _TOKEN:
        raise ChannelError(f"Facebook's token is over: {said}: make a new one for the Page")
    if code in _FORBIDDEN:
        raise ChannelError(
            f"Facebook refuses us: {said}: the token needs pages_manage_posts, and pages_read_engagement to count "
            "likes, or `count = false`"
        )
    if code in _TOO_OFTEN or reply.status == 429:
        raise ChannelError(f"Facebook: {said}", _wait(reply))
    if code in _OUT_OF_ORDER:
        raise ChannelError(f"Facebook is out of order: {said}", reply.retry_after)
    if code in _UNKNOWN:
        raise NoAnswer(said)
    raise Refused(said)


def _total(post: Mapping[str, Any], edge: str) -> int | None:
    told = post.get(edge)
    summary = told.get("summary") if isinstance(told, dict) else None
    return natural(summary.get("total_count")) if isinstance(summary, dict) else None


def _shares(post: Mapping[str, Any]) -> int | None:
    """The field is left out of a post that nobody has shared."""
    told = post.get("shares", {"count": 0})
    return natural(told.get("count")) if isinstance(told, dict) else None


def _error(reply: Reply) -> tuple[int, str] | None:
    """Number and sentence of an error of the Graph API; None where the answer is none."""
    if reply.status < 400:
        return None
    try:
        told = reply.json_object().get("error")
    except NoAnswer:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("code"), int):
        return None
    text = f"{reply.status} {told.get('message')} (code {told['code']})"
    return told["code"], sentence(text)


def _wait(reply: Reply) -> float | None:
    """Retry-After, else what the header on usage says, in minutes."""
    if reply.retry_after is not None:
        return reply.retry_after
    try:
        told = json.loads(reply.headers.get("x-business-use-case-usage", "{}"))
        minutes = [each["estimated_time_to_regain_access"] for of_page in told.values() for each in of_page]
        longest = max((float(each) for each in minutes), default=0.0)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return min(longest * 60, LONGEST_WAIT) if longest > 0 else None


make_channel = maker("Facebook", FacebookSettings, FacebookChannel)
