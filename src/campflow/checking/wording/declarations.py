"""Sentences about the declarations of fields, segments and campaigns as wholes."""

from collections.abc import Sequence

from campflow.checking.wording.types import mismatch
from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.diagnostics.source import Span
from campflow.language import syntax


def list_of_lists(span: Span) -> Diagnostic:
    return mismatch("a list cannot hold lists", span, "write `list of text`")


def bare_default(field: str, default: syntax.Name) -> Diagnostic:
    return mismatch(
        f"`{default.text}` is a bare word, which only a field with choices (`one of …`) can have as its default",
        default.span,
        f'texts stand in quotes: write `{field} text = "{default.text}"`',
    )


def segment_cycle(names: Sequence[syntax.Name]) -> Diagnostic:
    """`names` are the segments in the order in which each needs the next; the last needs the first."""
    path = " needs ".join(f"`{name.text}`" for name in (*names, names[0]))
    message = (
        f"the segment `{names[0].text}` needs itself" if len(names) == 1 else f"these segments need each other: {path}"
    )
    return Diagnostic(
        "segment-cycle",
        message,
        names[0].span,
        "write out one of the conditions instead of asking for the segment",
        tuple(Label(name.span, f"`{name.text}` is here") for name in names[1:]),
    )


def segments_too_deep(name: syntax.Name) -> Diagnostic:
    return Diagnostic(
        "syntax",
        f"the segment `{name.text}` is built on so many others that no database can answer it",
        name.span,
        "write out its condition with fewer segments in it",
    )


def missing_clause(campaign: syntax.Name, what: str, hint: str) -> Diagnostic:
    return Diagnostic("missing-clause", f"the campaign `{campaign.text}` has no {what}", campaign.span, hint)
