"""The mailbox that answers come to: a Maildir on this machine, or a folder of an IMAP server (RFC 9051).

A mail is marked as seen only when what it says has been recorded. So a crash in between reads it once more, which
changes nothing: its id is the same.
"""

import imaplib
import re
import ssl
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from campflow.errors import ChannelError

#: Bytes of a mail that are read: what it says stands before our own mail's copy, or among that one's headers.
_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that nobody has looked at. `id` is the same whenever it is read."""

    id: str
    data: bytes


class Mailbox(Protocol):
    """Where mail arrives. Everything here waits for a disk or a server: call it from a thread."""

    def new(self, limit: int) -> Iterator[Arrived]:
        """At most `limit` mails that were not seen, oldest first. Raises ChannelError with what to do."""

    def seen(self, ids: Iterable[str]) -> None:
        """What these say is recorded."""

    def close(self) -> None:
        """Let go of the connection."""


def open_mailbox(url: str, password: str | None, folder: Path, timeout: float) -> Mailbox:
    """The mailbox of `maildir:PATH` (below `folder`), `imaps://USER@HOST/FOLDER` or `imap://…` (STARTTLS; on this
    machine in the clear). Raises ChannelError."""
    parts = urlsplit(url)
    if parts.scheme == "maildir":
        return Maildir(folder / unquote(parts.path))
    return Imap(url, password, timeout)


class Maildir:
    """https://cr.yp.to/proto/maildir.html: what is in `new/` was seen by nobody."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, limit: int) -> Iterator[Arrived]:
        if not (self._folder / "new").is_dir():
            raise ChannelError(f"{self._folder} is no Maildir: make it (with new/, cur/ and tmp/) or correct `inbox`")
        for path in sorted((self._folder / "new").iterdir())[:limit]:
            with suppress(FileNotFoundError):  # another daemon was faster
                with path.open("rb") as file:
                    data = file.read(_BYTES)
                yield Arrived(path.name, data)

    def seen(self, ids: Iterable[str]) -> None:
        (self._folder / "cur").mkdir(exist_ok=True)
        for id in ids:
            with suppress(FileNotFoundError):
                (self._folder / "new" / id).rename(self._folder / "cur" / f"{id}:2,S")

    def close(self) -> None:
        """Nothing is held open."""


class Imap:
    """A folder of an IMAP server. The connection is kept, and made anew where the server has closed it."""

    def __init__(self, url: str, password: str | None, timeout: float) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._user, self._password = unquote(parts.username or ""), password or ""
        self._folder = unquote(parts.path.lstrip("/")) or "INBOX"
        self._secure, self._timeout = parts.scheme == "imaps", timeout
        self._session: imaplib.IMAP4 | None = None
        self._validity = ""

    def new(self, limit: int) -> Iterator[Arrived]:
        try:
            session = self._open()
            _, found = session.uid("SEARCH", "UNSEEN")
            for uid in (found[0] or b"").split()[:limit]:
                _, said = session.uid("FETCH", uid.decode(), f"(BODY.PEEK[]<0.{_BYTES}>)")
                for item in said:
                    if isinstance(item, tuple):
                        yield Arrived(f"{self._validity}.{uid.decode()}", item[1])
        except (imaplib.IMAP4.error, OSError) as error:
            self.close()
            raise ChannelError(f"cannot read mail at {self._host}: {error}: check `inbox` and its password") from error

    def seen(self, ids: Iterable[str]) -> None:
        uids = [uid for validity, _, uid in (id.partition(".") for id in ids) if validity == self._validity]
        if not uids:
            return
        try:
            self._open().uid("STORE", ",".join(uids), "+FLAGS.SILENT", r"(\Seen)")
        except (imaplib.IMAP4.error, OSError):
            self.close()  # they are read again, and known

    def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            with suppress(imaplib.IMAP4.error, OSError):
                session.logout()
            with suppress(OSError):
                session.shutdown()  # where the server no longer answers

    def _open(self) -> imaplib.IMAP4:
        if self._session is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                if self._session.noop()[0] == "OK":
                    return self._session
            self.close()
        session = self._connect()
        try:
            session.login(self._user, self._password)
            quoted = '"' + self._folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
            if session.select(quoted)[0] != "OK":
                raise imaplib.IMAP4.error(f"there is no folder {self._folder}")
        except (imaplib.IMAP4.error, OSError):
            session.shutdown()
            raise
        validity = session.response("UIDVALIDITY")[1]
        self._validity = validity[-1].decode() if validity and isinstance(validity[-1], bytes) else "0"
        self._session = session
        return session

    def _connect(self) -> imaplib.IMAP4:
        context = ssl.create_default_context()
        if self._secure:
            return imaplib.IMAP4_SSL(self._host, self._port or 993, ssl_context=context, timeout=self._timeout)
        session = imaplib.IMAP4(self._host, self._port or 143, timeout=self._timeout)
        if not _IS_HERE.fullmatch(self._host):  # a password never goes over a network in the clear
            session.starttls(context)
        return session


_IS_HERE = re.compile(r"localhost|127\.0\.0\.1|::1")
