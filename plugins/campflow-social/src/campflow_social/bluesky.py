"""Posts on Bluesky, or on any personal data server of the AT protocol.

The key of a record is made of the message's key: what is offered twice is the same record, and stays as it was made.
"""

import datetime as dt
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from campflow.content.pictures import Picture, read_picture, wanted
from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import Engagement, Message, Posted, Receipt
from campflow.http import HttpClient, NoAnswer, NotSent, Reply, next_window
from campflow_social.network import Network, Refused, good, maker, natural, sentence
from campflow_social.settings import BlueskySettings
from campflow_social.texts import LINK, MENTION, TAG, graphemes, language_of, line_of, link_of, mentioned, thread

POST = "app.bsky.feed.post"

#: What the lexicon of a post takes: characters as a reader counts them, bytes, and bytes of a picture.
MOST, MOST_BYTES, MOST_PICTURE = 300, 3_000, 1_000_000

#: Posts that the AppView is asked about at a time, and what a post is called.
MOST_ASKED = 25
_URI = re.compile(r"at://did:[a-z]+:[A-Za-z0-9._:%-]{1,400}/app\.bsky\.feed\.post/[A-Za-z0-9._:~-]{1,80}")

_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
#: Record keys are times in microseconds: those that we make lie in the year from here on.
_EPOCH, _YEAR = 1_704_067_200_000_000, 31_536_000_000_000

#: What the server says of a session that is over.
_OVER = frozenset({"ExpiredToken", "InvalidToken"})


def record_key(key: str) -> str:
    """A record key (a TID: 64 bits, 13 letters) that is the same for the same text."""
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big")
    number = ((_EPOCH + (digest >> 10) % _YEAR) << 10) | (digest & 0x3FF)
    return "".join(_SORTABLE[(number >> shift) & 31] for shift in range(60, -1, -5))


def facets(text: str, people: Mapping[str, str]) -> list[dict[str, Any]]:
    """What in a text leads somewhere: links, tags, and those `people` (ids by handle) whom it mentions.

    Places are bytes of UTF-8, the end left out.
    """
    found: list[tuple[int, int, dict[str, str]]] = []
    for link in LINK.finditer(text):
        found.append((*link.span(), {"$type": "app.bsky.richtext.facet#link", "uri": link[0]}))
    for mention in MENTION.finditer(text):
        did = people.get(mention[1].lower())
        if did is not None:
            found.append((*mention.span(), {"$type": "app.bsky.richtext.facet#mention", "did": did}))
    for tag in TAG.finditer(text):
        if len(tag[1]) <= 64:
            found.append((*tag.span(), {"$type": "app.bsky.richtext.facet#tag", "tag": tag[1]}))
    facets, end = [], 0
    for start, stop, feature in sorted(found, key=lambda each: each[:2]):
        if start >= end:
            places = {"byteStart": len(text[:start].encode()), "byteEnd": len(text[:stop].encode())}
            facets.append({"index": places, "features": [feature]})
            end = stop
    return facets


class BlueskyChannel(Network):
    def __init__(self, settings: BlueskySettings, folder: Path) -> None:
        super().__init__(folder)
        self._settings = settings
        self._did = self._access = self._refresh = ""

    async def open(self) -> None:
        who, password = self._settings.identifier, self._settings.app_password
        if not who or password is None:
            raise ChannelError(
                "Bluesky wants an account: set `identifier` under [channels.bluesky] and an app password in "
                "CAMPFLOW_CHANNELS__BLUESKY__APP_PASSWORD"
            )
        self.client = HttpClient(self._settings.server, timeout=self._settings.timeout, connections=2)
        try:
            await self._log_in(self.client, {"identifier": who, "password": password.get_secret_value()})
        except ChannelError:
            await self.close()
            raise

    async def _log_in(self, client: HttpClient, account: Mapping[str, str]) -> None:
        try:
            reply = await client.send("POST", "/xrpc/com.atproto.server.createSession", json=account)
            if reply.status == 401:
                who = account["identifier"]
                raise ChannelError(f"Bluesky does not let {who} in: {_said(reply)}: make a new app password")
            self._begin(_good(reply))
        except NotSent as error:
            raise ChannelError(str(error)) from error
        except (Refused, NoAnswer) as error:
            raise ChannelError(f"Bluesky gives no session: {error}") from error

    # --- a post ---------------------------------------------------------------------------------------------------

    async def send(self, message: Message) -> Receipt:
        """A thread, one post after the other. Raises HttpError and ChannelError."""
        try:
            texts = _written(message)
            pictures = [read_picture(self.folder, each, MOST_PICTURE) for each in wanted(message.options)]
            card, languages = _card(message.options), language_of(message.options)
        except ContentError as error:
            return Receipt(message.message_id, "rejected", detail=str(error))
        root: dict[str, str] | None = None
        before: dict[str, str] | None = None
        number = 0
        try:
            people = await self._people(texts, mentioned(message))
            embed = await self._embed(pictures) or card
            for number, text in enumerate(texts):
                record: dict[str, Any] = {"$type": POST, "text": text, "createdAt": _now()}
                if found := facets(text, people):
                    record["facets"] = found
                if languages:
                    record["langs"] = [languages]
                if embed and not number:
                    record["embed"] = embed
                if root and before:
                    record["reply"] = {"root": root, "parent": before}
                before = await self._put(record_key(f"{message.key}.{number}"), record)
                root = root or before
        except Refused as refused:
            why = f"only {number} of {len(texts)} posts: {refused}" if root else str(refused)
            return Receipt(message.message_id, "rejected", root["uri"] if root else None, why)
        except (ChannelError, NotSent) as error:
            if root:  # offered again, the thread goes on where it ended
                raise NoAnswer(f"the thread ended after {number} of {len(texts)} posts: {error}") from error
            raise
        return Receipt(message.message_id, "accepted", provider_id=root["uri"] if root else None)

    async def _put(self, key: str, record: Mapping[str, Any]) -> dict[str, str]:
        """Where the record is, and which one: the one that is there already, if it is."""
        said = {"repo": self._did, "collection": POST, "rkey": key, "record": record, "swapRecord": None}
        try:
            return _place(await self._call("POST", "com.atproto.repo.putRecord", json=said))
        except Refused as refused:
            if refused.name != "InvalidSwap":
                raise
        where = f"com.atproto.repo.getRecord?repo={self._did}&collection={POST}&rkey={key}"
        return _place(await self._call("GET", where))

    async def read(self, posts: Sequence[Posted]) -> AsyncIterator[Engagement]:
        """The server asks the AppView, which alone knows. An id that is none would spoil the answer about all."""
        asked = {post.provider_id: post.message_id for post in posts if _URI.fullmatch(post.provider_id)}
        uris = list(asked)
        for start in range(0, len(uris), MOST_ASKED):
            query = urlencode({"uris": uris[start : start + MOST_ASKED]}, doseq=True)
            try:
                said = (await self._call("GET", f"app.bsky.feed.getPosts?{query}")).get("posts")
            except Refused as refused:
                raise ChannelError(f"Bluesky does not say how posts were received: {refused}") from refused
            for each in said if isinstance(said, list) else ():
                if isinstance(each, dict) and (message_id := asked.get(str(each.get("uri")))) is not None:
                    likes, replies = natural(each.get("likeCount")), natural(each.get("replyCount"))
                    yield Engagement(message_id, likes, _passed_on(each), replies)

    async def _embed(self, pictures: Sequence[Picture]) -> dict[str, Any] | None:
        if not pictures:
            return None
        images = []
        for each in pictures:
            headers = {"content-type": each.type}
            made = await self._call("POST", "com.atproto.repo.uploadBlob", content=each.data, headers=headers)
            if not isinstance(made.get("blob"), dict):
                raise NoAnswer("Bluesky took a picture, and does not say where it is")
            images.append({"alt": each.alt, "image": made["blob"]})
        return {"$type": "app.bsky.embed.images", "images": images}

    async def _people(self, texts: Sequence[str], known: frozenset[str]) -> dict[str, str]:
        """The ids of those whom the content file mentions; who cannot be found is no mention."""
        names = {name.lower() for text in texts for name in MENTION.findall(text)}
        found: dict[str, str] = {}
        for name in sorted(names & known):
            try:
                said = await self._call("GET", f"com.atproto.identity.resolveHandle?handle={name}")
            except (Refused, NoAnswer):
                continue
            if isinstance(said.get("did"), str):
                found[name] = said["did"]
        return found

    # --- calls ------------------------------------------------------------------------------------------------------

    async def _call(
        self,
        method: str,
        name: str,
        *,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """A good answer; a session that is over is renewed once. Raises Refused, ChannelError and HttpError."""
        for again in (True, False):
            sent = {**(headers or {}), "authorization": f"Bearer {self._access}"}
            reply = await self.ready().send(method, f"/xrpc/{name}", json=json, content=content, headers=sent)
            if not again or reply.status not in (400, 401) or _error(reply) not in _OVER:
                break
            await self._renew()
        return _good(reply)

    async def _renew(self) -> None:
        headers = {"authorization": f"Bearer {self._refresh}"}
        reply = await self.ready().send("POST", "/xrpc/com.atproto.server.refreshSession", headers=headers)
        try:
            self._begin(_good(reply))
        except (Refused, NoAnswer) as error:
            raise ChannelError(f"the session at Bluesky is over: {error}") from error

    def _begin(self, session: Mapping[str, Any]) -> None:
        found = [session.get(name) for name in ("did", "accessJwt", "refreshJwt")]
        if not all(isinstance(each, str) and each.isascii() and each.isprintable() for each in found):
            raise NoAnswer("it says not who we are")
        self._did, self._access, self._refresh = map(str, found)


def _written(message: Message) -> list[str]:
    """Raises ContentError."""
    texts = thread(message)
    for number, text in enumerate(texts, 1):
        if (long := graphemes(text)) > MOST:
            raise ContentError(f"post {number} has {long:,} characters, and {MOST} is the most")
        if (size := len(text.encode())) > MOST_BYTES:
            raise ContentError(f"post {number} has {size:,} bytes, and {MOST_BYTES:,} is the most")
    return texts


def _card(options: Mapping[str, object]) -> dict[str, Any] | None:
    """What a page is shown as. Raises ContentError."""
    link = link_of(options)
    title, text = line_of(options, "link_title"), line_of(options, "link_text", 1_000)
    if not link:
        return None
    return {"$type": "app.bsky.embed.external", "external": {"uri": link, "title": title or link, "description": text}}


def _good(reply: Reply) -> dict[str, Any]:
    """Raises Refused, ChannelError and NoAnswer."""
    if reply.status == 429:
        raise ChannelError(f"Bluesky: {_said(reply)}", next_window(reply, "ratelimit-reset"))
    if reply.status in (401, 403):
        raise ChannelError(f"Bluesky refuses us: {_said(reply)}: look at the account and its app password")
    return good("Bluesky", reply, _said(reply), _error(reply)).json_object()


def _error(reply: Reply) -> str:
    try:
        return str(reply.json_object().get("error") or "")
    except NoAnswer:
        return ""


def _said(reply: Reply) -> str:
    try:
        told = reply.json_object()
        text = f"{reply.status} {told.get('error')}: {told.get('message')}"
    except NoAnswer:
        text = f"{reply.status} {reply.said}"
    return sentence(text)


def _place(made: Mapping[str, Any]) -> dict[str, str]:
    uri, cid = made.get("uri"), made.get("cid")
    if not isinstance(uri, str) or not isinstance(cid, str) or not uri.startswith("at://"):
        raise NoAnswer("Bluesky does not say where the post is")
    return {"uri": uri[:500], "cid": cid[:200]}


def _passed_on(post: Mapping[str, Any]) -> int | None:
    """Reposts, with words of one's own (quotes) or without."""
    told = [count for name in ("repostCount", "quoteCount") if (count := natural(post.get(name))) is not None]
    return sum(told) if told else None


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


make_channel = maker("Bluesky", BlueskySettings, BlueskyChannel)
