"""What mail programs drop or spoil in a mail, known from the mail alone: nothing is fetched."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from urllib.parse import urlsplit

from campflow.hooks.contracts import Complaint

#: Gmail shows so many bytes of HTML and hides the rest behind a link, with the unsubscribe link in it.
CLIPPED = 102 * 1024

#: What may stand in a link of a mail.
_SCHEMES = frozenset({"https", "http", "mailto", "tel", "sms"})

#: Hosts that only their own machine or network knows (RFC 6761, RFC 6762).
_LOCAL = re.compile(r"(?:.*\.)?(?:localhost|local|internal|invalid)|127\.[\d.]+|0\.0\.0\.0|10\.[\d.]+|192\.168\.[\d.]+")

#: Elements that are dropped, and what to do. Gmail and Outlook.com take out everything that runs or loads a page (both
#: document it as a list of what they keep); Outlook for Windows draws with Word, whose list Microsoft publishes as
#: "Word 2007 HTML and CSS Rendering Capabilities in Outlook 2007". How far others go is measured by caniemail.com.
_DROPPED: Mapping[str, tuple[str, str]] = {
    "script": ("mail programs take `<script>` out", "leave it out: nothing in a mail runs"),
    "form": ("Outlook and most mail programs disable `<form>`", "link to a page with the form"),
    "input": ("Outlook and most mail programs disable form fields", "link to a page with the form"),
    "video": ("Gmail and Outlook do not show `<video>`", "link a picture of it to a page that plays it"),
    "audio": ("Gmail and Outlook do not play `<audio>`", "link to a page that plays it"),
    "iframe": ("mail programs take `<iframe>` out", "link to the page"),
    "object": ("mail programs take `<object>` out", "link to the page"),
    "embed": ("mail programs take `<embed>` out", "link to the page"),
    "svg": ("Gmail and Outlook do not show `<svg>`", "use a picture in PNG or JPEG"),
    "canvas": ("mail programs draw nothing in `<canvas>`", "use a picture in PNG or JPEG"),
    "link": ("Gmail and Outlook load no style sheets", "write the styles into `<style>` in the head"),
}

#: Properties of a style that are dropped: what is matched, what it is called, and what to do. The same sources.
_STYLES: tuple[tuple[re.Pattern[str], str, str, str], ...] = (
    (re.compile(r"(?<![\w-])position\s*:"), "position", "Gmail and Outlook drop `position`", "lay it out with tables"),
    (
        re.compile(r"display\s*:\s*(?:inline-)?(?:flex|grid)"), "display",
        "Outlook for Windows knows neither flex nor grid", "lay it out with tables, or write MJML",
    ),
)  # fmt: skip
_PICTURE = re.compile(r"background(?:-image)?\s*:[^;]*url\(", re.IGNORECASE)
_COLOUR = re.compile(r"background-color\s*:", re.IGNORECASE)
_WIDTH = re.compile(r"(?<![\w-])width\s*:", re.IGNORECASE)


def lint(parts: Mapping[str, str], options: Mapping[str, object]) -> Iterator[Complaint]:
    """What to say of a filled mail, in the order in which it stands there."""
    html = parts.get("html")
    if not parts.get("text", "").strip():
        yield Complaint("the mail has no text part: readers of plain text see nothing", "write some text into the body")
    if html is None:
        return
    size = len(html.encode("utf-8", "replace"))
    if size > CLIPPED:
        reason = f"the mail has {size // 1024:,} kB of HTML: Gmail shows 102 kB and hides the rest"
        yield Complaint(reason, "shorten it, or link to a page with all of it")
    reader = _Reader()
    reader.feed(html)
    reader.close()
    yield from reader.complaints


class _Reader(HTMLParser):
    """Tags in their order. Comments are not read: what is for Outlook alone stands in them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.complaints: list[Complaint] = []
        self._seen: Counter[str] = Counter()
        self._in_body = False
        # Of the link that is open: its address, and whether a reader who sees no pictures finds something in it.
        self._link: tuple[str, bool] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self._in_body = self._in_body or tag == "body"
        if tag in _DROPPED:
            text, hint = _DROPPED[tag]
            self._say(text, hint, f"<{tag}")
        elif tag == "style" and self._in_body:
            self._say("Gmail takes `<style>` out of the body", "move it into the head", "<style")
        elif tag == "a":
            self._a(said)
        elif tag == "img":
            self._img(said, "alt" in said)
        self._style(said)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            href, read = self._link
            self._link = None
            if not read:
                self._say("a link without words", "write its text, or the `alt` of its picture", href)

    def handle_data(self, data: str) -> None:
        if data.strip() and self._link is not None:
            self._link = (self._link[0], True)

    def _a(self, said: Mapping[str, str]) -> None:
        if "name" in said and "href" not in said:  # a place to link to
            return
        href = said.get("href", "")
        self._link = (href, False)
        self._count(href)
        if (wrong := _wrong_link(href)) is not None:
            self._say(f"the link {wrong}", "write the whole address, as in https://acme.example/page", href)

    def _img(self, said: Mapping[str, str], has_alt: bool) -> None:
        src = said.get("src", "")
        self._count(src)
        if not has_alt:
            self._say(
                "a picture without `alt`: who sees no pictures reads nothing", 'describe it, or write alt=""', src
            )
        elif said["alt"].strip() and self._link is not None:
            self._link = (self._link[0], True)
        if src.lower().startswith("data:"):
            self._say("Gmail and Outlook do not show pictures in `data:`", "put it on a server and link to it", src)
        elif not src.lower().startswith("cid:") and (wrong := _wrong_link(src)) is not None:
            self._say(f"the picture {wrong}", "write the whole address, as in https://acme.example/a.png", src)
        elif urlsplit(src).path.lower().endswith((".svg", ".webp")):
            kind = urlsplit(src).path.rpartition(".")[2].lower()
            whose = "Gmail and Outlook do not" if kind == "svg" else "Outlook for Windows does not"
            self._say(f"{whose} show `.{kind}` pictures", "use PNG or JPEG", src)
        if "width" not in said and _WIDTH.search(said.get("style", "")):
            self._say("Outlook for Windows takes a picture's width from the attribute alone", "add width=…", src)

    def _style(self, said: Mapping[str, str]) -> None:
        style = said.get("style", "")
        for pattern, word, text, hint in _STYLES:
            if pattern.search(style.lower()):
                self._say(text, hint, word)
        if _PICTURE.search(style) and not _COLOUR.search(style) and "bgcolor" not in said:
            hint = "add a background-color in which the text can be read"
            self._say("Outlook for Windows shows no background pictures", hint, "background")

    def _count(self, near: str) -> None:
        self._seen[f"here {near}"] += 1

    def _say(self, text: str, hint: str, near: str) -> None:
        """At this address where it is one, else at the next such word."""
        at = self._seen[f"here {near}"] - 1
        if at < 0:
            at, self._seen[near] = self._seen[near], self._seen[near] + 1
        self.complaints.append(Complaint(text, hint, near, at))


def _wrong_link(href: str) -> str | None:
    """What is wrong with an address, as the end of a sentence; None where nothing can be seen to be."""
    written = href.strip()
    if not written or written == "#":
        return "leads nowhere"
    if written.startswith("#"):
        return None  # a place in the mail itself
    try:
        parts = urlsplit(written)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return f"is no address: {written[:60]}"
    if not parts.scheme:
        return f"has no https:// before it: {written[:60]}"
    if parts.scheme.lower() not in _SCHEMES:
        return f"begins with `{parts.scheme[:20]}:`, which mail programs take out"
    if parts.scheme.lower() not in ("http", "https"):
        return None if parts.path else f"is no address: {written[:60]}"
    if not host or re.search(r"\s", written):
        return f"is no address: {written[:60]}"
    return f"leads to `{host}`, which no reader can reach" if _LOCAL.fullmatch(host) or host == "::1" else None
