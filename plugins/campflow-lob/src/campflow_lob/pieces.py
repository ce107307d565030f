"""The kinds of mail, what each is made of, and a content file made ready."""

from collections.abc import Mapping
from dataclasses import dataclass

from campflow.content import postal
from campflow.errors import ContentError
from campflow.hooks.contracts import Prepared

BODY = "html"

#: Characters of HTML that a side may have when it is filled.
LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Piece:
    """`path` is where it is ordered, `sides` the names of its sides there, `sizes` what it may be cut to.

    `divider` is the line of a content file between its two sides; empty where there is one.
    """

    path: str
    sides: tuple[str, ...]
    sizes: tuple[str, ...]
    divider: str = ""


PIECES: Mapping[str, Piece] = {
    "letter": Piece("/letters", ("file",), ("us_letter", "us_legal")),
    "postcard": Piece("/postcards", ("front", "back"), ("4x6", "6x9", "6x11"), "<!-- back -->"),
    "self_mailer": Piece(
        "/self_mailers",
        ("outside", "inside"),
        ("6x18_bifold", "11x9_bifold", "12x9_bifold", "17.75x9_trifold"),
        "<!-- inside -->",
    ),
}


def piece_of(options: Mapping[str, object]) -> tuple[str, Piece]:
    """The kind that front matter or `send` says; a letter where they say nothing. Raises ContentError."""
    name = str(options.get("piece") or "letter")
    if name not in PIECES:
        raise ContentError(f"`piece: {name[:40]}` is no kind of mail: choose {', '.join(PIECES)}")
    size = options.get("size")
    if size is not None and str(size) not in PIECES[name].sizes:
        raise ContentError(f"`size: {str(size)[:40]}` is no size of a {name}: choose {', '.join(PIECES[name].sizes)}")
    return name, PIECES[name]


def prepare(body: str, front_matter: Mapping[str, object]) -> Prepared:
    """The parts "html" and "address". Raises ContentError."""
    _, piece = piece_of(front_matter)
    sides_of(body, piece)
    return Prepared({BODY: body, postal.PART: postal.TEMPLATE}, front_matter)


def sides_of(html: str, piece: Piece) -> dict[str, str]:
    """The HTML of each side, as Lob takes it. Raises ContentError.

    A divider cannot come out of a field, whose values are escaped. Two braces are Lob's sign for a variable of its own:
    written as entities they are what the reader sees.
    """
    sides = html.split(piece.divider) if piece.divider else [html]
    if len(sides) != len(piece.sides):
        raise ContentError(f"write one line `{piece.divider}` between the {' and the '.join(piece.sides)}")
    for name, side in zip(piece.sides, sides, strict=True):
        if "<" not in side:
            raise ContentError(f"the {name} is not HTML: write for example <p>Hello</p>")
    return {name: side.strip().replace("{{", "&#123;&#123;") for name, side in zip(piece.sides, sides, strict=True)}
