"""Broken engines are noticed, and what docs/explanation/how-we-know.md lists is still what the source says.

An ordinary run breaks one; a long one (`tests/shares.py`) breaks all, which takes a minute each.
"""

import re
from pathlib import Path

import pytest
from tests.reference.mutations import MUTATIONS, SRC, Mutation, hunt
from tests.shares import some

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "how-we-know.md"
NAMED = [pytest.param(each, id=each.clause) for each in MUTATIONS]


@pytest.mark.parametrize("mutation", NAMED)
def test_what_is_broken_still_stands_in_the_source(mutation: Mutation) -> None:
    text = (SRC / "campflow" / mutation.path).read_text("utf-8")
    broken = mutation.applied(text)
    assert broken != text
    compile(broken, mutation.path, "exec")


def test_the_page_lists_each_of_them() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (.+?) \| `([^`]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == [(each.clause, each.says, each.path) for each in MUTATIONS]


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("mutation", some(NAMED[:1], NAMED))
def test_the_differential_notices(mutation: Mutation) -> None:
    assert hunt(mutation) is not None
