"""Rules of contacts, events and segments."""

from campflow.diagnostics.diagnostic import did_you_mean
from campflow.language import syntax
from campflow.language.building.ground import Ground, Parts, kept

TYPES = (
    "text", "number", "integer", "yesno", "date", "time", "money", "email", "phone", "country", "language", "timezone",
    "url",
)  # fmt: skip


class PeopleRules(Ground):
    def contact_declaration(self, parts: Parts) -> syntax.ContactDeclaration:
        return syntax.ContactDeclaration(kept(parts[1:-1]), self.whole(parts))

    def event_declaration(self, parts: Parts) -> syntax.EventDeclaration:
        return syntax.EventDeclaration(self.name(parts[1]), kept(parts[2:-1]), self.whole(parts))

    def field_declaration(self, parts: Parts) -> syntax.FieldDeclaration:
        name, type_, question, default = parts
        return syntax.FieldDeclaration(self.name(name), type_, question is not None, default, self.whole(parts))

    def type_name(self, parts: Parts) -> syntax.TypeName:
        span, written = self.span(parts[0]), str(parts[0])
        if written in TYPES:
            return syntax.TypeName(written, (), None, span)
        nearest = did_you_mean(written, TYPES)
        self.read.refuse(
            span, f"`{written}` is not a type", nearest or f"types are {', '.join(TYPES)}, `one of` and `list of`"
        )
        return syntax.TypeName(nearest.split("`")[1] if nearest else "text", (), None, span)

    def choice_type(self, parts: Parts) -> syntax.TypeName:
        return syntax.TypeName("one of", tuple(map(self.name, parts[1:])), None, self.whole(parts))

    def list_type(self, parts: Parts) -> syntax.TypeName:
        return syntax.TypeName("list of", (), parts[1], self.whole(parts))

    def default_name(self, parts: Parts) -> syntax.Name:
        return self.name(parts[0])

    def negative_number(self, parts: Parts) -> syntax.Number:
        number = self.number(parts[1:])
        return syntax.Number(-number.value, number.whole, self.span(parts[0], number))

    def segment_declaration(self, parts: Parts) -> syntax.SegmentDeclaration:
        return syntax.SegmentDeclaration(self.name(parts[1]), self.title(parts[2]), parts[3], self.whole(parts))
