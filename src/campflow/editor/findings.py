"""Diagnostics as an editor shows them: under the text, with the explanation and the place that explains it."""

import datetime as dt
from zoneinfo import ZoneInfo

from lsprotocol import types

from campflow.compiler import check_sources
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source
from campflow.editor.bench import Bench
from campflow.editor.places import Places
from campflow.editor.view import View

_SEVERITY = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}


def findings(bench: Bench, view: View) -> dict[str, list[types.Diagnostic]]:
    """All that is wrong with a project, by the path of the file: what `campflow check` says of the same texts."""
    sorted_out: dict[str, list[types.Diagnostic]] = {}
    for each in (*view.problems, *_checked(view)):
        sorted_out.setdefault(each.span.path, []).append(_shown(bench, view, each))
    return sorted_out


def _checked(view: View) -> tuple[Diagnostic, ...]:
    """Where there are no settings, only what does not parse."""
    if view.project is None:
        return view.unread
    sources = [Source(path, view.texts[path]) for path in view.parsed]
    today = dt.datetime.now(ZoneInfo(view.project.settings.timezone)).date()
    read = view.parsed.__getitem__
    return check_sources(sources, view.names.vocabulary, lambda source: read(source.path), today).diagnostics


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
