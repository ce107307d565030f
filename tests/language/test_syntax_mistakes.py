"""What is said about each syntax mistake stands beside it in tests/mistakes/syntax.

tests/mistakes/regenerate.py writes the texts anew after a change of wording.
"""

from pathlib import Path

import pytest
from tests.mistakes.regenerate import SYNTAX, said_of

from campflow.diagnostics.source import Source
from campflow.language.parser import parse

CASES = sorted(SYNTAX.glob("*.flow"))

TOKEN_NAMES = ("LBRACE", "RBRACE", "LPAR", "_NL", "$END", "DURATION", "DATETIME", "COMPARE", "STRANGE", "Token(")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_mistake_is_told_as_written_beside_it(case: Path) -> None:
    assert said_of(case) == case.with_suffix(".txt").read_text("utf-8")


def test_there_is_a_case_for_every_text_beside_one() -> None:
    assert {case.stem for case in CASES} == {text.stem for text in SYNTAX.glob("*.txt")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_it_is_a_syntax_mistake_told_in_words(case: Path) -> None:
    _, found = parse(Source(case.name, case.read_bytes().decode("utf-8")))
    assert found
    for one in found:
        assert (one.code, one.severity) == ("syntax", "error")
        assert not any(name in one.message + (one.hint or "") for name in TOKEN_NAMES)
