"""What a condition can see: whose fields, which entering events, which segments."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from campflow.checking.names import EventWords, Names, Report
from campflow.checking.operand import Operand
from campflow.checking.placed import Placed
from campflow.checking.texts import Texts
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.model.expressions import Expression


@dataclass(frozen=True, slots=True)
class EntryWords:
    """The events by which contacts enter the campaign at hand.

    `complete` is false where one of them is mistaken: then no field can be said to be missing.
    """

    events: tuple[EventWords, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """`event` is the event whose fields come before the contact's; `entry` is None where nobody has entered yet.

    `segments` are the conditions resolved so far, None for a mistaken one. `placed` takes what is sound.
    """

    names: Names
    segments: Mapping[str, Expression | None]
    texts: Texts
    report: Report
    event: EventWords | None = None
    entry: EntryWords | None = None
    placed: Placed = field(default_factory=Placed)

    def within(self, event: EventWords) -> "Scope":
        """The scope of a `where` or a `worth`: the event's own fields first."""
        return replace(self, event=event)

    def entered_by(self, entry: EntryWords) -> "Scope":
        """The scope inside a campaign, where a journey exists."""
        return replace(self, entry=entry)

    def operand(self, value: Expression, span: Span) -> Operand:
        return Operand(value, self.texts, span)

    def judge(self, outcome: "Expression | Diagnostic") -> Expression | None:
        """The expression, or None after the mistake has been reported."""
        if isinstance(outcome, Diagnostic):
            self.report(outcome)
            return None
        return outcome
