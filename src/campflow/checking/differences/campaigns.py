"""The differences of one campaign: its clauses, how people enter, leave and convert, and its stages."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from campflow.checking.differences.difference import Difference, came_or_went, retitled
from campflow.checking.differences.meaning import meaning
from campflow.checking.differences.pairing import paired
from campflow.checking.differences.stages import of_stages, renamed_stages, retargeted
from campflow.checking.differences.statements import compared, condition_changed, frame, waits_for
from campflow.checking.differences.version import Version
from campflow.checking.wording import differences as say
from campflow.language import syntax
from campflow.model.flow import Campaign, Convert, Enter, Goal, Leave, Limit, Moved

#: Clauses that stand there once: as the model calls them, as they are written, and their construct.
_SINGLE: tuple[tuple[str, str, type[syntax.Clause]], ...] = (
    ("runs", "runs", syntax.Runs),
    ("owner", "owner", syntax.Owner),
    ("zone", "timezone", syntax.Timezone),
    ("purpose", "purpose", syntax.Purpose),
    ("budget", "budget", syntax.Budget),
    ("holdout", "holdout", syntax.Holdout),
    ("priority", "priority", syntax.Priority),
    ("quiet", "quiet", syntax.Quiet),
    ("attribution", "attribute", syntax.Attribute),
    ("edits", "edits", syntax.Edits),
)

_Statement: TypeAlias = Enter | Leave | Convert
_Listed: TypeAlias = Goal | Limit | Moved


def content_of(campaign: Campaign) -> Hashable:
    """Equal for campaigns that are the same but for their names."""
    return meaning(replace(campaign, name="", title=None))


def of_campaign(was: Campaign, is_now: Campaign, old: Version, new: Version) -> Iterator[Difference]:
    place = (f"campaign {is_now.name}",)
    if was.title != is_now.title:
        yield retitled(place, was.title, is_now.title)
    yield from _of_single_clauses(place, was, is_now, old, new)
    renamed = renamed_stages(was, is_now)
    before = retargeted(was, {was_stage.name: stage.name for was_stage, stage in renamed})
    for what in ("entries", "leaves", "conversions"):
        yield from _of_statements(place, getattr(before, what), getattr(is_now, what), old, new)
    yield from _of_listed(place, "goal", was.goals, is_now.goals, old, new)
    yield from _of_listed(place, "limit", was.limits, is_now.limits, old, new)
    yield from _of_listed(place, "moved", was.moves, is_now.moves, old, new)
    yield from of_stages(place, before, is_now, renamed, old, new)


def _of_single_clauses(
    place: tuple[str, ...], was: Campaign, is_now: Campaign, old: Version, new: Version
) -> Iterator[Difference]:
    for name, what, kind in _SINGLE:
        if getattr(was, name) != getattr(is_now, name):
            yield _clause(place, what, old.clause(was, kind), new.clause(is_now, kind))
    texts = old.clause(was, syntax.Audience), new.clause(is_now, syntax.Audience)
    yield from condition_changed(place, "audience", texts, (was.audience, is_now.audience), (old, new))


def _clause(place: tuple[str, ...], what: str, old: str | None, new: str | None) -> Difference:
    return Difference(place, what, came_or_went(old, new), old, new)


def _of_statements(
    place: tuple[str, ...], old: Sequence[_Statement], new: Sequence[_Statement], before: Version, after: Version
) -> Iterator[Difference]:
    """Ways in, ways to leave, conversions. Those of one kind and event are the same one, changed."""
    pairs = paired(old, new, meaning, frame, _about, _kind)
    for each in pairs.added:
        yield Difference(place, say.kind(each), "added", None, each.text)
    for was, is_now in pairs.kept:
        yield from compared(place, was, is_now, before, after)
    for each in pairs.removed:
        yield Difference(place, say.kind(each), "removed", each.text)


def _about(statement: _Statement) -> Hashable:
    """What it waits for."""
    return statement.name if isinstance(statement, Convert) else waits_for(statement)


def _kind(statement: _Statement) -> Hashable:
    return waits_for(statement) if isinstance(statement, Convert) else type(statement.trigger).__name__


def _of_listed(
    place: tuple[str, ...], what: str, old: Sequence[_Listed], new: Sequence[_Listed], before: Version, after: Version
) -> Iterator[Difference]:
    """Goals of one metric are the same one, changed; so are limits in their order. A `moved` line comes or goes."""
    pairs = paired(old, new, meaning, _subject)
    for each in pairs.added:
        yield _clause(place, what, None, after.written(each.span))
    for was, is_now in pairs.kept:
        if meaning(was) != meaning(is_now):
            yield _clause(place, what, before.written(was.span), after.written(is_now.span))
    for each in pairs.removed:
        yield _clause(place, what, before.written(each.span), None)


def _subject(clause: _Listed) -> Hashable:
    return clause.metric if isinstance(clause, Goal) else meaning(clause) if isinstance(clause, Moved) else None
