"""Which way mail goes: to a provider, to a server, else into the project's Maildir. Imported when taken."""

from pathlib import Path

from pydantic import BaseModel

from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelContext
from campflow_email.answers import Answers
from campflow_email.mailbox import open_mailbox
from campflow_email.settings import EmailSettings


def make_channel(settings: BaseModel, context: ChannelContext) -> Channel:
    """Raises ChannelError for settings of another channel, and for a key that cannot be read."""
    if not isinstance(settings, EmailSettings):
        raise ChannelError(f"the e-mail channel needs EmailSettings, and got {type(settings).__name__}")
    answers = _answers(settings, Path(context.folder))
    if settings.provider == "resend":
        from campflow_email.resend import ResendChannel

        return ResendChannel(settings, context.sender, answers)
    if settings.provider == "sendgrid":
        from campflow_email.sendgrid import SendGridChannel

        return SendGridChannel(settings, context.sender, answers)
    if settings.host is None:
        from campflow_email.maildir import MaildirChannel

        return MaildirChannel(Path(context.folder) / settings.maildir, context.sender, answers)
    from campflow_email.smtp import SmtpChannel

    signer = None
    if settings.dkim_key is not None and settings.dkim_domain is not None:
        from campflow_email.dkim import read_signer

        signer = read_signer(
            settings.dkim_domain, settings.dkim_selector, _read(Path(context.folder) / settings.dkim_key)
        )
    return SmtpChannel(settings, context.sender, answers, signer)


def _answers(settings: EmailSettings, folder: Path) -> Answers:
    if settings.inbox is None:
        return Answers(None, settings.inbox_every)
    password = settings.inbox_password.get_secret_value() if settings.inbox_password else None
    return Answers(open_mailbox(settings.inbox, password, folder, settings.timeout), settings.inbox_every)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ChannelError(f"cannot read {path}: {error.strerror}: correct `dkim_key`") from error
