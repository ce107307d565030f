"""How a message is treated, as its front matter says: what consent it needs, whether limits bind it, what is tracked.

It is said once for all languages of a message: consent does not depend on the language that it is given in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from campflow.checking.vocabulary import PURPOSE, TRACK, TRANSACTIONAL, UTM, UTM_WORDS, ContentFile, is_name
from campflow.content.wanted import tracking_words
from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.diagnostics.source import Span

if TYPE_CHECKING:
    from campflow.content.frontmatter import Document


def mistreated(document: "Document") -> Iterator[Diagnostic]:
    """What is wrong with `purpose` and `transactional` of one file."""
    purpose = document.front_matter.get(PURPOSE)
    if PURPOSE in document.front_matter and not is_name(purpose):
        text = "`purpose` is a name, in small letters, digits and `_`"
        yield Diagnostic("bad-template", text, _place(document, PURPOSE), "write for example `purpose: newsletter`")
    if not isinstance(document.front_matter.get(TRANSACTIONAL, False), bool):
        hint = "write `transactional: yes`, or leave the line out"
        yield Diagnostic("bad-template", "`transactional` is yes or no", _place(document, TRANSACTIONAL), hint)
    if TRACK in document.front_matter and tracking_words(document.front_matter[TRACK]) is None:
        hint = "write `track: no`, `track: clicks`, or `track: [opens, clicks, text]`"
        text = "`track` is yes, no, or which of opens, clicks and text"
        yield Diagnostic("bad-template", text, _place(document, TRACK), hint)
    if not isinstance(document.front_matter.get(UTM, False), bool):
        hint = "write `utm: yes`, and for example `utm_source: newsletter` below it"
        yield Diagnostic("bad-template", "`utm` is yes or no", _place(document, UTM), hint)
    for name in UTM_WORDS:
        said = document.front_matter.get(name, "")
        if not isinstance(said, str) or "{" in said:
            text = f"`{name}` is a plain text: it is the same for everyone"
            yield Diagnostic("bad-template", text, _place(document, name), f"write for example `{name}: spring`")


def of_one_mind(files: Sequence[ContentFile]) -> Iterator[ContentFile]:
    """The files, those that contradict the plain one of their message with a problem."""
    plain = {(file.channel, file.message): file for file in files if file.language is None}
    for file in files:
        other = plain.get((file.channel, file.message))
        if other is not None and other is not file:
            problems = (_contradiction(file, other, key) for key in (PURPOSE, TRANSACTIONAL, TRACK))
            file = replace(file, problems=(*file.problems, *(problem for problem in problems if problem)))
        yield file


def _contradiction(file: ContentFile, plain: ContentFile, key: str) -> Diagnostic | None:
    said = file.front_matter.get(key)
    if key not in file.front_matter or said == plain.front_matter.get(key):
        return None
    labels = (Label(plain.option_spans[key], "said here"),) if key in plain.option_spans else ()
    text = f"`{key}` is the same in all languages of a message, and `{plain.path}` says something else"
    hint = f"write it in `{plain.path}` and take it out here"
    return Diagnostic("bad-template", text, file.option_spans.get(key, Span(file.path, 1, 1, 1, 2)), hint, labels)


def _place(document: "Document", key: str) -> Span:
    """The value; where nothing is written after the colon, the key."""
    value = document.value_spans[key]
    empty = (value.line, value.column) == (value.end_line, value.end_column)
    return document.option_spans[key] if empty else value
