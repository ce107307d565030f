"""Short ways for the tests of this room to read a text."""

from typing import Any

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source
from campflow.language import syntax
from campflow.language.parser import parse


def read(text: str) -> syntax.FlowFile:
    """The tree of a sound text."""
    tree, diagnostics = parse(Source("some.flow", text))
    assert diagnostics == ()
    return tree


def mistakes_in(text: str) -> list[Diagnostic]:
    return list(parse(Source("some.flow", text))[1])


def declaration(text: str) -> Any:
    (only,) = read(text).declarations
    return only


def clause(line: str) -> Any:
    (only,) = declaration(f"campaign some {{\n{line}\n}}").items
    return only


def stage_item(lines: str) -> Any:
    (only,) = clause(f"stage some {{\n{lines}\n}}").items
    return only


def step(line: str) -> Any:
    (only,) = declaration(f'test "it works" of some {{\n{line}\n}}').steps
    return only


def expression(text: str) -> Any:
    return declaration(f"segment some = {text}").condition


def shape(node: Any) -> str:
    """An expression with all its brackets, in the order it is computed."""
    match node:
        case syntax.Binary(operator, left, right):
            return f"({shape(left)} {operator} {shape(right)})"
        case syntax.Unary(operator, operand):
            return f"({operator} {shape(operand)})"
        case syntax.Between(value, low, high):
            return f"({shape(value)} between {shape(low)} and {shape(high)})"
        case syntax.InOptions(value, options, negated):
            return f"({shape(value)}{' not' * negated} in {', '.join(map(shape, options))})"
        case syntax.InList(item, list_, negated):
            return f"({shape(item)}{' not' * negated} in {shape(list_)})"
        case syntax.InSegment(segment, negated):
            return f"({'not ' * negated}in segment {segment.text})"
        case syntax.TextMatch(operator, value, pattern):
            return f"({shape(value)} {operator} {shape(pattern)})"
        case syntax.IsMissing(value, negated):
            return f"({shape(value)} is {'set' if negated else 'missing'})"
        case syntax.EventPattern(event, about, where):
            return event.text + (f" {about.text}" if about else "") + (f" where {shape(where)}" if where else "")
        case syntax.Window(last):
            return "since entry" if last is None else f"last {shape(last)}"
        case syntax.Did(pattern, times, window):
            within = f" in {shape(window)}" if window else ""
            return f"(did {shape(pattern)} x{times}{within})"
        case syntax.Aggregate(function, pattern, field, window):
            of = shape(pattern) + (f" .{field.text}" if field else "") + (f", {shape(window)}" if window else "")
            return f"{function}({of})"
        case syntax.Call(function, arguments):
            return f"{function.text}({', '.join(map(shape, arguments))})"
        case syntax.Reference(parts):
            return ".".join(part.text for part in parts)
        case syntax.Duration(parts):
            return " ".join(f"{count} {unit}" for count, unit in parts)
        case syntax.Text(value):
            return f'"{value}"'
        case syntax.Number(value):
            return f"{value:f}"
        case syntax.Percent(value):
            return f"{value:f}%"
        case syntax.Money(amount, currency):
            return f"{amount:f} {currency}"
        case syntax.YesNo(value):
            return "yes" if value else "no"
        case syntax.Date(value) | syntax.DateTime(value) | syntax.TimeOfDay(value):
            return value.isoformat()
    raise AssertionError(f"no expression: {node}")
