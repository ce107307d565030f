"""Which way mail goes: to the server of the settings, else into the project's Maildir. Imported when taken."""

from pathlib import Path

from pydantic import BaseModel

from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelContext
from campflow_email.settings import EmailSettings


def make_channel(settings: BaseModel, context: ChannelContext) -> Channel:
    """Raises ChannelError for settings of another channel."""
    if not isinstance(settings, EmailSettings):
        raise ChannelError(f"the e-mail channel needs EmailSettings, and got {type(settings).__name__}")
    if settings.host is None:
        from campflow_email.maildir import MaildirChannel

        return MaildirChannel(Path(context.folder) / settings.maildir, context.sender)
    from campflow_email.smtp import SmtpChannel

    return SmtpChannel(settings, context.sender)
