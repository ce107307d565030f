"""Cutting what campflow prints down to what a page shows: from one text to another, both included."""

import re
import textwrap

#: How wide SQL stands on a page; the compiler prints a clause a line.
WIDTH = 110

_QUOTED = r'"((?:[^"\\]|\\.)+)"'
_CUT = re.compile(rf"^(.*?)(?: from {_QUOTED})?(?: to {_QUOTED})?$")


class NotThere(Exception):
    """An excerpt that begins or ends with what is not printed any more."""


def parts(what: str) -> tuple[str, str | None, str | None]:
    """`hello.enter from "SELECT" to "FROM"` as its three parts; a `\\"` in a text is a quote."""
    match = _CUT.match(what)
    assert match is not None
    name, *texts = match.groups()
    first, last = (text and text.replace('\\"', '"') for text in texts)
    return str(name), first, last


def statement(text: str, first: str | None, last: str | None) -> str:
    """A statement under its title, cut anywhere, with the constants that are left in it; long lines are broken."""
    title, *rest = text.rstrip("\n").split("\n")
    body = "\n".join(line.rstrip() for line in rest if not line.startswith("--   :"))
    start = 0 if first is None else _find(first, body, 0).start()
    end = len(body) if last is None else _find(last, body, start).end()
    cut = f"{'… ' if start else ''}{body[start:end]}{' …' if end < len(body) else ''}"
    constants = [line for line in rest if line.startswith("--   :") and re.search(rf"{line.split()[1]}\b", cut)]
    return "\n".join([title, *map(_wrapped, cut.split("\n")), *constants]) + "\n"


def lines(text: str, first: str | None, last: str | None) -> str:
    """Whole lines, from the one that holds `first` to the one that holds `last`; where it is cut stands a `…`."""
    whole = text.rstrip("\n").split("\n")
    start, end = _range(whole, first, last)
    cut = [line.rstrip() for line in whole[start:end]]
    return "\n".join([*(["…"] if start else []), *cut, *(["…"] if end < len(whole) else [])]) + "\n"


def code(text: str, first: str | None, last: str | None) -> str:
    """The same of a file, without marks: what is left is to be copied."""
    whole = text.rstrip("\n").split("\n")
    start, end = _range(whole, first, last)
    return "\n".join(whole[start:end]) + "\n"


def _range(whole: list[str], first: str | None, last: str | None) -> tuple[int, int]:
    start = 0 if first is None else _line(first, whole, 0)
    return start, len(whole) if last is None else _line(last, whole, start) + 1


def _find(wanted: str, text: str, start: int) -> re.Match[str]:
    found = re.compile(r"\s+".join(map(re.escape, wanted.split()))).search(text, start)
    if found is None:
        raise NotThere(f"{wanted!r} is not printed any more")
    return found


def _line(wanted: str, whole: list[str], start: int) -> int:
    for number in range(start, len(whole)):
        if wanted in whole[number]:
            return number
    raise NotThere(f"no line holds {wanted!r} any more")


def _wrapped(line: str) -> str:
    return textwrap.fill(
        line, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )  # fmt: skip
