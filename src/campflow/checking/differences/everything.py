"""The differences of two projects: contact fields, events, segments, and then campaign by campaign."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from campflow.checking.differences.campaigns import content_of, of_campaign
from campflow.checking.differences.difference import Difference, retitled
from campflow.checking.differences.pairing import Pairs, paired
from campflow.checking.differences.statements import condition_changed
from campflow.checking.differences.version import Version
from campflow.checking.wording import differences as say
from campflow.model.flow import Campaign, Segment
from campflow.model.people import Event, Field

T = TypeVar("T", Event, Segment, Campaign)


def differences(old: Version, new: Version) -> tuple[Difference, ...]:
    """What the new version says that the old one did not, and the other way round; empty where they mean the same.

    Where one of them is about one file, only what that file declares in either version is compared. Where both are,
    the one file stands against the other.
    """
    return (*_of_contact(old, new), *_of_events(old, new), *_of_segments(old, new), *_of_campaigns(old, new))


def _declared(old: Version, new: Version, before: Sequence[T], after: Sequence[T]) -> Pairs[T]:
    """Paired by name, as far as they are to be compared."""
    mine, theirs = _in_file(old.path, before), _in_file(new.path, after)
    if old.path is None or new.path is None:
        names = {each.name for path, items in ((old.path, mine), (new.path, theirs)) if path for each in items}
        everything = old.path == new.path
        mine = [each for each in before if everything or each.name in names]
        theirs = [each for each in after if everything or each.name in names]
    return paired(mine, theirs, lambda each: each.name)


def _in_file(path: str | None, items: Sequence[T]) -> list[T]:
    return [each for each in items if path is None or (each.span and each.span.path == path)]


# --- people and what they do ------------------------------------------------------------------------------------


def _of_contact(old: Version, new: Version) -> Iterator[Difference]:
    before, after = old.flow.contact, new.flow.contact
    spans = ((old.path, before.span), (new.path, after.span))
    if old.path is None is new.path or any(path and span and span.path == path for path, span in spans):
        yield from _of_fields(("contact",), before.fields, after.fields)


def _of_events(old: Version, new: Version) -> Iterator[Difference]:
    before, after = ([each for each in version.flow.events if each.span] for version in (old, new))
    pairs = _declared(old, new, before, after)
    yield from _come_and_gone("event", pairs)
    for was, is_now in pairs.kept:
        yield from _of_fields((f"event {is_now.name}",), was.fields, is_now.fields)


def _of_fields(place: tuple[str, ...], old: Sequence[Field], new: Sequence[Field]) -> Iterator[Difference]:
    pairs = paired(old, new, lambda field: field.name)
    for field in pairs.added:
        yield Difference(place, "field", "added", None, say.field(field))
    for was, is_now in pairs.kept:
        if say.field(was) != say.field(is_now):
            yield Difference(place, "field", "changed", say.field(was), say.field(is_now))
    for field in pairs.removed:
        yield Difference(place, "field", "removed", say.field(field))


# --- segments ---------------------------------------------------------------------------------------------------


def _of_segments(old: Version, new: Version) -> Iterator[Difference]:
    pairs = _declared(old, new, old.flow.segments, new.flow.segments)
    yield from _come_and_gone("segment", pairs)
    for was, is_now in pairs.kept:
        place = (f"segment {is_now.name}",)
        if was.title != is_now.title:
            yield retitled(place, was.title, is_now.title)
        texts = old.condition(was), new.condition(is_now)
        yield from condition_changed(place, "condition", texts, (was.condition, is_now.condition), (old, new))


# --- campaigns --------------------------------------------------------------------------------------------------


def _of_campaigns(old: Version, new: Version) -> Iterator[Difference]:
    pairs = _declared(old, new, old.flow.campaigns, new.flow.campaigns)
    renamed = _renamed(pairs, facing=old.path is not None and new.path is not None)
    gone = {was.name for was, _ in renamed}
    come = {is_now.name for _, is_now in renamed}
    for campaign in pairs.added:
        if campaign.name not in come:
            yield Difference((), "campaign", "added", None, campaign.name)
    for campaign in pairs.removed:
        if campaign.name not in gone:
            yield Difference((), "campaign", "removed", campaign.name)
    for was, is_now in (*pairs.kept, *renamed):
        if was.name != is_now.name:
            notes = say.RENAMED if content_of(was) == content_of(is_now) else ()
            yield Difference((), "campaign", "renamed", was.name, is_now.name, notes)
        yield from of_campaign(was, is_now, old, new)


def _renamed(pairs: Pairs[Campaign], facing: bool) -> tuple[tuple[Campaign, Campaign], ...]:
    """A campaign that went and one of the same content that came; of two files, the one campaign of each."""
    if facing and len(pairs.removed) == len(pairs.added) == 1:
        return ((pairs.removed[0], pairs.added[0]),)
    return paired(pairs.removed, pairs.added, content_of).kept


def _come_and_gone(what: str, pairs: Pairs[T]) -> Iterator[Difference]:
    for each in pairs.added:
        yield Difference((), what, "added", None, each.name)
    for each in pairs.removed:
        yield Difference((), what, "removed", each.name)
