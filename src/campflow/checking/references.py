"""Names in conditions: fields of the contact, of the event at hand and of the entering event, `rfm.*`, `now`."""

from dataclasses import dataclass

from campflow.checking.names import EventWords
from campflow.checking.scope import EntryWords, Scope
from campflow.checking.wording import events as say_events
from campflow.checking.wording import names as say
from campflow.language import syntax
from campflow.model.expressions import ContactField, EntryField, EventField, Expression, Now, RfmScore
from campflow.model.people import TEXT_KINDS, Field, ValueType


@dataclass(frozen=True, slots=True)
class Beside:
    """What a word stands beside: a value of `type` is wanted. `before` is the code up to the word, for the hint."""

    type: ValueType
    before: str


def reference(node: syntax.Reference, scope: Scope, beside: Beside | None) -> Expression | None:
    """The thing that a name means, or None after the mistake was reported (or where the thing is mistaken itself)."""
    if len(node.parts) == 1:
        return _bare(node.parts[0], scope, beside)
    first, second = node.parts[0].text, node.parts[1]
    if len(node.parts) > 2:
        scope.report(say.too_many_points(node))
        return None
    if first == "contact":
        return _of_contact(second, scope)
    if first == "entry":
        return _of_entry(second, node, scope)
    if first == "rfm":
        return _rfm(second, node, scope)
    if scope.event and first == scope.event.event.name:
        return _of_event(second, scope.event, scope)
    scope.report(say.unknown_owner(node, scope))
    return None


def is_unknown_word(node: syntax.Expression, scope: Scope) -> bool:
    """Whether this is a bare word that is no field."""
    if not isinstance(node, syntax.Reference) or len(node.parts) > 1:
        return False
    word = node.parts[0].text
    return word != "now" and word not in scope.names.contact_fields and not (scope.event and word in scope.event.fields)


def find_event(name: syntax.Name, scope: Scope, silent: bool = False) -> EventWords | None:
    """The event of that name. `silent` where the mistake has been reported before."""
    event = scope.names.events.get(name.text)
    if event is None and not silent:
        scope.report(say.unknown_event(name, scope))
    return event


def _bare(name: syntax.Name, scope: Scope, beside: Beside | None) -> Expression | None:
    if name.text == "now":
        return Now()
    if scope.event and name.text in scope.event.fields:
        return _of_event(name, scope.event, scope)
    if name.text in scope.names.contact_fields:
        return _of_contact(name, scope)
    scope.report(say.unknown_word(name, scope, beside.type if beside else None, beside.before if beside else ""))
    return None


def _of_contact(name: syntax.Name, scope: Scope) -> Expression | None:
    if name.text not in scope.names.contact_fields:
        scope.report(say.unknown_contact_field(name, scope.names.contact_fields))
        return None
    field = scope.names.contact_fields[name.text]
    return ContactField(field.name, field.type, field.optional) if field else None


def _of_event(name: syntax.Name, event: EventWords, scope: Scope) -> Expression | None:
    if name.text not in event.fields:
        scope.report(say.unknown("field", name, event.fields, of=event.event.name))
        return None
    field = event.fields[name.text]
    return EventField(event.event.name, field.name, field.type, field.optional) if field else None


def _of_entry(name: syntax.Name, node: syntax.Reference, scope: Scope) -> Expression | None:
    if scope.entry is None:
        scope.report(say_events.nobody_entered(f"entry.{name.text}", node.span))
        return None
    having = [event for event in scope.entry.events if name.text in event.fields]
    if not having:
        if scope.entry.complete:
            scope.report(say.unknown_entry_field(name, scope.entry))
        return None
    fields = [event.fields[name.text] for event in having]
    if not scope.entry.complete or any(field is None for field in fields):
        return None
    type_ = _common_type([field for field in fields if field])
    if type_ is None:
        scope.report(say_events.entry_types_differ(name, [(e.event.name, e.fields[name.text]) for e in having]))
        return None
    return EntryField(tuple(event.event.name for event in having), name.text, type_)


def _common_type(fields: list[Field]) -> ValueType | None:
    """One type for a field that several entering events have; None where they have nothing in common."""
    types = {field.type for field in fields}
    if len(types) == 1:
        return fields[0].type
    if all(type_.kind in TEXT_KINDS for type_ in types):
        return ValueType("text")
    return ValueType("number") if all(type_.kind in ("integer", "number") for type_ in types) else None


def _rfm(name: syntax.Name, node: syntax.Reference, scope: Scope) -> Expression | None:
    event = scope.names.vocabulary.rfm_event
    match name.text:
        case _ if event is None or event not in scope.names.events:
            scope.report(say_events.no_rfm_event(node.span, event))
        case "recency" | "frequency" | "monetary" as score:
            return RfmScore(score)
        case _:
            scope.report(say.unknown("rfm score", name, ("recency", "frequency", "monetary")))
    return None


def entry_field_names(entry: EntryWords) -> tuple[str, ...]:
    """The fields of the events that contacts enter by."""
    return tuple(dict.fromkeys(name for event in entry.events for name in event.fields))
