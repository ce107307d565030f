"""The short way to fill a text: where nothing but values and simple conditions vary, the pieces are joined.

Most letters are that simple, and Jinja takes fifteen times as long for them. What is not, or does not go smoothly for
one person, goes the long way: Jinja's own result, and Jinja's own errors, are what counts.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from jinja2 import nodes
from markupsafe import escape

from campflow.content.filters import LINK, PLAIN, TAIL, TRACKER
from campflow.content.record import Record, reader_of
from campflow.content.sandbox import shown

#: What a value or a piece of text is worked out from: the names that a template may read.
Names = Mapping[str, Any]
Piece = str | Callable[[Names], str]

#: Filters that need a value and nothing else of the template.
_FILTERS = frozenset({"default", "d", "date", "upper", "lower", "title", "capitalize", "trim"})

#: Characters of one slot. What is longer goes the way on which everything is counted.
_LONGEST = 100_000

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "lteq": operator.le, "gt": operator.gt,
    "gteq": operator.ge,
}  # fmt: skip


class _NotSimple(Exception):
    """Something that only Jinja can fill."""


@dataclass(frozen=True, slots=True)
class Slots:
    """A text in pieces: `pieces` are those that are the same for everybody, with a gap for each of `varying`."""

    pieces: tuple[str, ...]
    varying: tuple[tuple[int, Callable[[Names], str]], ...]

    def fill(self, names: Names) -> str:
        """The text for one person. Raises anything at all where the long way has to be taken."""
        if not self.varying:
            return self.pieces[0]
        pieces = list(self.pieces)
        for place, value in self.varying:
            pieces[place] = value(names)
        return "".join(pieces)


def slots(tree: nodes.Template, *, html: bool) -> Slots | None:
    """The pieces of a template; None where it takes Jinja to fill it."""
    try:
        return _slots(tree.body, html)
    except _NotSimple:
        return None


def _slots(body: Sequence[nodes.Node], html: bool) -> Slots:
    pieces = [""]
    varying: list[tuple[int, Callable[[Names], str]]] = []
    for piece in _pieces(body, html):
        if isinstance(piece, str):
            pieces[-1] += piece
        else:
            varying.append((len(pieces), piece))
            pieces += ["", ""]
    return Slots(tuple(pieces), tuple(varying))


def _pieces(body: Sequence[nodes.Node], html: bool) -> Iterator[Piece]:
    for node in body:
        match node:
            case nodes.Output():
                for each in node.nodes:
                    yield _piece(each, html)
            case nodes.If():
                yield _choice(node, html)
            case nodes.FilterBlock(filter=nodes.Filter(name=name, args=arguments)) if name in (LINK, TAIL):
                yield _tracked(name, node.body, [_constant(each) for each in arguments], html)
            case _:
                raise _NotSimple


def _piece(node: nodes.Expr, html: bool) -> Piece:
    if isinstance(node, nodes.TemplateData):
        return node.data
    value = _value(node)
    shape = _in_html if html else _in_text

    def fill(names: Names) -> str:
        text = shape(value(names))
        if len(text) > _LONGEST:
            raise _NotSimple
        return text

    return fill


def _in_text(value: Any) -> str:
    return value if type(value) is str else str(shown(value))


def _in_html(value: Any) -> str:
    """What MarkupSafe's `escape` makes of it, which is a type of its own and takes twice as long."""
    return value.translate(_ESCAPED) if type(value) is str else str(escape(shown(value)))


_ESCAPED = {ord(sign): str(escape(sign)) for sign in "&<>'\""}


def _choice(node: nodes.If, html: bool) -> Piece:
    branches = [(_value(each.test), _slots(each.body, html)) for each in (node, *node.elif_)]
    otherwise = _slots(node.else_, html)

    def choose(names: Names) -> str:
        for test, slots in branches:
            if test(names):
                return slots.fill(names)
        return otherwise.fill(names)

    return choose


def _tracked(name: str, body: Sequence[nodes.Node], arguments: Sequence[Any], html: bool) -> Piece:
    """A link, or what stands at the end of a mail: the context's tracker writes it."""
    if name == TAIL:
        return lambda names: str(names[TRACKER].tail(*arguments))
    inner = _slots(body, html)
    if not inner.varying:
        written = inner.fill({})
        target = unescape(written) if html else written
        if html:
            return lambda names: str(escape(names[TRACKER].link(*arguments, target)))
        return lambda names: str(names[TRACKER].link(*arguments, target))
    if html:
        return lambda names: str(escape(names[TRACKER].link(*arguments, unescape(inner.fill(names)))))
    return lambda names: str(names[TRACKER].link(*arguments, inner.fill(names)))


def _constant(node: nodes.Expr) -> Any:
    if isinstance(node, nodes.Const):
        return node.value
    raise _NotSimple


def _value(node: nodes.Node) -> Callable[[Names], Any]:
    """What varies. What is constant Jinja works out as it compiles, and writes in a way of its own."""
    match node:
        case nodes.Name(name=name):
            return operator.itemgetter(name)
        case nodes.Getattr(node=nodes.Name(name=root), attr=field):
            return _field(root, field)
        case nodes.Getitem(node=nodes.Name(name=root), arg=nodes.Const(value=str(field))):
            return _field(root, field)
        case nodes.Filter(node=nodes.Node() as inner, name=name) if name in _FILTERS:
            return _filtered(node, inner)
        case nodes.Not(node=inner):
            value = _value(inner)
            return lambda names: not value(names)
        case nodes.And(left=left, right=right):
            first, second = _value(left), _value(right)
            return lambda names: first(names) and second(names)
        case nodes.Or(left=left, right=right):
            first, second = _value(left), _value(right)
            return lambda names: first(names) or second(names)
        case nodes.Compare(expr=left, ops=[nodes.Operand(op=op, expr=right)]) if op in _COMPARE:
            return _compared(left, _COMPARE[op], right)
    raise _NotSimple


def _compared(left: nodes.Node, compare: Callable[[Any, Any], Any], right: nodes.Node) -> Callable[[Names], Any]:
    first = _value(left)
    if isinstance(right, nodes.Const):
        constant = right.value
        return lambda names: compare(first(names), constant)
    second = _value(right)
    return lambda names: compare(first(names), second(names))


def _field(root: str, field: str) -> Callable[[Names], Any]:
    """A field of a record; of anything else Jinja knows better."""
    # What Python itself calls so is no field.
    if field.startswith("_") or hasattr(Record, field):
        raise _NotSimple
    return reader_of(root, field)


def _filtered(node: nodes.Filter, inner: nodes.Node) -> Callable[[Names], Any]:
    constants = [each for each in node.args if isinstance(each, nodes.Const)]
    if len(constants) < len(node.args) or node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise _NotSimple
    value, arguments = _value(inner), [each.value for each in constants]
    change: Callable[..., Any] = PLAIN[node.name]
    if hasattr(change, "jinja_pass_arg"):
        raise _NotSimple
    if len(arguments) == 1:
        (argument,) = arguments
        return lambda names: change(value(names), argument)
    return lambda names: change(value(names), *arguments)
