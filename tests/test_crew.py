"""Several processes say what one says."""

import os
import sys
from dataclasses import replace

import pytest
from tests.checking.test_check_again import changed, sound

from campflow import crew
from campflow.compiler import check_sources
from campflow.crew import side_by_side
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source
from campflow.language.parser import parse
from campflow.language.syntax import FlowFile
from campflow.rechecking import check_again

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux")

HERE = os.getpid()
MISTAKEN = changed(("a.flow", "clicked tips", "clicked tps"), ("b.flow", "when score > 10", "wen score"))


@pytest.mark.parametrize("shares", [1, 2, 4, 9])
def test_they_say_what_one_says(shares: int) -> None:
    at = MISTAKEN
    expected = check_sources(at.sources, at.words, today=at.today).diagnostics
    found, known = check_again(at.sources, at.words, {}, today=at.today, work=side_by_side, shares=shares)
    assert found == expected
    assert (found, known) == check_again(at.sources, at.words, {}, today=at.today)
    edited = replace(at, texts={**at.texts, "b.flow": at.texts["b.flow"].replace("wen", "when")})
    kept = {path: each for path, each in known.items() if path != "b.flow"}
    again, _ = check_again(edited.sources, edited.words, kept, today=at.today, work=side_by_side, shares=shares)
    assert again == check_sources(edited.sources, edited.words, today=at.today).diagnostics


def test_one_that_is_killed_is_done_without() -> None:
    def deadly(source: Source) -> tuple[FlowFile, tuple[Diagnostic, ...]]:
        if os.getpid() != HERE:
            os._exit(9)
        return parse(source)

    at = MISTAKEN
    found, _ = check_again(at.sources, at.words, {}, deadly, at.today, side_by_side, 3)
    assert found == check_sources(at.sources, at.words, today=at.today).diagnostics


def test_a_small_project_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3})
    assert crew.hands(sound().sources) == 1
    assert crew.hands([Source(f"{number}.flow", "#" * 50_000) for number in range(6)]) == 3
    assert crew.hands([Source(f"{number}.flow", "#" * 500_000) for number in range(6)]) == 4
