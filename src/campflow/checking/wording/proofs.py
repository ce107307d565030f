"""Sentences about what was proven: who it happens to, with concrete values, and what to write instead."""

from collections.abc import Sequence

from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.diagnostics.source import Span


def never_true(text: str, span: Span, subject: str) -> Diagnostic:
    message = f"`{text}` can never be true\n{subject} does not meet it, and nobody else does"
    return Diagnostic("never-true", message, span, "look at the signs and at the values, or take the condition away")


def never_together(texts: Sequence[str], span: Span, story: str, either: bool, of_event: bool) -> Diagnostic:
    """`either` is whether `or` between the parts would say something."""
    message = f"no {'event' if of_event else 'contact'} can meet {listed(texts)} at once"
    hint = "write `or` where either will do" if either else "look at the signs and at the values"
    return Diagnostic("never-true", _told(message, story), span, hint)


def excluded(span: Span, others: Sequence[Span], story: str) -> Diagnostic:
    return Diagnostic(
        "never-true",
        _told("nobody can meet this here: it is asked at the same moment as another condition", story),
        span,
        "look at the signs and at the values of both",
        tuple(Label(other, "asked as well") for other in others),
    )


def meets_but_not(subject: str | None, met: Sequence[str], missed: str) -> str:
    if subject is None:
        return f"whoever meets {listed(met)} fails `{missed}`"
    return f"{subject} meets {listed(met)}, and so fails `{missed}`"


def always_true(
    text: str, span: Span, told: Sequence[tuple[str, str]], anyone: str | None, of_event: bool
) -> Diagnostic:
    everyone = "every event of this kind" if of_event else "every contact"
    story = "; ".join(f"{subject} meets `{part}`" for part, subject in told)
    if not story and anyone:
        story = f"{anyone} meets it, and so does everyone else"
    return Diagnostic(
        "always-true",
        _told(f"{everyone} meets `{text}`", story or None),
        span,
        "look at the signs and at the values, or take the condition away",
        severity="warning",
    )


def listed(texts: Sequence[str]) -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{text}`" for text in texts]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _told(message: str, story: str | None) -> str:
    return f"{message}\n{story}" if story else message
