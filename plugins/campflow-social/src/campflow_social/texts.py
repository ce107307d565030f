"""The texts of a post: parts of a thread, what counts as a character, what nobody may slip in."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from campflow.content.pictures import wanted
from campflow.errors import ContentError
from campflow.hooks.contracts import Message, Prepared

#: A line of the content file between two posts of a thread.
DIVIDER = "---"
MOST_PARTS = 25

#: Bytes of a filled post that anybody looks at: longer than any network takes.
LARGEST = 262_144

#: Who is mentioned by the content file itself, in the prepared front matter. A name that a value brings is no mention.
MENTIONED = "mentioned"

LINK = re.compile(r"https?://[^\s<>\"'()\[\]{}]*[^\s<>\"'()\[\]{}.,;:!?]", re.IGNORECASE)
MENTION = re.compile(r"(?<![\w@/.])@([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?:@[A-Za-z0-9.-]+[A-Za-z0-9])?)")
TAG = re.compile(r"(?<![\w#&])#(\w*[^\W\d_]\w*)")

_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
#: Turns of the writing direction, marks nobody sees, and controls but for the end of a line.
_UNSEEN = re.compile(
    r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_ENDS = re.compile(r"\r\n|[\r\u0085\u2028\u2029\v\f]")


def prepare(body: str, front_matter: Mapping[str, object], most: int = MOST_PARTS) -> Prepared:
    """The parts "1", "2" … of a thread, divided before anything is filled. Raises ContentError."""
    wanted(front_matter)
    pieces: list[list[str]] = [[]]
    for line in body.split("\n"):
        if line.rstrip() == DIVIDER:
            pieces.append([])
        else:
            pieces[-1].append(line)
    texts = ["\n".join(piece).strip() for piece in pieces]
    if not all(texts):
        raise ContentError("a post is empty" if len(texts) == 1 else f"between two lines of `{DIVIDER}` stands no text")
    if len(texts) > most:
        one = "one post: it has no threads" if most == 1 else f"{most} posts in a thread"
        raise ContentError(f"there are {len(texts)} posts, divided by lines of `{DIVIDER}`, and the most is {one}")
    mentioned = [name for text in texts for name in MENTION.findall(_CODE.sub(" ", text))]
    return Prepared({str(n): text for n, text in enumerate(texts, 1)}, {**front_matter, MENTIONED: mentioned})


def thread(message: Message) -> list[str]:
    """The posts of a thread in their order, cleaned. Raises ContentError for one that is empty or far too long."""
    return [_clean(message.parts[name]) for name in sorted(message.parts, key=int)]


def _clean(text: str) -> str:
    if len(text.encode("utf-8", "replace")) > LARGEST:
        raise ContentError(f"a post has more than {LARGEST:,} bytes")
    found = _UNSEEN.sub("", _ENDS.sub("\n", text)).strip()
    if not found:
        raise ContentError("a post is empty when it is filled")
    return found


def mentioned(message: Message) -> frozenset[str]:
    """Who may be mentioned, in lower case: whom the content file names itself."""
    names = message.options.get(MENTIONED)
    return frozenset(str(each).lower() for each in names) if isinstance(names, list | tuple) else frozenset()


def one_of(options: Mapping[str, object], name: str, choices: Sequence[str], default: str) -> str:
    """Raises ContentError."""
    value = options.get(name)
    if value is None:
        return default
    if value not in choices:
        raise ContentError(f"`{name}: {str(value)[:40]}` is none of {', '.join(choices)}")
    return str(value)


def line_of(options: Mapping[str, object], name: str, longest: int = 500) -> str:
    """An option that is a text on one line; empty where it is not written. Raises ContentError."""
    value = options.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise ContentError(f"`{name}` is a text of {longest} characters at most")
    return _UNSEEN.sub("", value).strip()


def link_of(options: Mapping[str, object], name: str = "link") -> str:
    """An option that is a web address. Raises ContentError."""
    value = line_of(options, name, 2_000)
    if value and not LINK.fullmatch(value):
        raise ContentError(f"`{name}` is no web address: write https://…")
    return value


def language_of(options: Mapping[str, object]) -> str:
    """Raises ContentError."""
    value = line_of(options, "language", 35)
    if value and not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ContentError(f"`language: {value}` is none: write a tag such as en or fr-CH")
    return value


@cache
def _grapheme() -> Any:
    import regex

    return regex.compile(r"\X")


def graphemes(text: str) -> int:
    """What a reader takes for one character: Unicode's extended grapheme clusters."""
    return sum(1 for _ in _grapheme().finditer(text))
