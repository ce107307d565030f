"""What the contact of a story can have done before: only what the campaign itself neither needs nor rules out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from campflow.checking.proofs.examples import values_in
from campflow.checking.proofs.intervals import Intervals
from campflow.checking.proofs.judging import Answer
from campflow.checking.proofs.regions import Region
from campflow.checking.proofs.sketch import Station, conditions
from campflow.checking.proofs.walking import Walk, mentions
from campflow.model import expressions as x

#: What happens to everyone who is in a campaign, whatever they do.
_BY_ITSELF = frozenset({"sent", "entered"})


@dataclass(frozen=True)
class Quiet:
    """Who gets into `station` and does nothing more, as far as the `asked` conditions go.

    Such a contact has never had an event that nobody needs for getting there; or has had some, before entering, if
    they are counted without a window and no condition of the entry asks for them. `emitted` are the events that
    campaigns bring about, `rfm` the one that scores are over.
    """

    walk: Walk
    station: Station
    asked: tuple[x.Expression, ...]
    emitted: frozenset[str]
    rfm: str | None = None

    def __call__(self, figure: x.Expression, region: Region) -> Sequence[Answer]:
        """The answers that are possible."""
        if isinstance(figure, x.EntryField):
            return self._of_entry(figure, region)
        event = figure.pattern.event if isinstance(figure, x.Aggregate) else self.rfm
        if event is None or event in _BY_ITSELF | self.emitted:
            return ()
        found: list[Answer] = []
        if self.walk.avoidable(self.station, event):
            found += _nothing(figure, region)
        if isinstance(figure, x.Aggregate) and self._can_have_done(figure):
            found += [answer for answer in values_in(region, figure) if answer != 0]
        return found

    def _can_have_done(self, figure: x.Aggregate) -> bool:
        """Whether a number of such events before the entry changes nothing else."""
        pattern = figure.pattern
        figures = {part for condition in self.asked for part in _figures(condition)}
        alone = [part for part in figures if part.pattern.event == pattern.event] == [figure]
        free = figure.function == "count" and figure.window is None and pattern.where is None
        return alone and free and not any(mentions(condition, pattern.event) for condition in self._of_entries())

    def _of_entries(self) -> Iterable[x.Expression]:
        sketch = self.walk.sketch
        yield from (condition for entry in sketch.entries for condition in conditions(entry))
        if sketch.audience is not None:
            yield sketch.audience

    def _of_entry(self, field: x.EntryField, region: Region) -> Sequence[Answer]:
        """Any value that is there, unless the entry asks for the field itself."""
        read = (part for condition in self._of_entries() for part in x.walk(condition))
        taken = any(isinstance(part, x.EventField) and part.name == field.name for part in read)
        return () if taken else values_in(region, field)


def _figures(condition: x.Expression) -> Iterable[x.Aggregate]:
    for part in x.walk(condition):
        if isinstance(part, x.Did):
            yield x.Aggregate("count", part.pattern, None, part.window, x.INTEGER)
        elif isinstance(part, x.Aggregate):
            yield part


def _nothing(figure: x.Expression, region: Region) -> list[Answer]:
    """What the figure is over no event at all, if that is an answer."""
    if isinstance(figure, x.Aggregate) and figure.function in ("count", "sum"):
        return [0] if isinstance(region.values, Intervals) and 0 in region.values else []
    return [None] * region.missing
