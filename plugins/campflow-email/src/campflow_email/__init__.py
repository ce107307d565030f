"""E-mail for campflow: over SMTP, or into a Maildir while there is no server."""

from campflow.hooks.contracts import ChannelPlugin
from campflow.hooks.specs import hookimpl
from campflow_email.channel import make_channel
from campflow_email.prepare import prepare
from campflow_email.settings import EmailSettings

CAMPFLOW_API = (1, 0)

EMAIL = ChannelPlugin(
    name="email",
    address="email",
    settings=EmailSettings,
    extensions=("md", "mjml", "html", "txt"),
    options=frozenset({"subject", "preheader", "from", "reply_to"}),
    reports=frozenset({"sent", "failed"}),
    # SMTP has no keys: a server that gets a message twice sends it twice.
    idempotency="none",
    window=20,
    prepare=prepare,
    make=make_channel,
    icon="✉",
)


@hookimpl
def campflow_channels() -> tuple[ChannelPlugin, ...]:
    return (EMAIL,)
