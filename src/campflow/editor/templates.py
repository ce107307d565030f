"""Occurrences of fields in templates, those of content files and the texts of statements: each `{{ first_name }}`,
`{{ contact.first_name }}` and `{{ entry.sku }}`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import nodes
from jinja2.exceptions import TemplateError

from campflow.checking.campaigns import entry_words
from campflow.checking.checks.written_texts import texts_of
from campflow.checking.clauses import COST_PER, UNNAMED
from campflow.checking.names import EventWords
from campflow.checking.tree import find
from campflow.checking.vocabulary import ContentFile
from campflow.content.sandbox import sandbox
from campflow.content.templates import BadTemplate, parse
from campflow.content.variables import variables
from campflow.diagnostics.source import Span
from campflow.editor.index import Occurrence, Symbol
from campflow.editor.indexing import Known
from campflow.editor.places import Places
from campflow.language import syntax

#: What a channel and a name of a message, together, are entered by.
Entries = Mapping[tuple[str, str], Sequence[EventWords]]

_ENTRY = ("entry", "event")
_SILENT = ("whitespace", "comment", "comment_begin", "comment_end", "linecomment")


def entries(files: Iterable[syntax.FlowFile], known: Known) -> Entries:
    """The events by which contacts enter the campaigns that send each message."""
    found: dict[tuple[str, str], dict[str, EventWords]] = {}
    for campaign in (each for file in files for each in find(file.declarations, syntax.CampaignDeclaration)):
        words = entry_words(campaign, known.names).events
        for send in find(campaign.items, syntax.Send):
            events = found.setdefault((send.channel.text, send.message.text), {})
            events.update((each.event.name, each) for each in words)
    return {sent: tuple(events.values()) for sent, events in found.items()}


def template_occurrences(content: ContentFile, text: str, known: Known, entries: Entries) -> Iterator[Occurrence]:
    """The fields that one content file reads. A template that does not compile has none."""
    entry = entries.get((content.channel, content.message), ())
    places = Places(text)
    free = {field.name for field in content.template_fields}
    for read in _reads(text):
        if read.owner or read.name in free:  # else a word of Jinja's
            line, column = places.line_and_column(read.start)
            span = Span(content.path, line, column, line, column + len(read.name))
            yield from _occurrence(read, span, entry, known)


def written_occurrences(file: syntax.FlowFile, text: str, known: Known) -> Iterator[Occurrence]:
    """The fields that the texts of `notify` and of options read, and the conversions that goals are about."""
    places = Places(text)
    for campaign in find(file.declarations, syntax.CampaignDeclaration):
        entry = entry_words(campaign, known.names).events
        for statement in find(campaign.items, (syntax.Notify, syntax.Do, syntax.Send)):
            for each in texts_of(statement):
                start, written = places.offset(each.span.line, each.span.column), places.written(each.span)
                free = _free(written) if "{" in written else frozenset()
                for read in _reads(written) if free else ():
                    if read.owner or read.name in free:
                        line, column = places.line_and_column(start + read.start)
                        span = Span(file.path, line, column, line, column + len(read.name))
                        yield from _occurrence(read, span, entry, known)
        for goal in find(campaign.items, syntax.Goal):
            name = goal.metric.removeprefix(COST_PER)
            said = re.match(rf"goal\s+(?:cost\s+per\s+)?(?={name}\b)", places.written(goal.span))
            if said and name != UNNAMED:
                line, column = places.line_and_column(places.offset(goal.span.line, goal.span.column) + said.end())
                span = Span(file.path, line, column, line, column + len(name))
                yield Occurrence(span, (Symbol("conversion", name, campaign.name.text),))


def _free(text: str) -> frozenset[str]:
    """The names that a template reads; none where it does not compile."""
    try:
        return frozenset(each.name for each in variables(parse(text), text))
    except BadTemplate:
        return frozenset()


def _occurrence(read: "_Read", span: Span, entry: Sequence[EventWords], known: Known) -> Iterator[Occurrence]:
    if read.owner in _ENTRY:
        having = (each.event.name for each in entry if read.name in each.fields)
        symbols = tuple(Symbol("field", read.name, event) for event in having)
    else:
        symbols = (Symbol("field", read.name),) if read.name in known.names.contact_fields else ()
    if symbols:
        yield Occurrence(span, symbols)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class _Read:
    """`contact.NAME`, `entry.NAME`, or NAME alone (owner empty); `start` is the offset of NAME."""

    owner: str
    name: str
    start: int


def _reads(text: str) -> Iterator[_Read]:
    try:
        made_here = _bound(sandbox(False).parse(text))
        tokens = list(_tokens(text))
    except (TemplateError, RecursionError):
        return
    for place, token in enumerate(tokens):
        before = tokens[place - 1].text if place else ""
        if token.kind != "name" or before in (".", "|") or token.text in made_here:
            continue
        one, two = (tokens[place + 1 : place + 3] + [_Token("", "", 0)] * 2)[:2]
        if token.text in ("contact", *_ENTRY) and one.text == "." and two.kind == "name":
            yield _Read(token.text, two.text, two.start)
        elif token.text in ("contact", *_ENTRY) and one.text == "[" and two.kind == "string":
            yield _Read(token.text, two.text[1:-1], two.start + 1)
        elif one.text != "=":  # that would be the name of an argument
            yield _Read("", token.text, token.start)


def _bound(tree: nodes.Template) -> frozenset[str]:
    """Names that the template makes itself."""
    return frozenset(name.name for name in tree.find_all(nodes.Name) if name.ctx != "load")


def _tokens(text: str) -> Iterator[_Token]:
    """What stands in `{{ }}` and `{% %}`, blanks and comments left out."""
    start = 0
    for _, kind, value in sandbox(False).lex(text):
        start = text.find(value, start)  # Jinja leaves out blanks where it is told to (`{%-`)
        if kind not in _SILENT:
            yield _Token(kind, value, start)
        start += len(value)
