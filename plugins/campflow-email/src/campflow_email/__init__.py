"""E-mail for campflow: over SMTP, or into a Maildir while there is no server."""

from collections.abc import Mapping

from campflow.hooks.contracts import ChannelPlugin, Prepared
from campflow.hooks.specs import hookimpl
from campflow_email.channel import make_channel
from campflow_email.settings import EmailSettings

CAMPFLOW_API = (1, 0)


def _prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    """What reads Markdown and MJML is imported when there is some: to check campaigns takes less time."""
    from campflow_email.prepare import prepare

    return prepare(body, extension, front_matter)


EMAIL = ChannelPlugin(
    name="email",
    address="email",
    settings=EmailSettings,
    extensions=("md", "mjml", "html", "txt"),
    options=frozenset({"subject", "preheader", "from", "reply_to"}),
    reports=frozenset({"sent", "failed", "delivered", "bounced", "complained", "unsubscribed", "replied"}),
    # SMTP has no keys: a server that gets a message twice sends it twice.
    idempotency="none",
    # What a crash may leave uncertain, against one commit for so many.
    window=50,
    prepare=_prepare,
    make=make_channel,
    icon="✉",
    listens=True,
)


@hookimpl
def campflow_channels() -> tuple[ChannelPlugin, ...]:
    return (EMAIL,)
