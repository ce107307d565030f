"""A channel of these tests: it takes everything, and its provider calls back with signed reports."""

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence

from pydantic import BaseModel

from campflow.errors import WebhookRefused
from campflow.hooks.contracts import (
    Channel,
    ChannelContext,
    ChannelPlugin,
    ContactEvent,
    Message,
    Prepared,
    Reaction,
    Receipt,
    WebAnswer,
    Webhook,
    WebhookPlugin,
    WebRequest,
)
from campflow.hooks.specs import hookimpl

CAMPFLOW_API = (1, 0)


class Settings(BaseModel, extra="forbid"):
    secret: str = ""


class Pigeon:
    async def open(self) -> None:
        """Nothing to get ready."""

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages:
            yield Receipt(message.message_id, "accepted", provider_id=f"p-{message.contact_key}", detail=message.key)

    async def close(self) -> None:
        """Nothing is held open."""


class Reports:
    def __init__(self, secret: str) -> None:
        self.secret = secret

    async def open(self) -> None:
        """Nothing to get ready."""

    async def hear(self, request: WebRequest) -> WebAnswer:
        if request.method == "GET":
            return WebAnswer(text=request.url)
        right = base64.b64encode(hmac.new(self.secret.encode(), request.body, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(right.encode(), request.headers.get("x-signature", "").encode()):
            raise WebhookRefused("the signature is not the provider's")
        try:
            reports = json.loads(request.body)["reports"]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise WebhookRefused("no report", 400) from error
        return WebAnswer([_reaction(each, request.at) for each in reports], text="thanks")

    async def close(self) -> None:
        """Nothing is held open."""


def _reaction(report: Mapping[str, str], at: dt.datetime) -> Reaction:
    at = dt.datetime.fromisoformat(report["at"]) if "at" in report else at
    known = {name: report[name] for name in ("key", "provider_id", "address", "detail", "text") if name in report}
    return Reaction(report["name"], at, report["id"], **known)


class Shop:
    """Somebody who tells of purchases."""

    async def open(self) -> None:
        """Nothing to get ready."""

    async def hear(self, request: WebRequest) -> WebAnswer:
        order = json.loads(request.body)
        at = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
        return WebAnswer([ContactEvent(order["who"], "purchase", at, "shop", order["id"], fields={"amount": "12 EUR"})])

    async def close(self) -> None:
        """Nothing is held open."""


def prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    return Prepared({"text": body}, front_matter)


def make(settings: BaseModel, context: ChannelContext) -> Channel:
    return Pigeon()


def make_webhook(settings: BaseModel, context: ChannelContext) -> Webhook:
    return Reports(Settings.model_validate(settings.model_dump()).secret)


def make_shop(settings: BaseModel, context: ChannelContext) -> Webhook:
    return Shop()


PIGEON = ChannelPlugin(
    name="pigeon",
    address="email",
    settings=Settings,
    extensions=("txt",),
    options=frozenset(),
    reports=frozenset({"delivered", "clicked", "bounced", "unsubscribed", "replied", "failed"}),
    idempotency="none",
    window=100,
    prepare=prepare,
    make=make,
    webhook=make_webhook,
)


@hookimpl
def campflow_channels() -> list[ChannelPlugin]:
    return [PIGEON]


@hookimpl
def campflow_webhooks() -> list[WebhookPlugin]:
    return [WebhookPlugin("shop", Settings, make_shop)]
