"""From letters as data to pages: typst, in this process, with the fonts that it brings."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from typing import Any, Literal

import segno
import typst
from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject

from campflow.errors import ContentError
from campflow_print.windows import SENDER_LINE, Window

#: PDF/A refuses what no font can show, and embeds every font: a printer needs both.
_STANDARD: Literal["a-2b"] = "a-2b"

#: Pages that one letter may have: more is a slip in a template, and paper.
PAGES = 10

_MILLIMETRE = 72 / 25.4
#: Room for crop marks around the bleed, in millimetres; letter.typ has the same.
_MARKS = 7.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: the lines of its address, its blocks (tree.py), what its code leads to or None."""

    key: str
    address: Sequence[str]
    body: Sequence[Mapping[str, object]]
    code: str | None = None
    scan_text: str = ""


@dataclass(frozen=True, slots=True)
class Style:
    """What all letters of a batch have in common. `letterhead` is a file's ending and its bytes.

    `made` is when the file says it was made, in seconds since 1970: not the clock's time, or no two were the same.
    """

    window: Window
    title: str
    made: int
    language: str = "en"
    sender_line: str = ""
    letterhead: tuple[str, bytes] | None = None
    bleed: float = 0.0
    crop_marks: bool = False


@dataclass(frozen=True, slots=True)
class Pages:
    """The file, and each letter's first page (from 1) and number of pages, in order."""

    pdf: bytes
    places: Sequence[tuple[int, int]]


def typeset(letters: Sequence[Letter], style: Style) -> Pages:
    """The letters, one after the other. The same letters are the same bytes. Raises ContentError."""
    source, inputs = _source(style), _inputs(letters, style)
    places = _places(source, inputs)
    if any(pages > PAGES for _, pages in places):
        raise ContentError(f"the letter has more than {PAGES} pages")
    try:
        pdf = typst.compile(
            source, sys_inputs=inputs, ignore_system_fonts=True, timestamp=style.made, pdf_standards=_STANDARD
        )
    except typst.TypstError as error:
        raise ContentError(_reason(error)) from error
    return Pages(_with_bleed_box(pdf, style) if style.crop_marks else pdf, places)


def typeset_sound(letters: Sequence[Letter], style: Style) -> tuple[Pages, dict[str, str]]:
    """The pages of those that can be set, and of the others, by key, why not."""
    try:
        return typeset(letters, style), {}
    except ContentError:
        refused = _unprintable(letters, style)
    return typeset([each for each in letters if each.key not in refused], style), refused


def _unprintable(letters: Sequence[Letter], style: Style) -> dict[str, str]:
    """Found by halving, so that few bad ones cost little."""
    if not letters:
        return {}
    try:
        typeset(letters, style)
    except ContentError as error:
        if len(letters) == 1:
            return {letters[0].key: str(error)}
        middle = len(letters) // 2
        return _unprintable(letters[:middle], style) | _unprintable(letters[middle:], style)
    return {}


def _source(style: Style) -> Any:
    """The files that typst sees, and no others, by name: it takes them so, and its stubs do not know."""
    found = {"main.typ": files("campflow_print").joinpath("letter.typ").read_bytes()}
    if style.letterhead:
        ending, data = style.letterhead
        found[f"letterhead{ending}"] = data
    return found


def _inputs(letters: Sequence[Letter], style: Style) -> dict[str, str]:
    window = style.window
    job = {
        "title": style.title,
        "language": style.language,
        "window": {
            "left": window.left, "top": window.top, "width": window.width, "height": window.height,
            "body": window.body, "folds": window.folds,
        },
        "sender_line": style.sender_line,
        "sender_height": SENDER_LINE,
        "letterhead": f"letterhead{style.letterhead[0]}" if style.letterhead else None,
        "bleed": style.bleed,
        "crop_marks": style.crop_marks,
        "letters": [
            {
                "address": list(each.address),
                "body": list(each.body),
                "qr": _code(each.code) if each.code else None,
                "scan_text": each.scan_text,
            }
            for each in letters
        ],
    }  # fmt: skip
    return {"job": json.dumps(job)}


def _code(text: str) -> str:
    """A QR code with the quiet zone that readers need; a quarter of it may be spoilt by the post."""
    buffer = io.BytesIO()
    segno.make(text, error="q", micro=False).save(buffer, kind="svg", border=4, xmldecl=False, svgns=True)
    return buffer.getvalue().decode()


def _places(source: Any, inputs: dict[str, str]) -> list[tuple[int, int]]:
    begins, ends = (_numbers(source, inputs, label) for label in ("<begins>", "<ends>"))
    return [(here, next_ - here) for here, next_ in pairwise([*begins, ends[0] + 1])]


def _numbers(source: Any, inputs: dict[str, str], label: str) -> list[int]:
    try:
        found = typst.query(source, label, field="value", sys_inputs=inputs, ignore_system_fonts=True)
    except RuntimeError as error:  # what `query` raises instead of a TypstError
        raise ContentError(_reason(error)) from error
    return [int(number) for number in json.loads(found)]


def _reason(error: Exception) -> str:
    said = " ".join(str(error).split())
    return said.removeprefix("failed to compile document: ").removeprefix("assertion failed: ")[:300]


def _with_bleed_box(pdf: bytes, style: Style) -> bytes:
    """The bleed ends where the room for crop marks begins: typst knows only one of the two."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    inset = _MARKS * _MILLIMETRE
    for page in writer.pages:
        box = page.mediabox
        page.bleedbox = RectangleObject((
            float(box.left) + inset, float(box.bottom) + inset, float(box.right) - inset, float(box.top) - inset,
        ))  # fmt: skip
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
