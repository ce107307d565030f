"""What must be true of any text: what the fuzzers look at, whichever made it up."""

from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.checking.sample import PEOPLE, vocabulary

from campflow.checking.vocabulary import Vocabulary
from campflow.cli.dump import dump
from campflow.compiler import check_sources
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.render import render_text
from campflow.diagnostics.source import Source
from campflow.language.formatter import format_text
from campflow.language.parser import parse

TESTS = Path(__file__).resolve().parents[1]


@cache
def _words() -> Vocabulary:
    return vocabulary(currency="EUR", rfm_event="purchase")


def parses(text: str) -> None:
    """Its places lie in the text, its message can be shown, its tree can be printed."""
    source = Source("some.flow", text)
    tree, found = parse(source)
    lines = text.removeprefix("\ufeff").split("\n")
    for one in found:
        assert one.code == "syntax"
        assert 1 <= one.span.line <= one.span.end_line <= len(lines)
        assert 1 <= one.span.column <= len(lines[one.span.line - 1]) + 1
    render_text(found, {source.path: source}).encode("utf-8")
    dump(tree)


def checks(text: str) -> None:
    """Alone and beside the people of the sample shop; a flow is given exactly where no error is told."""
    source = Source("some.flow", text)
    for sources in ([source], [PEOPLE, source]):
        checked = check_sources(sources, _words())
        assert (checked.flow is None) == any(one.severity == "error" for one in checked.diagnostics)
        render_text(checked.diagnostics, {one.path: one for one in sources}).encode("utf-8")


def checked(text: str) -> tuple[Diagnostic, ...]:
    """All findings in the text, beside the people of the sample shop."""
    return check_sources([PEOPLE, Source("some.flow", text)], _words()).diagnostics


def formats(text: str) -> None:
    """Refused where it has mistakes; else it means the same, and is not changed a second time."""
    source = Source("some.flow", text)
    tree, found = parse(source)
    result = format_text(source)
    if found:
        assert result == found
        return
    assert isinstance(result, str)
    again = Source("some.flow", result)
    after, mistakes = parse(again)
    assert mistakes == ()
    assert meaning(after) == meaning(tree)
    assert format_text(again) == result


def meaning(node: Any) -> Any:
    """A tree without its places."""
    if isinstance(node, tuple):
        return tuple(map(meaning, node))
    if not is_dataclass(node):
        return node
    return (type(node), *(meaning(getattr(node, field.name)) for field in fields(node) if field.name != "span"))


def seeds() -> list[str]:
    """The programs of the tests and of the example project, right ones and wrong ones."""
    folders = [TESTS / "mistakes", TESTS / "checking", TESTS.parent / "flows"]
    files = sorted(file for folder in folders for file in folder.rglob("*.flow"))
    return [file.read_bytes().decode("utf-8") for file in files]
