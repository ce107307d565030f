"""The outline of a file: what is declared in it, and inside of what."""

from collections.abc import Iterable, Iterator

from lsprotocol.types import DocumentSymbol, SymbolKind

from campflow.diagnostics.source import Span
from campflow.editor.places import Places
from campflow.language import syntax


def outline(file: syntax.FlowFile, places: Places) -> list[DocumentSymbol]:
    """Declarations in the order of the file, with their fields, stages, splits and arms inside."""
    return [_declaration(declared, places) for declared in file.declarations]


def _declaration(node: syntax.Declaration, places: Places) -> DocumentSymbol:
    match node:
        case syntax.ContactDeclaration():
            return _symbol("contact", SymbolKind.Class, node.span, None, places, _fields(node.fields, places))
        case syntax.EventDeclaration():
            return _named(node.name, SymbolKind.Event, node.span, places, children=_fields(node.fields, places))
        case syntax.SegmentDeclaration():
            return _named(node.name, SymbolKind.Interface, node.span, places, _title(node.title))
        case syntax.CampaignDeclaration():
            stages = (_stage(item, places) for item in node.items if isinstance(item, syntax.Stage))
            return _named(node.name, SymbolKind.Module, node.span, places, _title(node.title), stages)
        case syntax.TestDeclaration():
            title = node.title.value or "test"
            return _symbol(title, SymbolKind.Method, node.span, node.title.span, places, detail=node.campaign.text)


def _fields(fields: Iterable[syntax.FieldDeclaration], places: Places) -> Iterator[DocumentSymbol]:
    for field in fields:
        yield _named(field.name, SymbolKind.Field, field.span, places, places.written(field.type.span))


def _stage(node: syntax.Stage, places: Places) -> DocumentSymbol:
    splits = (_split(item, places) for item in node.items if isinstance(item, syntax.Split))
    detail = _title(node.title) or ("final" if node.final else "")
    return _named(node.name, SymbolKind.EnumMember, node.span, places, detail, splits)


def _split(node: syntax.Split, places: Places) -> DocumentSymbol:
    arms = (
        _named(arm.name, SymbolKind.EnumMember, arm.span, places, f"{arm.share.value.normalize():f}%")
        for arm in node.arms
    )
    return _named(node.name, SymbolKind.Enum, node.span, places, children=arms)


def _named(
    name: syntax.Name,
    kind: SymbolKind,
    span: Span,
    places: Places,
    detail: str = "",
    children: Iterable[DocumentSymbol] = (),
) -> DocumentSymbol:
    return _symbol(name.text, kind, span, name.span, places, children, detail)


def _symbol(
    name: str,
    kind: SymbolKind,
    span: Span,
    selected: Span | None,
    places: Places,
    children: Iterable[DocumentSymbol] = (),
    detail: str = "",
) -> DocumentSymbol:
    whole = places.range(span)
    # Editors refuse a symbol whose name lies outside of it, as after a mistake it may.
    inside = selected is not None and _starts(span) <= _starts(selected) and _ends(selected) <= _ends(span)
    selection = places.range(selected) if selected and inside else whole
    return DocumentSymbol(name, kind, whole, selection, detail=detail or None, children=list(children) or None)


def _starts(span: Span) -> tuple[int, int]:
    return span.line, span.column


def _ends(span: Span) -> tuple[int, int]:
    return span.end_line, span.end_column


def _title(title: syntax.Text | None) -> str:
    return title.value if title else ""
