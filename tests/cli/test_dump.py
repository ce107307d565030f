"""What `campflow compile --to …` makes of dataclasses."""

from dataclasses import dataclass, field
from decimal import Decimal

from campflow.cli.dump import dump
from campflow.diagnostics.source import Span


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
