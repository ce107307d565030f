"""A campaign's picture: everything is in it, nothing stands on anything else, and nothing a user wrote is markup."""

import xml.etree.ElementTree as ElementTree
from itertools import combinations

import pytest
from tests.checking.sample import checked

from campflow.drawing.chart import Chart, chart
from campflow.drawing.layout import layout, size
from campflow.drawing.plain import dot, mermaid
from campflow.drawing.svg import svg

SMALL = """
campaign tea "Tea & <cake>" {
  runs from 2026-01-01
  audience score >= 0
  enter on signup
  leave on unsubscribed
  convert on purchase within 14 days -> done
  stage hello "Say \\"hello\\"" {
    send email welcome
    on clicked welcome if score > 50 -> warm
    after 3 days -> lost
  }
  stage warm {
    set score = score + 1
    when score > 90 -> done
    on 2026-12-24 -> hello
    after 1 week -> lost
  }
  final done
  final lost
}
"""


def _long(stages: int) -> str:
    """A chain whose every third stage jumps ahead and every fifth goes back."""
    lines = ["campaign long {", "audience score >= 0", "enter on signup"]
    for i in range(stages):
        lines += [
            f"stage s{i} {{",
            "send email welcome",
            f"after 3 days -> {f's{i + 1}' if i + 1 < stages else 'done'}",
        ]
        if i % 3 == 0:
            lines.append(f"on clicked welcome if score > {i} -> s{min(i + 4, stages - 1)}")
        if i % 5 == 4:
            lines.append(f"after 2 days if score < {i} -> s{i - 3}")
        lines.append("}")
    return "\n".join([*lines, "final done", "}"])


def _wide(ways: int) -> str:
    lines = ["campaign wide {", "audience score >= 0", "enter on signup", "stage start {"]
    lines += [f"after {i + 2} days if score > {i} -> w{i}" for i in range(ways)] + ["after 90 days -> done", "}"]
    lines += [
        f"stage w{i} {{\nsend email welcome\non clicked welcome -> start\nafter 5 days -> done\n}}" for i in range(ways)
    ]
    return "\n".join([*lines, "final done", "}"])


def _chart(text: str, people: dict[str, int] | None = None) -> Chart:
    found = checked(text)
    assert found.flow is not None, found.diagnostics
    return chart(found.flow.flow.campaigns[0], {"email": "✉"}, people)


CHARTS = {"small": SMALL, "wide": _wide(9), "thirty": _long(30)}


def test_the_picture_shows_stages_messages_and_ways_out_in_words() -> None:
    drawn = _chart(SMALL)
    said = {box.id: [line.said for line in box.lines] for box in drawn.boxes}
    assert said["hello"] == [
        'Say "hello"', "hello", "✉ send email welcome", "clicked welcome if score > 50 → warm", "after 3 days → lost",
    ]  # fmt: skip
    assert said["warm"][-3:] == ["when score > 90 → done", "on 2026-12-24 → hello", "after 1 week → lost"]
    assert said["(enter)"] == ["enter on signup → hello"]
    assert said["(convert)"] == ["convert on purchase within 14 days → done"]
    assert said["(left)"] == ["leave on unsubscribed"]
    assert drawn.facts == ("runs from 01 Jan 2026, no end",)


@pytest.mark.parametrize("name", CHARTS)
def test_no_box_stands_on_another_and_every_text_fits_its_box(name: str) -> None:
    drawn = _chart(CHARTS[name])
    places = layout(drawn).places
    assert set(places) == {box.id for box in drawn.boxes}
    for a, b in combinations(places.values(), 2):
        beside = a.x + a.width <= b.x or b.x + b.width <= a.x
        assert beside or a.y + a.height <= b.y or b.y + b.height <= a.y
    for box in drawn.boxes:
        assert max(len(line.said) for line in box.lines) * 7.2 < size(box)[0]


@pytest.mark.parametrize("name", CHARTS)
def test_arrows_point_down_unless_they_close_a_circle(name: str) -> None:
    drawn = layout(_chart(CHARTS[name]))
    paths = drawn.paths
    assert all(drawn.places[path.source].y < drawn.places[path.target].y for path in paths if not path.back)
    assert {(path.source, path.target) for path in paths if path.back} == {
        "small": {("warm", "hello")},
        "wide": {(f"w{i}", "start") for i in range(9)},
        "thirty": {(f"s{i}", f"s{i - 3}") for i in range(4, 30, 5)},
    }[name]


@pytest.mark.parametrize("name", CHARTS)
def test_an_arrow_passes_no_box_on_its_way(name: str) -> None:
    drawn = layout(_chart(CHARTS[name]))
    for path in drawn.paths:
        for x, y in path.through:
            assert not any(
                place.x < x < place.x + place.width and place.y < y < place.y + place.height
                for place in drawn.places.values()
            )


@pytest.mark.parametrize("name", CHARTS)
def test_the_svg_is_well_formed_and_holds_every_line(name: str) -> None:
    drawn = _chart(CHARTS[name])
    root = ElementTree.fromstring(svg(drawn))  # noqa: S314  (our own picture)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert drawn.title in texts
    assert all(line.said in texts for box in drawn.boxes for line in box.lines)


def test_with_live_figures_every_stage_says_how_many_are_there() -> None:
    drawn = svg(_chart(SMALL, {"hello": 1234, "done": 7}))
    assert ">1,234<" in drawn
    assert ">7<" in drawn
    assert drawn.count(">0<") == 2  # warm and lost


def test_what_a_user_wrote_is_text_everywhere() -> None:
    drawn = _chart(SMALL)
    assert "Tea &amp; &lt;cake&gt;" in svg(drawn)
    assert "#gt; 50" in mermaid(drawn)
    assert 'title: "Tea & <cake>"' in mermaid(drawn)
    assert 'Say \\"hello\\"' in dot(drawn)


def test_mermaid_and_dot_have_every_arrow() -> None:
    drawn = _chart(SMALL)
    arrows = len(list(drawn.arrows))
    assert arrows == 7
    assert mermaid(drawn).count("-->|") == arrows
    assert dot(drawn).count(" -> b") == arrows
