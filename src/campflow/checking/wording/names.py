"""Sentences about names that nothing declares, and names that are declared twice."""

from collections.abc import Iterable

from campflow.checking.scope import EntryWords, Scope
from campflow.diagnostics.diagnostic import Diagnostic, Label, did_you_mean
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model.people import TEXT_KINDS, ValueType

_MOST_LISTED = 6


def unknown(
    kind: str, name: syntax.Name, known: Iterable[str], hint: str | None = None, of: str | None = None
) -> Diagnostic:
    """Nothing of this kind (`of` something) has that name.

    The hint is the nearest one, else `hint`, else the few that there are.
    """
    listed = tuple(known)
    advice = did_you_mean(name.text, listed) or hint or _choice_of(kind, listed)
    message = f"`{of}` has no {kind} `{name.text}`" if of else f"there is no {kind} `{name.text}`"
    return Diagnostic("unknown-name", message, name.span, advice)


def duplicate(
    kind: str, name: syntax.Name, first: Span | None, hint: str | None = None, of: str | None = None
) -> Diagnostic:
    """A second one of that name (`of` something); `first` is None for what is built in."""
    if first is None:
        message = f"the {kind} `{name.text}` is built in, so it cannot be declared again"
        return Diagnostic("duplicate-name", message, name.span, hint or "choose another name")
    where = f"`{of}` has" if of else "there are"
    return Diagnostic(
        "duplicate-name",
        f"{where} two {plural(kind)} called `{name.text}`",
        name.span,
        hint or "rename one of them, or take it away",
        (Label(first, f"the first `{name.text}` is here"),),
    )


def second_clause(clause: str, span: Span, first: Span) -> Diagnostic:
    return Diagnostic(
        "duplicate-name",
        f"`{clause}` is written twice, and a campaign has only one",
        span,
        "take one of the two away",
        (Label(first, "the first is here"),),
    )


def second_contact(span: Span, first: Span) -> Diagnostic:
    return Diagnostic(
        "duplicate-name",
        "there are two `contact` blocks, and a project has only one",
        span,
        "move these fields into the first one",
        (Label(first, "the first is here"),),
    )


def unknown_event(name: syntax.Name, scope: Scope) -> Diagnostic:
    hint = f"declare it: `event {name.text}`, or use one that channels report, such as `opened` or `clicked`"
    return unknown("event", name, scope.names.events, hint)


def unknown_contact_field(name: syntax.Name, known: Iterable[str]) -> Diagnostic:
    hint = did_you_mean(name.text, known) or f"declare it in the contact block: `{name.text}  text?`"
    return Diagnostic("unknown-name", f"contacts have no field `{name.text}`", name.span, hint)


def unknown_entry_field(name: syntax.Name, entry: EntryWords) -> Diagnostic:
    events = ", ".join(f"`{event.event.name}`" for event in entry.events)
    known = [field for event in entry.events for field in event.fields]
    if not entry.events:
        message = f"`entry.{name.text}` means nothing here: contacts do not enter this campaign by an event"
        return Diagnostic("unknown-name", message, name.span, "enter `on EVENT`, or use a field of the contact")
    message = f"contacts enter by {events}, which has no field `{name.text}`"
    return Diagnostic("unknown-name", message, name.span, did_you_mean(name.text, known) or _choice_of("field", known))


def unknown_word(name: syntax.Name, scope: Scope, beside: ValueType | None, before: str) -> Diagnostic:
    """A bare word that is no field: perhaps a text without its quotes, an event, or a segment."""
    owner = f"neither `{scope.event.event.name}` nor the contact has" if scope.event else "contacts have no"
    message = f"{owner} a field `{name.text}`" if scope.event else f"{owner} field `{name.text}`"
    return Diagnostic("unknown-name", message, name.span, _meant(name.text, scope, beside, before))


def unknown_owner(node: syntax.Reference, scope: Scope) -> Diagnostic:
    """`purchase.amount` where no purchase is at hand, or `contcat.plan`."""
    owner, field = node.parts[0], node.parts[1].text
    event = scope.names.events.get(owner.text)
    if owner.text == "event":
        hint = f"a field of the event that a contact entered by is written `entry.{field}`"
        return Diagnostic("unknown-name", "there is no `event` here", owner.span, hint)
    if event is None:
        return unknown("event or prefix", owner, ("contact", "entry", "rfm", *scope.names.events))
    message = f"a contact can have many events `{owner.text}`, so `{owner.text}.{field}` alone has no value"
    hint = f"write `max({owner.text}.{field})` or `sum(…)`, or ask `did {owner.text} where {field} …`"
    return Diagnostic("unknown-name", message, node.span, hint)


def too_many_points(node: syntax.Reference) -> Diagnostic:
    written = ".".join(part.text for part in node.parts)
    hint = "a field is written `plan`, `contact.plan`, `entry.cart_id` or `purchase.amount`"
    return Diagnostic("unknown-name", f"`{written}` has too many points", node.span, hint)


def plural(kind: str) -> str:
    return kind.removesuffix("y") + "ies" if kind.endswith("y") else kind + "s"


def _meant(word: str, scope: Scope, beside: ValueType | None, before: str) -> str | None:
    entered = [event.event.name for event in scope.entry.events if word in event.fields] if scope.entry else []
    if beside and (word in beside.choices or (beside.element and word in beside.element.choices)):
        return f'texts stand in quotes: write `{before}"{word}"`'
    if entered:
        return f"the field of `{entered[0]}`, by which contacts enter, is written `entry.{word}`"
    if word in scope.names.segments:
        return f"to ask for the segment, write `in segment {word}`"
    if word in scope.names.events:
        return f"to ask for the event, write `did {word}`"
    if beside and beside.choices and (near := did_you_mean(word, beside.choices)):
        return f"{near} Texts stand in quotes"
    known = (*scope.names.contact_fields, *(scope.event.fields if scope.event else ()))
    near = did_you_mean(word, known)
    if near is None and beside and beside.kind in TEXT_KINDS:
        return f'texts stand in quotes: write `{before}"{word}"`'
    return near or f"declare it in the contact block: `{word}  text?`"


def _choice_of(kind: str, known: Iterable[str]) -> str | None:
    listed = [f"`{name}`" for name in known]
    if not listed:
        return f"there are no {plural(kind)} at all yet"
    if len(listed) > _MOST_LISTED:
        return None
    return f"there is only {listed[0]}" if len(listed) == 1 else f"there are {', '.join(listed[:-1])} and {listed[-1]}"


def split_named_holdout(split: syntax.Name) -> Diagnostic:
    return Diagnostic(
        "duplicate-name",
        f"a split cannot be called `{split.text}`: so is the draw of a campaign's `holdout` clause",
        split.span,
        "give the split another name",
    )


def second_conversion(span: Span, first: Span) -> Diagnostic:
    return Diagnostic(
        "duplicate-name",
        "there are two conversions without a name, and only one is THE conversion",
        span,
        "give this one a name: `convert activation on …`",
        (Label(first, "the first is here"),),
    )
