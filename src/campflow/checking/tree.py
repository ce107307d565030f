"""Walking a syntax tree without recursion: a text nested a thousand deep must not break the checker."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TypeVar, get_args, get_type_hints

from campflow.language import syntax

T = TypeVar("T")


def find(root: object, kind: type[T] | tuple[type[T], ...]) -> Iterator[T]:
    """All nodes of one kind, or of several, at or below `root` (a node or a tuple of nodes), in the file's order."""
    towards = _TOWARDS[kind] if kind in _TOWARDS else _TOWARDS.setdefault(kind, _towards(kind))
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting += [child for child in reversed(node) if type(child) in towards]
            continue
        if isinstance(node, kind):
            yield node
        for name in towards.get(type(node), ()):
            child = getattr(node, name)
            if type(child) in towards:
                waiting.append(child)


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


#: All constructs, and the fields of each that may hold constructs; looked up for every node, so worked out once.
_KINDS: tuple[type, ...] = tuple(
    kind for kind in vars(syntax).values() if isinstance(kind, type) and is_dataclass(kind)
)
_FIELDS: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind) if field.name != "span") for kind in _KINDS
}


@cache
def _holds() -> dict[type, dict[str, frozenset[type]]]:
    """For each construct and field, the constructs that may stand there."""
    return {
        kind: {
            name: frozenset(_named_in(hint)) & frozenset(_KINDS)
            for name, hint in get_type_hints(kind, vars(syntax)).items()
            if name in _FIELDS[kind]
        }
        for kind in _KINDS
    }


def _named_in(hint: object) -> Iterator[type]:
    if isinstance(hint, type):
        yield hint
    for part in get_args(hint):
        yield from _named_in(part)


_TOWARDS: dict[type | tuple[type, ...], dict[type, tuple[str, ...]]] = {}


def _towards(wanted: type | tuple[type, ...]) -> dict[type, tuple[str, ...]]:
    """The constructs that are `wanted` or may hold it somewhere, and tuples; each with the fields that lead there, the
    last one first."""
    reaching = {kind for kind in _KINDS if issubclass(kind, wanted)}
    while True:
        more = {k for k, held in _holds().items() if k not in reaching and any(on & reaching for on in held.values())}
        if not more:
            break
        reaching |= more
    held = _holds()
    leading = {kind: tuple(name for name in _FIELDS[kind] if held[kind][name] & reaching) for kind in reaching}
    return {tuple: (), **{kind: names[::-1] for kind, names in leading.items()}}


def children(node: object) -> list[object]:
    """What stands directly inside a node, or the items of a tuple; places and plain values are left out."""
    if isinstance(node, tuple):
        return [child for child in node if type(child) in _FIELDS or isinstance(child, tuple)]
    inside = [getattr(node, name) for name in _FIELDS.get(type(node), ())]
    return [child for child in inside if type(child) in _FIELDS or isinstance(child, tuple)]


def _is_level(node: object, child: object) -> bool:
    """Whether the child is nested one deeper; a name, an item of a tuple and the next of a row of `and` are not."""
    if isinstance(node, syntax.Binary) and isinstance(child, syntax.Binary):
        return node.operator != child.operator or node.operator not in ("and", "or")
    return not isinstance(node, tuple) and not isinstance(child, tuple | syntax.Name)
