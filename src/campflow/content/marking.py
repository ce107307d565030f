"""Finds the links of a message, once for its template, and marks them: each asks the tracker what to write when filled.

`<a href="https://acme.example/{{ sku }}">` becomes
`<a href="{% filter campflow_link(1, 3, 'acme.example') %}https://acme.example/{{ sku }}{% endfilter %}">`.
The number and the hosts are the author's; what a link leads to is known when the message is filled.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser

from campflow.content.filters import LINK, TAIL
from campflow.content.masking import MARK, Mask
from campflow.content.targets import BadTarget, host_of, read_target
from campflow.content.templates import BadTemplate, parse
from campflow.content.wanted import Wanted
from campflow.errors import ContentError

#: What an author writes into a link that is to be left exactly as it is.
OPT_OUT = "data-campflow-track"

_LINKING = frozenset({"a", "area"})
_ATTRIBUTE = re.compile(r"""\s+([^\s=>/"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+))?""")
_PAGE = re.compile(r"https?://([^/?#\s\\]+)(?=[/?#])|https?://([^/?#\s\\]+)$", re.IGNORECASE)
_IN_TEXT = re.compile(r"https?://[^\s<>\"'\\^`{|}\[\]]+", re.IGNORECASE)
_END = re.compile(r"</body\s*>", re.IGNORECASE)


class BadLink(ContentError):
    """A link that may not stand in a message; `written` is its address."""

    def __init__(self, written: str, reason: str) -> None:
        super().__init__(f"the link to `{written[:80]}` cannot be sent: {reason}")
        self.written = written


@dataclass(slots=True)
class _Link:
    """An address in a text whose Jinja is hidden, from `start` to `end`, and how it is written there."""

    start: int
    end: int
    written: str
    hosts: tuple[str, ...]
    tracked: bool
    number: int = 0


def mark(parts: Mapping[str, str], wanted: Wanted) -> dict[str, str]:
    """The parts of a message, ready to be tracked. Raises BadLink."""
    texts = {name: _Part(name, text, wanted) for name, text in parts.items() if name in ("html", "text")}
    links = [link for name in ("html", "text") if name in texts for link in texts[name].links if link.tracked]
    # What leads to a page of the author's is counted first; of the others nobody knows yet whether they lead to one.
    numbers: dict[str, int] = {}
    for link in (*(each for each in links if each.hosts), *(each for each in links if not each.hosts)):
        link.number = numbers.setdefault(link.written, len(numbers) + 1)
    of = len({link.number for link in links if link.hosts})
    marked = {name: part.marked(of, wanted) for name, part in texts.items()}
    return {name: marked.get(name, text) for name, text in parts.items()}


@dataclass(slots=True)
class _Part:
    name: str
    text: str
    wanted: Wanted
    links: list[_Link] = field(init=False)
    _mask: Mask = field(init=False, default_factory=Mask)
    _hidden: str = field(init=False)

    def __post_init__(self) -> None:
        is_html = self.name == "html"
        self._hidden = self._mask.hide_in_html(self.text) if is_html else self._mask.hide_in_text(self.text)
        self.links = list(self._in_html() if is_html else self._in_text())

    def marked(self, of: int, wanted: Wanted) -> str:
        out: list[str] = []
        end = 0
        for link in self.links:
            before = self._mask.add(f"{{% filter {LINK}({link.number}, {of}, '{' '.join(link.hosts)}') %}}")
            after = self._mask.add("{% endfilter %}")
            out += [self._hidden[end : link.start], before, self._hidden[link.start : link.end], after]
            end = link.end
        text = "".join([*out, self._hidden[end:]])
        what = " ".join(name for name in ("clicks", "opens") if getattr(wanted, name))
        if self.name == "html" and what:
            ends = [found.start() for found in _END.finditer(text)]
            at = ends[-1] if ends else len(text)
            tail = self._mask.add(f"{{% filter {TAIL}({of}, '{what}') %}}") + self._mask.add("{% endfilter %}")
            text = text[:at] + tail + text[at:]
        return self._mask.show(text)

    def _in_html(self) -> Iterator[_Link]:
        finder = _Finder(self._hidden)
        for start, end, opted_out in finder.found:
            written = self._hidden[start:end]
            link = self._read(start, end, unescape(written), opted_out, self.wanted.clicks)
            if link is not None:
                yield link

    def _in_text(self) -> Iterator[_Link]:
        if not self.wanted.text and self.wanted.utm is None:
            return
        for found in _IN_TEXT.finditer(self._hidden):
            written = _without_end(found.group())
            link = self._read(found.start(), found.start() + len(written), written, False, self.wanted.text)
            if link is not None:
                yield link

    def _read(self, start: int, end: int, written: str, opted_out: bool, tracked: bool) -> _Link | None:
        """The link; None where it is to stay as it is. Raises BadLink."""
        shown = self._mask.show(written).strip()
        is_fixed = MARK.search(written) is None
        if is_fixed:
            try:
                target = read_target(written)
            except BadTarget as error:
                raise BadLink(shown, str(error)) from error
            if target.host is None:
                return None
        elif not _stands_alone(shown):
            return None
        needed = tracked or self.wanted.utm is not None
        if is_fixed and (opted_out or not needed):
            return None
        hosts = () if opted_out or not needed else tuple(dict.fromkeys(_hosts(written)))
        return _Link(start, end, shown, hosts, tracked and not opted_out)


def _stands_alone(text: str) -> bool:
    """Whether a text with Jinja in it is whole: what begins in it ends in it."""
    try:
        parse(text)
    except BadTemplate:
        return False
    return True


def _hosts(written: str) -> Iterator[str]:
    """The hosts that the author wrote, to their end: where a value follows, it could be another one."""
    pieces = MARK.split(written)
    for number, piece in enumerate(pieces):
        for page in _PAGE.finditer(piece):
            if page.group(2) is not None and number < len(pieces) - 1:
                continue
            host = host_of(page.group(1) or page.group(2))
            if host is not None:
                yield host


def _without_end(url: str) -> str:
    """An address in a sentence, without what belongs to the sentence."""
    while url and (url[-1] in ".,;:!?*_" or (url[-1] == ")" and url.count("(") < url.count(")"))):
        url = url[:-1]
    return url


class _Finder(HTMLParser):
    """Where the values of `href` stand in markup: from, to, and whether their link opts out."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[int, int, bool]] = []
        self._starts = [0]
        for line in markup.split("\n")[:-1]:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _LINKING:
            return
        line, column = self.getpos()
        begin = self._starts[line - 1] + column
        opted_out = any(name == OPT_OUT and value != "yes" for name, value in attrs)
        written = self.get_starttag_text() or ""
        for each in _ATTRIBUTE.finditer(written, 1 + len(tag)):
            if each.group(1).lower() == "href" and each.group(2):
                quotes = 1 if each.group(2)[0] in "\"'" else 0
                self.found.append((begin + each.start(2) + quotes, begin + each.end(2) - quotes, opted_out))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
