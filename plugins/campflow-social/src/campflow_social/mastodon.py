"""Posts on Mastodon. A key is remembered for an hour: what was offered twice is there once."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from campflow.content.pictures import Picture, read_picture, wanted
from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import Engagement, Message, Posted, Receipt
from campflow.http import HttpClient, NoAnswer, NotSent, Reply
from campflow_social.network import Network, Refused, good, maker, natural, sentence
from campflow_social.settings import VISIBILITIES, MastodonSettings
from campflow_social.texts import LINK, MENTION, language_of, line_of, mentioned, one_of, thread

#: Characters that any web address counts as, however long it is.
LINK_COUNTS = 23

#: Seconds between two looks whether a picture is ready, doubled each time; and how often.
_FIRST_LOOK, _LOOKS = 0.1, 8

#: What is answered about a post that was deleted.
_GONE = frozenset({404, 410})

#: Likes, reposts and replies, as a Status has them, each before `_count`.
_COUNTED = ("favourites", "reblogs", "replies")

#: Between an @ and a name: it is no mention then, and looks like one.
_NO_MENTION = "\u2060"


def length(text: str, spoiler: str = "") -> int:
    """As Mastodon counts: a web address is 23 characters, a mention has no server."""
    shorter = LINK.sub("x" * LINK_COUNTS, text)
    return len(MENTION.sub(lambda found: f"@{found[1].partition('@')[0]}", shorter)) + len(spoiler)


class MastodonChannel(Network):
    def __init__(self, settings: MastodonSettings, folder: Path) -> None:
        super().__init__(folder)
        self._settings = settings

    async def open(self) -> None:
        token = self._settings.access_token
        if token is None:
            raise ChannelError("Mastodon wants a token: set CAMPFLOW_CHANNELS__MASTODON__ACCESS_TOKEN")
        self.client = HttpClient(
            self._settings.server, headers={"authorization": f"Bearer {token.get_secret_value()}"},
            timeout=self._settings.timeout, connections=2,
        )  # fmt: skip

    async def read(self, posts: Sequence[Posted]) -> AsyncIterator[Engagement]:
        for post in posts:
            try:
                path = f"/api/v1/statuses/{quote(post.provider_id, safe='')}"
                reply = await self._call("GET", path, missing=_GONE)
            except Refused:
                continue
            try:
                said = reply.json_object()
            except NoAnswer:
                continue
            likes, reposts, replies = (natural(said.get(f"{name}_count")) for name in _COUNTED)
            yield Engagement(post.message_id, likes, reposts, replies)

    async def send(self, message: Message) -> Receipt:
        """A thread, one post after the other. Raises HttpError and ChannelError."""
        try:
            texts, common = self._written(message)
            pictures = [read_picture(self.folder, each) for each in wanted(message.options)]
        except ContentError as error:
            return Receipt(message.message_id, "rejected", detail=str(error))
        first = url = before = ""
        try:
            media = [await self._upload(each) for each in pictures]
            for number, text in enumerate(texts):
                body: dict[str, object] = {**common, "status": text}
                if media and not number:
                    body["media_ids"] = media
                if before:
                    body["in_reply_to_id"] = before
                reply = await self._call("POST", "/api/v1/statuses", json=body, key=f"{message.key}.{number}")
                made = reply.json_object()
                before = _id(reply, made)
                first, url = first or before, url or str(made.get("url") or "")
        except Refused as refused:
            if first:  # what is there already stays: whether the rest may follow, somebody has to see
                return Receipt(message.message_id, "rejected", first, f"only {number} of {len(texts)} posts: {refused}")
            return Receipt(message.message_id, "rejected", detail=str(refused))
        except (ChannelError, NotSent) as error:
            if first:  # offered again with its keys, the thread goes on where it ended
                raise NoAnswer(f"the thread ended after {number} of {len(texts)} posts: {error}") from error
            raise
        return Receipt(message.message_id, "accepted", provider_id=first[:200], detail=url[:300])

    def _written(self, message: Message) -> tuple[list[str], dict[str, object]]:
        """The texts, and what is the same for each post. Raises ContentError."""
        options, known = message.options, mentioned(message)
        spoiler, language = line_of(options, "spoiler"), language_of(options)
        common: dict[str, object] = {
            "visibility": one_of(options, "visibility", VISIBILITIES, self._settings.visibility)
        }  # fmt: skip
        if spoiler:
            common["spoiler_text"] = spoiler
        if language:
            common["language"] = language
        if options.get("sensitive") not in (None, True, False):
            raise ContentError("`sensitive` is yes or no")
        if options.get("sensitive"):
            common["sensitive"] = True
        texts = [MENTION.sub(lambda found: _mention(found, known), text) for text in thread(message)]
        for number, text in enumerate(texts, 1):
            if (long := length(text, spoiler)) > (most := self._settings.characters):
                raise ContentError(f"post {number} has {long:,} characters, and {most:,} is the most")
        return texts, common

    async def _upload(self, picture: Picture) -> str:
        """The id of the picture, once it can be used."""
        file = {"file": (picture.name, picture.data, picture.type)}
        reply = await self._call("POST", "/api/v2/media", form={"description": picture.alt}, files=file)
        found = _id(reply, reply.json_object())
        for look in range(_LOOKS):
            if reply.status == 200:
                return found
            await asyncio.sleep(_FIRST_LOOK * 2**look)
            reply = await self._call("GET", f"/api/v1/media/{found}")
        raise ChannelError(f"Mastodon is still working on the picture `{picture.name[:80]}`", 60.0)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        key: str = "",
        missing: frozenset[int] = frozenset(),
    ) -> Reply:
        """A good answer. Raises Refused, ChannelError and HttpError. `missing` are statuses of what is not there."""
        headers = {"idempotency-key": key} if key else {}
        reply = await self.ready().send(method, path, json=json, form=form, files=files, headers=headers)
        if reply.status in missing:
            raise Refused(_said(reply))
        if reply.status == 429:
            raise ChannelError(f"Mastodon: {_said(reply)}", _wait(reply))
        if reply.status in (401, 403):
            raise ChannelError(f"Mastodon refuses us: {_said(reply)}: make a token with write:statuses and write:media")
        return good("Mastodon", reply, _said(reply))


def _mention(found: re.Match[str], known: frozenset[str]) -> str:
    return found[0] if found[1].lower() in known else f"@{_NO_MENTION}{found[1]}"


def _id(reply: Reply, made: Mapping[str, object]) -> str:
    found = made.get("id")
    if not isinstance(found, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", found):
        raise NoAnswer(f"{reply.status}, and no id of what was made: {reply.said}")
    return found


def _said(reply: Reply) -> str:
    """Mastodon's sentence, else the beginning of what came."""
    try:
        error = reply.json_object().get("error")
    except NoAnswer:
        error = None
    return sentence(f"{reply.status} {error if isinstance(error, str) else reply.said}")


def _wait(reply: Reply) -> float | None:
    """Retry-After, else when the window of requests ends, which Mastodon writes as an ISO time."""
    import datetime as dt

    if reply.retry_after is not None:
        return reply.retry_after
    try:
        ends = dt.datetime.fromisoformat(reply.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return None
    seconds = (ends - dt.datetime.now(dt.UTC)).total_seconds() if ends.tzinfo else 0.0
    return min(seconds, 86_400.0) if seconds > 0 else None


make_channel = maker("Mastodon", MastodonSettings, MastodonChannel)
