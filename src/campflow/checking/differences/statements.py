"""What waits for something and acts: ways in and out, leaving, conversions. What is different about one of them."""

from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

from campflow.checking.differences.difference import Difference
from campflow.checking.differences.meaning import meaning
from campflow.checking.differences.reaching import changed_segments, reach
from campflow.checking.differences.version import Version
from campflow.checking.wording import differences as say
from campflow.model import expressions as x
from campflow.model.flow import After, Convert, Enter, Every, Leave, OnEvent, Trigger, WayOut, When

Statement: TypeAlias = Enter | Leave | Convert | WayOut


def asked(statement: Statement) -> x.Expression | None:
    """All that is asked when it acts: of the event, of the contact, and in its `if`."""
    if isinstance(statement, Convert):
        return statement.pattern.where
    trigger = statement.trigger
    first = trigger.pattern.where if isinstance(trigger, OnEvent) else None
    first = trigger.condition if isinstance(trigger, When) else first
    parts = tuple(part for part in (first, statement.guard) if part is not None)
    return x.And(parts) if len(parts) > 1 else parts[0] if parts else None


def condition_changed(
    place: tuple[str, ...],
    what: str,
    texts: tuple[str | None, str | None],
    conditions: tuple[x.Expression, x.Expression],
    versions: tuple[Version, Version],
) -> Iterator[Difference]:
    """A condition that stands by itself; each pair is the old and the new one."""
    found = reach(*conditions, *versions)
    if found:
        notes = say.written_the_same(changed_segments(*conditions)) if texts[0] == texts[1] else ()
        yield Difference(place, what, "changed", *texts, notes, found)


def frame(statement: Statement) -> Hashable:
    """The statement but for its conditions."""
    if isinstance(statement, Convert):
        return meaning(replace(statement, pattern=replace(statement.pattern, where=None)))
    return meaning(replace(statement, trigger=_bare(statement.trigger), guard=None))


def compared(
    place: tuple[str, ...], was: Statement, is_now: Statement, before: Version, after: Version
) -> Iterator[Difference]:
    """The one difference there is between them, or none."""
    notes = tuple(_notes(was, is_now))
    found = None
    if waits_for(was) == waits_for(is_now):
        found = reach(asked(was), asked(is_now), before, after)
        if found and was.text == is_now.text:
            notes += say.written_the_same(changed_segments(asked(was), asked(is_now)))
    if notes or found:
        yield Difference(place, say.kind(is_now), "changed", was.text, is_now.text, notes, found)


def _notes(was: Statement, is_now: Statement) -> Iterator[str]:
    if isinstance(was, Convert) and isinstance(is_now, Convert):
        yield from _of_conversion(was, is_now)
        return
    if isinstance(was, Convert) or isinstance(is_now, Convert):
        return
    if isinstance(was.trigger, After) and isinstance(is_now.trigger, After):
        if was.trigger != is_now.trigger:
            yield say.waits(was.trigger.duration, is_now.trigger.duration)
    elif waits_for(was) != waits_for(is_now):
        yield say.OTHER_TRIGGER
    elif meaning(_bare(was.trigger)) != meaning(_bare(is_now.trigger)):
        yield say.OTHER_MOMENT
    if isinstance(was, WayOut) and isinstance(is_now, WayOut) and was.target != is_now.target:
        yield say.leads(is_now.target, was.target)
    if isinstance(was, Enter) and isinstance(is_now, Enter):
        if was.reentry != is_now.reentry:
            yield say.OTHER_REENTRY
        if was.per != is_now.per:
            yield say.OTHER_KEY


def _of_conversion(was: Convert, is_now: Convert) -> Iterator[str]:
    if was.name != is_now.name:
        yield say.named(is_now.name, was.name)
    if waits_for(was) != waits_for(is_now):
        yield say.OTHER_TRIGGER
    if was.within != is_now.within:
        yield say.window(was.within, is_now.within)
    if meaning(was.worth) != meaning(is_now.worth):
        yield say.OTHER_WORTH
    if was.target != is_now.target:
        yield say.leads(is_now.target, was.target)


def waits_for(statement: Statement) -> Hashable:
    """The kind of trigger, and the event."""
    if isinstance(statement, Convert):
        return statement.pattern.event, statement.pattern.about
    trigger = statement.trigger
    return type(trigger), (trigger.pattern.event, trigger.pattern.about) if isinstance(trigger, OnEvent) else None


def _bare(trigger: Trigger | Every) -> Any:
    match trigger:
        case OnEvent(pattern):
            return OnEvent(replace(pattern, where=None))
        case When():
            return When(x.Constant(True, x.YESNO))
    return trigger
