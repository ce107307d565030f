"""Walking a syntax tree without recursion: a text nested a thousand deep must not break the checker."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from campflow.diagnostics.source import Span
from campflow.language import syntax

T = TypeVar("T")


def find(root: object, kind: type[T]) -> Iterator[T]:
    """All nodes of one kind at or below `root` (a node or a tuple of nodes), in the order of the file."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, kind):
            yield node
        waiting.extend(reversed(children(node)))


def depth(root: syntax.Expression) -> int:
    """How deeply an expression is nested; a long row of `and` or of `or` is one level."""
    deepest = 0
    waiting: list[tuple[object, int]] = [(root, 1)]
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        waiting.extend((child, level + _is_level(node, child)) for child in children(node))
    return deepest


def operands(node: syntax.Binary) -> tuple[syntax.Expression, ...]:
    """The operands of a row of one operator: `a or b or c` gives three."""
    found: list[syntax.Expression] = []
    waiting: list[syntax.Expression] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, syntax.Binary) and part.operator == node.operator:
            waiting += (part.right, part.left)
        else:
            found.append(part)
    return tuple(found)


def children(node: Any) -> list[object]:
    """What stands directly inside a node, or the items of a tuple; places and plain values are left out."""
    if isinstance(node, tuple):
        inside = list(node)
    else:
        inside = [getattr(node, field.name) for field in fields(node)] if is_dataclass(node) else []
    return [child for child in inside if isinstance(child, tuple) or (is_dataclass(child) and type(child) is not Span)]


def _is_level(node: object, child: object) -> bool:
    """Whether the child is nested one deeper; a name, an item of a tuple and the next of a row of `and` are not."""
    if isinstance(node, syntax.Binary) and isinstance(child, syntax.Binary):
        return node.operator != child.operator or node.operator not in ("and", "or")
    return not isinstance(node, tuple) and not isinstance(child, tuple | syntax.Name)
