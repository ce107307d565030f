"""Conditions that no contact can meet, and conditions that every contact meets."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from campflow.checking.proofs.evidence import Evidence
from campflow.checking.proofs.examples import example
from campflow.checking.proofs.telling import described
from campflow.checking.proofs.terms import nobody
from campflow.checking.tree import operands
from campflow.checking.wording import proofs as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model.expressions import And, Constant, Expression, InSegment, Not, Or, walk


@dataclass(frozen=True, slots=True)
class Written:
    """A condition and where it stands: in a `where`, in an `audience`, or anywhere else."""

    node: syntax.Expression
    condition: Expression
    place: Literal["where", "audience", "if"] = "if"


def no_condition_is_constant(evidence: Evidence) -> Iterator[Diagnostic]:
    """Every condition is met by some contacts and not by others, as far as that can be proven.

    A condition over a segment that is constant itself is let be: the segment says so. So is an audience that is a
    single question, such as `email is set`: everyone is an audience too.
    """
    constant = _Constants(evidence)
    yield from constant.of_segments()
    for written in _all(evidence):
        yield from constant.check(written)
    yield from constant.check_together()


def _all(evidence: Evidence) -> Iterator[Written]:
    """Every condition but the segments', those inside others too."""
    nodes: list[tuple[syntax.Expression | None, Literal["where", "audience", "if"]]] = []
    nodes += ((node.condition, "if") for node in evidence.all(syntax.When))
    nodes += ((node.guard, "if") for node in _statements(evidence))
    nodes += ((node.where, "where") for node in evidence.all(syntax.EventPattern))
    nodes += ((node.condition, "audience") for node in evidence.all(syntax.Audience))
    for node, place in nodes:
        condition = evidence.placed.conditions.get(node.span) if node else None
        if node and condition:
            yield Written(node, condition, place)


def _statements(evidence: Evidence) -> Iterator[syntax.Enter | syntax.Leave | syntax.WayOut]:
    """What acts on a trigger, and may have an `if`."""
    yield from evidence.all(syntax.Enter)
    yield from evidence.all(syntax.Leave)
    yield from evidence.all(syntax.WayOut)


class _Constants:
    """Looks at conditions one by one, and knows which have been told."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._segments: set[str] = set()
        self._told: set[Span] = set()

    def of_segments(self) -> Iterator[Diagnostic]:
        """The segments first: what is built on one that is constant is not told again."""
        for name, node in self._evidence.names.segments.items():
            condition = self._evidence.placed.conditions.get(node.condition.span)
            if condition:
                yield from self.check(Written(node.condition, condition))
                if node.condition.span in self._told:
                    self._segments.add(name)

    def check(self, written: Written) -> Iterator[Diagnostic]:
        if not self._on_constant(written.condition):
            if nobody([(written.condition, True)]):
                yield self._never(written)
            elif not _is_asked_for(written) and nobody([(written.condition, False)]):
                yield self._always(written)
            else:
                for part in _alternatives(written):
                    if nobody([(part.condition, True)]):
                        yield self._never(part)

    def check_together(self) -> Iterator[Diagnostic]:
        """The conditions of one statement are asked at one moment, those of an entry with the audience."""
        audiences: dict[Span, syntax.Expression] = {}
        for campaign in self._evidence.all(syntax.CampaignDeclaration):
            asked = next((item.condition for item in campaign.items if isinstance(item, syntax.Audience)), None)
            enters = (item.span for item in campaign.items if isinstance(item, syntax.Enter))
            audiences |= dict.fromkeys(enters, asked) if asked else {}
        for statement in _statements(self._evidence):
            trigger = statement.trigger
            nodes = [audiences.get(statement.span)]
            nodes += [trigger.pattern.where] if isinstance(trigger, syntax.OnEvent) else []
            nodes += [trigger.condition] if isinstance(trigger, syntax.When) else []
            yield from self._exclusive([node for node in (*nodes, statement.guard) if node])

    def _exclusive(self, nodes: Sequence[syntax.Expression]) -> Iterator[Diagnostic]:
        known = [self._evidence.placed.conditions.get(node.span) for node in nodes]
        parts = [Written(node, condition) for node, condition in zip(nodes, known, strict=True) if condition]
        if len(parts) < 2:
            return
        told = any(part.node.span in self._told or self._on_constant(part.condition) for part in parts)
        if not told and nobody((part.condition, True) for part in parts):
            *others, last = _core(parts)
            yield say.excluded(last.node.span, [part.node.span for part in others], self._story(others, last))

    def _on_constant(self, condition: Expression) -> bool:
        if not self._segments:
            return False
        return any(isinstance(part, InSegment) and part.name in self._segments for part in walk(condition))

    # --- what is said -------------------------------------------------------------------------------------------

    def _never(self, written: Written) -> Diagnostic:
        self._told.add(written.node.span)
        core = _core(_conjuncts(written))
        span = core[0].node.span.to(core[-1].node.span)
        if len(core) == 1:
            subject = self._like([(core[0].condition, False)]) or (
                "an event" if written.place == "where" else "a contact"
            )
            return say.never_true(self._text(core[0].node.span), span, subject)
        *others, last = core
        texts = [self._text(part.node.span) for part in core]
        either = len(core) == 2 and not nobody((part.condition, False) for part in core)
        return say.never_together(texts, span, self._story(others, last), either, written.place == "where")

    def _always(self, written: Written) -> Diagnostic:
        self._told.add(written.node.span)
        parts = _alternatives(written)
        told = [(self._text(part.node.span), like) for part in parts if (like := self._like([(part.condition, True)]))]
        anyone = self._like([(written.condition, True)])
        return say.always_true(self._text(written.node.span), written.node.span, told, anyone, written.place == "where")

    def _story(self, met: Sequence[Written], missed: Written) -> str:
        """Somebody who meets the ones and therefore not the last."""
        claims = [*((part.condition, True) for part in met), (missed.condition, False)]
        like = self._like(claims)
        return say.meets_but_not(like, [self._text(part.node.span) for part in met], self._text(missed.node.span))

    def _like(self, claims: Iterable[tuple[Expression, bool]]) -> str | None:
        person = example(claims)
        return described(person, self._evidence.names.currency) if person else None

    def _text(self, span: Span) -> str:
        return self._evidence.texts.written(span)


def _is_asked_for(written: Written) -> bool:
    """Whether it is right that everyone meets it: `yes` says so, and an audience that is a single question."""
    asked = written.condition.operand if isinstance(written.condition, Not) else written.condition
    single = not isinstance(asked, And | Or | Not)
    return isinstance(written.condition, Constant) or (written.place == "audience" and single)


def _conjuncts(written: Written) -> tuple[Written, ...]:
    """The parts of a row of `and`."""
    return _parts(written, "and") if isinstance(written.condition, And) else (written,)


def _alternatives(written: Written) -> tuple[Written, ...]:
    """The parts of a row of `or`, none where there is no such row."""
    return _parts(written, "or") if isinstance(written.condition, Or) else ()


def _parts(written: Written, operator: str) -> tuple[Written, ...]:
    node, condition = written.node, written.condition
    if not isinstance(node, syntax.Binary) or node.operator != operator or not isinstance(condition, And | Or):
        return (written,)
    pairs = zip(operands(node), condition.operands, strict=True)
    return tuple(Written(part, model, written.place) for part, model in pairs)


def _core(parts: Sequence[Written]) -> Sequence[Written]:
    """As few of the parts as already exclude each other, in their order; a row of `and` inside is opened up."""
    kept = list(parts)
    for part in parts:
        without = [each for each in kept if each is not part]
        if without and nobody((each.condition, True) for each in without):
            kept = without
    if len(kept) == 1 and len(inner := _conjuncts(kept[0])) > 1:
        return _core(inner)
    return kept
