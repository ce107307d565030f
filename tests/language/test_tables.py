"""The parse tables that are kept beside the grammar."""

from pathlib import Path

import campflow.language
from campflow.diagnostics.source import Source
from campflow.language.parser import Everywhere, parse
from campflow.language.tables import grammar_text, read_tables, written_tables

KEPT = (Path(campflow.language.__path__[0]) / "flow.tables.json").read_bytes()


def test_the_tables_are_those_of_the_grammar() -> None:
    begin = written_tables(Everywhere())[:100]  # the rest is numbered anew every time
    assert KEPT.decode("utf-8").startswith(begin[: begin.index("tables")]), "run tests/language/regenerate_tables.py"


def test_tables_of_another_grammar_are_not_used() -> None:
    assert read_tables(KEPT, grammar_text()) is not None
    assert read_tables(KEPT, grammar_text() + "\n// changed") is None
    assert read_tables(b"", grammar_text()) is None
    assert parse(Source("a.flow", "event signup\n"))[1] == ()
