"""Sentences about the functions that plugins add to expressions."""

from collections.abc import Iterable

from campflow.checking.wording.names import unknown
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model.functions import Function

#: Written over events: `count(purchase)`.
FIGURES = ("count", "sum", "avg", "min", "max", "first", "last")


def unknown_function(name: syntax.Name, known: Iterable[str]) -> Diagnostic:
    hint = "functions of values come from plugins: `campflow plugins` says which there are"
    return unknown("function", name, (*FIGURES, *known), hint)


def wrong_number(function: Function, given: int, span: Span) -> Diagnostic:
    wanted = len(function.parameters)
    values = "no value" if wanted == 0 else "1 value" if wanted == 1 else f"{wanted} values"
    message = f"`{function.name}` takes {values}, and is given {given or 'none'}"
    return Diagnostic("type-mismatch", message, span, f"it is written `{function}`".rsplit(" ", 1)[0] + "`")


def now_inside(function: Function, span: Span) -> Diagnostic:
    message = f"`{function.name}` is given `now`: when what it makes changes with time cannot be told"
    return Diagnostic("type-mismatch", message, span, "give it a field, and compare what it makes with `now`")
