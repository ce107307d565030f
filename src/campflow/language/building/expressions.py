"""Rules of expressions."""

from dataclasses import replace
from typing import Any, cast

from campflow.language import syntax
from campflow.language.building.ground import Block, Ground, Parts


class ExpressionRules(Ground):
    def binary(self, parts: Parts) -> syntax.Binary:
        left, operator, right = parts
        return syntax.Binary(cast(Any, str(operator)), left, right, self.span(left, right))

    def unary(self, parts: Parts) -> syntax.Unary | syntax.InSegment:
        operator, operand = parts
        span = self.span(operator, operand)
        if operator == "not" and isinstance(operand, syntax.InSegment) and not operand.negated:
            return replace(operand, negated=True, span=span)
        return syntax.Unary(cast(Any, str(operator)), operand, span)

    def between(self, parts: Parts) -> syntax.Between:
        value, _, low, _, high = parts
        return syntax.Between(value, low, high, self.span(value, high))

    def is_missing(self, parts: Parts) -> syntax.IsMissing:
        return syntax.IsMissing(parts[0], parts[-1].type == "SET", self.whole(parts))

    def in_options(self, parts: Parts) -> syntax.InOptions:
        return syntax.InOptions(parts[0], tuple(parts[2:-1]), parts[1] is not None, self.whole(parts))

    def in_list(self, parts: Parts) -> syntax.InList:
        return syntax.InList(parts[0], parts[2], parts[1] is not None, self.whole(parts))

    def text_match(self, parts: Parts) -> syntax.TextMatch:
        value, word, pattern = parts
        return syntax.TextMatch(
            "contains" if word.type == "CONTAINS" else "starts with", value, pattern, self.whole(parts)
        )

    def in_segment(self, parts: Parts) -> syntax.InSegment:
        return syntax.InSegment(self.name(parts[1]), False, self.whole(parts))

    def brackets(self, parts: Parts) -> syntax.Expression:
        """The expression itself; its place includes the brackets, and `(in segment a)` keeps its own `not`."""
        return cast(syntax.Expression, replace(parts[1], span=self.whole(parts)))

    def reference(self, parts: Parts) -> syntax.Reference:
        return syntax.Reference(tuple(map(self.name, parts)), self.whole(parts))

    def aggregate(self, parts: Parts) -> syntax.Aggregate:
        function, (event, field, about), where, window, _ = parts
        pattern = self.event_pattern([event, about, where])
        if field is not None:
            pattern = replace(pattern, span=self.span(event, where or about or field))
        return syntax.Aggregate(cast(Any, str(function)), pattern, self.optional_name(field), window, self.whole(parts))

    def call(self, parts: Parts) -> syntax.Call:
        function, *arguments, _ = parts
        return syntax.Call(self.name(function), tuple(arguments), self.whole(parts))

    def aggregated(self, parts: Parts) -> Parts:
        return parts

    def window(self, parts: Parts) -> syntax.Window:
        last = self.duration(parts[1:]) if parts[0].type != "SINCE" else None
        return syntax.Window(last, self.whole(parts))

    did_window = window

    def did_event(self, parts: Parts) -> Parts:
        return parts

    def did_tail(self, parts: Parts) -> Parts:
        return parts

    def times(self, parts: Parts) -> Block:
        return Block((parts[0],), self.whole(parts))

    def did(self, parts: Parts) -> syntax.Did:
        word, negation, event, *rest = parts
        if negation is not None:
            self.read.refuse(
                self.span(word, negation),
                "`not` stands before `did`",
                f"write `not did {' '.join(word for word in event if word)}`",
            )
        tail = rest.pop() if rest and isinstance(rest[-1], list) else []
        pattern = self.event_pattern([*event, *(rest or [None])])
        times, window, last = 1, None, pattern
        for part in tail:
            if isinstance(part, syntax.Window):
                window = part
            else:
                times = self.read.integer(part.items[0], self.span(part.items[0]), "the number of times")
            last = part
        return syntax.Did(pattern, times, window, self.span(word, last))

    did_where = did
