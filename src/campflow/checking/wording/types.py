"""Sentences about types: what a thing is, what was wanted, and what to write instead."""

from campflow.checking.operand import Operand
from campflow.diagnostics.diagnostic import Diagnostic, did_you_mean
from campflow.diagnostics.source import Span
from campflow.model.people import Kind, ValueType

_PHRASES: dict[Kind, str] = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "yesno": "yes or no",
    "date": "a day",
    "time": "a moment",
    "money": "an amount of money",
    "email": "an e-mail address",
    "phone": "a phone number",
    "country": "a country",
    "language": "a language",
    "timezone": "a time zone",
    "url": "a web address",
    "list": "a list",
    "duration": "a length of time",
}

COMPARING = {
    "==": "equal to", "!=": "different from", "<": "less than", "<=": "at most", ">": "more than", ">=": "at least",
}  # fmt: skip


def phrase(type_: ValueType) -> str:
    """The type as it stands in a sentence: "a whole number"."""
    if type_.kind == "choice":
        return "one of " + ", ".join(type_.choices)
    return _PHRASES[type_.kind]


def mismatch(message: str, span: Span, hint: str | None = None) -> Diagnostic:
    return Diagnostic("type-mismatch", message, span, hint)


def example(type_: ValueType, code: str) -> str:
    return f"{phrase(type_)} is written like `{code}`"


def incomparable(left: Operand, right: Operand, span: Span, hint: str | None) -> Diagnostic:
    return mismatch(
        f"{left.text} is {phrase(left.type)} and {right.text} is {phrase(right.type)}: these cannot be compared",
        span,
        hint,
    )


def unordered(operand: Operand, operator: str, span: Span) -> Diagnostic:
    return mismatch(
        f"{operand.text} is {phrase(operand.type)}, which has no order, so `{operator}` says nothing about it",
        span,
        "compare it with `==`, `!=` or `in`" if operand.type.kind != "yesno" else "compare it with `== yes` or `== no`",
    )


def whole_list(operand: Operand, span: Span) -> Diagnostic:
    return mismatch(
        f"{operand.text} is a list, which is not compared as a whole", span, f'ask for one item: `"vip" in {operand}`'
    )


def not_a_list(operand: Operand) -> Diagnostic:
    return mismatch(
        f"{operand.text} is {phrase(operand.type)}, not a list",
        operand.span,
        f'write `{operand} == …`, or `{operand} in ("…", "…")` for several values',
    )


def not_a_text(operand: Operand, operator: str) -> Diagnostic:
    hint = f'write `"…" in {operand}`' if operand.type.kind == "list" else "only texts can be searched"
    return mismatch(f"`{operator}` looks into a text, but {operand.text} is {phrase(operand.type)}", operand.span, hint)


def not_a_condition(operand: Operand) -> Diagnostic:
    hints: dict[Kind, str] = {
        "choice": f'compare it: `{operand} == "{operand.type.choices[0]}"`' if operand.type.choices else "compare it",
        "list": f'ask for an item: `"vip" in {operand}`',
        "duration": f"compare it with a length of time: `{operand} > 30 days`",
        "number": f"compare it: `{operand} > 0`",
        "integer": f"compare it: `{operand} > 0`",
    }
    return mismatch(
        f"a condition is answered by yes or no, but {operand.text} is {phrase(operand.type)}",
        operand.span,
        hints.get(operand.type.kind, f"compare it with something, or write `{operand} is set`"),
    )


def duration_alone(operand: Operand, span: Span) -> Diagnostic:
    """A length of time where only a comparison of two moments may stand."""
    return mismatch(
        f"{operand.text} is a length of time, which can only be compared with the time between two moments",
        span,
        "write it like `now - last(purchase) > 60 days`",
    )


def no_arithmetic(operator: str, left: Operand, right: Operand, span: Span, hint: str | None) -> Diagnostic:
    verbs = {"+": "added to", "-": "subtracted from", "*": "multiplied by", "/": "divided by"}
    first, second = (right, left) if operator in "+-" else (left, right)
    return mismatch(
        f"{first.text} is {phrase(first.type)} and cannot be {verbs[operator]} {second.text}, "
        f"which is {phrase(second.type)}",
        span,
        hint,
    )


def not_assignable(wanted: ValueType, goal: str, operand: Operand, hint: str | None) -> Diagnostic:
    return mismatch(f"{goal} is {phrase(wanted)}, but {operand.text} is {phrase(operand.type)}", operand.span, hint)


def unknown_choice(value: str, type_: ValueType, span: Span) -> Diagnostic:
    near = did_you_mean(value, type_.choices)
    return Diagnostic(
        "unknown-choice",
        f'"{value}" is not among the choices {", ".join(type_.choices)}',
        span,
        near.replace("`", '"') if near else "write one of these, or add the new choice to the field",
    )


def unknown_country(value: str, span: Span, known: bool) -> Diagnostic:
    hint = f'write "{value.upper()}"' if known else 'countries are written as two capital letters: "FR", "CH"'
    return Diagnostic("unknown-choice", f'"{value}" is not a country code', span, hint)


def unknown_language(value: str, span: Span) -> Diagnostic:
    hint = 'languages are written as short codes: "fr", "de", "pt-BR"'
    return Diagnostic("unknown-choice", f'"{value}" is not a language code', span, hint)


def unknown_zone(value: str, span: Span, near: str | None, code: str = "unknown-choice") -> Diagnostic:
    hint = near or 'time zones are written as region and city: "Europe/Paris"'
    return Diagnostic(code, f'there is no time zone "{value}"', span, hint)


def percent_here(text: str, span: Span) -> Diagnostic:
    return mismatch(
        f"{text} stands in a condition, but percents belong to `goal`, `holdout` and the arms of a split",
        span,
        "write a plain number: 12% of 200 is `0.12 * 200`",
    )


def time_of_day_here(text: str, span: Span) -> Diagnostic:
    return mismatch(
        f"{text} is a time of day, which no field has, so there is nothing to compare it with",
        span,
        "write the day as well: `2026-12-01 09:00`; `at 09:00` belongs to `send`, `enter` and ways out",
    )


def too_long(text: str, span: Span) -> Diagnostic:
    return mismatch(f"{text} is longer than anything here can last", span, "the longest is 1000 years")


def too_deep(span: Span, limit: int) -> Diagnostic:
    return Diagnostic(
        "syntax",
        f"this condition is nested more than {limit} levels deep",
        span,
        "give its parts names: `segment NAME = …`, and ask `in segment NAME`",
    )


def too_deep_for_databases(span: Span) -> Diagnostic:
    return Diagnostic(
        "syntax",
        "this condition is nested more deeply than a database can read, with the segments in it written out",
        span,
        "say it with fewer brackets and `not`s inside each other "
        "(a long row of `and`, of `or` or of `+` is no nesting)",
    )


def wrong_item(list_: Operand, element: ValueType, item: Operand, span: Span) -> Diagnostic:
    hint = f'texts stand in quotes: `"{item}"`' if element.kind == "text" else None
    return mismatch(
        f"each item of {list_.text} is {phrase(element)}, but {item.text} is {phrase(item.type)}", span, hint
    )


def moment_with_duration(moment: Operand, length: Operand, span: Span) -> Diagnostic:
    return mismatch(
        f"{moment.text} is {phrase(moment.type)} and {length.text} is a length of time: these cannot be compared",
        span,
        f"ask how long ago it was: `now - {moment} > {length}`",
    )


def other_choices(wanted: ValueType, goal: str, operand: Operand) -> Diagnostic:
    return mismatch(
        f"{goal} is {phrase(wanted)}, but {operand.text} can be something else: it is {phrase(operand.type)}",
        operand.span,
        "write one of the choices in quotes",
    )


def no_minus(operand: Operand, span: Span) -> Diagnostic:
    return mismatch(
        f"{operand.text} is {phrase(operand.type)}, and a minus sign needs a number or money after it", span
    )
