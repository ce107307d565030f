"""A chart as text for other tools: Mermaid (in Markdown) and Graphviz DOT."""

from campflow.drawing.chart import Box, Chart


def mermaid(chart: Chart) -> str:
    """A Mermaid flowchart: paste it between ```mermaid fences."""
    names = _names(chart)
    lines = ["---", f"title: {_quoted(chart.title)}", "---", "flowchart TD"]
    for box in chart.boxes:
        left, right = ("([", "])") if box.kind in ("final", "entry", "left") else ("[", "]")
        lines.append(f"  {names[box.id]}{left}{_mermaid_text(box)}{right}")
    for source, line, target in chart.arrows:
        lines.append(f'  {names[source.id]} -->|"{_mermaid(line.text)}"| {names[target]}')
    return "\n".join([*lines, ""])


def dot(chart: Chart) -> str:
    """A Graphviz digraph."""
    names = _names(chart)
    lines = ["digraph campaign {", f"  label={_quoted(chart.title)}; labelloc=t; node [shape=box, fontname=sans];"]
    for box in chart.boxes:
        shape = ", style=rounded" if box.kind in ("final", "entry", "left") else ""
        lines.append(f"  {names[box.id]} [label={_quoted(chr(10).join(_inside(box)))}{shape}];")
    for source, line, target in chart.arrows:
        lines.append(f"  {names[source.id]} -> {names[target]} [label={_quoted(line.text)}];")
    return "\n".join([*lines, "}", ""])


def _names(chart: Chart) -> dict[str, str]:
    """Names that both tools take, whatever their reserved words are."""
    return {box.id: f"b{i}" for i, box in enumerate(chart.boxes)}


def _inside(box: Box) -> list[str]:
    """The lines that are not arrows; a box of arrows alone gets its kind as text."""
    found = [line.text for line in box.lines if line.target is None]
    if box.people is not None:
        found.append(f"{box.people:,} people")
    return found or [box.kind]


def _mermaid_text(box: Box) -> str:
    return '"' + "<br/>".join(_mermaid(text) for text in _inside(box)) + '"'


def _mermaid(text: str) -> str:
    """Mermaid reads `#quot;` and friends inside quotes, and HTML."""
    for sign, code in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(sign, code)
    return text


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
