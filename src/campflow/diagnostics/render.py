"""Diagnostics as text for a terminal, as JSON for programs, and as annotations for GitHub."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.quote import Quoter, harmless
from campflow.diagnostics.source import Source, Span

_BLUE, _CYAN, _RED, _YELLOW, _BOLD, _PLAIN = (
    "\033[34;1m",
    "\033[36;1m",
    "\033[31;1m",
    "\033[33;1m",
    "\033[1m",
    "\033[0m",
)


#: What a wrong setting begins with.
_PLACE = re.compile(r"(?P<file>[^\s:]+\.toml)(:(?P<line>\d+))?: ")


def render_text(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], color: bool = False) -> str:
    """The diagnostics for people, in the order of the files, each with the line it speaks of underlined.

    `sources` are the texts by path; a finding in a file that is not among them comes without its line.
    """
    page = _Page(Quoter(sources), color)
    return "\n".join("".join(f"{line}\n" for line in page.finding(one)) for one in in_order(diagnostics))


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """A JSON array with one object for each diagnostic."""
    found = [
        {
            "code": one.code,
            "severity": one.severity,
            "message": one.message,
            "hint": one.hint,
            "file": one.span.path,
            "line": one.span.line,
            "column": one.span.column,
            "end_line": one.span.end_line,
            "end_column": one.span.end_column,
        }
        for one in in_order(diagnostics)
    ]
    return json.dumps(found, indent=2) + "\n"


def render_github(diagnostics: Iterable[Diagnostic], folder: str = "") -> str:
    """Workflow commands that GitHub Actions shows beside the lines of a pull request.

    `folder` is where the project lies in the repository: GitHub wants paths from there.
    """
    return "".join(f"{_annotation(one, folder)}\n" for one in in_order(diagnostics))


def render_github_settings(wrong: Iterable[str], folder: str = "") -> str:
    """The same of wrong settings. Each says first where it is written, as `campflow.toml:3: `, if it is in a file."""
    return "".join(f"{_of_setting(each, folder)}\n" for each in wrong)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By file, line and column."""
    return sorted(diagnostics, key=lambda one: (one.span, one.code, one.message))


def _annotation(one: Diagnostic, folder: str) -> str:
    span = one.span
    path = f"{folder}/{span.path}" if folder else span.path
    places = {"file": path, "line": span.line, "col": span.column, "endLine": span.end_line,
              "endColumn": span.end_column, "title": one.code}  # fmt: skip
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in places.items())
    message = one.message if one.hint is None else f"{one.message}\nhint: {one.hint}"
    return f"::{one.severity} {properties}::{_data(message)}"


def _of_setting(said: str, folder: str) -> str:
    written = _PLACE.match(said)
    if written is None:
        return f"::error title=setting::{_data(said)}"
    path = f"{folder}/{written['file']}" if folder else written["file"]
    return f"::error file={_property(path)},line={written['line'] or 1},title=setting::{_data(said[written.end() :])}"


def _data(text: str) -> str:
    """As GitHub unescapes it."""
    lines = (harmless(line) for line in text.split("\n"))
    return "\n".join(lines).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# --- text -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Mark:
    """What stands below a quoted line: ^^^ for the finding itself, --- and a text for what explains it."""

    span: Span
    sign: str
    hue: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Page:
    """Writes findings for people."""

    quoter: Quoter
    color: bool

    def paint(self, text: str, hue: str) -> str:
        return f"{hue}{text}{_PLAIN}" if self.color else text

    def finding(self, one: Diagnostic) -> Iterator[str]:
        """The title, the lines in question file by file, and what to write instead."""
        hue = _RED if one.severity == "error" else _YELLOW
        marks = [_Mark(one.span, "^", hue), *(_Mark(label.span, "-", _BLUE, label.text) for label in one.labels)]
        margin = " " * len(str(max(mark.span.line for mark in marks)))
        title, *more = _lines(one.message)
        yield self.paint(f"{one.severity}[{one.code}]", hue) + self.paint(f": {title}", _BOLD)
        yield from (f"{margin}   {line}" for line in more)
        for path in dict.fromkeys(mark.span.path for mark in marks):
            yield from self.excerpt([mark for mark in marks if mark.span.path == path], margin)
        if one.hint is not None:
            hint, *more = _lines(one.hint)
            yield f"{margin} {self.paint('=', _BLUE)} {self.paint('hint', _CYAN)}: {hint}"
            yield from (f"{margin}         {line}" for line in more)

    def excerpt(self, marks: list[_Mark], margin: str) -> Iterator[str]:
        """The marked lines of one file, from the top."""
        place = marks[0].span
        arrow = self.paint("-->" if marks[0].sign == "^" else ":::", _BLUE)
        yield f"{margin}{arrow} {harmless(place.path)}:{place.line}:{place.column}"
        before: int | None = None
        for mark in sorted(marks, key=lambda mark: mark.span):
            quoted = self.quoter.quote(mark.span)
            if quoted is None:
                yield from (f"{margin} {self.paint('=', _BLUE)} {line}" for line in _lines(mark.text) if line)
                continue
            line, column, length = quoted
            bar = self.paint("|", _BLUE)
            if before is None:
                yield f"{margin} {bar}"
            elif mark.span.line > before + 1:
                yield self.paint("...", _BLUE)
            if before != mark.span.line:
                number = self.paint(f"{mark.span.line:>{len(margin)}} |", _BLUE)
                yield f"{number} {line}".rstrip()
            before = mark.span.line
            note = " ".join([mark.sign * length, *_lines(mark.text)]).rstrip()
            yield f"{margin} {bar} {' ' * column}{self.paint(note, mark.hue)}"


def _lines(text: str) -> list[str]:
    """The lines of a message, harmless."""
    return [harmless(line) for line in text.split("\n")]
