"""Segments in the order in which they need each other, and those that need themselves."""

from collections.abc import Mapping, Sequence

from campflow.checking import expressions
from campflow.checking.scope import Scope
from campflow.checking.tree import depth, find
from campflow.checking.wording import declarations as say
from campflow.language import syntax
from campflow.model.expressions import Expression
from campflow.model.flow import Segment

#: How many conditions a segment may stand on, itself included, each counted as often as it is asked for.
_LARGEST = 1_000

Declared = Mapping[str, syntax.SegmentDeclaration]


def resolve_segments(scope: Scope, conditions: dict[str, Expression | None]) -> tuple[Segment, ...]:
    """The sound segments in the order of the files. Fills `conditions`, which `scope.segments` is."""
    declared = scope.names.segments
    extents: dict[str, tuple[int, int]] = {}
    for name in in_order(declared):
        node = declared[name]
        condition = expressions.condition(node.condition, scope)
        if all(need in extents for need in needs(declared, name)):
            deep, many = _extent(node, extents)
            if deep <= expressions.DEEPEST and many <= _LARGEST:
                extents[name] = deep, many
                conditions[name] = condition
            elif condition:
                scope.report(say.segments_too_deep(node.name))
    return tuple(
        Segment(name, node.title.value if node.title else None, condition, node.span)
        for name, node in declared.items()
        if (condition := conditions.get(name))
    )


def in_order(declared: Declared) -> list[str]:
    """Names of segments, each after those that it needs; those in a cycle, or built on one, are left out."""
    waiting = {name: needs(declared, name) for name in declared}
    ordered: dict[str, None] = {}
    ready = [name for name, needed in waiting.items() if not needed]
    needed_by: dict[str, list[str]] = {}
    for name, needed in waiting.items():
        for other in needed:
            needed_by.setdefault(other, []).append(name)
    for name in ready:
        ordered[name] = None
        for other in needed_by.get(name, ()):
            if all(need in ordered for need in waiting[other]) and other not in ordered:
                ordered[other] = None
                ready.append(other)
    return list(ordered)


def cycles(declared: Declared) -> list[tuple[syntax.Name, ...]]:
    """The circles of segments, each told once, from the first in the order of the files."""
    sound = set(in_order(declared))
    left = {name: None for name in declared if name not in sound}
    found = []
    while left:
        path: dict[str, None] = {}
        step: str | None = next(iter(left))
        while step is not None and step not in path:
            path[step] = None
            step = next((need for need in needs(declared, step) if need in left), None)
        if step is not None:
            circle = list(path)[list(path).index(step) :]
            first = min(range(len(circle)), key=lambda i: list(declared).index(circle[i]))
            found.append(tuple(declared[name].name for name in (*circle[first:], *circle[:first])))
        for name in path:
            left.pop(name)
    return found


def needs(declared: Declared, name: str) -> Sequence[str]:
    """The segments that one's condition asks for, unknown names left out."""
    asked = (node.segment.text for node in find(declared[name].condition, syntax.InSegment))
    return tuple(dict.fromkeys(other for other in asked if other in declared))


def _extent(node: syntax.SegmentDeclaration, extents: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """How deep the condition is, and of how many conditions it consists, with the segments in it written out."""
    asked = [part.segment.text for part in find(node.condition, syntax.InSegment)]
    inside = [extents[name] for name in asked if name in extents]
    return depth(node.condition) + max((deep for deep, _ in inside), default=0), 1 + sum(many for _, many in inside)
