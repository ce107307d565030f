"""Conditions and values: every name bound, every type known.

Each function gives the typed expression, or None after a mistake was reported. None silences whatever is built on
it, so that one mistake is told once.
"""

import re
from dataclasses import dataclass
from typing import cast, get_args

from campflow.checking import calculating, comparing, history
from campflow.checking.literals import constant
from campflow.checking.names import EventWords
from campflow.checking.operand import Operand
from campflow.checking.places import MOST, places
from campflow.checking.references import Beside, find_event, is_unknown_word, reference
from campflow.checking.scope import Scope
from campflow.checking.tree import depth, operands
from campflow.checking.wording import functions as say_functions
from campflow.checking.wording import names as say_names
from campflow.checking.wording import types as say
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model.expressions import (
    And,
    Call,
    Did,
    EventPattern,
    Expression,
    InSegment,
    IsMissing,
    Not,
    Now,
    Or,
    walk,
)
from campflow.model.functions import Function, Parameter
from campflow.model.people import ValueType

#: A condition nested deeper than this is refused; nobody can read it, and databases have their own limits.
DEEPEST = 50

_WORD_OR_SIGN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A resolved event pattern and the event that it names."""

    event: EventWords
    pattern: EventPattern


def condition(node: syntax.Expression, scope: Scope) -> Expression | None:
    """An expression that is yes or no."""
    operand = _operand(node, scope)
    if operand and operand.type.kind != "yesno":
        scope.report(say.not_a_condition(operand))
        return None
    if operand and _is_too_deep(operand, node.span, scope):
        return None
    if operand:
        scope.placed.conditions[node.span] = operand.value
    return operand.value if operand else None


def value(node: syntax.Expression, scope: Scope) -> Expression | None:
    """Any expression but a length of time, which conditions alone can use."""
    operand = _operand(node, scope)
    if operand and operand.type.kind == "duration":
        scope.report(say.duration_alone(operand, operand.span))
        return None
    return operand.value if operand and not _is_too_deep(operand, node.span, scope) else None


def assigned(wanted: ValueType, goal: str, node: syntax.Expression, scope: Scope) -> Expression | None:
    """A value for the field `goal` (its name in code quotes)."""
    operand = _operand(node, scope, Beside(wanted, ""))
    if operand is None or _is_too_deep(operand, node.span, scope):
        return None
    return scope.judge(comparing.assign(wanted, goal, operand))


def _is_too_deep(operand: Operand, span: Span, scope: Scope) -> bool:
    if places(operand.value) <= MOST:
        return False
    scope.report(say.too_deep_for_databases(span))
    return True


def pattern(node: syntax.EventPattern, scope: Scope) -> Pattern | None:
    """An event by name, what it is about, and its `where`. All three are looked at whichever is mistaken."""
    event = find_event(node.event, scope)
    about = history.about(node, event, scope) if event else True
    inside = scope.within(event) if event else None
    where = condition(node.where, inside) if node.where and inside else None
    if event is None or not about or (node.where and where is None):
        return None
    return Pattern(event, EventPattern(event.event.name, node.about.text if node.about else None, where))


def _operand(node: syntax.Expression, scope: Scope, beside: Beside | None = None) -> Operand | None:
    if not _is_short(node.span, scope) and depth(node) > DEEPEST:
        scope.report(say.too_deep(node.span, DEEPEST))
        return None
    return _resolved(node, scope, beside)


def _is_short(span: Span, scope: Scope) -> bool:
    """Whether so little is written that it cannot be nested too deeply: nothing nests without a word or sign of its
    own."""
    return (span.line == span.end_line and span.end_column - span.column <= DEEPEST) or len(
        _WORD_OR_SIGN.findall(scope.texts.written(span))
    ) <= DEEPEST


def _resolved(node: syntax.Expression, scope: Scope, beside: Beside | None = None) -> Operand | None:
    result = _expression(node, scope, beside)
    return scope.operand(result, node.span) if result else None


def _expression(node: syntax.Expression, scope: Scope, beside: Beside | None) -> Expression | None:
    match node:
        case syntax.Reference():
            return reference(node, scope, beside)
        case syntax.Unary():
            return _unary(node, scope)
        case syntax.Binary(operator="and" | "or"):
            return _logic(node, scope)
        case syntax.Binary():
            return _binary(node, scope)
        case syntax.Between():
            return _between(node, scope)
        case syntax.InOptions():
            return _among(node, scope)
        case syntax.InList():
            return _in_list(node, scope)
        case syntax.InSegment():
            return _in_segment(node, scope)
        case syntax.TextMatch():
            return _text_match(node, scope)
        case syntax.IsMissing():
            return _is_missing(node, scope)
        case syntax.Did():
            return _did(node, scope)
        case syntax.Aggregate():
            return _aggregate(node, scope)
        case syntax.Call():
            return _call(node, scope)
        case _:
            result = constant(node, scope.texts.written(node.span), scope.names.currency)
            return scope.judge(result) if result else None


def _unary(node: syntax.Unary, scope: Scope) -> Expression | None:
    if node.operator == "not":
        inner = condition(node.operand, scope)
        return Not(inner) if inner else None
    operand = _resolved(node.operand, scope)
    return scope.judge(calculating.negate(operand, node.span)) if operand else None


def _logic(node: syntax.Binary, scope: Scope) -> Expression | None:
    parts = [condition(part, scope) for part in operands(node)]
    sound = tuple(part for part in parts if part)
    if len(sound) < len(parts):
        return None
    return And(sound) if node.operator == "and" else Or(sound)


def _binary(node: syntax.Binary, scope: Scope) -> Expression | None:
    compares = node.operator in get_args(comparing.Comparison)
    left, right = _pair(node, scope) if compares else (_resolved(node.left, scope), _resolved(node.right, scope))
    if left is None or right is None:
        return None
    if compares:
        return scope.judge(comparing.compare(cast(comparing.Comparison, node.operator), left, right, node.span))
    return scope.judge(calculating.calculate(cast(calculating.Sign, node.operator), left, right, node.span))


def _pair(node: syntax.Binary, scope: Scope) -> tuple[Operand | None, Operand | None]:
    """Both sides of a comparison. An unknown bare word is looked at last: the other side says what was meant."""
    if is_unknown_word(node.left, scope):
        right = _resolved(node.right, scope)
        return _resolved(node.left, scope, _beside(right, node.operator)), right
    left = _resolved(node.left, scope)
    return left, _resolved(node.right, scope, _beside(left, node.operator))


def _beside(operand: Operand | None, operator: str) -> Beside | None:
    return Beside(operand.type, f"{operand} {operator} ") if operand else None


def _between(node: syntax.Between, scope: Scope) -> Expression | None:
    middle, low, high = (_resolved(part, scope) for part in (node.value, node.low, node.high))
    if middle is None or low is None or high is None:
        return None
    return scope.judge(comparing.between(middle, low, high, node.span))


def _among(node: syntax.InOptions, scope: Scope) -> Expression | None:
    operand = _resolved(node.value, scope)
    beside = Beside(operand.type, "") if operand else None
    options = [_resolved(option, scope, beside) for option in node.options]
    sound = tuple(option for option in options if option)
    if operand is None or len(sound) < len(options):
        return None
    return _negated(scope.judge(comparing.among(operand, sound, node.span)), node.negated)


def _in_list(node: syntax.InList, scope: Scope) -> Expression | None:
    list_ = _resolved(node.list, scope)
    element = list_.type.element if list_ else None
    item = _resolved(node.item, scope, Beside(element, "") if element else None)
    if list_ is None or item is None:
        return None
    return _negated(scope.judge(comparing.list_has(list_, item, node.span)), node.negated)


def _in_segment(node: syntax.InSegment, scope: Scope) -> Expression | None:
    name = node.segment.text
    if name not in scope.names.segments:
        scope.report(say_names.unknown("segment", node.segment, scope.names.segments))
        return None
    inner = scope.segments.get(name)
    return _negated(InSegment(name, inner), node.negated) if inner else None


def _text_match(node: syntax.TextMatch, scope: Scope) -> Expression | None:
    operand = _resolved(node.value, scope)
    sought = _resolved(node.pattern, scope, _beside(operand, node.operator))
    if operand is None or sought is None:
        return None
    return scope.judge(comparing.text_match(node.operator, operand, sought))


def _is_missing(node: syntax.IsMissing, scope: Scope) -> Expression | None:
    operand = value(node.value, scope)
    return _negated(IsMissing(operand), node.negated) if operand else None


def _did(node: syntax.Did, scope: Scope) -> Expression | None:
    found = pattern(node.pattern, scope)
    window_fits, window = history.window(node.window, scope)
    if not history.times_fit(node, scope) or found is None or not window_fits:
        return None
    return Did(found.pattern, node.times, window)


def _aggregate(node: syntax.Aggregate, scope: Scope) -> Expression | None:
    found = pattern(node.pattern, scope)
    window_fits, window = history.window(node.window, scope)
    event = found.event if found else find_event(node.pattern.event, scope, silent=True)
    if event is None:
        return None
    field_fits, field = history.aggregated(node, event, scope)
    if found is None or not (window_fits and field_fits):
        return None
    return history.aggregate(node.function, found.pattern, field, window)


def _call(node: syntax.Call, scope: Scope) -> Expression | None:
    function = scope.names.vocabulary.functions.get(node.function.text)
    if function is None:
        scope.report(say_functions.unknown_function(node.function, scope.names.vocabulary.functions))
        return None
    if len(node.arguments) != len(function.parameters):
        scope.report(say_functions.wrong_number(function, len(node.arguments), node.span))
        return None
    found = [_argument(*each, function, scope) for each in zip(node.arguments, function.parameters, strict=True)]
    given = tuple(each for each in found if each)
    return Call(function, given, function.result) if len(given) == len(found) else None


def _argument(node: syntax.Expression, wanted: Parameter, function: Function, scope: Scope) -> Expression | None:
    given = assigned(wanted.type, f"what `{function.name}` is given here", node, scope)
    if given is not None and any(isinstance(part, Now) for part in walk(given)):
        scope.report(say_functions.now_inside(function, node.span))
        return None
    return given


def _negated(expression: Expression | None, negated: bool) -> Expression | None:
    return Not(expression) if expression and negated else expression
