"""Where the boxes of a chart stand: in rows from top to bottom, arrows pointing down wherever they can.

The layered method of Sugiyama, Tagawa and Toda (1981): cycles are opened at their last arrow, each box goes one row
below the lowest box that leads to it, long arrows get a waypoint in every row they cross, and the order in the rows is
improved by barycentres.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from campflow.drawing.chart import Box, Chart

CHARACTER, LINE, PADDING = 7.2, 20.0, 12.0
COLUMN_GAP, ROW_GAP, WAYPOINT = 64.0, 64.0, 24.0
SWEEPS = 12

Point = tuple[float, float]
Node = str | tuple[str, int, int]  # a box's id, or (source, which arrow, row): a waypoint


@dataclass(frozen=True, slots=True)
class Place:
    """A box's top left corner and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Path:
    """An arrow: from which box and line, to which box, and through which points on the way."""

    source: str
    line: int
    target: str
    through: tuple[Point, ...]
    back: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """`floors` says for each box where the lowest box of its row ends: below that, an arrow meets nobody."""

    places: Mapping[str, Place]
    floors: Mapping[str, float]
    paths: tuple[Path, ...]
    width: float
    height: float


def layout(chart: Chart) -> Layout:
    """Places for all boxes and paths for all arrows."""
    boxes = {box.id: box for box in chart.boxes}
    arrows = [(box.id, box.lines.index(line), target) for box, line, target in chart.arrows]
    back = _back_arrows(list(boxes), arrows)
    rows = _rows(list(boxes), [arrow for arrow in arrows if arrow not in back])
    chains = {arrow: _chain(arrow, rows) for arrow in arrows if arrow not in back}
    ordered = _ordered(rows, chains.values())
    spots, places, floors, width, height = _spots(ordered, boxes)
    paths = tuple(
        Path(*arrow, tuple(point for node in chains.get(arrow, ())[1:-1] for point in spots[node]), arrow in back)
        for arrow in arrows
    )
    return Layout(places, floors, paths, width, height)


Arrow = tuple[str, int, str]


def _back_arrows(boxes: Sequence[str], arrows: Sequence[Arrow]) -> set[Arrow]:
    """The arrows that close a cycle, found by walking in depth from each box in the order of the file."""
    leaving: dict[str, list[Arrow]] = defaultdict(list)
    for each in arrows:
        leaving[each[0]].append(each)
    back: set[Arrow] = set()
    state = dict.fromkeys(boxes, 0)  # 1 while on the way, 2 when done
    for root in boxes:
        walk = [(root, iter(leaving[root]))] if state[root] == 0 else []
        state[root] = state[root] or 1
        while walk:
            box, left = walk[-1]
            arrow = next(left, None)
            if arrow is None:
                state[box] = 2
                walk.pop()
                continue
            if state[arrow[2]] == 1:
                back.add(arrow)
            elif state[arrow[2]] == 0:
                state[arrow[2]] = 1
                walk.append((arrow[2], iter(leaving[arrow[2]])))
    return back


def _rows(boxes: Sequence[str], arrows: Sequence[Arrow]) -> dict[str, int]:
    """The row of each box: one below the lowest that leads to it. Boxes that nothing leads to are in the first."""
    row = dict.fromkeys(boxes, 0)
    for _ in boxes:
        lower = {target: row[source] + 1 for source, _, target in arrows if row[target] <= row[source]}
        if not lower:
            break
        for source, _, target in arrows:
            row[target] = max(row[target], row[source] + 1)
    return row


def _chain(arrow: Arrow, rows: Mapping[str, int]) -> tuple[Node, ...]:
    source, line, target = arrow
    between = range(rows[source] + 1, rows[target])
    return (source, *((source, line, row) for row in between), target)


def _ordered(rows: Mapping[str, int], chains: Iterable[tuple[Node, ...]]) -> list[list[Node]]:
    """The nodes of each row, from left to right, with few crossings."""
    chains = list(chains)
    ordered: list[list[Node]] = [[] for _ in range(max(rows.values(), default=0) + 1)]
    for box, row in rows.items():
        ordered[row].append(box)
    beside: dict[Node, set[Node]] = defaultdict(set)
    for chain in chains:
        for node in chain[1:-1]:
            if isinstance(node, tuple):
                ordered[node[2]].append(node)
        for upper, lower in pairwise(chain):
            beside[upper].add(lower)
            beside[lower].add(upper)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in range(1, len(ordered)) if down else range(len(ordered) - 2, -1, -1):
            fixed = {node: i for i, node in enumerate(ordered[row - 1 if down else row + 1])}
            here = {node: i for i, node in enumerate(ordered[row])}
            ordered[row].sort(key=lambda node: _barycentre(node, beside, fixed, here))
    return ordered


def _barycentre(
    node: Node, beside: Mapping[Node, set[Node]], fixed: Mapping[Node, int], here: Mapping[Node, int]
) -> float:
    found = [fixed[other] for other in beside[node] if other in fixed]
    return sum(found) / len(found) if found else float(here[node])


def size(box: Box) -> tuple[float, float]:
    """Width and height that the box's text needs."""
    longest = max((len(line.said) for line in box.lines), default=1)
    return max(120.0, longest * CHARACTER + 2 * PADDING), len(box.lines) * LINE + PADDING


def _spots(
    ordered: Sequence[Sequence[Node]], boxes: Mapping[str, Box]
) -> tuple[dict[Node, tuple[Point, Point]], dict[str, Place], dict[str, float], float, float]:
    """Where each waypoint enters and leaves its row, and the place of each box: rows centred under one another."""
    sizes = {name: size(box) for name, box in boxes.items()}

    def extent(node: Node) -> tuple[float, float]:
        return (WAYPOINT, 0.0) if isinstance(node, tuple) else sizes[node]

    widths = [sum(extent(node)[0] for node in row) + COLUMN_GAP * max(0, len(row) - 1) for row in ordered]
    whole = max(widths, default=0.0)
    spots: dict[Node, tuple[Point, Point]] = {}
    places: dict[str, Place] = {}
    floors: dict[str, float] = {}
    y = 0.0
    for row, width in zip(ordered, widths, strict=True):
        x = (whole - width) / 2
        tallest = max((extent(node)[1] for node in row), default=0.0)
        for node in row:
            wide, high = extent(node)
            if isinstance(node, tuple):
                spots[node] = ((x + wide / 2, y - 4), (x + wide / 2, y + tallest))
            else:
                places[node] = Place(x, y, wide, high)
                floors[node] = y + tallest
            x += wide + COLUMN_GAP
        y += tallest + ROW_GAP
    return spots, places, floors, whole, max(0.0, y - ROW_GAP)
