"""Jinja in markup that a converter must not touch: each piece becomes a mark that every parser carries through.

Between tags a statement becomes a comment, which may stand anywhere, rows of a table included. Everything else, an
expression or whatever stands inside a tag, becomes a word of letters and digits.
"""

import re
from collections.abc import Callable

_STRING = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
_JINJA = re.compile(
    r"\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}"
    rf"|\{{\{{(?:{_STRING}|.)*?\}}\}}|\{{%(?:{_STRING}|.)*?%\}}|\{{#.*?#\}}",
    re.DOTALL,
)

#: What changes where we are in markup.
_TEXT = re.compile(r"<!--|<!\[CDATA\[|<(style|script|title|textarea)\b|</?[a-zA-Z]", re.IGNORECASE)
_TAG = re.compile(r"[\"'>]")

_MARK = "cfmark"
_ANY_MARK = re.compile(rf'<!--{_MARK}(\d+)x-->|{_MARK}(\d+)x(?:="")?')
_COMMENT = re.compile(rf"<!--{_MARK}(\d+)x-->")

#: Jinja's opening signs, where no Jinja was.
_OPENINGS = re.compile(r"\{\{|\{%|\{#")


class Mask:
    """The pieces of one text; `hide` once, then `show` whatever was made of it."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def hide(self, text: str) -> str:
        where = _Place()
        out: list[str] = []
        end = 0
        for jinja in _JINJA.finditer(text):
            before = text[end : jinja.start()]
            where.walk(before)
            out += [before, self._mark(jinja.group(), where.between_tags)]
            end = jinja.end()
        return "".join([*out, text[end:]])

    def show(self, text: str) -> str:
        """Put the pieces back. What looks like Jinja and was none is quoted, so that it stays what it was."""
        out: list[str] = []
        end = 0
        for mark in _ANY_MARK.finditer(text):
            out += [_quoted(text[end : mark.start()]), self._pieces[int(mark.group(1) or mark.group(2))]]
            end = mark.end()
        return "".join([*out, _quoted(text[end:])])

    def _mark(self, piece: str, between_tags: bool) -> str:
        self._pieces.append(piece)
        mark = f"{_MARK}{len(self._pieces) - 1}x"
        return f"<!--{mark}-->" if between_tags and not piece.startswith("{{") else mark


def outside_tbody(html: str) -> str:
    """Where a parser has added `<tbody>` behind a statement, the statement belongs inside: it repeats rows."""
    return re.sub(rf"((?:\s*<!--{_MARK}\d+x-->)+)(\s*)<tbody>", r"<tbody>\1\2", html)


def statements(text: str, replace: Callable[[str], str]) -> str:
    """Each statement's comment, replaced."""
    return _COMMENT.sub(lambda comment: replace(comment.group()), text)


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
