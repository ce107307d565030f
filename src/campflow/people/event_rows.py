"""The rows of a file of events, read by column where nothing about them is odd."""

from collections.abc import Mapping
from typing import NamedTuple

from campflow.hooks.contracts import Row
from campflow.model.people import Event
from campflow.people.cells import Cells, read_names
from campflow.people.columns import Columns
from campflow.people.event_columns import Told
from campflow.people.event_reading import EVENT_COLUMNS, EventReader
from campflow.people.fields import read_name
from campflow.people.happenings import Happening
from campflow.people.records import Batch, Records
from campflow.people.report import Tally
from campflow.people.wording import BadCell


class Found(NamedTuple):
    """What a row says, and where it stands."""

    line: int
    happening: Happening
    records: Records
    place: int

    def row(self) -> Row:
        return self.records.row(self.place)


class EventRows:
    """Reads batches of a file. Every row is the event `fixed`, or its column says which; `origin` told us."""

    def __init__(self, reader: EventReader, columns: Columns, fixed: str | None, origin: str, tally: Tally) -> None:
        self._reader = reader
        self._columns = columns
        self._fixed = fixed
        self._origin = origin
        self._tally = tally

    def read(self, batch: Batch) -> list[Found]:
        """The events of a batch in the order of the file. What is wrong is told to the tally."""
        found: list[Found] = []
        for records in batch.groups.values():
            odd: set[int] = set()
            at_once = self._at_once(records, odd)
            found += [each for each in at_once if each.place not in odd] if odd else at_once
            found += [one for place in sorted(odd) if (one := self._by_itself(records, place))]
        found.sort(key=_line)
        return found

    def _at_once(self, records: Records, odd: set[int]) -> list[Found]:
        cells, others = self._columns.sort_columns(records)
        found: list[Found] = []
        for event, places in self._by_event(cells, len(records.lines), odd):
            mine, beside = cells, others
            if len(places) < len(records.lines):
                mine, beside = _only(places, cells), _only(places, others)
            here: set[int] = set()
            told = self._told(mine, len(places))
            lines = [records.lines[place] for place in places]
            happenings = self._reader.at_once(event).read(told, here)
            found += map(Found, lines, happenings, [records] * len(places), places)
            odd.update(places[number] for number in here)
            self._tally.ignore(name for name, column in beside.items() if column.count(None) < len(column))
        return found

    def _by_event(self, cells: Mapping[str, Cells], count: int, odd: set[int]) -> list[tuple[Event, list[int]]]:
        """The places of the rows of each event."""
        if self._fixed is not None:
            return [(self._reader.events[self._fixed], list(range(count)))]
        if "event" not in cells:
            odd.update(range(count))
            return []
        names = read_names(cells["event"], "event", odd)
        places: dict[str | None, list[int]] = {}
        for place, name in enumerate(names):
            places.setdefault(name, []).append(place)
        for name in places.keys() - self._reader.events.keys():
            odd.update(places.pop(name))
        return [(self._reader.events[str(name)], mine) for name, mine in places.items()]

    def _told(self, cells: Mapping[str, Cells], count: int) -> Told:
        nothing: Cells = [None] * count
        named = next((name for name in ("key", "contact") if name in cells), None)
        by_email = named is None and self._reader.by_email
        return Told(
            contacts=cells.get(named or "email", nothing) if named or by_email else nothing,
            by_email=by_email,
            ats=cells.get("at", nothing),
            ids=cells.get("id", nothing),
            abouts=cells.get("about", nothing),
            sources=[self._origin] * count,
            messages=[None] * count,
            fields=cells,
            reserved=EVENT_COLUMNS,
        )

    def _by_itself(self, records: Records, place: int) -> Found | None:
        cells, others = self._columns.sort(records.row(place).values)
        try:
            name = self._fixed or read_name(cells, "event")
            if name is None:
                raise BadCell("event", "is missing: say which event it is")
            event = self._reader.event(name)
            self._tally.ignore(others)
            happening = self._reader.read_row(event, cells, self._origin)
        except BadCell as error:
            self._tally.refuse_cell(records.row(place), error)
            return None
        return Found(records.lines[place], happening, records, place)


def _only(places: list[int], columns: Mapping[str, Cells]) -> dict[str, Cells]:
    return {name: [column[place] for place in places] for name, column in columns.items()}


def _line(found: Found) -> int:
    return found.line
