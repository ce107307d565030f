"""CSV and JSON lines as the world writes them: a bad record is told with its line, and the rest goes on."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campflow.errors import CampflowError
from campflow.hooks.contracts import BadRow, Row
from campflow.people.sources import LONGEST_LINE, CsvSource, JsonLinesSource, bounded_lines


def csv_rows(data: bytes) -> list[Row | BadRow]:
    return list(CsvSource().rows(bounded_lines(io.BytesIO(data))))


def json_rows(data: bytes) -> list[Row | BadRow]:
    return list(JsonLinesSource().rows(bounded_lines(io.BytesIO(data))))


def brief(rows: list[Row | BadRow]) -> list[tuple[int, object]]:
    """Line and values, or line and reason."""
    return [(row.line, row.reason if isinstance(row, BadRow) else list(row.values.values())) for row in rows]


@pytest.mark.parametrize("separator", [b",", b";", b"\t"])
def test_the_header_tells_the_separator(separator: bytes) -> None:
    data = b'\xef\xbb\xbfkey|"a,;\tb"|email\r\n1|2|3\r\n'.replace(b"|", separator)
    assert csv_rows(data) == [Row(2, {"key": "1", "a,;\tb": "2", "email": "3"})]


def test_lines_are_counted_as_an_editor_does() -> None:
    data = b'key,note\n1,"one\ntwo\r\nthree"\n\n2,"say ""hi"""\n3\n4,ok'
    assert brief(csv_rows(data)) == [
        (2, ["1", "one\ntwo\r\nthree"]),
        (6, ["2", 'say "hi"']),
        (7, "has 1 cells, the header has 2"),
        (8, ["4", "ok"]),
    ]


def test_an_unclosed_quote_costs_one_line_and_not_the_file() -> None:
    data = b'key,note\n1,"oops\n2,b\n3,c\n'
    assert brief(csv_rows(data)) == [(2, "a quote is not closed"), (3, ["2", "b"]), (4, ["3", "c"])]


def test_an_unclosed_quote_in_a_large_file_costs_one_line_too() -> None:
    lines = b"".join(b"%d,b\n" % n for n in range(50_000))
    rows = csv_rows(b'key,note\n1,"oops\n' + lines)
    assert len(rows) == 50_001
    assert brief(rows[:2]) == [(2, "a quote is not closed within 1,000 lines"), (3, ["0", "b"])]


def test_bytes_that_are_no_utf8_spoil_their_row_alone() -> None:
    rows = csv_rows(b'key,note\n1,caf\xe9\n2,"caf\xc3\xa9\nau lait"\n3,"\xff\nb"\n4,d\n')
    assert brief(rows) == [
        (2, "is not UTF-8 text: save the file as UTF-8"),
        (3, ["2", "café\nau lait"]),
        (5, "is not UTF-8 text: save the file as UTF-8"),
        (7, ["4", "d"]),
    ]
    assert isinstance(rows[0], BadRow)
    assert (rows[0].column, rows[0].raw) == ("note", "1,caf�")


def test_empty_cells_that_a_spreadsheet_adds_are_no_mistake() -> None:
    assert brief(csv_rows(b"key,note\n1,a,,,\n2,b,c\n")) == [(2, ["1", "a"]), (3, "has 3 cells, the header has 2")]


def test_a_line_without_end_is_bounded() -> None:
    rows = csv_rows(b"key,note\n1," + b"x" * (3 * LONGEST_LINE) + b"\n2,b\n")
    assert brief(rows) == [(2, f"the line is longer than {LONGEST_LINE:,} bytes"), (3, ["2", "b"])]
    assert isinstance(rows[0], BadRow)
    assert len(rows[0].raw) <= 10_000


def test_a_cell_that_is_too_long_is_refused() -> None:
    rows = csv_rows(b"key,note\n1," + b"x" * 200_000 + b"\n2,b\n")
    assert [row.line for row in rows] == [2, 3]
    assert isinstance(rows[0], BadRow)
    assert "a cell is longer than" in rows[0].reason


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"key,key\n1,2\n", "two columns are named `key`"),
        (b"a\rb\r1\r2\r", "end lines with a line feed"),
        (b"\xff\xfek\0e\0y\0\n\0", "the header line is not UTF-8 text"),
        (b'"key\n1\n', "the header line cannot be read: a quote is not closed"),
    ],
)
def test_a_header_that_cannot_be_read_stops_the_import(data: bytes, said: str) -> None:
    with pytest.raises(CampflowError, match=said):
        csv_rows(data)


def test_an_empty_file_and_a_header_alone_have_no_rows() -> None:
    assert csv_rows(b"") == csv_rows(b"key,email\n") == json_rows(b"\n\n") == []


def test_columns_without_a_name_are_numbered() -> None:
    assert csv_rows(b"key,,\n1,2,3\n") == [Row(2, {"key": "1", "column 2": "2", "column 3": "3"})]


@given(st.binary(max_size=300))
def test_no_bytes_break_it_and_every_line_is_told(data: bytes) -> None:
    for rows in (csv_rows, json_rows):
        try:
            found = rows(b"key,note\n" + data)
        except CampflowError:
            continue
        lines = [row.line for row in found]
        assert lines == sorted(set(lines))
        assert all(0 < line <= data.count(b"\n") + 2 for line in lines)


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=2, max_size=2)))
def test_what_a_csv_writer_writes_is_read_back(cells: list[list[str]]) -> None:
    import csv

    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["key", "note"], *cells])
    found = csv_rows(text.getvalue().encode())
    assert [list(row.values.values()) for row in found if isinstance(row, Row)] == cells


def test_json_lines() -> None:
    data = (
        b'\xef\xbb\xbf{"key": 1, "tags": ["a"]}\r\n\n{"key": 2,}\n[1]\n{"n": NaN}\n{"a": "caf\xe9"}\n'
        + b"[" * 100_000 + b"\n" + b'{"n": ' + b"9" * 5_000 + b"}\n" + b'{"key": "last"}'
    )  # fmt: skip
    rows = json_rows(data)
    assert rows[0] == Row(1, {"key": 1, "tags": ["a"]})
    assert rows[-1] == Row(9, {"key": "last"})
    bad = [(row.line, row.column, row.reason.split(":")[0]) for row in rows if isinstance(row, BadRow)]
    assert bad == [
        (3, "character 11", "is not JSON"),
        (4, "", "is not a JSON object"),
        (5, "", "NaN is not a number that can be counted with"),
        (6, "character 11", "is not UTF-8 text"),
        (7, "", "is JSON nested too deeply"),
        (8, "", "Exceeds the limit (4300 digits) for integer string conversion"),
    ]
