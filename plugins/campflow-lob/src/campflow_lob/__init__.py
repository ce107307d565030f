"""Direct mail for campflow: letters, postcards and self mailers that Lob prints and posts."""

from collections.abc import Mapping

from pydantic import BaseModel

from campflow.content import postal
from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin, Prepared
from campflow.hooks.specs import hookimpl
from campflow_lob.settings import LobSettings
from campflow_lob.webhook import make_webhook

CAMPFLOW_API = (1, 0)


def _prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    from campflow_lob.pieces import prepare

    return prepare(body, front_matter)


def _make(settings: BaseModel, context: ChannelContext) -> Channel:
    from campflow_lob.channel import make_channel

    return make_channel(settings)


LOB = ChannelPlugin(
    name="lob",
    address=postal.ADDRESS,
    needs=postal.NEEDS,
    settings=LobSettings,
    extensions=("html",),
    options=frozenset({"piece", "size", "color", "double_sided"}),
    reports=frozenset({"sent", "failed", "delivered", "returned", "scanned"}),
    # Lob gives back what it made of a key, for a day.
    idempotency="key",
    key_hours=24,
    window=20,
    # 150 requests in five seconds.
    rate="30 per second",
    prepare=_prepare,
    make=_make,
    icon="✉",
    webhook=make_webhook,
)


@hookimpl
def campflow_channels() -> tuple[ChannelPlugin, ...]:
    return (LOB,)
