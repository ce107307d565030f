"""A chart as SVG: one file, no fonts, no scripts, readable on white paper and in a dark page alike."""

from collections.abc import Iterator
from html import escape

from campflow.drawing.chart import Box, Chart, Line
from campflow.drawing.layout import LINE, PADDING, Layout, Path, Place, Point, layout

MARGIN, HEADER = 32.0, 64.0

STYLE = """
  text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2933; }
  .heading { font: 600 18px system-ui, "DejaVu Sans", sans-serif; }
  .facts, .name { fill: #616e7c; }
  .title { font-weight: 700; }
  .action, .arm { fill: #0b5394; }
  .box { fill: #ffffff; stroke: #52606d; stroke-width: 1.5; }
  .entry .box, .left .box { fill: #f0f4f8; stroke-dasharray: 4 3; }
  .conversion .box { fill: #fff8e1; stroke: #b7791f; }
  .final .box { fill: #edf7ed; stroke: #2f6f3e; stroke-width: 3; }
  .arrow { fill: none; stroke: #52606d; stroke-width: 1.5; }
  .back { stroke: #9b2c2c; stroke-dasharray: 6 4; }
  .from-conversion { stroke: #b7791f; stroke-dasharray: 2 3; }
  .people rect { fill: #1f2933; }
  .people text { fill: #ffffff; font-weight: 700; }
"""


def svg(chart: Chart) -> str:
    """The whole picture, its size in its attributes."""
    drawn = layout(chart)
    width = max(drawn.width, 14.0 * len(chart.title), 360.0) + 4 * MARGIN
    height = drawn.height + HEADER + 2 * MARGIN
    shift = (width - drawn.width) / 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(chart.title)}">',
            f"<style>{STYLE}</style>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto-start-reverse"><path d="M0 0 L8 4 L0 8 z" fill="#52606d"/></marker></defs>',
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            f'<text class="heading" x="{MARGIN:.0f}" y="36">{escape(chart.title)}</text>',
            f'<text class="facts" x="{MARGIN:.0f}" y="58">{escape("  ·  ".join(chart.facts))}</text>',
            f'<g transform="translate({shift:.1f} {HEADER + MARGIN:.1f})">',
            *(_arrow(path, drawn) for path in drawn.paths),
            *(part for box in chart.boxes for part in _box(box, drawn.places[box.id])),
            "</g>",
            "</svg>",
            "",
        ]
    )


def _box(box: Box, place: Place) -> Iterator[str]:
    radius = 14 if box.kind in ("final", "entry", "left") else 5
    yield f'<g class="{box.kind}" transform="translate({place.x:.1f} {place.y:.1f})">'
    yield f'<rect class="box" width="{place.width:.1f}" height="{place.height:.1f}" rx="{radius}"/>'
    for i, line in enumerate(box.lines):
        yield _text(line, i)
    if box.people is not None:
        yield _people(box.people, place.width)
    yield "</g>"


def _text(line: Line, i: int) -> str:
    kind = line.kind.replace(" ", "-")
    return f'<text class="{kind}" x="{PADDING:.0f}" y="{_middle(i) + 4:.1f}">{escape(line.said)}</text>'


def _people(count: int, width: float) -> str:
    text = f"{count:,}"
    wide = len(text) * 7.5 + 14
    return (
        f'<g class="people" transform="translate({width - wide / 2:.1f} -10)">'
        f'<rect width="{wide:.1f}" height="20" rx="10"/><text x="7" y="14">{text}</text></g>'
    )


def _middle(line: int) -> float:
    """The height of a line's middle in its box."""
    return PADDING / 2 + line * LINE + LINE / 2


def _arrow(path: Path, drawn: Layout) -> str:
    """Out of its line to the side, down beside the box, and from below the row in a curve to the target's upper edge.

    An arrow back is drawn beside the boxes where nothing stands in between; its line names its target in any case.
    """
    source, target = drawn.places[path.source], drawn.places[path.target]
    y = source.y + _middle(path.line)
    if path.back:
        return _back(path, drawn, source, target, y)
    first = path.through[0][0] if path.through else target.x + target.width / 2
    right = first >= _centre(source)
    lane = 12.0 + 6.0 * (path.line % 6)
    x, bend = (source.x + source.width, source.x + source.width + lane) if right else (source.x, source.x - lane)
    floor = drawn.floors[path.source]
    end = (target.x + target.width * _share(path, drawn), target.y - 2)
    kind = " from-conversion" if path.source == "(convert)" else ""
    points = f"M{x:.1f} {y:.1f} H{bend:.1f} V{floor:.1f} {_curves((bend, floor), [*path.through, end])}"
    return f'<path class="arrow{kind}" d="{points}" marker-end="url(#tip)"/>'


def _share(path: Path, drawn: Layout) -> float:
    """Where on the target's upper edge the arrow ends: arrows into one box stand side by side, not on one another."""
    mine = [other for other in drawn.paths if other.target == path.target and not other.back]
    mine.sort(key=lambda other: other.through[-1][0] if other.through else _centre(drawn.places[other.source]))
    return (mine.index(path) + 1) / (len(mine) + 1)


def _centre(place: Place) -> float:
    return place.x + place.width / 2


def _curves(start: Point, stops: list[Point]) -> str:
    pieces = []
    for stop in stops:
        half = (stop[1] - start[1]) / 2
        pieces.append(
            f"C{start[0]:.1f} {start[1] + half:.1f} {stop[0]:.1f} {stop[1] - half:.1f} {stop[0]:.1f} {stop[1]:.1f}"
        )
        start = stop
    return " ".join(pieces)


def _back(path: Path, drawn: Layout, source: Place, target: Place, y: float) -> str:
    far = max(source.x + source.width, target.x + target.width) + 30
    between = (min(source.y, target.y), max(source.y + source.height, target.y + target.height))
    if any(_is_in_the_way(other, between, far) for other in drawn.places.values() if other not in (source, target)):
        return ""
    end, edge = target.y + PADDING / 2 + LINE / 2, target.x + target.width + 2
    points = f"M{source.x + source.width:.1f} {y:.1f} C{far:.1f} {y:.1f} {far:.1f} {end:.1f} {edge:.1f} {end:.1f}"
    return f'<path class="arrow back" d="{points}" marker-end="url(#tip)"/>'


def _is_in_the_way(place: Place, between: tuple[float, float], far: float) -> bool:
    """Whether the box stands where an arrow along the right side would pass."""
    meets = place.y < between[1] and place.y + place.height > between[0]
    return meets and place.x < far < place.x + place.width + 30
