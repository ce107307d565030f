"""No cell of a table that we write is run by the spreadsheet that opens it."""

import csv
import io

import pytest

from campflow.spreadsheet import FORMULA, CsvTable, as_it_was


def written(*cells: object) -> list[str]:
    text = io.StringIO(newline="")
    CsvTable(text).row(cells)
    return next(csv.reader(io.StringIO(text.getvalue(), newline="")))


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+41 79 123", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("https://evil.example")',
        "=cmd|' /C calc'!A0", "\uff1d1+1",
    ],
)  # fmt: skip
def test_a_text_is_no_formula(cell: str) -> None:
    assert written("first", cell, "last") == ["first", f"'{cell}", "last"]


def test_all_else_stays_as_it_is() -> None:
    cells = ["", None, -2, 1.5, "a=b", " =1", "'a", "one\r\ntwo", 'say "no"', "a,b;c\td", "\ud800"]
    assert written(*cells) == ["", "", "-2", "1.5", "a=b", " =1", "'a", "one\r\ntwo", 'say "no"', "a,b;c\td", "?"]


@pytest.mark.parametrize("cell", ["=1", "'=1", "''=1", "+41 79", "'a", "", "'", "a'=1"])
def test_what_is_read_back_is_what_was_written(cell: str) -> None:
    (found,) = written(cell)
    assert not found.startswith(FORMULA)
    assert as_it_was(found) == cell
