"""The sinks: each note is one request. After a crash a note may come twice, with the same key."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel

from campflow.errors import PluginError
from campflow.hooks.contracts import Answer, ChannelContext, Measurement, Note, Outcome, Sink, TextSink
from campflow.http import Fate, HttpClient, HttpError, Reply, fate
from campflow_notices.settings import SlackSettings, TeamsSettings, WebhookSettings, secret_bytes

#: Characters of a text: Slack advises 4,000, a card of Teams may have 28 kB.
_LONGEST = 4_000

#: What may have arrived is told again: that a note comes twice is better than that it never comes.
_ANSWERS: Mapping[Outcome, Literal["done", "failed", "retry"]] = {
    "accepted": "done",
    "rejected": "failed",
    "retry": "retry",
    "uncertain": "retry",
}


class _HttpSink:
    """One URL, called once a note; a rate limit or an outage puts off what is left of the batch as well."""

    client: HttpClient

    async def open(self) -> None:
        """Nothing is said before there is a note."""

    async def close(self) -> None:
        await self.client.close()

    async def notify(self, notes: Sequence[Note]) -> AsyncIterator[Answer]:
        later: Fate | None = None
        for note in notes:
            found = later or await self._one(note)
            if found.outcome in ("retry", "uncertain"):
                later = found
            yield Answer(note.errand_id, _ANSWERS[found.outcome], found.detail, found.retry_after)

    async def _one(self, note: Note) -> Fate:
        try:
            return self.fate(await self.send(note))
        except HttpError as error:
            return Fate("retry", str(error))

    async def send(self, note: Note) -> Reply:
        raise NotImplementedError

    def fate(self, reply: Reply) -> Fate:
        return fate(reply)


class SlackSink(_HttpSink):
    """https://docs.slack.dev/reference/methods/chat.postMessage: 200 does not mean that it was taken."""

    #: What is about us: nothing would be taken, so the notes wait until somebody has looked.
    OURS: ClassVar[Mapping[str, str]] = {
        "invalid_auth": "correct `token`",
        "not_authed": "set `token`",
        "account_inactive": "the bot was removed: install it again",
        "token_revoked": "make a new `token`",
        "token_expired": "make a new `token`",
        "missing_scope": "give the bot the scope chat:write",
        "channel_not_found": "correct `channel`",
        "not_in_channel": "invite the bot to the channel",
        "is_archived": "the channel is archived: name another `channel`",
    }
    LATER: ClassVar[frozenset[str]] = frozenset(
        {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
    )

    def __init__(self, settings: SlackSettings) -> None:
        if settings.token is None or not settings.channel:
            raise PluginError("[sinks.slack] needs `token` (CAMPFLOW_SINKS__SLACK__TOKEN) and `channel`")
        self._channel = settings.channel
        token = {"authorization": f"Bearer {settings.token.get_secret_value()}"}
        self.client = HttpClient(settings.url, headers=token, timeout=settings.timeout, connections=1)

    async def send(self, note: Note) -> Reply:
        # Without the escapes `<!channel>` in somebody's name would call everyone.
        text = note.text[:_LONGEST].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        body = {"channel": self._channel, "text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
        return await self.client.send("POST", "chat.postMessage", json=body)

    def fate(self, reply: Reply) -> Fate:
        if reply.status != 200:
            return fate(reply)
        said = reply.json_object()
        if said.get("ok") is True:
            return Fate("accepted")
        error = str(said.get("error"))[:100]
        if error in self.OURS:
            raise PluginError(f"Slack says {error}: {self.OURS[error]}")
        return Fate("retry" if error in self.LATER else "rejected", f"Slack says {error}")


class TeamsSink(_HttpSink):
    """An Adaptive Card to a workflow of Microsoft Teams. Its text is a TextRun, in which nothing is Markdown."""

    def __init__(self, settings: TeamsSettings) -> None:
        if settings.url is None:
            raise PluginError("[sinks.teams] needs `url` (CAMPFLOW_SINKS__TEAMS__URL)")
        self._url = settings.url.get_secret_value()
        self.client = HttpClient("", timeout=settings.timeout, connections=1, public_only=not settings.private)

    async def send(self, note: Note) -> Reply:
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": note.text[:_LONGEST]}]}],
        }
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        return await self.client.send("POST", self._url, json={"type": "message", "attachments": [attachment]})


class WebhookSink(_HttpSink):
    """A signed request, as https://www.standardwebhooks.com has it: `webhook-id` is the note's key."""

    def __init__(self, settings: WebhookSettings) -> None:
        if settings.url is None or settings.secret is None:
            raise PluginError("[sinks.webhook] needs `url` and `secret` (CAMPFLOW_SINKS__WEBHOOK__SECRET)")
        self._url, self._key, self._settings = settings.url, secret_bytes(settings.secret), settings
        self.client = self._client()

    def _client(self) -> HttpClient:
        return HttpClient("", timeout=self._settings.timeout, connections=1, public_only=not self._settings.private)

    async def send(self, note: Note) -> Reply:
        told = {"campaign": note.campaign, "stage": note.stage, "contact": note.contact_key, "text": note.text}
        said = {"type": "campflow.note", "timestamp": note.at.isoformat(), "data": told}
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        return await self._post(note.key, body)

    async def _post(self, id: str, body: bytes) -> Reply:
        headers = signed(self._key, id, int(time.time()), body) | {"content-type": "application/json"}
        return await self.client.send("POST", self._url, content=body, headers=headers)


class FiguresWebhook(WebhookSink):
    """The same request with figures: all that were counted at one moment, whose time is the id."""

    def publish(self, measurements: Sequence[Measurement]) -> None:
        """Raises PluginError where they are not taken."""
        if not measurements:
            return
        at = measurements[0].at.isoformat()
        told = [{"name": each.name, "labels": dict(each.labels), "value": each.value} for each in measurements]
        said = {"type": "campflow.figures", "timestamp": at, "data": {"figures": told}}
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

        async def post() -> Fate:
            try:
                return fate(await self._post(f"figures.{at}", body))
            finally:
                await self.client.close()

        # Figures are published from a thread of their own: each time has a client of its own.
        self.client = self._client()
        meant = asyncio.run(post())
        if meant.outcome != "accepted":
            raise PluginError(f"{self._url} does not take the figures: {meant.detail}")


def signed(key: bytes, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three fields of Standard Webhooks; `timestamp` in seconds."""
    mac = hmac.digest(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def make_slack(settings: BaseModel, context: ChannelContext) -> TextSink:
    return SlackSink(SlackSettings.model_validate(settings))


def make_teams(settings: BaseModel, context: ChannelContext) -> TextSink:
    return TeamsSink(TeamsSettings.model_validate(settings))


def make_figures(settings: BaseModel, context: ChannelContext) -> Sink:
    return FiguresWebhook(WebhookSettings.model_validate(settings))


def make_webhook(settings: BaseModel, context: ChannelContext) -> TextSink:
    return WebhookSink(WebhookSettings.model_validate(settings))
