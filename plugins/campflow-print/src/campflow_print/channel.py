"""Letters into a folder: a file of pages for each window and message, ready for any printer."""

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from babel import Locale
from pydantic import BaseModel

from campflow.content import postal
from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import ChannelContext, Message, Proof, Receipt
from campflow_print import batches
from campflow_print.address import address_lines
from campflow_print.ledger import Printed, ledger
from campflow_print.prepare import BODY
from campflow_print.settings import LetterSettings
from campflow_print.tree import blocks_of
from campflow_print.typesetting import Letter, Pages, Style, typeset, typeset_sound
from campflow_print.windows import WINDOWS

#: Endings of a letterhead.
_PICTURES = (".svg", ".png", ".jpg", ".jpeg")

#: Characters that a code may lead to: a longer address makes a code that small print cannot hold.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class _Written:
    """A message, and the letter that it makes; `target` is where its code leads in the end."""

    message: Message
    letter: Letter
    target: str | None


class LetterChannel:
    """`folder` is where batches go; `project` where the letterhead lies below."""

    def __init__(self, settings: LetterSettings, project: Path) -> None:
        self._settings = settings
        self._project = project
        self._folder = project / settings.folder
        self._letterhead: tuple[str, bytes] | None = None

    async def open(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            self._letterhead = self._read_letterhead()
        except OSError as error:
            raise ChannelError(f"{error.filename}: {error.strerror}: set `folder` and `letterhead`") from error

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        try:
            receipts = await asyncio.to_thread(self._print, messages)
        except (OSError, sqlite3.Error) as error:
            for message in messages:
                yield Receipt(message.message_id, "retry", detail=f"cannot write to {self._folder}: {error}")
            raise ChannelError(f"cannot write to {self._folder}: {error}: check its rights and the disk") from error
        for receipt in receipts:
            yield receipt

    async def close(self) -> None:
        """Nothing is held open."""

    def _print(self, messages: Sequence[Message]) -> list[Receipt]:
        """All at once, while no other process writes here: nothing that is in a batch goes into a second one."""
        with ledger(self._folder) as known:
            batches.recover(self._folder, known)
            printed = known.printed(message.key for message in messages)
            refused: dict[str, str] = {}
            groups: dict[tuple[object, ...], list[_Written]] = {}
            for message in messages:
                if message.key in printed:
                    continue
                try:
                    written = self._write(message)
                    groups.setdefault(self._kind(message), []).append(written)
                except ContentError as error:
                    refused[message.key] = str(error)
            for group in groups.values():
                name, lines, pages, bad = self._batch(group)
                refused |= bad
                if lines:
                    printed |= batches.keep(self._folder, name, pages.pdf, lines, known)
        return [_receipt(message, printed.get(message.key), refused.get(message.key)) for message in messages]

    def page(self, message: Message) -> bytes:
        """The PDF of one letter, of a channel that need not be open. Raises ContentError."""
        self._letterhead = self._read_letterhead()
        return typeset([self._write(message).letter], self._style(message)).pdf

    def _kind(self, message: Message) -> tuple[object, ...]:
        """What letters of one file have in common: a printer folds and fills them the same way."""
        return message.campaign, message.name, message.language, self._window(message)

    def _window(self, message: Message) -> str:
        window = str(message.options.get("window") or self._settings.window)
        if window not in WINDOWS:
            raise ContentError(f"`window: {window[:40]}` is no window: choose {', '.join(WINDOWS)}")
        return window

    def _style(self, message: Message) -> Style:
        settings = self._settings
        language = Locale.parse(f"und_{settings.country}").language
        return Style(
            WINDOWS[self._window(message)], message.name, int(message.planned_at.timestamp()),
            (message.language or language).partition("-")[0], settings.sender_line, self._letterhead, settings.bleed,
            settings.crop_marks,
        )  # fmt: skip

    def _write(self, message: Message) -> _Written:
        """The letter of one message. Raises ContentError."""
        address = postal.read_address(message.parts[postal.PART], message.address)
        target = _target(message.options.get("scan"))
        scan_url, text = self._settings.scan_url, str(message.options.get("scan_text") or "")
        code = f"{scan_url}?{urlencode({'k': message.key})}" if target and scan_url else target
        letter = Letter(
            message.key, address_lines(address, self._settings.country), blocks_of(message.parts[BODY]), code, text
        )
        return _Written(message, letter, target)

    def _batch(self, group: Sequence[_Written]) -> tuple[str, list[batches.Line], Pages, dict[str, str]]:
        """Its name, which the same letters always get, its manifest and its pages; whom no page could be set for."""
        first = group[0].message
        pages, refused = typeset_sound([each.letter for each in group], self._style(first))
        good = [each for each in group if each.letter.key not in refused]
        digest = hashlib.sha256("\n".join(each.letter.key for each in good).encode()).hexdigest()[:12]
        lines = [
            batches.Line(
                each.letter.key, each.message.contact_key, each.message.name, each.message.campaign, *place,
                each.letter.address, each.target,
            )
            for each, place in zip(good, pages.places, strict=True)
        ]  # fmt: skip
        return f"{first.planned_at:%Y-%m-%d}-{first.name}-{digest}", lines, pages, refused

    def _read_letterhead(self) -> tuple[str, bytes] | None:
        if self._settings.letterhead is None:
            return None
        path = self._project / self._settings.letterhead
        if path.suffix not in _PICTURES:
            raise ChannelError(f"`letterhead` {path.name}: save it as {', '.join(_PICTURES)}")
        found = path.suffix, path.read_bytes()
        try:
            # An empty page of it: a picture that cannot be read is nobody's letter's fault.
            typeset([], Style(WINDOWS[self._settings.window], path.name, 0, letterhead=found))
        except ContentError as error:
            raise ChannelError(f"`letterhead` {path.name} cannot be printed: {error}") from error
        return found


def make_channel(settings: BaseModel, context: ChannelContext) -> LetterChannel:
    """Raises ChannelError for settings of another channel."""
    if not isinstance(settings, LetterSettings):
        raise ChannelError(f"the letter channel needs LetterSettings, and got {type(settings).__name__}")
    return LetterChannel(settings, Path(context.folder))


def make_proof(message: Message, settings: BaseModel, context: ChannelContext) -> Proof:
    """The letter as it would be printed, and no batch of it."""
    return Proof("pdf", make_channel(settings, context).page(message))


def _target(written: object) -> str | None:
    """Where the code leads. Raises ContentError: only the web can be there."""
    if not written:
        return None
    url = str(written)
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or len(url) > _LONGEST:
        raise ContentError(f"`scan` is not an address of the web of at most {_LONGEST} characters: {url[:60]}")
    return url


def _receipt(message: Message, printed: Printed | None, refused: str | None) -> Receipt:
    if printed is not None:
        return Receipt(message.message_id, "accepted", provider_id=printed.provider_id)
    return Receipt(message.message_id, "rejected", detail=refused or "it was not printed")
