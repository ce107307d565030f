"""The differences of a campaign's stages: which there are, what they do, and how people get out of them."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace

from campflow.checking.differences.difference import Difference, came_or_went, retitled
from campflow.checking.differences.meaning import meaning, rebuilt
from campflow.checking.differences.pairing import Pairs, paired
from campflow.checking.differences.statements import compared, frame, waits_for
from campflow.checking.differences.version import Version
from campflow.checking.wording import differences as say
from campflow.model import flow
from campflow.model.flow import Action, Arm, Campaign, Split, Stage, WayOut

Place = tuple[str, ...]


def retargeted(campaign: Campaign, renamed: Mapping[str, str]) -> Campaign:
    """The campaign with its stages, and the arrows to them, under their new names."""

    def change(part: object) -> object:
        match part:
            case Stage(name) if name in renamed:
                return replace(part, name=renamed[name])
            case WayOut(target=str() as target) | flow.Convert(target=str() as target) if target in renamed:
                return replace(part, target=renamed[target])
        return part

    return rebuilt(campaign, change)


def renamed_stages(was: Campaign, is_now: Campaign) -> tuple[tuple[Stage, Stage], ...]:
    """A stage that went and one that came: where a `moved` line says so, or their content is the same and no other's.

    Arrows among them count as the same, wherever they lead.
    """
    there, before = {stage.name for stage in is_now.stages}, {stage.name for stage in was.stages}
    gone = [stage for stage in was.stages if stage.name not in there]
    come = [stage for stage in is_now.stages if stage.name not in before]
    said = {move.new: move.old for move in is_now.moves}
    moved = paired(gone, come, lambda stage: said.get(stage.name, stage.name))
    masked = dict.fromkeys((stage.name for stage in (*gone, *come)), "")
    contents = [Counter(_content(stage, masked) for stage in side) for side in (moved.removed, moved.added)]

    def only_one(stage: Stage) -> Hashable:
        content = _content(stage, masked)
        return content if all(counter[content] == 1 for counter in contents) else stage.name

    return (*moved.kept, *paired(moved.removed, moved.added, only_one).kept)


def _content(stage: Stage, masked: Mapping[str, str]) -> Hashable:
    def change(part: object) -> object:
        return replace(part, target="") if isinstance(part, WayOut) and part.target in masked else part

    return meaning(rebuilt(replace(stage, name="", title=None), change))


def of_stages(
    place: Place, was: Campaign, is_now: Campaign, renamed: Sequence[tuple[Stage, Stage]], old: Version, new: Version
) -> Iterator[Difference]:
    """`was` has its stages under their new names already."""
    pairs = paired(was.stages, is_now.stages, lambda stage: stage.name)
    for stage in pairs.added:
        yield Difference(place, "stage", "added", None, stage.name)
    for stage in pairs.removed:
        yield Difference(place, "stage", "removed", stage.name)
    said = {move.new: move.old for move in is_now.moves}
    for before, after in renamed:
        sure = said.get(after.name) == before.name
        yield Difference(place, "stage", "renamed", before.name, after.name, () if sure else say.RENAMED)
    if was.stages[0].name != is_now.stages[0].name:
        yield Difference(place, "first stage", "changed", was.stages[0].name, is_now.stages[0].name)
    for before, after in pairs.kept:
        yield from _of_stage((*place, f"stage {after.name}"), before, after, old, new)


def _of_stage(place: Place, was: Stage, is_now: Stage, old: Version, new: Version) -> Iterator[Difference]:
    if was.title != is_now.title:
        yield retitled(place, was.title, is_now.title)
    if was.final != is_now.final:
        yield Difference(place, "stage", "changed", notes=(say.FINAL if is_now.final else say.NOT_FINAL,))
    yield from _of_actions(place, was.actions, is_now.actions)
    yield from _of_splits(place, was.splits, is_now.splits, old, new)
    yield from _of_ways_out(place, was.ways_out, is_now.ways_out, old, new)


# --- what is done -----------------------------------------------------------------------------------------------


def _of_actions(place: Place, old: Sequence[Action], new: Sequence[Action]) -> Iterator[Difference]:
    pairs = paired(old, new, meaning, _subject)
    for action in pairs.added:
        yield Difference(place, "action", "added", None, action.text)
    for was, is_now in pairs.kept:
        if meaning(was) != meaning(is_now):
            yield Difference(place, "action", "changed", was.text, is_now.text)
    for action in pairs.removed:
        yield Difference(place, "action", "removed", action.text)
    yield from _reordered(place, "actions", pairs)


def _subject(action: Action) -> Hashable:
    """What it is about: two of one subject are the same action, changed."""
    match action:
        case flow.Send(channel, message):
            return flow.Send, channel, message
        case flow.SetField(subject) | flow.Emit(subject) | flow.Notify(subject) | flow.Sync(subject) | flow.Do(subject):
            return type(action), subject


def _reordered(place: Place, what: str, pairs: Pairs[Action] | Pairs[WayOut]) -> Iterator[Difference]:
    notes = tuple(say.before(first.text, second.text) for first, second in pairs.swapped)
    if notes:
        yield Difference(place, what, "reordered", notes=notes)


# --- ways out ---------------------------------------------------------------------------------------------------


def _of_ways_out(
    place: Place, old: Sequence[WayOut], new: Sequence[WayOut], before: Version, after: Version
) -> Iterator[Difference]:
    """Of those that differ, one that waits for the same and leads to the same place is the same, changed."""
    pairs = paired(
        old,
        new,
        meaning,
        frame,
        lambda way: (waits_for(way), way.target),
        lambda way: (waits_for(way), meaning(way.guard)),
        waits_for,
    )
    for way in pairs.added:
        yield Difference(place, "way out", "added", None, way.text)
    for was, is_now in pairs.kept:
        yield from compared(place, was, is_now, before, after)
    for way in pairs.removed:
        yield Difference(place, "way out", "removed", way.text)
    yield from _reordered(place, "ways out", pairs)


# --- splits -----------------------------------------------------------------------------------------------------


def _of_splits(
    place: Place, old: Sequence[Split], new: Sequence[Split], before: Version, after: Version
) -> Iterator[Difference]:
    pairs = paired(old, new, lambda split: split.name)
    for split in pairs.added:
        yield Difference(place, "split", "added", None, split.name)
    for was, is_now in pairs.kept:
        yield from _of_split((*place, f"split {is_now.name}"), was, is_now, before, after)
    for split in pairs.removed:
        yield Difference(place, "split", "removed", split.name)


def _of_split(place: Place, was: Split, is_now: Split, before: Version, after: Version) -> Iterator[Difference]:
    pairs = paired(was.arms, is_now.arms, lambda arm: arm.name)
    for arm in pairs.added:
        yield Difference(place, "arm", "added", None, say.arm(arm))
    for arm in pairs.removed:
        yield Difference(place, "arm", "removed", say.arm(arm))
    for old, new in pairs.kept:
        yield from _of_arm(place, old, new, before, after)
    if pairs.swapped:
        notes = tuple(say.before(first.name, second.name) for first, second in pairs.swapped)
        yield Difference(place, "arms", "reordered", notes=notes)
    old_node, new_node = before.split(was), after.split(is_now)
    for what in ("measure", "decide"):
        if meaning(getattr(was, what)) != meaning(getattr(is_now, what)):
            nodes = ((before, getattr(old_node, what)), (after, getattr(new_node, what)))
            texts = [version.written(node.span) if node else None for version, node in nodes]
            yield Difference(place, what, came_or_went(*texts), texts[0], texts[1])


def _of_arm(place: Place, was: Arm, is_now: Arm, before: Version, after: Version) -> Iterator[Difference]:
    if was.share != is_now.share:
        yield Difference(place, "arm", "changed", say.arm(was), say.arm(is_now))
    inside = (*place, f"arm {is_now.name}")
    yield from _of_actions(inside, was.actions, is_now.actions)
    yield from _of_ways_out(inside, was.ways_out, is_now.ways_out, before, after)
