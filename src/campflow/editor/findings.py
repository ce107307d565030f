"""Diagnostics as an editor shows them: under the text, with the explanation and the place that explains it."""

from collections.abc import Iterable

from lsprotocol import types

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.editor.bench import Bench
from campflow.editor.places import Places
from campflow.editor.view import View

_SEVERITY = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}


def by_file(bench: Bench, view: View, found: Iterable[Diagnostic]) -> dict[str, list[types.Diagnostic]]:
    """The findings of each file that has any, by path."""
    sorted_out: dict[str, list[types.Diagnostic]] = {}
    for each in found:
        sorted_out.setdefault(each.span.path, []).append(_shown(bench, view, each))
    return sorted_out


def _shown(bench: Bench, view: View, found: Diagnostic) -> types.Diagnostic:
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(bench.uri(label.span.path), places(view, label.span.path).range(label.span)), label.text
        )
        for label in found.labels
    ]
    return types.Diagnostic(
        places(view, found.span.path).range(found.span),
        message=f"{found.message}\n{found.hint}" if found.hint else found.message,
        severity=_SEVERITY[found.severity],
        code=found.code,
        source="campflow",
        related_information=related or None,
        tags=[types.DiagnosticTag.Unnecessary] if found.code == "unused" else None,
    )


def places(view: View, path: str) -> Places:
    """Those of the view; of a file that it does not read (campflow.toml), those of the disk."""
    if path in view.texts:
        return view.places(path)
    try:
        return Places((view.root / path).read_bytes().decode("utf-8"), view.encoding)
    except (OSError, UnicodeDecodeError):
        return Places("", view.encoding)
