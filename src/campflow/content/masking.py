"""Jinja in markup that a converter must not touch: each piece becomes a mark that every parser carries through.

Between tags a statement becomes a comment, which may stand anywhere, also around rows of a table. Everything else, an
expression or whatever stands inside a tag, becomes a word of letters and digits.
"""

import re
from collections.abc import Callable

from campflow.errors import ContentError

_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}")
_STRING = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
#: Atomic groups: what was read as a text is not read again as its characters, which would take for ever.
_JINJA = re.compile(
    r"\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}"
    rf"|\{{\{{(?>{_STRING}|.)*?\}}\}}|\{{%(?>{_STRING}|.)*?%\}}|\{{#.*?#\}}",
    re.DOTALL,
)

#: What changes where we are in markup.
_TEXT = re.compile(r"<!--|<!\[CDATA\[|<(style|script|title|textarea)\b|</?[a-zA-Z]", re.IGNORECASE)
_TAG = re.compile(r"[\"'>]")

_STATEMENT, _VALUE = "cfjstatement", "cfjvalue"
_ANY_MARK = re.compile(rf'<!--{_STATEMENT}(\d+)x-->|(?:{_STATEMENT}|{_VALUE})(\d+)x(?:="")?')
_STATEMENT_MARK = re.compile(rf"{_STATEMENT}\d+x")
#: A mark between two texts, for who looks at what stands between marks.
MARK = re.compile(rf'<!--{_STATEMENT}\d+x-->|(?:{_STATEMENT}|{_VALUE})\d+x(?:="")?')
_STATEMENT_LINE = re.compile(rf"[ \t]*(?:{_STATEMENT}\d+x[ \t]*)+", re.MULTILINE)

#: Jinja's opening signs, where no Jinja was.
_OPENINGS = re.compile(r"\{\{|\{%|\{#")


class Mask:
    """The Jinja pieces of one text; hide them once, then `show` them in whatever was made of it."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def hide_in_html(self, text: str) -> str:
        where = _Place()

        def mark(piece: str, before: str) -> str:
            where.walk(before)
            word = self._word(piece)
            return f"<!--{word}-->" if where.between_tags and word.startswith(_STATEMENT) else word

        return self._hide(text, mark)

    def hide_in_markdown(self, text: str) -> str:
        """Here a comment would begin a block, so only statements on lines of their own become one."""
        hidden = self._hide(text, lambda piece, _: self._word(piece))
        hidden = re.sub(rf"<({_VALUE}\d+x)>", r"[\1](\1)", hidden)  # <{{ url }}>
        lines = hidden.split("\n")
        return "\n".join(in_comments(line) if _STATEMENT_LINE.fullmatch(line) else line for line in lines)

    def hide_in_text(self, text: str) -> str:
        return self._hide(text, lambda piece, _: self._word(piece))

    def add(self, piece: str) -> str:
        """The mark of a piece that was not in the text: who writes it somewhere has the piece shown there."""
        return self._word(piece)

    def show(self, text: str) -> str:
        """Put the pieces back. What looks like Jinja and was none is quoted, so that it stays what it was."""
        out: list[str] = []
        end = 0
        for mark in _ANY_MARK.finditer(text):
            out += [_quoted(text[end : mark.start()]), self._pieces[int(mark.group(1) or mark.group(2))]]
            end = mark.end()
        return "".join([*out, _quoted(text[end:])])

    def _hide(self, text: str, mark: Callable[[str, str], str]) -> str:
        if _STATEMENT in text or _VALUE in text:
            raise ContentError(f"the words {_STATEMENT} and {_VALUE} cannot stand in a message")
        out: list[str] = []
        end = 0
        for jinja in _JINJA.finditer(text):
            before = text[end : jinja.start()]
            out += [before, mark(jinja.group(), before)]
            end = jinja.end()
        return "".join([*out, text[end:]])

    def _word(self, piece: str) -> str:
        self._pieces.append(piece)
        statement = piece.startswith(("{%", "{#")) and not _RAW.match(piece)
        return f"{_STATEMENT if statement else _VALUE}{len(self._pieces) - 1}x"


def in_comments(text: str) -> str:
    """Only the statements' marks of a text, each as a comment."""
    return "".join(f"<!--{word}-->" for word in _STATEMENT_MARK.findall(text))


def outside_tbody(html: str, source: str) -> str:
    """Where a parser has added `<tbody>` behind a statement, the statement belongs inside: it repeats rows."""

    def swap(found: re.Match[str]) -> str:
        written = re.search(rf"{found['last']}\s*<tbody", source, re.IGNORECASE)
        return found.group() if written else f"<tbody>{found['marks']}{found['blank']}"

    return re.sub(rf"(?P<marks>(?:\s*(?P<last><!--{_STATEMENT}\d+x-->))+)(?P<blank>\s*)<tbody>", swap, html)


def _quoted(text: str) -> str:
    return _OPENINGS.sub(lambda sign: "{{ '" + sign.group() + "' }}", text)


class _Place:
    """Where in markup we are: between tags, in a tag, in an attribute's value, or where no tags are read."""

    def __init__(self) -> None:
        self._until: str | None = None
        self._raw: str | None = None
        self._in_tag = False

    @property
    def between_tags(self) -> bool:
        return self._until is None and not self._in_tag

    def walk(self, text: str) -> None:
        at = 0
        while at < len(text):
            at = self._step(text, at)

    def _step(self, text: str, at: int) -> int:
        """To the next change; the end of the text where there is none."""
        if self._until is not None:
            found = text.lower().find(self._until, at)
            if found < 0:
                return len(text)
            at, self._until = found + len(self._until), None
            return at
        match = (_TAG if self._in_tag else _TEXT).search(text, at)
        if match is None:
            return len(text)
        self._change(match)
        return match.end()

    def _change(self, match: re.Match[str]) -> None:
        sign = match.group()
        if self._in_tag and sign == ">":
            # The text of a <style> or <title> begins here and ends with its closing tag.
            self._in_tag, self._until, self._raw = False, self._raw, None
        elif self._in_tag:
            self._until = sign
        elif sign == "<!--":
            self._until = "-->"
        elif sign.upper() == "<![CDATA[":
            self._until = "]]>"
        else:
            self._in_tag = True
            self._raw = f"</{match.group(1).lower()}" if match.group(1) else None
