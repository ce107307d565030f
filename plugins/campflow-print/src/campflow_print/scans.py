"""What a scanned code does: the scan is an event, and the reader goes on to where the letter says."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel

from campflow.errors import ChannelError, WebhookRefused
from campflow.hooks.contracts import ChannelContext, Reaction, WebAnswer, Webhook, WebRequest
from campflow_print.ledger import target_of
from campflow_print.settings import LetterSettings

#: Characters of a message's key; campflow's are shorter.
_LONGEST = 64


class Scans:
    """Hears `GET …/hooks/letter?k=KEY`, which stands in the codes. The key of a message cannot be guessed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def open(self) -> None:
        """Nothing to get ready."""

    async def hear(self, request: WebRequest) -> WebAnswer:
        """HEAD comes from a machine that looks before somebody reads: it is answered, and no scan."""
        if request.method not in ("GET", "HEAD"):
            raise WebhookRefused("a code is read with GET", status=405)
        key = key_in(request.url)
        printed = target_of(self._folder, key) if key else None
        if printed is None or printed.target is None:
            raise WebhookRefused("no letter has this code", status=404)
        at = request.happened.replace(microsecond=0)
        scan = Reaction("scanned", at, f"scan-{key}-{at.timestamp():.0f}", key=key)
        # The code holds no address to go to: nobody can make it lead anywhere else.
        return WebAnswer(
            (scan,) if request.method == "GET" else (),
            status=303,
            text="This leads on.",
            headers={"Location": printed.target, "Cache-Control": "no-store"},
        )

    async def close(self) -> None:
        """Nothing is held open."""


def make_scans(settings: BaseModel, context: ChannelContext) -> Webhook:
    """Raises ChannelError for settings of another channel."""
    if not isinstance(settings, LetterSettings):
        raise ChannelError(f"the letter channel needs LetterSettings, and got {type(settings).__name__}")
    return Scans(Path(context.folder) / settings.folder)


def key_in(text: str) -> str | None:
    """The key of the letter in what a scanner read: the address in its code, or the key alone."""
    text = text.strip()
    found = parse_qs(urlsplit(text).query).get("k", [""])[0] if "?" in text else text
    return found if 0 < len(found) <= _LONGEST and found.isascii() and found.isprintable() else None
