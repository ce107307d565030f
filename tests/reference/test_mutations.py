"""Broken engines are noticed, and what docs/explanation/how-we-know.md lists is still what the source says.

An ordinary run breaks one; CAMPFLOW_TEST_LONG=1 breaks all, which takes a minute each.
"""

import os
import re
from pathlib import Path

import pytest
from tests.reference.mutations import MUTATIONS, SRC, Mutation, hunt

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "how-we-know.md"
LONG = os.environ.get("CAMPFLOW_TEST_LONG") == "1"
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


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("mutation", NAMED if LONG else NAMED[:1])
def test_the_differential_notices(mutation: Mutation) -> None:
    assert hunt(mutation) is not None
