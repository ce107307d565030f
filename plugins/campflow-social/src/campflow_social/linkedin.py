"""Posts on LinkedIn by its Posts API. It knows no keys: what is in doubt stays so."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from campflow.content.pictures import Picture, read_picture, wanted
from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import Engagement, Message, Posted, Receipt
from campflow.http import HttpClient, NoAnswer, Reply
from campflow_social.network import Network, Refused, good, maker, natural, sentence
from campflow_social.settings import LinkedInSettings
from campflow_social.texts import line_of, link_of, thread

#: Characters of a post.
MOST = 3_000

#: What a post is called.
_URN = re.compile(r"urn:li:(share|ugcPost):\d{1,30}")

#: Signs of LinkedIn's own markup, in which a text could mention somebody.
_MARKUP = re.compile(r"([\\|{}@\[\]()<>#*_~])")


class LinkedInChannel(Network):
    def __init__(self, settings: LinkedInSettings, folder: Path) -> None:
        super().__init__(folder)
        self._settings = settings

    async def open(self) -> None:
        settings = self._settings
        if settings.access_token is None or settings.author is None:
            raise ChannelError(
                "LinkedIn wants an author and a token: set `author` under [channels.linkedin] and "
                "CAMPFLOW_CHANNELS__LINKEDIN__ACCESS_TOKEN"
            )
        headers = {
            "authorization": f"Bearer {settings.access_token.get_secret_value()}",
            "linkedin-version": settings.version,
            "x-restli-protocol-version": "2.0.0",
        }
        self.client = HttpClient(settings.url, headers=headers, timeout=settings.timeout, connections=2)

    async def send(self, message: Message) -> Receipt:
        """Raises HttpError and ChannelError."""
        try:
            body = _body(message, str(self._settings.author))
            pictures = [read_picture(self.folder, each) for each in wanted(message.options)]
        except ContentError as error:
            return Receipt(message.message_id, "rejected", detail=str(error))
        try:
            images = await self._pictures(pictures)
            if images:
                body["content"] = {"media": images[0]} if len(images) == 1 else {"multiImage": {"images": images}}
            reply = await self._call("POST", "/rest/posts", json=body)
        except Refused as refused:
            return Receipt(message.message_id, "rejected", detail=str(refused))
        found = reply.headers.get("x-restli-id", "")
        if not _URN.fullmatch(found):
            raise NoAnswer(f"{reply.status}, and no id of what was made")
        return Receipt(message.message_id, "accepted", found, f"https://www.linkedin.com/feed/update/{quote(found)}")

    async def read(self, posts: Sequence[Posted]) -> AsyncIterator[Engagement]:
        """All in one call, of which each post has its own answer. How often a post was passed on it does not say."""
        asked = {post.provider_id: post.message_id for post in posts if _URN.fullmatch(post.provider_id)}
        if not asked:
            return
        ids = ",".join(quote(each, safe="") for each in asked)
        try:
            said = (await self._call("GET", f"/rest/socialMetadata?ids=List({ids})")).json_object().get("results")
        except Refused as refused:
            raise ChannelError(f"LinkedIn does not say how posts were received: {refused}") from refused
        for urn, each in said.items() if isinstance(said, dict) else ():
            if urn in asked and isinstance(each, dict):
                yield Engagement(asked[urn], likes=_reactions(each), replies=_comments(each))

    async def _pictures(self, pictures: Sequence[Picture]) -> list[dict[str, str]]:
        """Nothing of it is seen before the post names it: what goes wrong here may be tried again."""
        try:
            return [{"id": await self._upload(each), "altText": each.alt} for each in pictures]
        except NoAnswer as error:
            raise ChannelError(f"LinkedIn took no picture: {error}") from error

    async def _upload(self, picture: Picture) -> str:
        asked = {"initializeUploadRequest": {"owner": self._settings.author}}
        reply = await self._call("POST", "/rest/images?action=initializeUpload", json=asked)
        told = reply.json_object().get("value")
        where = told.get("uploadUrl") if isinstance(told, dict) else None
        image = told.get("image") if isinstance(told, dict) else None
        if not isinstance(where, str) or not isinstance(image, str) or not image.startswith("urn:li:image:"):
            raise NoAnswer(f"{reply.status}, and no place for the picture")
        # It gets the token: nobody but LinkedIn may.
        home, there = urlsplit(self._settings.url), urlsplit(where)
        own = (there.scheme, there.netloc) == (home.scheme, home.netloc)
        if not own and not (there.scheme == "https" and (there.hostname or "").endswith(".linkedin.com")):
            raise ChannelError(f"LinkedIn wants the picture elsewhere: {there.hostname}")
        await self._call("PUT", where, content=picture.data, headers={"content-type": picture.type})
        return image

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """A good answer. Raises Refused, ChannelError and HttpError."""
        reply = await self.ready().send(method, path, json=json, content=content, headers=headers)
        if reply.status == 401:
            raise ChannelError(f"LinkedIn's token is over, or none: {_said(reply)}: make a new one, they last 60 days")
        if reply.status == 403:
            raise ChannelError(
                f"LinkedIn refuses us: {_said(reply)}: the token needs w_organization_social, and "
                "r_organization_social to count reactions, or `count = false`"
            )
        if reply.status == 426:
            raise ChannelError(f"LinkedIn no longer has this version: {_said(reply)}: set `version`")
        return good("LinkedIn", reply, _said(reply))


def _body(message: Message, author: str) -> dict[str, Any]:
    """Raises ContentError."""
    (text,) = thread(message)
    if len(text) > MOST:
        raise ContentError(f"the post has {len(text):,} characters, and {MOST:,} is the most")
    body: dict[str, Any] = {
        "author": author,
        "commentary": _MARKUP.sub(r"\\\1", text),
        "visibility": "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
    link, title = link_of(message.options), line_of(message.options, "link_title", 400)
    words = line_of(message.options, "link_text", 1_000)
    if link:
        body["content"] = {"article": {"source": link, "title": title or link, "description": words}}
    return body


def _reactions(metadata: Mapping[str, Any]) -> int | None:
    """Of all kinds: who celebrates or supports a post likes it."""
    kinds = metadata.get("reactionSummaries", {})
    if not isinstance(kinds, dict):
        return None
    counts = [natural(each.get("count")) if isinstance(each, dict) else None for each in kinds.values()]
    return sum(each for each in counts if each is not None) if None not in counts else None


def _comments(metadata: Mapping[str, Any]) -> int | None:
    """With those on comments."""
    told = metadata.get("commentSummary")
    return natural(told.get("count")) if isinstance(told, dict) else None


def _said(reply: Reply) -> str:
    try:
        told = reply.json_object().get("message")
    except NoAnswer:
        told = None
    return sentence(f"{reply.status} {told if isinstance(told, str) else reply.said}")


make_channel = maker("LinkedIn", LinkedInSettings, LinkedInChannel)
