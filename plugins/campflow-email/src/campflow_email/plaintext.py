"""The text part, read off the HTML: paragraphs, lists, and the address of each link behind its words."""

import re
from html.parser import HTMLParser

from campflow.content.masking import in_comments

_SILENT = frozenset({"head", "style", "script", "title", "template", "noscript"})
_APART = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "hr", "figure"})
_LINES = frozenset({"div", "tr", "br", "li", "section", "article", "header", "footer", "dt", "dd", "address", "center"})
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


def to_text(html: str) -> str:
    """A readable text. The marks of statements stay, wherever they stood: what they hold together is text too."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = re.sub(r"[^\S\n]*\n[^\S\n]*", "\n", "".join(reader.out))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._silent: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._lists: list[int] = []
        self._pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if self._silent or tag in _SILENT or "display:none" in given.get("style", "").replace(" ", "").lower():
            if tag not in _VOID:
                self._silent.append(tag)
            return
        self._break(tag)
        match tag:
            case "hr":
                self.out.append("---\n\n")
            case "img":
                self._words(given.get("alt", ""))
            case "a":
                self._links.append((given.get("href", ""), len(self.out)))
            case "ul":
                self._lists.append(-1)
            case "ol":
                self._lists.append(0)
            case "li":
                self._item()
            case "td" | "th":
                self._words(" ")
            case "pre":
                self._pre += 1

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            if tag in self._silent:
                del self._silent[len(self._silent) - 1 - self._silent[::-1].index(tag) :]
            return
        if tag == "a" and self._links:
            self._link(*self._links.pop())
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        if tag == "pre" and self._pre:
            self._pre -= 1
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if self._silent:
            self.out.append(in_comments(data))
        elif self._pre:
            self.out.append(data)
        else:
            self._words(re.sub(r"[ \t\r\n\f]+", " ", data))

    def handle_comment(self, data: str) -> None:
        self.out.append(in_comments(data))

    def _words(self, words: str) -> None:
        """Blanks at the start of a line, or after a blank, are layout."""
        last = next((piece for piece in reversed(self.out) if piece and not piece.startswith("<!--")), "\n")
        self.out.append(words.lstrip(" ") if last[-1] in " \n" else words)

    def _break(self, tag: str) -> None:
        if tag in _APART and not (tag in ("ul", "ol") and self._lists):
            self.out.append("\n\n")
        elif tag in _LINES or tag in _APART:
            self.out.append("\n")

    def _item(self) -> None:
        indent = "  " * (len(self._lists) - 1)
        if self._lists and self._lists[-1] >= 0:
            self._lists[-1] += 1
            self.out.append(f"{indent}{self._lists[-1]}. ")
        else:
            self.out.append(f"{indent}- ")

    def _link(self, href: str, start: int) -> None:
        words = "".join(self.out[start:]).strip()
        if href and not href.startswith("#") and href.removeprefix("mailto:") != words:
            self.out.append(f" ({href})" if words else href)
