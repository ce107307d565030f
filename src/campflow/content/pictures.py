"""Pictures that go with a message: `media` of the front matter, a list of files below `content/`.

    media: [{file: spring.jpg, alt: "Three tea bushes in the rain"}]

Each needs words for who cannot see it. A picture is known by its first bytes, not by its name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from campflow.checking.vocabulary import ContentFile
from campflow.content.files import FOLDER
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.errors import ContentError
from campflow.hooks.contracts import ChannelPlugin

MEDIA = "media"

#: Bytes of a picture, and characters of its words, whatever a channel takes.
LARGEST, LONGEST_ALT = 8_000_000, 1_500

#: A message has as many at most.
MOST = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """`file` is relative to `content/`."""

    file: str
    alt: str


@dataclass(frozen=True, slots=True)
class Picture:
    """`type` is a media type: image/jpeg, image/png, image/gif or image/webp."""

    name: str
    alt: str
    type: str
    data: bytes


def wanted(front_matter: Mapping[str, object]) -> tuple[Wanted, ...]:
    """The pictures that a message names. Raises ContentError."""
    written = front_matter.get(MEDIA)
    if written is None:
        return ()
    if not isinstance(written, list | tuple):
        raise ContentError('`media` is a list: [{file: spring.jpg, alt: "what it shows"}]')
    if len(written) > MOST:
        raise ContentError(f"`media` has {len(written)} pictures, and {MOST} is the most")
    return tuple(map(_wanted, written))


def _wanted(item: object) -> Wanted:
    if not isinstance(item, Mapping) or set(item) - {"file", "alt"} or not isinstance(item.get("file"), str):
        raise ContentError("a picture of `media` has a `file` and an `alt`, and nothing else")
    alt = item.get("alt")
    if not isinstance(alt, str) or not alt.strip():
        raise ContentError(f"`{item['file'][:80]}` has no `alt`: say what it shows to who cannot see it")
    if len(alt) > LONGEST_ALT:
        raise ContentError(f"the `alt` of `{item['file'][:80]}` has more than {LONGEST_ALT:,} characters")
    return Wanted(item["file"], alt)


def read_picture(project: Path, picture: Wanted, largest: int = LARGEST) -> Picture:
    """The picture, of `largest` bytes at most. Raises ContentError for what is none, or lies elsewhere."""
    root, shown = (project / FOLDER).resolve(), picture.file[:80]
    try:
        path = (root / picture.file).resolve()
        if not path.is_relative_to(root):
            raise ContentError(f"`{shown}` leads out of `{FOLDER}/`: pictures lie below it")
        if not path.is_file():
            raise ContentError(f"there is no picture `{FOLDER}/{shown}`")
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except (OSError, ValueError, RuntimeError) as error:
        raise ContentError(f"the picture `{shown}` cannot be read: {type(error).__name__}") from error
    if len(data) > largest:
        raise ContentError(f"the picture `{shown}` has more than {largest:,} bytes: make it smaller")
    type_ = _type(data)
    if type_ is None:
        raise ContentError(f"`{shown}` is no picture: JPEG, PNG, GIF and WebP are")
    return Picture(path.name, picture.alt, type_, data)


def _type(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def with_pictures(project: Path, file: ContentFile, channel: ChannelPlugin | None) -> ContentFile:
    """The same, with what is wrong with its pictures. What another file holds is looked at each time."""
    if channel is None or MEDIA not in channel.options or MEDIA not in file.front_matter:
        return file
    return replace(file, problems=(*file.problems, *_problems(project, file)))


def _problems(project: Path, file: ContentFile) -> Iterator[Diagnostic]:
    place = file.option_spans.get(MEDIA, Span(file.path, 1, 1, 1, 2))
    try:
        for each in wanted(file.front_matter):
            try:
                read_picture(project, each)
            except ContentError as error:
                yield Diagnostic("bad-template", str(error), place)
    except ContentError as error:
        yield Diagnostic("bad-template", str(error), place)
