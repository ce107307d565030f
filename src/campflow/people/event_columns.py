"""Many events of one name, read column by column to what `EventReader` would make of each of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

from campflow.model.constants import Stored
from campflow.model.people import Event, Field
from campflow.people.cells import Cells, Values, column_reader, mark_missing, read_emails, read_names, read_times
from campflow.people.fields import without_value
from campflow.people.happenings import Happening
from campflow.people.values import Conventions
from campflow.people.wording import BadCell
from campflow.storage.tables import event_column


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of some events: a cell, or None, for each of them.

    `contacts` are keys, or with `by_email` addresses. `fields` are cells by the name of the field, unless that is
    `reserved`, and by `EVENT.FIELD`, which is the stronger one.
    """

    contacts: Cells
    by_email: bool
    ats: Cells
    ids: Cells
    abouts: Cells
    sources: Sequence[str]
    messages: Sequence[int | None]
    fields: Mapping[str, Cells]
    reserved: frozenset[str] = frozenset()

    def of_field(self, event: str, field: str) -> Cells | None:
        full = self.fields.get(f"{event}.{field}")
        short = None if field in self.reserved else self.fields.get(field)
        if full is None or short is None:
            return short if full is None else full
        return [other if cell is None else cell for cell, other in zip(full, short, strict=True)]


class EventColumns:
    """Reads events of one name."""

    def __init__(self, event: Event, conventions: Conventions) -> None:
        self._event = event
        self._zone = conventions.zone
        self._fields = [(field, column_reader(field.type, conventions)) for field in event.fields]
        self._columns = tuple(event_column(event.name, field.name) for field in event.fields)

    def read(self, told: Told, odd: set[int]) -> list[Happening]:
        """All of them. Those at the places that it adds to `odd` are not right, and must be read by themselves."""
        nothing: Sequence[None] = [None] * len(told.contacts)
        contacts = read_emails(told.contacts, odd) if told.by_email else read_names(told.contacts, "contact", odd)
        ats = read_times(told.ats, self._zone, odd)
        mark_missing(contacts, odd)
        mark_missing(ats, odd)
        abouts = read_names(told.abouts, "about", odd) if _says(told.abouts) else nothing
        if self._event.about is None and abouts is not nothing:
            odd.update(place for place, about in enumerate(abouts) if about is not None)
        ids = read_names(told.ids, "id", odd) if _says(told.ids) else nothing
        said = [self._said(told, field, read, odd) or nothing for field, read in self._fields]
        values = [self._completed(field, column, odd) for (field, _), column in zip(self._fields, said, strict=True)]
        return list(
            map(
                Happening,
                contacts,
                repeat(told.by_email),
                repeat(self._event.name),
                abouts,
                ats,
                ids,
                repeat(self._columns),
                zip(*values, strict=True) if values else repeat(()),
                self._given(said, ids),
                told.sources,
                told.messages,
            )
        )

    def _said(
        self, told: Told, field: Field, read: Callable[[Cells, set[int]], Values], odd: set[int]
    ) -> Values | None:
        cells = told.of_field(self._event.name, field.name)
        return None if cells is None else read(cells, odd)

    def _completed(self, field: Field, values: Values, odd: set[int]) -> Values:
        if None not in values:
            return values
        try:
            default = without_value(field, self._zone)
        except BadCell:
            mark_missing(values, odd)
            return values
        return values if default is None else [default if value is None else value for value in values]

    def _given(self, said: Sequence[Values], ids: Sequence[str | None]) -> Iterable[tuple[tuple[str, Stored], ...]]:
        """What was said of those without an id."""
        if not said or None not in ids:
            return repeat(())
        names = [field.name for field, _ in self._fields]
        return (
            tuple((name, value) for name, value in zip(names, values, strict=True) if value is not None)
            if id is None
            else ()
            for id, values in zip(ids, zip(*said, strict=True), strict=True)
        )


def _says(cells: Cells) -> bool:
    return cells.count(None) < len(cells)
