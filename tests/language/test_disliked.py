"""The open list of messages that we dislike says what is really said."""

import re
from pathlib import Path

import pytest

from campflow.diagnostics.render import render_text
from campflow.diagnostics.source import Source
from campflow.language.parser import parse

PAGE = (Path(__file__).parents[1] / "mistakes" / "disliked.md").read_text("utf-8")
ENTRY = re.compile(
    r"^## ([^\n]+)\n\n```flow\n(.*?)```\n\n```text\n(.*?)\n```\n\n(\S[^\n]*)\n", re.MULTILINE | re.DOTALL
)
ENTRIES = ENTRY.findall(PAGE)


def test_every_entry_is_looked_at() -> None:
    assert len(ENTRIES) == PAGE.count("\n## ") > 0


@pytest.mark.parametrize(("text", "said"), [entry[1:3] for entry in ENTRIES], ids=[entry[0] for entry in ENTRIES])
def test_it_is_still_said(text: str, said: str) -> None:
    source = Source("some.flow", text)
    _, found = parse(source)
    now = render_text(found, {source.path: source}).rstrip("\n") or "nothing"
    assert now == said, (
        "polished? Then take it off the list, and put the text and its message into tests/mistakes/syntax"
    )
