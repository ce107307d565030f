"""Every mistake that the checker knows, beside what it says: NAME.flow and NAME.txt in tests/mistakes/checking and
tests/mistakes/proofs; beside a proof, what is nearly the same and right (NAME.ok.flow).

A folder NAME/content beside a case adds to the shop's content. To write the texts anew after a change of wording, and
then read them: `CAMPFLOW_REGENERATE=1 python -m pytest tests/checking/test_mistakes.py`.
"""

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.checking.sample import PEOPLE, SHOP, vocabulary

from campflow.checking.vocabulary import ContentIndex
from campflow.compiler import check_sources
from campflow.content.inspect import inspect_content
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.render import render_text
from campflow.diagnostics.source import Source

MISTAKES = Path(__file__).parents[1] / "mistakes"
ALL = sorted((*(MISTAKES / "checking").glob("*.flow"), *(MISTAKES / "proofs").glob("*.flow")))
RIGHT = [case for case in ALL if case.name.endswith(".ok.flow")]
WRONG = [case for case in ALL if case not in RIGHT]

TODAY = dt.date(2026, 12, 1)


def found_in(case: Path) -> tuple[Sequence[Diagnostic], dict[str, Source]]:
    """What is found in the case, and the texts; what a case does not use of the shop is no finding."""
    flow = Source(case.name, case.read_text(encoding="utf-8"))
    own = case.with_suffix("")
    content = ContentIndex((*inspect_content(SHOP, {}).files, *inspect_content(own, {}).files))
    templates = [Source(str(path.relative_to(own)), path.read_text()) for path in own.rglob("*.*") if path.is_file()]
    sources = {source.path: source for source in (PEOPLE, flow, *templates)}
    found = check_sources([PEOPLE, flow], vocabulary(content), today=TODAY).diagnostics
    shop = {PEOPLE.path, *(file.path for file in content.files)} - {source.path for source in (flow, *templates)}
    return [one for one in found if one.code != "unused" or one.span.path not in shop], sources


def said_of(case: Path) -> str:
    return render_text(*found_in(case))


@pytest.mark.parametrize("case", WRONG, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_a_mistake_is_told_as_written_beside_it(case: Path) -> None:
    beside = case.with_suffix(".txt")
    if os.environ.get("CAMPFLOW_REGENERATE"):
        beside.write_text(said_of(case), encoding="utf-8")
    assert said_of(case) == beside.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_what_is_nearly_the_same_and_right_is_let_be(case: Path) -> None:
    assert found_in(case)[0] == [], said_of(case)
    assert case.with_name(case.name.replace(".ok.", ".")) in WRONG
