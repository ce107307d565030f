"""The files below `content/`: which are messages, in which language, for which channel."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from campflow.diagnostics.source import Source
from campflow.errors import ContentError

FOLDER = "content"

#: Bytes that a content file may have.
LARGEST = 1_048_576

_FILE = re.compile(r"([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)\.([a-z0-9]+)")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class ContentPath:
    """`NAME.CHANNEL.EXT` or `LANGUAGE/NAME.CHANNEL.EXT`; `shown` is relative to the project, with forward slashes.

    `language` is None for the plain file, else a tag in lower case with hyphens.
    """

    path: Path
    shown: str
    message: str
    channel: str
    extension: str
    language: str | None


def content_paths(project: Path) -> tuple[ContentPath, ...]:
    """All message files of a project, in the order of their paths; other files and folders are let be."""
    return tuple(sorted(_found(project / FOLDER), key=lambda each: each.shown))


def _found(folder: Path) -> Iterator[ContentPath]:
    if not folder.is_dir():
        return
    yield from _messages(folder, folder.resolve(), FOLDER, None)
    for inner in folder.iterdir():
        if inner.is_dir() and _LANGUAGE.fullmatch(inner.name):
            tag = inner.name.replace("_", "-").lower()
            yield from _messages(inner, folder.resolve(), f"{FOLDER}/{inner.name}", tag)


def _messages(folder: Path, root: Path, shown: str, language: str | None) -> Iterator[ContentPath]:
    for path in folder.iterdir():
        # A link may lead to another message, not out of the folder.
        if (match := _FILE.fullmatch(path.name)) and path.is_file() and path.resolve().is_relative_to(root):
            name, channel, extension = match.groups()
            yield ContentPath(path, f"{shown}/{path.name}", name, channel, extension, language)


def read_content(file: ContentPath) -> Source:
    """Its text, with `\\n` at the end of each line. Raises ContentError where it is no text or too large."""
    try:
        data = file.path.read_bytes()
    except OSError as error:
        raise ContentError(f"{file.shown} cannot be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise ContentError(f"{file.shown} is larger than {LARGEST:,} bytes: keep pictures and data out of it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError(f"{file.shown} is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    return Source(file.shown, text.replace("\r\n", "\n").replace("\r", "\n"))
