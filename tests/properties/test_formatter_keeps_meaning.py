"""Of any program in any layout: the formatter changes no meaning, loses no comment, and has nothing to add to itself.

A long run (`tests/shares.py`) makes 3,000 programs, others each time.
"""

from dataclasses import fields, is_dataclass
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.properties.programs import programs
from tests.properties.untidy import spread, untidy
from tests.shares import LONG, fixed

from campflow.diagnostics.source import Source
from campflow.language.formatter import format_text
from campflow.language.parser import comments, parse


def meaning(node: Any) -> Any:
    """A tree without its places."""
    if isinstance(node, tuple):
        return tuple(map(meaning, node))
    if not is_dataclass(node):
        return node
    return (type(node), *(meaning(getattr(node, field.name)) for field in fields(node) if field.name != "span"))


def tree(text: str) -> Any:
    parsed, mistakes = parse(Source("some.flow", text))
    assert not mistakes, f"{mistakes[0].message} in line {mistakes[0].span.line} of\n{text}"
    return meaning(parsed)


def remarks(text: str) -> list[str]:
    return [comment for _, _, comment in comments(Source("some.flow", text))]


def formatted(text: str) -> str:
    result = format_text(Source("some.flow", text))
    assert isinstance(result, str)
    return result


@st.composite
def layouts(draw: st.DrawFn) -> tuple[str, str]:
    """A program, and the same one laid out anyhow."""
    text = draw(programs())
    return text, untidy(text, Random(draw(st.integers(0, 2**32))), draw(st.booleans()))


@settings(
    max_examples=fixed(100, 3_000),
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(layouts())
def test_the_layout_is_all_that_changes(program: tuple[str, str]) -> None:
    plain, text = program
    assert tree(text) == tree(plain)  # else the test's own layout is at fault
    result = formatted(text)
    assert tree(result) == tree(text)
    assert remarks(result) == remarks(text)
    assert formatted(result) == result
    assert "\n\n\n" not in result
    assert "\r" not in result
    assert not any(line != line.rstrip() or "\t" in line.partition("#")[0] for line in result.split("\n"))


@settings(
    max_examples=fixed(40, 800),
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(programs(), st.integers(0, 2**32))
def test_how_a_statement_was_laid_out_leaves_no_trace(program: str, seed: int) -> None:
    assert formatted(spread(program, Random(seed))) == formatted(spread(program, Random(seed + 1)))
