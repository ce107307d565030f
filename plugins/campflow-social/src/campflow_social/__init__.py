"""Social networks for campflow: posts on Mastodon, Bluesky, LinkedIn and Facebook Pages."""

from collections.abc import Mapping

from pydantic import BaseModel

from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin, Prepared
from campflow.hooks.specs import hookimpl
from campflow_social.settings import BlueskySettings, FacebookSettings, LinkedInSettings, MastodonSettings

CAMPFLOW_API = (1, 0)


def _thread(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    from campflow_social.texts import prepare

    return prepare(body, front_matter)


def _single(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    from campflow_social.texts import prepare

    return prepare(body, front_matter, most=1)


def _mastodon(settings: BaseModel, context: ChannelContext) -> Channel:
    from campflow_social.mastodon import make_channel

    return make_channel(settings, context)


def _bluesky(settings: BaseModel, context: ChannelContext) -> Channel:
    from campflow_social.bluesky import make_channel

    return make_channel(settings, context)


def _linkedin(settings: BaseModel, context: ChannelContext) -> Channel:
    from campflow_social.linkedin import make_channel

    return make_channel(settings, context)


def _facebook(settings: BaseModel, context: ChannelContext) -> Channel:
    from campflow_social.facebook import make_channel

    return make_channel(settings, context)


MASTODON = ChannelPlugin(
    name="mastodon",
    address=None,
    settings=MastodonSettings,
    extensions=("txt",),
    options=frozenset({"media", "visibility", "language", "spoiler", "sensitive"}),
    reports=frozenset(),
    # Mastodon gives back what it made of a key, for an hour.
    idempotency="key",
    key_hours=1,
    window=5,
    rate="1 per second",
    prepare=_thread,
    make=_mastodon,
    icon="M",
    posts=True,
    counts=True,
)

BLUESKY = ChannelPlugin(
    name="bluesky",
    address=None,
    settings=BlueskySettings,
    extensions=("txt",),
    options=frozenset({"media", "language", "link", "link_title", "link_text"}),
    reports=frozenset(),
    # The key of a record is made of the message's.
    idempotency="key",
    window=5,
    rate="1 per second",
    prepare=_thread,
    make=_bluesky,
    icon="B",
    posts=True,
)

LINKEDIN = ChannelPlugin(
    name="linkedin",
    address=None,
    settings=LinkedInSettings,
    extensions=("txt",),
    options=frozenset({"media", "link", "link_title", "link_text"}),
    reports=frozenset(),
    idempotency="none",
    window=1,
    rate="1 per second",
    prepare=_single,
    make=_linkedin,
    icon="L",
    posts=True,
)

FACEBOOK = ChannelPlugin(
    name="facebook",
    address=None,
    settings=FacebookSettings,
    extensions=("txt",),
    options=frozenset({"media", "link"}),
    reports=frozenset(),
    idempotency="none",
    window=1,
    rate="1 per second",
    prepare=_single,
    make=_facebook,
    icon="F",
    posts=True,
)


@hookimpl
def campflow_channels() -> tuple[ChannelPlugin, ...]:
    return (MASTODON, BLUESKY, LINKEDIN, FACEBOOK)
