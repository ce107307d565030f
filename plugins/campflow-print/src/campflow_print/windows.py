"""Where an address must stand to be read through the window of an envelope, by the norms of three countries.

A sheet slides in its envelope: it is narrower and lower than the pocket. What is printed inside the rectangles below is
visible wherever the sheet lies; tests work that out again from the envelopes themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """All in millimetres from the upper left corner of an A4 sheet.

    norm    what says so
    left, top, width, height  the lines of the address stand inside of it; the return address stands right above `top`
    body    where the text of the first page begins
    folds   heights of the marks for folding
    """

    norm: str
    left: float
    top: float
    width: float
    height: float
    body: float
    folds: tuple[float, ...]


#: Height of the line above the address that holds the return address.
SENDER_LINE = 4.0

#: By the name that a setting or the front matter says.
WINDOWS: Mapping[str, Window] = {
    # C5/6 and C5 with a window of 100 x 45 mm, 12 mm from the right, 21 or 65 mm from below.
    "sn010130_right": Window("SN 010130", 118.0, 57.0, 79.0, 26.0, 98.0, (105.0, 210.0)),
    # The same, 109 mm from the right.
    "sn010130_left": Window("SN 010130", 23.0, 57.0, 77.0, 26.0, 98.0, (105.0, 210.0)),
    # DL with a window of 100 x 45 mm, 20 mm from the right and from below.
    "nfz10011": Window("NF Z 10-011", 104.0, 50.0, 85.0, 28.0, 98.0, (99.0, 198.0)),
    # DL with a window of 90 x 45 mm, 20 mm from the left, 15 mm from below; the letterhead is 27 mm high.
    "din5008_a": Window("DIN 5008 A", 25.0, 44.7, 66.0, 27.3, 86.0, (87.0, 192.0)),
    # The same with a letterhead of 45 mm.
    "din5008_b": Window("DIN 5008 B", 25.0, 62.7, 66.0, 27.3, 104.0, (105.0, 210.0)),
}

#: Lines that fit: NF Z 10-011 allows six, and no window shows more.
LINES = 6
