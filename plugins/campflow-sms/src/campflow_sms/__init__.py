"""SMS for campflow: by Twilio, over SMPP 3.4 to any message centre, or into a file to try it."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import BaseModel

from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin, Prepared, Webhook
from campflow.hooks.specs import hookimpl
from campflow_sms.settings import SmsSettings

CAMPFLOW_API = (1, 0)


def _prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
    from campflow_sms.texts import prepare

    return prepare(body, front_matter)


def _make(settings: BaseModel, context: ChannelContext) -> Channel:
    """Raises ChannelError where nobody is said to carry messages."""
    checked = _checked(settings)
    match checked.provider:
        case "twilio":
            from campflow_sms.twilio import TwilioChannel

            return TwilioChannel(checked, context)
        case "smpp":
            from campflow_sms.smpp import SmppChannel

            return SmppChannel(checked, context)
        case "file":
            from campflow_sms.written import FileChannel

            return FileChannel(checked, context)
    raise ChannelError(
        'nobody carries SMS: set `provider` under [channels.sms] to "twilio" or "smpp", or to "file" to try it'
    )


def _make_webhook(settings: BaseModel, context: ChannelContext) -> Webhook:
    from campflow_sms.webhook import TwilioWebhook

    return TwilioWebhook(_checked(settings), context)


def _fitted(plugin: ChannelPlugin, settings: BaseModel) -> ChannelPlugin:
    """Twilio calls the web part; a message centre tells what it knows over its own connection; a file tells nothing."""
    match _checked(settings).provider:
        case "smpp":
            return replace(plugin, webhook=None)
        case "file":
            return replace(plugin, webhook=None, listens=False)
    return replace(plugin, listens=False)


def _checked(settings: BaseModel) -> SmsSettings:
    if not isinstance(settings, SmsSettings):
        raise ChannelError(f"SMS needs SmsSettings, and got {type(settings).__name__}")
    return settings


SMS = ChannelPlugin(
    name="sms",
    address="phone",
    settings=SmsSettings,
    extensions=("txt",),
    options=frozenset({"max_segments", "plain"}),
    reports=frozenset({"delivered", "failed", "bounced", "replied", "unsubscribed", "resubscribed"}),
    # Neither Twilio nor SMPP knows a key, and neither can be asked: a list of what went to a number shows no key of
    # ours, and not yet what is on its way. Status reports carry ours back, and settle what was in doubt.
    idempotency="none",
    window=50,
    prepare=_prepare,
    make=_make,
    icon="✆",
    webhook=_make_webhook,
    listens=True,
    fitted=_fitted,
)


@hookimpl
def campflow_channels() -> tuple[ChannelPlugin, ...]:
    return (SMS,)
