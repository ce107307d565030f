"""What a campaign's picture shows: boxes with lines of text, and the arrows that leave from those lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from campflow.model.flow import Action, Campaign, Do, Emit, Notify, Send, SetField, Split, Stage, Sync, WayOut

#: Characters on one line of a box.
WIDTH = 38

BoxKind = Literal["entry", "conversion", "stage", "final", "left"]
LineKind = Literal["title", "name", "action", "way out", "arm"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a box; `target` is the box that an arrow from this line leads to."""

    kind: LineKind
    text: str
    target: str | None = None

    @property
    def said(self) -> str:
        """The text with the name of the stage that it leads to."""
        return f"{self.text} → {self.target}" if self.target else self.text


@dataclass(frozen=True, slots=True)
class Box:
    """`people` is how many are there now, None where nobody asked."""

    id: str
    kind: BoxKind
    lines: tuple[Line, ...]
    people: int | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    facts: tuple[str, ...]
    boxes: tuple[Box, ...]

    @property
    def arrows(self) -> Iterator[tuple[Box, Line, str]]:
        """Every arrow: the box and line it leaves from, and the id of the box it leads to."""
        for box in self.boxes:
            for line in box.lines:
                if line.target is not None:
                    yield box, line, line.target


def chart(campaign: Campaign, icons: Mapping[str, str], people: Mapping[str, int] | None = None) -> Chart:
    """The picture of a campaign. `icons` are one character a channel, `people` how many are in each stage."""
    boxes = [_entry(campaign)]
    if campaign.conversions:
        boxes.append(_conversions(campaign))
    boxes += [_stage(stage, icons, None if people is None else people.get(stage.name, 0)) for stage in campaign.stages]
    if campaign.leaves:
        boxes.append(_leaves(campaign))
    return Chart(campaign.title or campaign.name, tuple(_facts(campaign)), tuple(boxes))


def _facts(campaign: Campaign) -> Iterator[str]:
    if campaign.runs is not None:
        end = f" to {campaign.runs.end:%d %b %Y}" if campaign.runs.end else ", no end"
        yield f"runs from {campaign.runs.start:%d %b %Y}{end}"
    if campaign.holdout:
        yield f"{campaign.holdout:g}% held out"
    if campaign.owner:
        yield campaign.owner


def _entry(campaign: Campaign) -> Box:
    first = campaign.stages[0].name
    lines = [_arrow_line(enter.text, first) for enter in campaign.entries]
    return Box("(enter)", "entry", tuple(line for group in lines for line in group))


def _conversions(campaign: Campaign) -> Box:
    lines = [_arrow_line(_before_arrow(convert.text), convert.target) for convert in campaign.conversions]
    return Box("(convert)", "conversion", tuple(line for group in lines for line in group))


def _leaves(campaign: Campaign) -> Box:
    lines = [Line("way out", text) for leave in campaign.leaves for text in wrap(leave.text, WIDTH)]
    return Box("(left)", "left", tuple(lines))


def _stage(stage: Stage, icons: Mapping[str, str], people: int | None) -> Box:
    lines = [Line("title", text) for text in wrap(stage.title or stage.name, WIDTH - 4)]
    if stage.title:
        lines.append(Line("name", stage.name))
    for action in stage.actions:
        lines += [Line("action", text) for text in wrap(_doing(action, icons), WIDTH)]
    for split in stage.splits:
        lines += _split(split, icons)
    for way_out in stage.ways_out:
        lines += _arrow_line(in_words(way_out), way_out.target)
    return Box(stage.name, "final" if stage.final else "stage", tuple(lines), people)


def _split(split: Split, icons: Mapping[str, str]) -> Iterator[Line]:
    yield Line("name", f"split {split.name}")
    for arm in split.arms:
        done = ", ".join(_doing(action, icons) for action in arm.actions) or "nothing"
        yield from (Line("arm", text) for text in wrap(f"{arm.share:g}% {arm.name}: {done}", WIDTH))
        for way_out in arm.ways_out:
            yield from _arrow_line(f"{arm.name}: {in_words(way_out)}", way_out.target)


def _doing(action: Action, icons: Mapping[str, str]) -> str:
    match action:
        case Send():
            return f"{icons.get(action.channel, '•')} {_head(action.text)}"
        case SetField() | Emit() | Notify() | Sync() | Do():
            return _head(action.text)


def _head(text: str) -> str:
    """A statement without its block of options."""
    return text.split("{", 1)[0].strip()


def in_words(way_out: WayOut) -> str:
    """When somebody goes this way, as one would say it: `after 3 days`, `clicked welcome if score > 50`."""
    said = _before_arrow(way_out.text)
    if said == "else":
        return "otherwise"
    return said.removeprefix("on ") if said.startswith("on ") and not said[3:4].isdigit() else said


def _before_arrow(text: str) -> str:
    return text.rsplit("->", 1)[0].strip() if "->" in text else text


def _arrow_line(text: str, target: str | None) -> list[Line]:
    """The text on as many lines as it needs; the arrow leaves from the last."""
    lines = wrap(text, WIDTH) or [""]
    return [*(Line("way out", line) for line in lines[:-1]), Line("way out", lines[-1], target)]
