"""The grammar itself, and the parser as a whole: no conflicts, the blocks of the documents, threads, speed."""

import logging
import os
import re
import threading
import time
from pathlib import Path

import pytest
from lark import Lark, logger
from tests.language.test_any_text import SOUND

from campflow.diagnostics.source import Source
from campflow.language import parser
from campflow.language.parser import parse

ROOT = Path(__file__).parents[2]
GRAMMAR = Path(parser.__file__).with_name("flow.lark")
DESIGN = ROOT.parent / "shared" / "design" / "language.md"


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger=logger.name)
    logger.propagate = True
    Lark(GRAMMAR.read_text("utf-8"), parser="lalr", lexer="contextual", debug=True)
    assert [record.message for record in caplog.records if "onflict" in record.message] == []


def blocks(page: Path) -> list[str]:
    """The ```flow blocks of a page; one that begins with a clause stands for a part of a campaign."""
    found = re.findall(r"^```flow\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [f"campaign some {{\n{block}}}\n" if block.lstrip().startswith("moved") else block for block in found]


def test_every_block_of_the_design_parses() -> None:
    if not DESIGN.exists():
        if os.environ.get("CI"):
            pytest.fail("the page of the design is missing, and on CI nothing may be left out")
        pytest.skip("the page of the language's design does not lie beside the checkout")
    found = blocks(DESIGN)
    assert len(found) >= 5
    assert [parse(Source("some.flow", block))[1] for block in found] == [()] * len(found)


def test_parsing_twice_gives_the_same() -> None:
    source = Source("some.flow", SOUND.replace("send", "sned"))
    assert parse(source) == parse(source)


def test_threads_do_not_disturb_each_other() -> None:
    texts = [SOUND.replace("trial", f"trial_{number}").replace("3 days", f"{number + 1} days") for number in range(8)]
    alone = [parse(Source(f"{number}.flow", text)) for number, text in enumerate(texts)]
    together: dict[int, object] = {}

    def work(number: int) -> None:
        together[number] = [parse(Source(f"{number}.flow", texts[number])) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == {number: [one] * 5 for number, one in enumerate(alone)}


def test_a_long_file_takes_little_longer_than_its_lines() -> None:
    short, long = SOUND * 10, SOUND * 100
    parse(Source("warm.flow", SOUND))
    started = time.perf_counter()
    parse(Source("short.flow", short))
    between = time.perf_counter()
    parse(Source("long.flow", long))
    assert time.perf_counter() - between < 40 * (between - started)
