"""The rejects file is opened in a spreadsheet, mended, and imported again."""

import csv
import io
from typing import TYPE_CHECKING

from campflow.errors import RowError
from campflow.hooks.contracts import BadRow, Row, Source
from campflow.people.importing import import_people
from campflow.people.rejects import RejectsFile
from campflow.people.sources import CsvSource

if TYPE_CHECKING:
    from tests.people.conftest import Shop


def rejected(shop: "Shop", data: str, source: Source | None = None) -> list[list[str]]:
    text = io.StringIO(newline="")
    rejects = RejectsFile(text)
    import_people(
        shop.database, shop.contact, source or CsvSource(), data.encode().splitlines(keepends=True), currency="EUR",
        zone="UTC", now=0, on_refused=rejects.refuse,
    )  # fmt: skip
    return list(csv.reader(io.StringIO(text.getvalue(), newline="")))


def test_refused_rows_stand_there_as_they_were(shop: "Shop") -> None:
    table = rejected(shop, 'key,plan,note\n1,gold,"a\nb"\n2,pro,fine\n3,"\n4,silver,c\n')
    assert table == [
        ["key", "plan", "note", "rejected_line", "rejected_column", "rejected_reason", "rejected_raw"],
        ["1", "gold", "a\nb", "2", "plan", "`gold` is not one of trial, pro", ""],
        ["", "", "", "5", "", "a quote is not closed", '3,"'],
        ["4", "silver", "c", "6", "plan", "`silver` is not one of trial, pro", ""],
    ]


def test_no_cell_is_a_formula(shop: "Shop") -> None:
    table = rejected(shop, 'key,plan,note\n=1+1,@x,"\t=2"\n-2,+3,\'quoted\n')
    assert [row[:3] for row in table[1:]] == [["'=1+1", "'@x", "'\t=2"], ["'-2", "'+3", "'quoted"]]
    assert [row[5] for row in table[1:]] == ["`@x` is not one of trial, pro", "`+3` is not one of trial, pro"]


def test_a_mended_rejects_file_goes_in(shop: "Shop") -> None:
    first = rejected(shop, "key,plan\n1,gold\n2,silver\n")
    text = io.StringIO(newline="")
    csv.writer(text).writerows([first[0], ["1", "pro", *first[1][2:]], first[2]])
    again = rejected(shop, text.getvalue())
    assert again[0] == first[0]
    assert again[1][:2] == ["2", "silver"]
    assert shop.rows("SELECT contact_key, plan FROM contact") == [("1", "pro")]


def test_what_looks_like_a_formula_comes_back_from_a_mended_file_as_it_was(shop: "Shop") -> None:
    """A number begins with a plus, and a key may begin with an equals sign."""
    first = rejected(shop, "key,plan,phone\n=1+1,gold,+33612345678\n'=x,gold,\n")
    assert first[1][:3] == ["'=1+1", "gold", "'+33612345678"]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([first[0], *([row[0], "pro", *row[2:]] for row in first[1:])])
    assert rejected(shop, text.getvalue()) == []
    assert sorted(shop.rows("SELECT contact_key FROM contact")) == [("'=x",), ("=1+1",)]


def test_json_objects_with_other_keys_are_kept_whole() -> None:
    text = io.StringIO(newline="")
    rejects = RejectsFile(text)
    rejects.refuse(RowError(1, "plan", "no"), Row(1, {"key": 1, "tags": ["a"], "gone": None}))
    rejects.refuse(RowError(2, "plan", "no"), Row(2, {"plan": "=x"}))
    rejects.refuse(RowError(3, "", "no"), BadRow(3, "", "no", "{=\ud800"))
    assert list(csv.reader(io.StringIO(text.getvalue(), newline=""))) == [
        ["key", "tags", "gone", "rejected_line", "rejected_column", "rejected_reason", "rejected_raw"],
        ["1", '["a"]', "", "1", "plan", "no", ""],
        ["", "", "", "2", "plan", "no", '{"plan": "=x"}'],
        ["", "", "", "3", "", "no", "{=?"],
    ]
