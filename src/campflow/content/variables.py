"""Which names a template reads from outside, and where they stand in its text."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jinja2 import nodes

from campflow.content.sandbox import sandbox

#: Names with fields of their own: `contact.email` is one variable, `email.lower()` reads `email`.
RECORDS = frozenset({"contact", "entry", "event", "campaign", "message", "page"})

#: Called with the name of a page, `page_url("demo")`, which is read as `page_url.demo`.
PAGE_URL = "page_url"

_OWN = frozenset(sandbox(False).globals) | {"loop", "self", "caller", "varargs", "kwargs"}
_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Variable:
    """`name` is one word, or two joined by a dot; lines and columns count from 1 in the template's text."""

    name: str
    line: int
    column: int
    end_column: int


def variables(tree: nodes.Template, text: str) -> tuple[Variable, ...]:
    """Each name that the template reads and does not make itself, once, where it first stands in `text`.

    `text` is what was parsed, or the same as it is written in a file, quotes and escapes included.
    """
    first: dict[str, int] = {}
    for name, line in _read(tree.body, set(_OWN)):
        first.setdefault(name, line)
    return tuple(_placed(text, name, line) for name, line in first.items())


def _read(items: Iterable[nodes.Node | None], bound: set[str]) -> Iterator[tuple[str, int]]:
    """(name, line) of what is read, given the names that are `bound` already; `set` and macros add to those."""
    for item in items:
        if item is not None:
            yield from _read_node(item, bound)


def _read_node(node: nodes.Node, bound: set[str]) -> Iterator[tuple[str, int]]:
    match node:
        case nodes.Name() | nodes.Getattr() | nodes.Getitem():
            yield from _read_chain(node, bound)
        case nodes.Call(node=nodes.Name(name=called), args=[nodes.Const(value=str(page)), *_]) if called == PAGE_URL:
            if called not in bound:
                yield f"{called}.{page}", node.lineno
            yield from _read([*node.args, *node.kwargs, node.dyn_args, node.dyn_kwargs], bound)
        case nodes.Call(node=nodes.Getattr() as method):
            yield from _read_node(method.node, bound)
            yield from _read([*node.args, *node.kwargs, node.dyn_args, node.dyn_kwargs], bound)
        case nodes.For():
            yield from _read_node(node.iter, bound)
            inside = bound | _names(node.target)
            yield from _read([node.test, *node.body], inside)
            yield from _read(node.else_, set(bound))
        case nodes.Macro() | nodes.CallBlock():
            if isinstance(node, nodes.Macro):
                bound.add(node.name)
            else:
                yield from _read_node(node.call, bound)
            yield from _read(node.defaults, bound)
            yield from _read(node.body, bound | {argument.name for argument in node.args})
        case nodes.With():
            yield from _read(node.values, bound)
            yield from _read(node.body, bound.union(*(_names(target) for target in node.targets)))
        case nodes.Assign() | nodes.AssignBlock():
            yield from _read([node.node] if isinstance(node, nodes.Assign) else [node.filter, *node.body], bound)
            bound |= _names(node.target)
        case _:
            yield from _read(node.iter_child_nodes(), bound)


def _read_chain(node: nodes.Name | nodes.Getattr | nodes.Getitem, bound: set[str]) -> Iterator[tuple[str, int]]:
    """`a`, `a.b`, `a["b"]`; of anything else, what it is made of."""
    match node:
        case nodes.Name():
            if node.name not in bound:
                yield node.name, node.lineno
        case nodes.Getattr(node=nodes.Name(name=root), attr=field) if root in RECORDS - bound:
            yield f"{root}.{field}", node.lineno
        case nodes.Getitem(node=nodes.Name(name=root), arg=nodes.Const(value=str(field))) if root in RECORDS - bound:
            yield f"{root}.{field}", node.lineno
        case _:
            yield from _read(node.iter_child_nodes(), bound)


def _names(target: nodes.Node) -> set[str]:
    return {name.name for name in ([target] if isinstance(target, nodes.Name) else target.find_all(nodes.Name))}


def _placed(text: str, name: str, line: int) -> Variable:
    """The first place of `name` inside `{{ }}` or `{% %}` from `line` on; the whole line if it cannot be found."""
    start = sum(len(each) + 1 for each in text.split("\n")[: line - 1])
    root, _, field = name.partition(".")
    wanted = rf"(?<![\w.]){re.escape(root)}"
    if root == PAGE_URL and field:
        wanted += rf"\s*\(\s*['\"]{re.escape(field)}['\"]"
    elif field:
        wanted += rf"(?:\s*\.\s*{re.escape(field)}|\s*\[\s*['\"]{re.escape(field)}['\"]\s*\])(?!\w)"
    else:
        wanted += r"(?!\w)"
    pattern = re.compile(wanted)
    for code in _CODE.finditer(text):
        if code.end() > start and (found := pattern.search(text, max(code.start(), start), code.end())):
            before = text[: found.start()]
            row, column = before.count("\n") + 1, found.start() - (before.rfind("\n") + 1) + 1
            return Variable(name, row, column, column + len(found.group()))
    lines = text.split("\n")
    return Variable(name, line, 1, len(lines[line - 1]) + 1 if line <= len(lines) else 2)
