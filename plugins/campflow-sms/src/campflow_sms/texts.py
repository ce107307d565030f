"""From a message to the text that goes out, and its segments; from a content file to what is filled."""

import re
from collections.abc import Iterable, Mapping

from jinja2 import nodes

from campflow.content import templates
from campflow.errors import ContentError
from campflow.hooks.contracts import Message, Prepared
from campflow_sms.segments import MOST, TYPOGRAPHIC, Segments, cut

PART = "text"

#: Characters of a filled text that are looked at: no more can be in MOST segments, with room for blanks at its ends.
_LONGEST = 5_000

#: Everything that ends a line somewhere, and what no phone shows: controls, and halves of surrogate pairs.
_LINES = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff]")

#: A number as it is stored (E.164): a plus and at most fifteen digits.
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


def prepare(body: str, front_matter: Mapping[str, object]) -> Prepared:
    """The part "text". Raises ContentError for options that are none, and a text that cannot fit whoever gets it."""
    most, plain = most_segments(front_matter, MOST), is_plain(front_matter)
    fixed = _clean(_least(templates.parse(body).body), plain)
    if "text" not in front_matter and not body.strip():
        raise ContentError("the message is empty: write its text below the head")
    needed = len(cut(fixed))
    if needed > most:
        raise ContentError(
            f"what stands in every one of these messages needs {needed} segments, and {most} may be sent: shorten it"
            f"{'' if most == MOST else ' or raise `max_segments`'}"
        )
    return Prepared({PART: body}, front_matter)


def text_of(message: Message, most: int) -> Segments:
    """What goes out. Raises ContentError: the number is none, the text is empty or too long."""
    number(message.address)
    text = message.parts[PART]
    most = most_segments(message.options, most)
    if len(text) > _LONGEST:
        raise ContentError(f"the text has {len(text):,} characters, and at most {most} segments may be sent")
    segments = cut(_clean(text, is_plain(message.options)).strip())
    if segments.texts == ("",):
        raise ContentError("the text is empty")
    if len(segments) > most:
        kind = "GSM-7" if segments.alphabet == "gsm7" else "UCS-2"
        raise ContentError(
            f"the text needs {len(segments)} segments ({kind}), and {most} may be sent: shorten it or raise "
            "`max_segments`"
        )
    return segments


def number(text: str) -> str:
    """The number without its plus. Raises ContentError for what is no single number in international form."""
    if not _NUMBER.fullmatch(text):
        raise ContentError("the contact's phone is no number as in +33612345678")
    return text[1:]


def most_segments(options: Mapping[str, object], default: int) -> int:
    value = options.get("max_segments", default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
        raise ContentError(f"`max_segments` is a number from 1 to {MOST}")
    return value


def is_plain(options: Mapping[str, object]) -> bool:
    value = options.get("plain", False)
    if not isinstance(value, bool):
        raise ContentError("`plain` is yes or no")
    return value


def _clean(text: str, plain: bool) -> str:
    text = _CONTROLS.sub("", _LINES.sub("\n", text).replace("\t", " "))
    return text.translate(TYPOGRAPHIC) if plain else text


def _least(parts: Iterable[nodes.Node]) -> str:
    """The shortest text that a template can come to, whatever the fields hold."""
    found = ""
    for part in parts:
        if isinstance(part, nodes.Output):
            found += "".join(each.data for each in part.nodes if isinstance(each, nodes.TemplateData))
        elif isinstance(part, nodes.If):
            ways = [part.body, part.else_, *(each.body for each in part.elif_)]
            found += min((_least(way) for way in ways), key=lambda text: (len(cut(text)), len(text)))
        elif isinstance(part, nodes.With | nodes.Scope):
            found += _least(part.body)
    return found
