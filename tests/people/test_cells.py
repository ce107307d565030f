"""A column that is read at once says of each cell what its reader says of it alone."""

import datetime as dt
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campflow.model.people import Kind, ValueType
from campflow.people.cells import column_reader, read_emails, read_names, read_times, said
from campflow.people.fields import name_of
from campflow.people.values import Conventions, is_missing, read, read_time
from campflow.people.wording import BadCell, BadValue

HERE = Conventions("EUR", "Europe/Paris")

TYPES = {
    "text": ValueType("text"),
    "integer": ValueType("integer"),
    "number": ValueType("number"),
    "yesno": ValueType("yesno"),
    "date": ValueType("date"),
    "time": ValueType("time"),
    "money": ValueType("money"),
    "choice": ValueType("choice", ("trial", "pro")),
    "list": ValueType("list", (), ValueType("text")),
    "email": ValueType("email"),
    "phone": ValueType("phone"),
    "country": ValueType("country"),
    "language": ValueType("language"),
    "timezone": ValueType("timezone"),
    "url": ValueType("url"),
}

#: Cells as files and plugins have them: of every kind, nearly of it, and of none.
CELLS: list[object] = [
    "", " ", None, "ada", " ada ", "Ada\n", "a" * 501, "a" * 10_001, "zoë", "\ud800", "nul\0", "1", "+1", "1.5",
    "1,5", "1e3", "12.50 EUR", "12.505", "-0", "yes", "No", "trial", "pro ", "FR", "fr", "UK", "pt_br",
    "Europe/Paris", "Europe/Nowhere", "https://acme.example/a b", "https://acme.example", "a|b", '["a"]', "[",
    "0612345678", "+33612345678", "ada@acme.example", "Ada@ACME.example", "INFO@acme.example", "ada@acme.test",
    "ada@acme.local", "ada@ac--me.com", "ada..b@acme.com", ".ada@acme.com", "ada@-acme.com", "ada@acme.com\n",
    "ada@acme.c", "ada+b@acme.co", "ada@" + "a" * 64 + ".com", "a" * 65 + "@acme.com", "2026-01-31", "2026-02-30",
    "2026-01-31T09:00", "2026-03-29T02:30", "2026-01-31 09:00:00Z", "2026-01-31T09:00:00+01:00",
    "2026-01-31T09:00:00.5+0100", "2026-01-31T25:00", "2026-W01-1", "20260131", "2026-01-31T09:00\n2026-01-31",
    "\u0662026-01-31", 0, 1, 1.0, 1.5, True, False, 2**70, float("inf"), ["a"], {},
    dt.datetime(2026, 1, 31, 9, tzinfo=dt.UTC), dt.date(2026, 1, 31),
    dt.datetime(2026, 1, 31, 9),  # noqa: DTZ001 -- a local time of the project's
]  # fmt: skip

TEXTS = [cell for cell in CELLS if type(cell) is str]

a_column = st.one_of(
    st.lists(st.sampled_from(CELLS), max_size=6),
    # Mostly such as are read at once, and perhaps one that is not.
    st.tuples(
        st.lists(st.sampled_from([cell for cell in CELLS if type(cell) is str]), max_size=2), st.integers(0, 3)
    ).map(lambda drawn: [*["2026-01-31T09:00:00Z"] * drawn[1], *drawn[0]]),
    st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.25]), max_size=5),
    st.lists(st.text(max_size=5), max_size=5),
)


def alone(cells: Sequence[object], read_one: Callable[[object], object]) -> tuple[list[object], set[int]]:
    """What each cell says by itself, and which cannot be read."""
    values: list[object] = []
    odd = set()
    for place, cell in enumerate(cells):
        value = None
        try:
            value = None if is_missing(cell) else read_one(cell)
        except (BadValue, BadCell):
            odd.add(place)
        values.append(value)
    return values, odd


def same(found: Sequence[object], odd: set[int], wanted: tuple[list[object], set[int]]) -> None:
    assert odd == wanted[1]
    right = [place for place in range(len(found)) if place not in odd]
    assert [(type(found[place]), found[place]) for place in right] == [
        (type(wanted[0][place]), wanted[0][place]) for place in right
    ]


@pytest.mark.parametrize("kind", TYPES)
@settings(deadline=None)
@given(columns=st.lists(a_column, max_size=2))
def test_a_column_is_read_as_its_cells_are(kind: Kind, columns: list[list[object]]) -> None:
    read_column = column_reader(TYPES[kind], HERE)
    # One reader sees batch after batch, and all cells there are: what it remembers must not matter.
    batches: list[list[object]] = [*columns, list(TEXTS), CELLS]
    for column in batches:
        odd: set[int] = set()
        found = read_column(said(column), odd)
        same(found, odd, alone(column, lambda cell: read(cell, TYPES[kind], HERE)))


@settings(deadline=None)
@given(a_column)
@example(CELLS)
@example(TEXTS)
def test_names_times_and_addresses_are_read_as_one_is(column: list[object]) -> None:
    odd: set[int] = set()
    same(read_names(said(column), "id", odd), odd, alone(column, lambda cell: name_of(cell, "id")))
    odd = set()
    same(read_times(said(column), HERE.zone, odd), odd, alone(column, lambda cell: read_time(cell, HERE.zone)))
    odd = set()
    same(read_emails(said(column), odd), odd, alone(column, lambda cell: read(cell, TYPES["email"], HERE)))


@pytest.mark.parametrize("kind", TYPES)
def test_no_cell_is_taken_for_a_plain_one(kind: Kind) -> None:
    for cell in CELLS:
        for column in ([cell], [cell, None]):
            odd: set[int] = set()
            found = column_reader(TYPES[kind], HERE)(said(column), odd)
            same(found, odd, alone(column, lambda cell: read(cell, TYPES[kind], HERE)))


def test_no_cell_is_taken_for_a_plain_name() -> None:
    for cell in CELLS:
        odd: set[int] = set()
        same(read_names(said([cell]), "id", odd), odd, alone([cell], lambda cell: name_of(cell, "id")))


@pytest.mark.parametrize("plain", ["ada@acme.com", "ada.b-c_d+e@mail.acme.co", "1@a.fr"])
def test_plain_addresses_stay_as_they_are(plain: str) -> None:
    assert read_emails([plain], set()) == [plain]
