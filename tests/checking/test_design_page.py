"""The page of the language's design compiles, as it says it does. It lies beside the checkout, not in it."""

import os
import re
from pathlib import Path

import pytest
from tests.checking.sample import vocabulary

from campflow.checking.vocabulary import ContentFile, ContentIndex
from campflow.compiler import Checked, check_sources
from campflow.diagnostics.source import Source

PAGE = Path(__file__).parents[3] / "shared" / "design" / "language.md"

#: Named on the page and declared nowhere on it.
ELSEWHERE = "event project_created\n"
MESSAGES = (("email", "welcome"), ("email", "tips"), ("email", "nudge"), ("letter", "offer"))
STREET = "contact {\n  address text?"


@pytest.fixture
def blocks() -> list[str]:
    if not PAGE.exists():
        if os.environ.get("CI"):
            pytest.fail("the page of the design is missing, and on CI nothing may be left out")
        pytest.skip("the page of the language's design does not lie beside the checkout")
    return re.findall(r"^```flow\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def checked(*texts: str) -> Checked:
    content = ContentIndex(tuple(ContentFile(f"content/{name}.{by}.md", name, by) for by, name in MESSAGES))
    return check_sources([Source(f"{number}.flow", text) for number, text in enumerate(texts)], vocabulary(content))


def test_the_blocks_are_a_project_without_a_mistake(blocks: list[str]) -> None:
    people, segments, campaign, _, tests = blocks
    # The letter's channel of the sample shop wants an address, which the page's contact has no need to name.
    found = checked(people.replace("contact {", STREET, 1), segments, campaign, tests, ELSEWHERE)
    assert [each for each in found.diagnostics if each.severity == "error"] == []
    assert found.flow is not None
    assert [each.name for each in found.flow.flow.campaigns] == ["trial_onboarding"]
    assert [each.title for each in found.flow.flow.tests] == ["a click ends the nudging"]


def test_the_lines_of_a_live_change_move_the_people_of_stages_that_are_gone(blocks: list[str]) -> None:
    people, segments, campaign, moved, _ = blocks
    changed = campaign.replace("stage nudge", "stage reminder").replace("-> nudge", "-> reminder")
    changed = re.sub(r"  stage paper \{.*?\n  \}\n", "", changed, flags=re.DOTALL).replace("-> paper", "-> lost")
    changed = changed.replace("  stage welcome", f"{moved}\n  stage welcome", 1)
    found = checked(people.replace("contact {", STREET, 1), segments, changed, ELSEWHERE)
    assert [each for each in found.diagnostics if each.severity == "error"] == []
    changed = changed.replace("-> reminder\n  moved", "-> nowhere\n  moved")
    gone = checked(people.replace("contact {", STREET, 1), segments, changed, ELSEWHERE)
    assert [each.code for each in gone.diagnostics if each.severity == "error"] == ["moved-loop"]


def test_what_the_page_calls_an_error_is_one(blocks: list[str]) -> None:
    people, segments, campaign, *_ = blocks
    wrong = [
        ("final customer\n", "final customer {\n  after 3 days -> lost\n}\n", "final-with-exit"),
        ("45% direct", "40% direct", "bad-percentages"),
        ("-> engaged\n    on opened", "-> engagd\n    on opened", "unknown-name"),
        ('plan == "trial"', 'plan == "trail"', "unknown-choice"),
        ("5_000 EUR", "5_000 USD", "currency-mismatch"),
        ("    after 10 days     -> lost\n", "", "dead-end"),
        ("  enter      on signup, once\n", "", "missing-clause"),
    ]
    for old, new, code in wrong:
        assert old in campaign, old
        found = checked(people.replace("contact {", STREET, 1), segments, campaign.replace(old, new, 1), ELSEWHERE)
        assert code in {each.code for each in found.diagnostics}, (old, found.diagnostics)
        assert found.flow is None
    circle = "segment vip = in segment asleep\nsegment asleep = in segment vip\n"
    assert "segment-cycle" in {each.code for each in checked(people, circle).diagnostics}
