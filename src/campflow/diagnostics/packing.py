"""Findings as values that JSON has, and back. Their places must be in one file, whose path is not repeated."""

from typing import Any

from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.diagnostics.source import Span


def packed(one: Diagnostic) -> list[Any]:
    labels = [[packed_place(label.span), label.text] for label in one.labels]
    return [one.code, one.message, packed_place(one.span), one.hint, labels, one.severity]


def unpacked(path: str, found: Any) -> Diagnostic:
    """The finding in the file with that path. Raises TypeError or ValueError for what `packed` did not make."""
    code, message, place, hint, labels, severity = found
    explained = tuple(Label(Span(path, *each), text) for each, text in labels)
    return Diagnostic(code, message, Span(path, *place), hint, explained, severity)


def packed_place(span: Span) -> list[int]:
    return [span.line, span.column, span.end_line, span.end_column]
