"""The pages of docs/ as blocks: what stands between fences, and the comment before it that says where it came from."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^(`{3,})(\w*)[ ]*(.*)$")
_COMMENT = re.compile(r"^<!-- (\w+)(?:: (.*))? -->$")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `first` and `last` are the lines of its text, counted from 0 (`last` is the closing fence).

    `marks` are the words behind the language: ```flow wrong=syntax. `order` and `what` are the comment right before
    it: <!-- sql: hello.enter --> has the order "sql" and the what "hello.enter"; both are empty without one.
    """

    page: Path
    first: int
    last: int
    language: str
    marks: tuple[str, ...]
    order: str
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(DOCS)}:{self.first}"

    def mark(self, name: str) -> str | None:
        """The value of `name=value`; the empty text of a bare `name`; None where it is not there."""
        for each in self.marks:
            key, _, value = each.partition("=")
            if key == name:
                return value
        return None


def pages() -> list[Path]:
    """All pages; messages of an example project are none."""
    return sorted(page for page in DOCS.rglob("*.md") if "content" not in page.relative_to(DOCS).parts)


def read(page: Path) -> str:
    return page.read_text("utf-8")


def blocks(page: Path) -> Iterator[Block]:
    lines = read(page).split("\n")
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        if opening is None:
            number += 1
            continue
        closing = lines.index(opening[1], number + 1)
        comment = _COMMENT.match(lines[number - 1]) if number else None
        order, what = (comment[1], comment[2] or "") if comment else ("", "")
        text = "\n".join(lines[number + 1 : closing]) + "\n"
        yield Block(page, number + 1, closing, opening[2], tuple(opening[3].split()), order, what, text)
        number = closing + 1


def rewritten(page: Path, made: Callable[[Block], str | None]) -> str:
    """The page with each block as `made` gives it; None leaves one as it is."""
    lines = read(page).split("\n")
    for block in reversed(list(blocks(page))):
        text = made(block)
        if text is not None:
            lines[block.first : block.last] = text.rstrip("\n").split("\n")
    return "\n".join(lines)


def headings(page: Path) -> list[str]:
    """The texts of its headings, without code marks; those inside blocks are no headings."""
    lines = read(page).split("\n")
    for block in blocks(page):
        lines[block.first : block.last] = [""] * (block.last - block.first)
    return [match[1].replace("`", "") for line in lines if (match := _HEADING.match(line))]


def section(page: Path, heading: str) -> str:
    """What stands below a heading, down to the next one of its rank or above. Empty where there is no such heading."""
    taken: list[str] = []
    rank = 0
    for line in read(page).split("\n"):
        match = _HEADING.match(line)
        here = len(line) - len(line.lstrip("#")) if match else 0
        if rank and match and here <= rank:
            break
        if rank:
            taken.append(line)
        elif match and match[1].replace("`", "") == heading:
            rank = here
    return "\n".join(taken)


def links(page: Path) -> Iterator[str]:
    """The targets of its links to files, without those in blocks."""
    lines = read(page).split("\n")
    for block in blocks(page):
        lines[block.first : block.last] = [""] * (block.last - block.first)
    for target in re.findall(r"\]\(([^)\s]+)\)", "\n".join(lines)):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchor(heading: str) -> str:
    """As a Git host makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
