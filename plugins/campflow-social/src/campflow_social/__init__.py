"""Social networks for campflow: posts on Mastodon, Bluesky, LinkedIn and Facebook Pages."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module

from pydantic import BaseModel

from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin, MakeChannel, Prepared
from campflow.hooks.specs import hookimpl
from campflow_social.settings import BlueskySettings, FacebookSettings, LinkedInSettings, MastodonSettings

CAMPFLOW_API = (1, 0)


def _thread(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    from campflow_social.texts import prepare

    return prepare(body, front_matter)


def _single(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    from campflow_social.texts import prepare

    return prepare(body, front_matter, most=1)


def _made_by(module: str) -> MakeChannel:
    """What makes the channel of a network; its module is read when one is wanted."""

    def make(settings: BaseModel, context: ChannelContext) -> Channel:
        made: Channel = import_module(f"campflow_social.{module}").make_channel(settings, context)
        return made

    return make


def _fitted(plugin: ChannelPlugin, settings: BaseModel) -> ChannelPlugin:
    return replace(plugin, counts=bool(getattr(settings, "count", True)))


#: What all networks have in common.
_network = partial(
    ChannelPlugin, address=None, extensions=("txt",), reports=frozenset(), rate="1 per second", fitted=_fitted,
    posts=True, counts=True,
)  # fmt: skip

MASTODON = _network(
    name="mastodon",
    settings=MastodonSettings,
    options=frozenset({"media", "visibility", "language", "spoiler", "sensitive"}),
    # Mastodon gives back what it made of a key, for an hour.
    idempotency="key",
    key_hours=1,
    window=5,
    prepare=_thread,
    make=_made_by("mastodon"),
    icon="M",
)

BLUESKY = _network(
    name="bluesky",
    settings=BlueskySettings,
    options=frozenset({"media", "language", "link", "link_title", "link_text"}),
    # The key of a record is made of the message's.
    idempotency="key",
    window=5,
    prepare=_thread,
    make=_made_by("bluesky"),
    icon="B",
)

#: Networks without keys, and without threads.
_keyless = partial(_network, idempotency="none", window=1, prepare=_single)

LINKEDIN = _keyless(
    name="linkedin",
    settings=LinkedInSettings,
    options=frozenset({"media", "link", "link_title", "link_text"}),
    make=_made_by("linkedin"),
    icon="L",
)

FACEBOOK = _keyless(
    name="facebook",
    settings=FacebookSettings,
    options=frozenset({"media", "link"}),
    make=_made_by("facebook"),
    icon="F",
)


@hookimpl
def campflow_channels() -> tuple[ChannelPlugin, ...]:
    return (MASTODON, BLUESKY, LINKEDIN, FACEBOOK)
