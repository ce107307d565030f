"""The counting, woven into a template before it is compiled: loops, macros, operators that Jinja does not report."""

from collections.abc import Sequence
from typing import cast

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from campflow.content.filters import CONCAT, EACH, SIZED, SPENT


def weave(tree: nodes.Template) -> nodes.Template:
    """The same template, counted. The tree is changed."""
    woven: nodes.Template = _Weaver().visit(tree)
    return woven


class _Weaver(NodeTransformer):
    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _filtered(node.iter, EACH)
        node.body = _charged(node.body)
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:
        self.generic_visit(node)
        node.body = _charged(node.body)
        return node

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:
        self.generic_visit(node)
        node.body = _charged(node.body)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), CONCAT)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        """`in` and `==` read the whole of a list."""
        self.generic_visit(node)
        node.expr = _filtered(node.expr, SIZED)
        for operand in node.ops:
            operand.expr = _filtered(operand.expr, SIZED)
        return node

    def visit_Test(self, node: nodes.Test) -> nodes.Node:
        """So do `is in` and `is eq`."""
        self.generic_visit(node)
        node.node = _filtered(node.node, SIZED)
        node.args = [_filtered(each, SIZED) for each in node.args]
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        """A slice copies."""
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _filtered(node.node, SIZED)
        return node


def _filtered(node: nodes.Node, name: str) -> nodes.Expr:
    if isinstance(node, nodes.Const):
        return node
    return nodes.Filter(cast(nodes.Expr, node), name, [], [], None, None, lineno=node.lineno)


def _charged(body: Sequence[nodes.Node]) -> list[nodes.Node]:
    """The body of what may come again and again: each time, the text in it is paid for."""
    said = sum(len(data.data) for node in body for data in _data(node))
    line = body[0].lineno if body else 1
    price = nodes.Filter(nodes.Const(said, lineno=line), SPENT, [], [], None, None, lineno=line)
    return [nodes.ExprStmt(price, lineno=line), *body]


def _data(node: nodes.Node) -> list[nodes.TemplateData]:
    return [node] if isinstance(node, nodes.TemplateData) else list(node.find_all(nodes.TemplateData))
