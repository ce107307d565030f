"""From HTML to blocks of text as plain data: what the typesetter is given. Nothing of it can be code there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from campflow.errors import ContentError

#: Tags that make a block, and what they are called in the data.
BLOCKS: Mapping[str, str] = {
    "p": "paragraph", "h1": "heading", "h2": "heading", "h3": "heading", "ul": "list", "ol": "enumeration",
    "li": "item", "blockquote": "quote", "table": "table", "tr": "row", "td": "cell", "th": "cell", "hr": "rule",
}  # fmt: skip
#: Tags inside of a line.
INLINE: Mapping[str, str] = {"strong": "strong", "b": "strong", "em": "emphasis", "i": "emphasis", "br": "break"}
#: Tags that only hold others.
THROUGH = frozenset({"html", "body", "main", "div", "section", "thead", "tbody", "span", "a"})
#: Tags whose text is not for readers.
DROPPED = frozenset({"head", "style", "script", "title"})
_VOID = frozenset({"br", "hr"})

#: How deep blocks may stand in each other: a letter has no use for more.
_DEEPEST = 20


@dataclass(slots=True)
class Node:
    """`kind` is a value of BLOCKS or INLINE, "text" or "letter"; `level` is a heading's."""

    kind: str
    tag: str = ""
    text: str = ""
    level: int = 0
    children: list["Node"] = field(default_factory=list)

    def plain(self) -> dict[str, object]:
        """The node as JSON can hold it."""
        found: dict[str, object] = {"kind": self.kind}
        if self.kind == "text":
            found["text"] = self.text
        else:
            found["children"] = [child.plain() for child in self.children]
        if self.level:
            found["level"] = self.level
        return found


def blocks_of(html: str) -> list[dict[str, object]]:
    """The blocks of a letter. Raises ContentError for what cannot be printed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return [child.plain() for child in reader.root.children if child.kind != "text" or child.text.strip()]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("letter")
        self._open = [self.root]
        self._dropped: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropped or tag in THROUGH:
            return
        if tag in DROPPED:
            self._dropped = tag
            return
        kind = BLOCKS.get(tag) or INLINE.get(tag)
        if kind is None:
            known = ", ".join(f"<{name}>" for name in (*BLOCKS, *INLINE))
            raise ContentError(f"<{tag}> cannot be printed: a letter may hold {known}")
        if tag == "p":
            self._end("p")
        node = Node(kind, tag, level=int(tag[1]) if kind == "heading" else 0)
        self._open[-1].children.append(node)
        if tag not in _VOID:
            self._open.append(node)
        if len(self._open) > _DEEPEST:
            raise ContentError(f"the letter is nested more than {_DEEPEST} deep")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._dropped:
            self._dropped = None
        elif not self._dropped:
            self._end(tag)

    def _end(self, tag: str) -> None:
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        if self._dropped:
            return
        text = re.sub(r"[ \t\r\n\f]+", " ", data)
        parent = self._open[-1]
        if parent.kind in ("letter", "list", "enumeration", "table", "row", "quote") and not text.strip():
            return
        if parent is self.root:
            # A text that stands in no block, as in a file of one line.
            parent = Node("paragraph", "p")
            self.root.children.append(parent)
        parent.children.append(Node("text", text="".join(each for each in text if each.isprintable())))
