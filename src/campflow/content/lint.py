"""What a channel says of a filled message, as findings in the file that it was written in."""

import re
from collections.abc import Iterator, Mapping

from campflow.content import templates
from campflow.content.filter_words import NO_FILTERS, Filters
from campflow.content.specimen import specimen
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source, Span
from campflow.errors import ContentError
from campflow.hooks.contracts import ChannelPlugin, Complaint, Prepared

#: More is no help.
MOST = 50

#: What is left of a text that cannot be filled: all its branches, each once.
_STATEMENT, _VALUE = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL), re.compile(r"\{\{.*?\}\}", re.DOTALL)


def linted(
    channel: ChannelPlugin, prepared: Prepared, source: Source, body_line: int, filters: Filters = NO_FILTERS
) -> Iterator[Diagnostic]:
    """The findings, warnings all. A plugin that fails at it says so in one, and nothing else is lost."""
    if channel.lint is None:
        return
    texts = {**prepared.parts, **{k: v for k, v in prepared.front_matter.items() if isinstance(v, str)}}
    values = specimen([templates.parse(text) for text in texts.values()])
    parts = {name: _filled(text, values, filters, html=name == "html") for name, text in prepared.parts.items()}
    options = {
        name: _filled(value, values, filters, html=False) if isinstance(value, str) else value
        for name, value in prepared.front_matter.items()
    }
    try:
        for complaint in list(channel.lint(parts, options))[:MOST]:
            span = _place(complaint, source, body_line)
            yield Diagnostic("content-lint", complaint.text, span, complaint.hint, severity="warning")
    # A plugin is not ours: whatever it raises is about this file.
    except Exception as error:
        text = f"`{channel.name}` cannot look at it: {type(error).__name__}: {error}"
        yield Diagnostic("content-lint", text, Span(source.path, 1, 1, 1, 2), severity="warning")


def _filled(text: str, values: Mapping[str, object], filters: Filters, *, html: bool) -> str:
    try:
        return templates.compile_text(text, html=html, name="it", filters=filters).fill(values)
    except ContentError:
        return _VALUE.sub("x", _STATEMENT.sub("", text))


def _place(complaint: Complaint, source: Source, body_line: int) -> Span:
    """Where the author wrote it; where that is not to be found, the first line of the body."""
    lines = source.text.split("\n")
    body = "\n".join(lines[body_line - 1 :])
    near = re.escape(complaint.near)
    for pattern in (rf"(?<=[\"'(<]){near}(?=[\"')>\s])", rf"(?<![\w-]){near}(?![\w-])", near):
        found = [each.start() for each in re.finditer(pattern, body)] if near else []
        if complaint.occurrence < len(found):
            before = body[: found[complaint.occurrence]]
            line, column = body_line + before.count("\n"), len(before) - before.rfind("\n")
            length = len(complaint.near.split("\n")[0]) or 1
            return Span(source.path, line, column, line, column + length)
    line = next((n for n in range(body_line, len(lines) + 1) if lines[n - 1].strip()), 1)
    return Span(source.path, line, 1, line, max(len(lines[line - 1].rstrip()), 1) + 1)
