"""The clauses of a campaign that say one thing each: dates, zone, money, limits, goals."""

from dataclasses import dataclass

from campflow.checking import expressions
from campflow.checking.fitting import is_zone, unknown_zone
from campflow.checking.inside import Inside
from campflow.checking.lengths import length, whole
from campflow.checking.literals import money
from campflow.checking.scope import Scope
from campflow.checking.wording import campaigns as say
from campflow.language import syntax
from campflow.model import flow
from campflow.model.expressions import Expression
from campflow.model.people import Money

#: What the conversion without a name is called.
UNNAMED = "conversion"

#: What a goal of money begins with.
COST_PER = "cost per "


@dataclass(frozen=True, slots=True)
class Audience:
    condition: Expression


@dataclass(frozen=True, slots=True)
class Zone:
    name: str


@dataclass(frozen=True, slots=True)
class Budget:
    amount: Money


OneThing = (
    syntax.Runs
    | syntax.Owner
    | syntax.Timezone
    | syntax.Purpose
    | syntax.Goal
    | syntax.Budget
    | syntax.Holdout
    | syntax.Limit
    | syntax.Priority
    | syntax.Quiet
    | syntax.Attribute
    | syntax.Edits
    | syntax.Moved
)


def clause(node: OneThing, inside: Inside) -> object | None:
    """The clause as the model has it (its own syntax node where nothing is to be resolved); None if mistaken."""
    match node:
        case syntax.Runs():
            return _runs(node, inside.scope)
        case syntax.Timezone():
            return _zone(node, inside.scope)
        case syntax.Goal():
            return _goal(node, inside.scope)
        case syntax.Budget():
            amount = money(node.amount, inside.scope.names.currency)
            return Budget(amount) if amount else None
        case syntax.Limit():
            rules = whole([_rule(rule, inside) for rule in node.rules])
            return flow.Limit(rules, node.or_skip, node.span) if rules else None
        case syntax.Quiet():
            return _quiet(node, inside.scope)
        case syntax.Attribute():
            return _attribution(node, inside)
        case syntax.Moved():
            return flow.Moved(node.old.text, node.new.text, node.span)
        case _:
            return node


def worth(node: syntax.Expression, scope: Scope) -> Expression | None:
    """What a conversion is worth: a number or an amount of money."""
    found = expressions.value(node, scope)
    if found is None or found.type.kind in ("number", "integer", "money"):
        return found
    scope.report(say.worthless(scope.operand(found, node.span)))
    return None


def _runs(node: syntax.Runs, scope: Scope) -> flow.Runs | None:
    if node.end and node.end.value < node.start.value:
        scope.report(say.ends_before_start(node.span))
        return None
    return flow.Runs(node.start.value, node.end.value if node.end else None)


def _zone(node: syntax.Timezone, scope: Scope) -> Zone | None:
    if node.zone is None:
        fields = scope.names.contact_fields.values()
        if any(field is None or field.type.kind == "timezone" for field in fields):
            return Zone("contact")
        scope.report(say.contacts_have_no_zone(node.span, scope.names.vocabulary.timezone))
        return None
    if is_zone(node.zone.value):
        return Zone(node.zone.value)
    scope.report(unknown_zone(node.zone.value, node.zone.span, "unknown-name"))
    return None


def _goal(node: syntax.Goal, scope: Scope) -> flow.Goal | None:
    """`goal conversion`, or another conversion's name, is a share; `goal cost per …` is money."""
    by = node.by.value if node.by else None
    wants_money = node.metric.startswith(COST_PER)
    if isinstance(node.value, syntax.Money):
        if not wants_money:
            scope.report(say.goal_in_percent(node.metric, node.value.span))
            return None
        amount = money(node.value, scope.names.currency)
        return flow.Goal(node.metric, node.operator, amount, by, node.span) if amount else None
    if wants_money:
        scope.report(say.goal_in_money(node.metric, node.value.span, scope.names.currency or "EUR"))
        return None
    share = float(node.value.value) / (100 if isinstance(node.value, syntax.Percent) else 1)
    return flow.Goal(node.metric, node.operator, share, by, node.span)


def _rule(node: syntax.LimitRule, inside: Inside) -> flow.LimitRule | None:
    known = inside.scope.names.vocabulary.channels
    fits = node.channel is None or inside.known("channel", node.channel, (*known, "messages"))
    per = length(node.per, inside.scope)
    if node.count < 1:
        inside.scope.report(say.empty_limit(node.span))
        return None
    if per is None or not fits:
        return None
    return flow.LimitRule(node.count, node.channel.text if node.channel else None, per)


def _quiet(node: syntax.Quiet, scope: Scope) -> flow.Quiet | None:
    if node.start.value == node.end.value:
        scope.report(say.quiet_without_end(node.span))
        return None
    return flow.Quiet(node.start.value, node.end.value)


def _attribution(node: syntax.Attribute, inside: Inside) -> flow.Attribution | None:
    within = length(node.within, inside.scope)
    return flow.Attribution(node.model, within) if within else None
