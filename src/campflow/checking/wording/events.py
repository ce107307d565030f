"""Sentences about events: in conditions, as triggers, and what contacts entered by."""

from collections.abc import Sequence

from campflow.checking.wording.types import mismatch, phrase
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model.people import Field, ValueType


def takes_no_second_word(event: str, word: syntax.Name) -> Diagnostic:
    return Diagnostic(
        "unknown-name",
        f"`{event}` is an event of your own and takes no second word, so `{word.text}` means nothing here",
        word.span,
        f"write `{event}` alone, or `{event} where …` to pick some of them",
    )


def nobody_entered(words: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "unknown-name",
        f"`{words}` is known only once a contact has entered a campaign, so it means nothing here",
        span,
        "use it in stages, `leave` and `convert`; to pick entering events, write `enter on EVENT where …`",
    )


def entry_types_differ(name: syntax.Name, having: Sequence[tuple[str, Field | None]]) -> Diagnostic:
    described = " and ".join(f"{phrase(field.type)} in `{event}`" for event, field in having if field)
    return mismatch(
        f"`entry.{name.text}` is {described}: it cannot be both",
        name.span,
        "rename the field in one of the events",
    )


def always_times(times: int, span: Span) -> Diagnostic:
    return mismatch(f"everyone did everything at least {times} times", span, "write `at least 1 time` or more")


def needs_no_field(function: str, event: str, span: Span) -> Diagnostic:
    return mismatch(f"`{function}` looks at whole events, not at a field", span, f"write `{function}({event})`")


def needs_field(function: str, event: str, usable: Sequence[str], span: Span) -> Diagnostic:
    hint = f"write `{function}({event}.{usable[0]})`" if usable else f"to count events, write `count({event})`"
    return mismatch(f"`{function}` needs to know which field of `{event}` it works on", span, hint)


def cannot_aggregate(function: str, field: syntax.Name, type_: ValueType, usable: Sequence[str]) -> Diagnostic:
    verbs = {"sum": "added up", "avg": "averaged", "min": "put in order", "max": "put in order"}
    hint = f"a field that can be: `{usable[0]}`" if usable else None
    return mismatch(f"`{field.text}` is {phrase(type_)}, which cannot be {verbs[function]}", field.span, hint)


def no_rfm_event(span: Span, event: str | None) -> Diagnostic:
    message = (
        "rfm scores need to know which event is a purchase"
        if event is None
        else f"campflow.toml says that rfm scores are over the event `{event}`, which nothing declares"
    )
    return Diagnostic(
        "unknown-name", message, span, 'write in campflow.toml: `[rfm]` and below it `event = "purchase"`'
    )


def no_key(text: str, span: Span) -> Diagnostic:
    return mismatch(
        f"`per {text}` names a field of the entering event, but contacts do not enter here by an event",
        span,
        "write `enter on EVENT per FIELD`, or take `per` away",
    )


def bad_key(name: syntax.Name, type_: ValueType) -> Diagnostic:
    return mismatch(
        f"`{name.text}` is {phrase(type_)}, by which journeys cannot be told apart",
        name.span,
        "`per` needs a text or a whole number, such as the number of a cart",
    )


def not_emitted(name: syntax.Name) -> Diagnostic:
    return mismatch(
        f"`{name.text}` is reported by channels and by campflow itself, so a campaign cannot emit it",
        name.span,
        "declare an event of your own and emit that",
    )


def fields_left_out(event: str, missing: Sequence[str], span: Span) -> Diagnostic:
    listed = ", ".join(f"`{name}`" for name in missing)
    fields = ", ".join(f"{name} …" for name in missing)
    return mismatch(
        f"the event `{event}` needs a value for {listed}",
        span,
        f"write `emit {event} {{ {fields} }}`, or let the field be missing with `?`",
    )
