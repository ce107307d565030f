"""What the checker needs to know of `content/`: names, the fields that templates read, and what is wrong with them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from campflow.checking.vocabulary import PAGE, ContentFile, ContentIndex, TemplateField
from campflow.content import templates
from campflow.content.files import ContentPath, content_paths, read_content
from campflow.content.filter_words import NO_FILTERS, Filters
from campflow.content.frontmatter import Document, split
from campflow.content.index import indexed
from campflow.content.lint import linted
from campflow.content.marking import BadLink, mark
from campflow.content.pictures import with_pictures
from campflow.content.treatment import mistreated
from campflow.content.variables import variables
from campflow.content.wanted import NOTHING
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source, Span
from campflow.errors import ContentError
from campflow.hooks.contracts import ChannelPlugin


def inspect_content(
    project: Path,
    channels: Mapping[str, ChannelPlugin],
    unsaved: Mapping[str, str] | None = None,
    filters: Filters = NO_FILTERS,
) -> ContentIndex:
    """Read and try every message file of the project. A bad one is named in its `problems`, and the rest is read.

    `unsaved` are texts, by path, that somebody is editing: they stand for what the disk has. `filters` are those of
    plugins.
    """
    paths = content_paths(project)
    found = [inspect_file(path, channels.get(path.channel), (unsaved or {}).get(path.shown), filters) for path in paths]
    return indexed([with_pictures(project, each, channels.get(each.channel)) for each in found])


def inspect_file(
    file: ContentPath, channel: ChannelPlugin | None, unsaved: str | None = None, filters: Filters = NO_FILTERS
) -> ContentFile:
    """Read and try one file, or the text that stands for it. Other files do not matter to what is found."""
    try:
        source = read_content(file) if unsaved is None else Source(file.shown, unsaved)
    except ContentError as error:
        problem = Diagnostic("bad-template", str(error), Span(file.shown, 1, 1, 1, 2))
        return ContentFile(file.shown, file.message, file.channel, file.language, problems=(problem,))
    document = split(source)
    fields: dict[str, TemplateField] = {}
    problems = [*document.problems, *mistreated(document)]
    for text in _texts(document, source):
        try:
            for field in _fields(text, source, filters):
                fields.setdefault(field.name, field)
        except templates.BadTemplate as error:
            problems.append(_bad(source, error.text, text.line + error.line - 1, text.place))
    if not problems:
        problems += _prepared(file, document, source, channel, filters)
    return ContentFile(
        path=file.shown,
        message=file.message,
        channel=file.channel,
        language=file.language,
        template_fields=tuple(fields.values()),
        problems=tuple(problems),
        front_matter=document.front_matter,
        option_spans=document.option_spans,
    )


@dataclass(frozen=True, slots=True)
class _Text:
    """One template of a file: what it is, how and from which line it is written; `place` is of a front matter value."""

    text: str
    written: str
    line: int
    place: Span | None = None


def _texts(document: Document, source: Source) -> Iterator[_Text]:
    for key, value in document.front_matter.items():
        if isinstance(value, str):
            place = document.value_spans[key]
            yield _Text(value, _cut(source, place), place.line, place)
    yield _Text(document.body, document.body, document.body_line)


def _cut(source: Source, span: Span) -> str:
    lines = [source.line(number) for number in range(span.line, span.end_line + 1)]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def _fields(text: _Text, source: Source, filters: Filters) -> Iterator[TemplateField]:
    templates.compile_text(text.text, html=False, name=source.path, filters=filters)
    for variable in variables(templates.parse(text.text), text.written):
        shift = text.place.column - 1 if text.place and variable.line == 1 else 0
        row = text.line + variable.line - 1
        span = Span(source.path, row, variable.column + shift, row, variable.end_column + shift)
        yield TemplateField(variable.name, span)


def _prepared(
    file: ContentPath, document: Document, source: Source, channel: ChannelPlugin | None, filters: Filters
) -> Iterator[Diagnostic]:
    """What only the channel can say: whether it can make a message of this file. Pages are made by the web part."""
    if file.channel == PAGE:
        yield from _page(file, document, source)
        return
    if channel is None:
        return
    if file.extension not in channel.extensions:
        known = ", ".join(channel.extensions)
        yield _bad(source, f"`{channel.name}` cannot read `.{file.extension}` files: it reads {known}", 1, None)
        return
    try:
        prepared = channel.prepare(document.body, file.extension, document.front_matter)
        for part, text in mark(prepared.parts, NOTHING).items():
            templates.compile_text(text, html=part == "html", name=file.shown, filters=filters)
    except BadLink as error:
        lines = source.text.split("\n")[document.body_line - 1 :]
        found = (number for number, line in enumerate(lines) if error.written in unescape(line))
        yield _bad(source, str(error), document.body_line + next(found, 0), None)
    except ContentError as error:
        yield _bad(source, str(error), document.body_line, None)
    # A plugin is not ours: whatever it raises is about this file.
    except Exception as error:
        yield _bad(source, f"`{channel.name}` cannot make it ready: {error}", document.body_line, None)
    else:
        yield from linted(channel, prepared, source, document.body_line, filters)


def _page(file: ContentPath, document: Document, source: Source) -> Iterator[Diagnostic]:
    if file.extension != "html":
        yield _bad(source, f"a page is not written in `.{file.extension}`: call it `{file.message}.page.html`", 1, None)
    for found in _NOT_ON_PAGES.finditer(document.body):
        line = document.body_line + document.body.count("\n", 0, found.start())
        if found.lastgroup == "script":
            yield _bad(source, "a script does not run on a landing page: leave it out", line, None)
        elif "{{" in found.group() or "{%" in found.group():
            yield _bad(source, "a style sheet on a page is the same for everyone: take the braces out", line, None)
        elif found.lastgroup == "attribute":
            yield _bad(source, "a `style` of one element has no effect on a page: write a <style> sheet", line, None)


#: What the content security policy of pages stops.
_NOT_ON_PAGES = re.compile(
    r"(?P<script><script\b|<[a-z][^<>]*\son[a-z]+\s*=)|(?P<style><style\b[^>]*>.*?</style)"
    r"|(?P<attribute><[a-z][^<>]*\sstyle\s*=)",
    re.IGNORECASE | re.DOTALL,
)


def _bad(source: Source, text: str, line: int, place: Span | None) -> Diagnostic:
    if place and place.line == place.end_line:
        return Diagnostic("bad-template", text, place)
    content = source.line(line)
    start = len(content) - len(content.lstrip()) + 1
    return Diagnostic("bad-template", text, Span(source.path, line, start, line, max(len(content.rstrip()), start) + 1))
