"""What could be written at a place: names of the right kind, and words of the language where they can stand."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from lsprotocol.types import CompletionItem, CompletionItemKind

from campflow.editor import filters
from campflow.editor.cursor import Cursor
from campflow.editor.proposing import Proposing, item
from campflow.editor.view import View
from campflow.language.mistakes.scene import words
from campflow.language.mistakes.wording import FORMS, TEST_FORMS
from campflow.model.functions import Function

_Provider = Callable[[Proposing], Iterable[CompletionItem]]


def _nothing(_: Proposing) -> Iterable[CompletionItem]:
    """A new name stands here."""
    return ()


#: What a name at a place is the name of, by the statement up to it; the first that fits counts.
_RULES: tuple[tuple[str, _Provider], ...] = (
    (r"(?:CAMPAIGN|STAGE|FINAL|SEGMENT|EVENT|SPLIT|CONVERT|PERCENT|CONTACT|MOVED|PURPOSE)$", _nothing),
    (r".*ARROW$", Proposing.stages),
    (r"(?:SEND|EXPECT NAME (?:NOT )?SENT)$", Proposing.channels),
    (r"SEND NAME$", Proposing.messages),
    (r"EXPECT NAME (?:NOT )?SENT NAME$", Proposing.sent),
    (r"EXPECT$", Proposing.people),
    (r"EXPECT NAME IN$", Proposing.stages),
    (r"EXPECT NAME (?:NOT )?CONVERTED$", Proposing.conversions),
    (r"TEST TEXT OF$", Proposing.campaigns),
    (r"ARM$", Proposing.splits),
    (r"ARM NAME EQUAL$", Proposing.arms),
    (r"SET$", Proposing.contact_fields),
    (r"EMIT$", Proposing.declared_events),
    (r"NOTIFY$", Proposing.sinks),
    (r"SYNC$", Proposing.audiences),
    (r"DO$", Proposing.actions),
    (r"LIMIT(?: .*)? NUMBER$", Proposing.limited),
    (r"LIMIT .*PER$", Proposing.spans),
    (r"ENTER .*PER$", Proposing.key_fields),
    (r"GOAL$", Proposing.goals),
    (r"ATTRIBUTE$", Proposing.models),
    (r".*\bIN SEGMENT$", Proposing.segments),
    (r"(?:.* )?(?:ON|DID|DID NOT|MEASURE|FUNCTION LPAR)$", Proposing.events),
    (r"(?:.* )?(?:ON|DID|DID NOT|MEASURE|FUNCTION LPAR) NAME$", Proposing.abouts),
    (r".*\bFUNCTION LPAR NAME DOT$", Proposing.event_fields),
    (r".*\bNAME DOT$", Proposing.owned_fields),
)

#: The same where the statement alone does not tell, by the kind of the block.
_IN_BLOCK: tuple[tuple[str, str, _Provider], ...] = (
    ("test", r"$", Proposing.people),
    ("test", r"NAME$", Proposing.events),
    ("test", r"NAME NAME$", Proposing.abouts),
    ("contact", r"NAME$|.*\bLIST OF$", Proposing.types),
    ("event", r"NAME$|.*\bLIST OF$", Proposing.types),
    ("options", r"$", Proposing.options),
)


def complete(view: View, cursor: Cursor) -> list[CompletionItem]:
    """The proposals, each once, the most particular first."""
    found = Proposing(view, cursor)
    items = [*found.choices()]
    if cursor.quoted is not None and filters.can_follow(cursor.quoted):
        items += filters.proposals(view)
    if cursor.quoted is None:
        if "NAME" in cursor.expected:
            items += _names(found)
        items += found.units() if cursor.counted else ()
        items += _words(cursor, view.names.vocabulary.functions)
    unique = {each.label: each for each in reversed(items)}
    return list(reversed(unique.values()))


def _names(found: Proposing) -> Iterable[CompletionItem]:
    cursor = found.cursor
    for pattern, provider in _RULES:
        if re.match(pattern, cursor.kinds):
            return provider(found)
    for block, pattern, provider in _IN_BLOCK:
        if block == cursor.block and re.match(pattern, cursor.kinds):
            return provider(found)
    return found.operands() if "FUNCTION" in cursor.expected else ()


def _words(cursor: Cursor, functions: Mapping[str, Function]) -> Iterator[CompletionItem]:
    known = dict(words(cursor.expected))
    if "IN_LAST" in cursor.expected:
        known["in last"] = "IN_LAST"
    forms = {**FORMS, **TEST_FORMS} if cursor.block == "test" else FORMS
    for word in known:
        form = forms.get(word) if not cursor.statement else None
        yield item(word, CompletionItemKind.Keyword, form or "")
    if "FUNCTION" in cursor.expected:
        for figure in ("count", "sum", "avg", "min", "max", "first", "last"):
            yield item(figure, CompletionItemKind.Function, "over events", insert=f"{figure}(")
        for function in functions.values():
            yield item(function.name, CompletionItemKind.Function, str(function), insert=f"{function.name}(")
