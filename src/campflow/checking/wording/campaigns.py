"""Sentences about the clauses and stages of campaigns."""

from collections.abc import Sequence
from decimal import Decimal

from campflow.checking.operand import Operand
from campflow.checking.wording.types import mismatch, phrase
from campflow.diagnostics.diagnostic import Diagnostic, Label, did_you_mean
from campflow.diagnostics.source import Span
from campflow.language import syntax


def not_a_length(option: str, span: Span) -> Diagnostic:
    return mismatch(f"`{option}` needs a length of time", span, f"write it like `{option} 2 days`")


def not_yes_or_no(option: str, span: Span) -> Diagnostic:
    return mismatch(f"`{option}` is yes or no", span, f"write `{option} yes` or `{option} no`")


def worthless(operand: Operand) -> Diagnostic:
    return mismatch(
        f"a conversion is worth a number or an amount of money, but {operand.text} is {phrase(operand.type)}",
        operand.span,
        "write an amount such as `20 EUR`, or a field that holds one",
    )


def ends_before_start(span: Span) -> Diagnostic:
    return mismatch("the campaign ends before it starts", span, "write the earlier day first")


def contacts_have_no_zone(span: Span, project_zone: str) -> Diagnostic:
    return Diagnostic(
        "unknown-name",
        "`timezone contact` means each contact's own time zone, but contacts have no field of the type timezone",
        span,
        f'add `timezone  timezone?` to the contact block, or write the zone: `timezone "{project_zone}"`',
    )


def goal_in_percent(metric: str, span: Span) -> Diagnostic:
    return mismatch(f"the goal `{metric}` is a share of the entrants", span, f"write it like `goal {metric} >= 12%`")


def goal_in_money(metric: str, span: Span, currency: str) -> Diagnostic:
    hint = f"write it like `goal {metric} <= 40 {currency}`"
    return mismatch(f"the goal `{metric}` is an amount of money", span, hint)


def empty_limit(span: Span) -> Diagnostic:
    return mismatch("this limit lets no message through", span, "write a number from 1, or take the sends away")


def quiet_without_end(span: Span) -> Diagnostic:
    return mismatch(
        "these quiet hours begin and end at the same time of day", span, "write them like `quiet 21:00 to 08:00`"
    )


def exit_of_final(stage: syntax.Name, span: Span) -> Diagnostic:
    return Diagnostic(
        "final-with-exit",
        f"`{stage.text}` is final, so nobody can leave it",
        span,
        f"write `stage {stage.text}` instead of `final {stage.text}`, or take this line away",
        (Label(stage.span, "declared final here"),),
    )


def arms_sum(split: syntax.Name, total: Decimal) -> Diagnostic:
    return Diagnostic(
        "bad-percentages",
        f"the arms of `{split.text}` sum to {_percent(total)}, not to 100%",
        split.span,
        f"share out {_percent(abs(100 - total))} {'more' if total < 100 else 'less'}",
    )


def moved_in_circle(names: tuple[syntax.Name, ...]) -> Diagnostic:
    path = " -> ".join(f"`{name.text}`" for name in (*names, names[0]))
    return Diagnostic(
        "moved-loop", f"these `moved` lines lead in a circle: {path}", names[0].span, "take one of the lines away"
    )


def moved_nowhere(new: syntax.Name, stages: tuple[str, ...]) -> Diagnostic:
    return Diagnostic(
        "moved-loop",
        f"people cannot be moved to `{new.text}`: the campaign has no such stage",
        new.span,
        did_you_mean(new.text, stages) or "write the name of a stage of this campaign",
    )


def decided_unmeasured(split: syntax.Name, span: Span) -> Diagnostic:
    return Diagnostic(
        "missing-clause",
        f"the split `{split.text}` decides, but nothing says what counts as success",
        span,
        "add a line such as `measure clicked MESSAGE within 3 days`",
    )


def _percent(value: Decimal) -> str:
    return f"{value.normalize():f}%"


def unknown_goal(goal: syntax.Goal, known: Sequence[str], cost_per: str) -> Diagnostic:
    """`known` are the conversions of its campaign."""
    goals = (*known, *(f"{cost_per}{name}" for name in known))
    choice = f"write one of {', '.join(goals)}" if known else "add what it measures: `convert on EVENT within DURATION`"
    advice = did_you_mean(goal.metric, goals) or choice
    name = goal.metric.removeprefix(cost_per)
    return Diagnostic("unknown-name", f"the campaign has no conversion `{name}`", goal.span, advice)
