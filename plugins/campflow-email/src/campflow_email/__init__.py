"""E-mail for campflow: over SMTP, by Resend or SendGrid, or into a Maildir while there is no server."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pydantic import BaseModel

from campflow.hooks.contracts import ChannelContext, ChannelPlugin, Complaint, Prepared, Webhook
from campflow.hooks.specs import hookimpl
from campflow_email.channel import make_channel
from campflow_email.settings import EmailSettings

CAMPFLOW_API = (1, 0)


def _prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    """What reads Markdown and MJML is imported when there is some: to check campaigns takes less time."""
    from campflow_email.prepare import prepare

    return prepare(body, extension, front_matter)


def _webhook(settings: BaseModel, context: ChannelContext) -> Webhook:
    from campflow_email.reports import make_webhook

    return make_webhook(settings, context)


def _fitted(plugin: ChannelPlugin, settings: BaseModel) -> ChannelPlugin:
    """The provider of the settings: what it can do about doubt, and how much it takes."""
    if not isinstance(settings, EmailSettings) or settings.provider == "smtp":
        return plugin
    if settings.provider == "sendgrid":
        return replace(plugin, webhook=_webhook, window=20)
    alone = settings.batch == 1
    return replace(
        plugin,
        webhook=_webhook,
        idempotency="key" if alone else "none",
        key_hours=24 if alone else None,
        window=settings.batch,
        # An account begins with two requests in a second.
        rate=f"{2 * settings.batch} per second",
    )


def _lint(parts: Mapping[str, str], options: Mapping[str, object]) -> Iterable[Complaint]:
    from campflow_email.lint import lint

    return lint(parts, options)


EMAIL = ChannelPlugin(
    name="email",
    address="email",
    settings=EmailSettings,
    extensions=("md", "mjml", "html", "txt"),
    options=frozenset({"subject", "preheader", "from", "reply_to"}),
    reports=frozenset(
        {"sent", "failed", "delivered", "bounced", "complained", "unsubscribed", "replied", "opened", "clicked"}
    ),
    # SMTP has no keys: a server that gets a message twice sends it twice.
    idempotency="none",
    # What a crash may leave uncertain, against one commit for so many.
    window=50,
    prepare=_prepare,
    make=make_channel,
    icon="✉",
    listens=True,
    fitted=_fitted,
    lint=_lint,
)


@hookimpl
def campflow_channels() -> tuple[ChannelPlugin, ...]:
    return (EMAIL,)
