"""Pages as a printer gets them, looked at with other people's programs."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import paper

from campflow.errors import ContentError
from campflow_print.tree import blocks_of
from campflow_print.typesetting import Letter, Style, typeset, typeset_sound
from campflow_print.windows import WINDOWS

# Six lines, one of them as wide as the post allows: NF Z 10-011 has 38 characters.
ADDRESS = (
    "Beispiel Handelsgesellschaft mbH", "Frau Ada Augusta King von Lovelace", "Hinterhaus links",
    "Hauptstrasse 12a", "8001 Zürich", "SCHWEIZ",
)  # fmt: skip
URL = "https://acme.example/hooks/letter?k=1f-0123456789abcdef01234567"


def letter(key: str = "1-a", html: str = "<p>Hello</p>", address: Sequence[str] = ADDRESS, code: str = "") -> Letter:
    return Letter(key, address, blocks_of(html), code or None, "Look")


def style(window: str = "sn010130_right", **more: object) -> Style:
    return Style(WINDOWS[window], "offer", 1_700_000_000, **more)  # type: ignore[arg-type]  # as the test says


def printed(folder: Path, letters: Sequence[Letter], look: Style) -> Path:
    file = folder / "letters.pdf"
    file.write_bytes(typeset(letters, look).pdf)
    return file


@dataclass(frozen=True, slots=True)
class Envelope:
    """In millimetres: its size, and the window's left edge, distance from below, and size. `fold` is the sheet's."""

    width: float
    height: float
    left: float
    below: float
    window: tuple[float, float]
    fold: float

    def slides(self) -> list[tuple[float, float, float, float]]:
        """What of the sheet (left, top, right, bottom) is seen where it lies in each corner of the envelope.

        A folded sheet is 210 mm wide and as high as its largest third or half, and the address is on the first one.
        """
        folded = max(self.fold, (297 - self.fold) / 2)
        found = []
        for across, up in itertools.product((0.0, self.width - 210), (0.0, self.height - folded)):
            left, bottom = self.left - across, self.fold - self.below + up
            found.append((left, bottom - self.window[1], left + self.window[0], bottom))
        return found


#: Envelopes as they are sold for each norm.
ENVELOPES = {
    "sn010130_right": (
        Envelope(229, 114, 229 - 12 - 100, 21, (100, 45), 105),
        Envelope(229, 162, 229 - 12 - 100, 65, (100, 45), 148.5),
    ),
    "sn010130_left": (
        Envelope(229, 114, 229 - 109 - 100, 21, (100, 45), 105),
        Envelope(229, 162, 229 - 109 - 100, 65, (100, 45), 148.5),
    ),
    "nfz10011": (Envelope(220, 110, 220 - 20 - 100, 20, (100, 45), 99),),
    "din5008_a": (Envelope(220, 110, 20, 15, (90, 45), 87), Envelope(229, 114, 20, 15, (90, 45), 87)),
    "din5008_b": (Envelope(220, 110, 20, 15, (90, 45), 105), Envelope(229, 114, 20, 15, (90, 45), 105)),
}  # fmt: skip


@paper.poppler
@pytest.mark.parametrize("window", WINDOWS)
def test_the_address_is_read_through_the_window_wherever_the_sheet_lies(window: str, tmp_path: Path) -> None:
    pdf = printed(tmp_path, [letter()], style(window, sender_line="Absender, Postfach, 8000 Zürich"))
    wanted = {word for line in ADDRESS for word in line.split()} | {"Absender,", "Postfach,"}
    found = [word for word in paper.words(pdf) if word.text in wanted]
    assert {word.text for word in found} == wanted
    for envelope in ENVELOPES[window]:
        for left, top, right, bottom in envelope.slides():
            for word in found:
                assert left <= word.left, (word, left)
                assert word.right <= right, (word, right)
                assert top <= word.top, (word, top)
                assert word.bottom <= bottom, (word, bottom)


@paper.poppler
@pytest.mark.parametrize("window", WINDOWS)
def test_nothing_but_the_address_is_seen_through_the_window(window: str, tmp_path: Path) -> None:
    pdf = printed(tmp_path, [letter(html="<p>secretword</p>" * 40, code=URL)], style(window))
    seen = [slide for envelope in ENVELOPES[window] for slide in envelope.slides()]
    for word in paper.words(pdf):
        if word.text == "secretword" and word.page == 1:
            assert all(word.top > bottom for _, _, _, bottom in seen), word


@paper.poppler
def test_the_address_keeps_its_size_or_the_letter_is_refused(tmp_path: Path) -> None:
    wide = "W" * 38
    with pytest.raises(ContentError, match="too long for the window"):
        typeset([letter(address=(wide, wide, "8001 Zürich"))], style())
    heights = {
        round(word.bottom - word.top, 1)
        for word in paper.words(printed(tmp_path, [letter()], style()))
        if word.text in ("Frau", "SCHWEIZ")
    }
    assert all(height > 7.5 * 25.4 / 72 for height in heights)


@paper.poppler
def test_text_is_set_as_it_was_written(tmp_path: Path) -> None:
    html = (
        "<h1>Your offer</h1><p>One <strong>two</strong>\nthree<br>four</p><ul><li>five</li><li>six</li></ul>"
        "<table><tr><td>tea</td><td>7.50</td></tr><tr><td>cups</td></tr></table><blockquote><p>seven</p></blockquote>"
    )
    said = " ".join(paper.text(printed(tmp_path, [letter(html=html)], style())).split())
    assert "Your offer One two three four • five • six tea 7.50 cups seven" in said


HOSTILE = (
    '#panic("x")', "#import \"/etc/passwd\"", "#read(\"/etc/passwd\")",
    "*bold* _it_ `raw` $x^2$ <label> @ref //x /*y*/",
    '"]; #sys.inputs', "\\u{1F600} \\", "= Heading", "- item", "{{ 7 * 7 }} {% raw %}", "#{1+1}", "]]#[",
)  # fmt: skip


@paper.poppler
@pytest.mark.parametrize("field", HOSTILE)
def test_what_people_write_is_text_and_never_code(field: str, tmp_path: Path) -> None:
    import html

    page = letter(html=f"<p>before {html.escape(field)} after</p>", address=(field, "Weg 1", "8001 Zürich"))
    found = " ".join(paper.text(printed(tmp_path, [page], style())).split())
    assert f"before {' '.join(field.split())} after" in found
    assert found.startswith(" ".join(field.split()))


def test_a_letter_that_no_font_can_show_spoils_only_itself() -> None:
    letters = [letter(f"{number}-a") for number in range(9)]
    letters[4] = letter("4-a", "<p>Zoe \U0001f600</p>")
    letters[7] = letter("7-a", address=("W" * 60, "Weg 1", "8001 Zürich"))
    pages, found = typeset_sound(letters, style())
    assert set(found) == {"4-a", "7-a"}
    assert "could not be displayed" in found["4-a"]
    assert len(pages.places) == 7


def test_a_letter_without_end_is_refused() -> None:
    with pytest.raises(ContentError, match="more than 10 pages"):
        typeset([letter(html="<p>on and on</p>" * 2_000)], style())


def test_the_same_letters_are_the_same_bytes_and_each_has_its_pages() -> None:
    letters = [letter("1-a", code=URL), letter("2-b", "<p>long</p>" * 80), letter("3-c")]
    one, two = (typeset(letters, style(bleed=3.0, crop_marks=True)) for _ in range(2))
    assert one.pdf == two.pdf
    assert one.places == [(1, 1), (2, 3), (5, 1)]


@paper.poppler
@paper.zbar
@pytest.mark.parametrize("window", ["nfz10011", "din5008_b"])
def test_each_letter_has_its_own_code(window: str, tmp_path: Path) -> None:
    urls = [f"{URL}{number}" for number in range(3)]
    pdf = printed(
        tmp_path, [letter(f"{url[-1]}-a", code=url) for url in urls], style(window, bleed=3.0, crop_marks=True)
    )
    assert [paper.codes(pdf, page, tmp_path) for page in (1, 2, 3)] == [[url] for url in urls]


@paper.poppler
def test_boxes_for_the_printer(tmp_path: Path) -> None:
    from pypdf import PdfReader

    def size(box: Sequence[float]) -> tuple[float, float]:
        return round((float(box[2]) - float(box[0])) * 25.4 / 72, 1), round(
            (float(box[3]) - float(box[1])) * 25.4 / 72, 1
        )

    plain = PdfReader(printed(tmp_path, [letter()], style())).pages[0]
    assert size(plain.trimbox) == size(plain.mediabox) == (210.0, 297.0)
    bleeding = PdfReader(printed(tmp_path, [letter()], style(bleed=3.0))).pages[0]
    assert (size(bleeding.trimbox), size(bleeding.bleedbox)) == ((210.0, 297.0), (216.0, 303.0))
    marked = PdfReader(printed(tmp_path, [letter()], style(bleed=3.0, crop_marks=True))).pages[0]
    assert (size(marked.trimbox), size(marked.bleedbox)) == ((210.0, 297.0), (216.0, 303.0))
    assert size(marked.mediabox) == (230.0, 317.0)
