"""Every mistake that the checker knows, beside what it says: tests/mistakes/checking/NAME.flow and NAME.txt.

A folder NAME/content beside a case adds to the shop's content. To write the texts anew after a change of wording, and
then read them: `CAMPFLOW_REGENERATE=1 python -m pytest tests/checking/test_mistakes.py`.
"""

import os
from pathlib import Path

import pytest
from tests.checking.sample import PEOPLE, SHOP, vocabulary

from campflow.checking.vocabulary import ContentIndex
from campflow.compiler import check_sources
from campflow.content.inspect import inspect_content
from campflow.diagnostics.render import render_text
from campflow.diagnostics.source import Source

CASES = sorted((Path(__file__).parents[1] / "mistakes" / "checking").glob("*.flow"))


def said_of(case: Path) -> str:
    flow = Source(case.name, case.read_text(encoding="utf-8"))
    own = case.with_suffix("")
    content = ContentIndex((*inspect_content(SHOP, {}).files, *inspect_content(own, {}).files))
    templates = [Source(str(path.relative_to(own)), path.read_text()) for path in own.rglob("*.*") if path.is_file()]
    found = check_sources([PEOPLE, flow], vocabulary(content)).diagnostics
    return render_text(found, {source.path: source for source in (PEOPLE, flow, *templates)})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_mistake_is_told_as_written_beside_it(case: Path) -> None:
    beside = case.with_suffix(".txt")
    if os.environ.get("CAMPFLOW_REGENERATE"):
        beside.write_text(said_of(case), encoding="utf-8")
    assert said_of(case) == beside.read_text(encoding="utf-8")
