"""What `campflow compile --to …` makes of dataclasses."""

from dataclasses import dataclass, field
from decimal import Decimal

from campflow.cli.dump import dump
from campflow.diagnostics.source import Source, Span
from campflow.language.parser import parse


@dataclass(frozen=True)
class Leaf:
    value: Decimal
    span: Span


@dataclass(frozen=True)
class Node:
    name: str
    leaves: tuple[Leaf, ...] = ()
    missing: str | None = None
    tags: frozenset[str] = frozenset()
    by_name: dict[str, int] = field(default_factory=dict)
    inner: "Node | None" = None


def test_a_tree_is_indented_with_places_and_without_what_is_empty() -> None:
    leaf = Leaf(Decimal("1.50"), Span("a.flow", 3, 5, 3, 9))
    tree = Node("top", (leaf, leaf), tags=frozenset({"b", "a"}), by_name={"x": 1}, inner=Node("below"))
    assert dump(tree) == (
        "Node\n"
        "  name: 'top'\n"
        "  leaves:\n"
        "    - Leaf @3:5\n"
        "        value: 1.50\n"
        "    - Leaf @3:5\n"
        "        value: 1.50\n"
        "  tags:\n"
        "    - 'a'\n"
        "    - 'b'\n"
        "  by_name:\n"
        "    x: 1\n"
        "  inner: Node\n"
        "    name: 'below'\n"
    )


def test_a_syntax_tree_can_be_read() -> None:
    tree, _ = parse(Source("some.flow", "event signup\nsegment new = score < -1\n"))
    assert dump(tree) == (
        "FlowFile\n"
        "  path: 'some.flow'\n"
        "  declarations:\n"
        "    - EventDeclaration @1:1\n"
        "        name: Name @1:7\n"
        "          text: 'signup'\n"
        "    - SegmentDeclaration @2:1\n"
        "        name: Name @2:9\n"
        "          text: 'new'\n"
        "        condition: Binary @2:15\n"
        "          operator: '<'\n"
        "          left: Reference @2:15\n"
        "            parts:\n"
        "              - Name @2:15\n"
        "                  text: 'score'\n"
        "          right: Unary @2:23\n"
        "            operator: '-'\n"
        "            operand: Number @2:24\n"
        "              value: 1\n"
        "              whole: True\n"
    )
