"""A mistake in a user's text is a value, collected with all the others."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from campflow.diagnostics.source import Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains the first: "`welcome` was declared here"."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: its code, where it is, what is wrong, and what to write instead where that is known."""

    code: str
    message: str
    span: Span
    hint: str | None = None
    labels: tuple[Label, ...] = ()
    severity: Severity = "error"


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The nearest of `known` as a question, or None where nothing is near.

    >>> did_you_mean("engagd", ["engaged", "lost"])
    'did you mean `engaged`?'
    """
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else None
