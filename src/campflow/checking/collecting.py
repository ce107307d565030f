"""The first pass: gathers what all files declare, so that no order of files or lines matters."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from campflow.checking.currency import project_currency
from campflow.checking.names import Names, Report
from campflow.checking.people import Declarations
from campflow.checking.texts import Texts
from campflow.checking.tree import find
from campflow.checking.vocabulary import PAGE, Vocabulary
from campflow.checking.wording import names as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax


class _Named(Protocol):
    @property
    def name(self) -> syntax.Name: ...


Declaration = TypeVar("Declaration", bound=_Named)


def collect(
    files: Sequence[syntax.FlowFile], vocabulary: Vocabulary, texts: Texts
) -> tuple[Names, tuple[Diagnostic, ...]]:
    """All names; two of a kind with one name are mistakes, and the first one counts."""
    found: list[Diagnostic] = []
    return _names(files, vocabulary, texts, found.append), tuple(found)


def _names(files: Sequence[syntax.FlowFile], vocabulary: Vocabulary, texts: Texts, report: Report) -> Names:
    currency = project_currency(files, vocabulary)
    declarations = [declaration for file in files for declaration in file.declarations]
    people = Declarations(currency, texts, report)
    contact, contact_fields = people.contact(_of(declarations, syntax.ContactDeclaration))
    sent = {send.message.text for send in find(tuple(declarations), syntax.Send)}
    return Names(
        contact=contact,
        contact_fields=contact_fields,
        events=people.events(_of(declarations, syntax.EventDeclaration)),
        segments=_by_name("segment", _of(declarations, syntax.SegmentDeclaration), report),
        campaigns=_by_name("campaign", _of(declarations, syntax.CampaignDeclaration), report),
        messages=vocabulary.content.messages() | sent,
        pages=vocabulary.content.messages(PAGE),
        currency=currency,
        vocabulary=vocabulary,
    )


T = TypeVar("T")


def _of(declarations: Iterable[syntax.Declaration], kind: type[T]) -> list[T]:
    return [declaration for declaration in declarations if isinstance(declaration, kind)]


def _by_name(kind: str, declared: Iterable[Declaration], report: Report) -> dict[str, Declaration]:
    found: dict[str, Declaration] = {}
    for declaration in declared:
        first = found.setdefault(declaration.name.text, declaration)
        if first is not declaration:
            report(say.duplicate(kind, declaration.name, first.name.span))
    return found
