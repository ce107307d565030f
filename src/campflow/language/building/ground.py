"""What all rules build on: places, names, values, and the diagnostics of what cannot be."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lark import Token, Transformer

from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.language.building.values import ValueReader

Parts = list[Any]
"""The tokens and nodes of a rule in the order written; None stands for an optional part that was left out."""

_NAMED = ("name", "campaign", "message", "event", "action")

if TYPE_CHECKING:
    _Base = Transformer[Token, syntax.FlowFile]
else:
    _Base = Transformer


@dataclass(frozen=True, slots=True)
class Block:
    """The items between { and }, with the place of both."""

    items: tuple[Any, ...]
    span: Span


def kept(items: Parts) -> tuple[Any, ...]:
    """Without those whose beginning could not be read: the parser gives them an empty name, to read their inside."""
    return tuple(
        item for item in items if all(getattr(getattr(item, part, None), "text", None) != "" for part in _NAMED)
    )


class Ground(_Base):
    """The state of building one file: its path, and the reader of its values."""

    path = ""
    read = ValueReader()

    def span(self, first: Any, last: Any = None) -> Span:
        """From the start of one token or node to the end of another."""
        start: Any = first if isinstance(first, Token) else first.span
        end: Any = first if last is None else last
        end = end if isinstance(end, Token) else end.span
        return Span(self.path, start.line, start.column, end.end_line, end.end_column)

    def whole(self, parts: Parts) -> Span:
        """From the first part to the last one that was written."""
        index = len(parts) - 1
        while parts[index] is None:
            index -= 1
        return self.span(parts[0], parts[index])

    def name(self, token: Token) -> syntax.Name:
        return syntax.Name(str(token), self.span(token))

    def optional_name(self, token: Token | None) -> syntax.Name | None:
        return None if token is None else self.name(token)

    def title(self, token: Token | None) -> syntax.Text | None:
        return None if token is None else self.read.text(token, self.span(token))

    def written(self, block: Block | None) -> tuple[Any, ...]:
        return () if block is None else block.items

    def event_pattern(self, parts: Parts) -> syntax.EventPattern:
        event, about, where = parts
        return syntax.EventPattern(self.name(event), self.optional_name(about), where, self.whole(parts))

    def text(self, parts: Parts) -> syntax.Text:
        return self.read.text(parts[0], self.span(parts[0]))

    def number(self, parts: Parts) -> syntax.Number:
        return self.read.number(parts[0], self.span(parts[0]))

    def percent(self, parts: Parts) -> syntax.Percent:
        return self.read.percent(parts[0], self.span(parts[0]))

    def money(self, parts: Parts) -> syntax.Money:
        return self.read.money(parts[0], self.span(parts[0]))

    def yes_no(self, parts: Parts) -> syntax.YesNo:
        return syntax.YesNo(parts[0].type == "YES", self.span(parts[0]))

    def date(self, parts: Parts) -> syntax.Date:
        return self.read.date(parts[0], self.span(parts[0]))

    def date_time(self, parts: Parts) -> syntax.DateTime:
        return self.read.date_time(parts[0], self.span(parts[0]))

    def time(self, parts: Parts) -> syntax.TimeOfDay:
        return self.read.time(parts[0], self.span(parts[0]))

    def duration(self, parts: Parts) -> syntax.Duration:
        return self.read.duration(parts[0], self.span(parts[0]))

    def moment(self, token: Token) -> syntax.Date | syntax.DateTime:
        return self.date([token]) if token.type == "DATE" else self.date_time([token])

    def share(self, token: Token) -> syntax.Percent:
        """A part of people or of certainty: 0 to 100%."""
        percent = self.percent([token])
        if percent.value > 100:
            self.read.refuse(percent.span, f"{token} is more than everyone", "write a percentage from 0% to 100%")
        return percent
