"""The contact and the events as they are declared: fields, their types and defaults."""

from collections.abc import Iterable, Mapping, Sequence

from campflow.checking.comparing import assign
from campflow.checking.literals import constant
from campflow.checking.names import EventWords, Fields, Report
from campflow.checking.operand import Operand
from campflow.checking.texts import Texts
from campflow.checking.wording import declarations as say
from campflow.checking.wording import names as say_names
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model.expressions import Constant
from campflow.model.people import BUILT_IN_EVENTS, ConstantValue, Contact, Event, Field, Kind, ValueType

_NAMED: dict[str, Kind] = {
    name: name
    for name in (
        "text", "number", "integer", "yesno", "date", "time", "money",
        "email", "phone", "country", "language", "timezone", "url",
    )
}  # fmt: skip


class Declarations:
    """Resolves declared fields; `currency` is the project's, for defaults in money."""

    def __init__(self, currency: str | None, texts: Texts, report: Report) -> None:
        self._currency, self._texts, self._report = currency, texts, report

    def contact(self, blocks: Sequence[syntax.ContactDeclaration]) -> tuple[Contact, Fields]:
        """The one contact block; a second is reported."""
        if not blocks:
            return Contact((), None), {}
        for block in blocks[1:]:
            self._report(say_names.second_contact(block.span, blocks[0].span))
        fields = self._fields("contact", blocks[0].fields)
        return Contact(_sound(fields), blocks[0].span), fields

    def events(self, declared: Iterable[syntax.EventDeclaration]) -> Mapping[str, EventWords]:
        """The declared events, then the built-in ones; the first of a name counts."""
        built_in = {
            each.name: EventWords(each, {field.name: field for field in each.fields}) for each in BUILT_IN_EVENTS
        }
        found: dict[str, EventWords] = {}
        places: dict[str, Span] = {}
        for event in declared:
            name = event.name.text
            fields = self._fields(name, event.fields)
            if name in built_in or name in found:
                self._report(say_names.duplicate("event", event.name, places.get(name)))
            else:
                places[name] = event.name.span
                found[name] = EventWords(Event(name, _sound(fields), None, event.span), fields)
        return {**found, **built_in}

    def _fields(self, owner: str, declared: Iterable[syntax.FieldDeclaration]) -> Fields:
        found: dict[str, Field | None] = {}
        places: dict[str, Span] = {}
        for field in declared:
            name = field.name.text
            resolved = self._field(field)
            if name in found:
                self._report(say_names.duplicate("field", field.name, places[name], of=owner))
            else:
                places[name] = field.name.span
                found[name] = resolved
        return found

    def _field(self, node: syntax.FieldDeclaration) -> Field | None:
        type_ = self._type(node.type)
        if type_ is None:
            return None
        default = self._default(node, type_) if node.default else None
        if isinstance(default, Diagnostic):
            self._report(default)
            default = None
        return Field(node.name.text, type_, node.optional, default, node.span)

    def _type(self, node: syntax.TypeName) -> ValueType | None:
        if node.name == "one of":
            return self._choices(node)
        if node.name == "list of":
            element = self._type(node.element) if node.element else None
            if element and element.kind == "list":
                self._report(say.list_of_lists(node.span))
                return None
            return element and ValueType("list", element=element)
        return ValueType(_NAMED[node.name])

    def _choices(self, node: syntax.TypeName) -> ValueType:
        seen: dict[str, Span] = {}
        for choice in node.choices:
            if choice.text in seen:
                self._report(say_names.duplicate("choice", choice, seen[choice.text], "take one of them away"))
            seen.setdefault(choice.text, choice.span)
        return ValueType("choice", tuple(seen))

    def _default(self, node: syntax.FieldDeclaration, type_: ValueType) -> ConstantValue | Diagnostic | None:
        """The constant; None where there is none, or money has a mistake that is told elsewhere."""
        if node.default is None:
            return None
        written = self._texts.written(node.default.span)
        value: Constant | Diagnostic | None
        if isinstance(node.default, syntax.Name):
            if type_.kind != "choice":
                return say.bare_default(node.name.text, node.default)
            value = Constant(node.default.text, ValueType("text"))
        else:
            value = constant(node.default, written, self._currency)
        if not isinstance(value, Constant):
            return value
        result = assign(type_, f"`{node.name.text}`", Operand(value, self._texts, node.default.span))
        return result if isinstance(result, Diagnostic) else value.value


def _sound(fields: Fields) -> tuple[Field, ...]:
    return tuple(field for field in fields.values() if field)
