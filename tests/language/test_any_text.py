"""Whatever the text is: a tree and diagnostics, never an exception, in bounded time."""

import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campflow.cli.dump import dump
from campflow.diagnostics.render import render_github, render_json, render_text
from campflow.diagnostics.source import Source
from campflow.language import syntax
from campflow.language.parser import comments, parse, tokens

SOUND = """\
contact {
  email email
  plan  one of trial, pro
  tags  list of text
  score number = 0
}
event purchase { amount money, sku text }
segment vip "Best" = sum(purchase.amount, last 365 days) >= 1_000 EUR and not "x" in tags
campaign trial "Trial" {
  runs from 2026-12-01
  audience (plan == "trial" and country in ("FR", "CH")) or did purchase where amount > 5 EUR in last 9 days
  enter on purchase per sku if score between 1 and 2, again after 30 days
  convert on purchase within 14 days worth amount -> lost
  limit 1 email per day, 3 messages per week or skip
  stage welcome {
    send email welcome { subject "Hello", expires 2 days } at 09:00
    split s {
      50% a { send email nudge }
      50% b
      measure clicked nudge within 3 days
    }
    on clicked welcome if score > 50 -> lost
    at 09:00 on monday -> lost
    else -> lost
  }
  final lost { set score = -1 * 2 }
}
test "works" of trial {
  contact ada { email "a@x.example" }
  at 2026-12-03 10:00
  ada clicked welcome
  expect ada not sent email nudge
}
"""

PIECES = st.sampled_from([
    "{", "}", "(", ")", "[", "]", ",", "->", "=>", "=", "==", '"', "'", "“", "”", "\n", "\r\n", " ", "\t", "#",
    ";", ":", "%", "€", "-", "not ", "and ", "in ", "did ", "where ", "if ", "at ", "on ", "stage ",
    "campaign ", "test ", "final ", "send ", "split ", "1", "3 days", "40 EUR", "1.000,5", "12,5EUR",
    "12/01/2026", "2026-02-30", "25:00", "name", "STAGE", "\u00a0", "\u202e", "\0", "é", "\ud800", "\ufeff",
    "日本", "🎉", "\\", "`", "@", "/", "//", "count(", "last ", "is ", "between ", "every ", "contact ", "else ",
    "when ", "moved ", "expect ", "arm ",
])  # fmt: skip


def survives(text: str) -> None:
    """Parses, renders, dumps; and every place lies in the text."""
    source = Source("some.flow", text)
    tree, found = parse(source)
    assert isinstance(tree, syntax.FlowFile)
    lines = text.removeprefix("\ufeff").split("\n")
    for one in found:
        assert one.code == "syntax"
        assert 1 <= one.span.line <= one.span.end_line <= len(lines)
        assert 1 <= one.span.column <= len(lines[one.span.line - 1]) + 1
    render_text(found, {source.path: source}).encode("utf-8")
    render_json(found).encode("ascii")
    render_github(found).encode("utf-8")
    dump(tree)
    comments(source)
    tokens(source)


def test_the_sound_program_is_sound() -> None:
    assert parse(Source("some.flow", SOUND))[1] == ()


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_any_characters(text: str) -> None:
    survives(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=60))
def test_any_row_of_pieces(pieces: list[str]) -> None:
    survives("".join(pieces))


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SOUND)), st.integers(0, 12), PIECES), min_size=1, max_size=6))
def test_a_sound_program_with_stretches_exchanged(changes: list[tuple[int, int, str]]) -> None:
    text = SOUND
    for start, length, piece in changes:
        text = text[:start] + piece + text[start + length :]
    survives(text)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(SOUND)), st.sampled_from(string.printable))
def test_a_sound_program_cut_off_anywhere(end: int, last: str) -> None:
    survives(SOUND[:end] + last)


HUGE = {
    "zero bytes": "\0" * 1_000_000,
    "brackets": "segment a = " + "(" * 10_000 + "b" + ")" * 10_000,
    "open brackets": "segment a = " + "(" * 1_000_000,
    "braces": "campaign a {\n" * 50_000,
    "closing braces": "}" * 1_000_000,
    "not": "segment a = " + "not " * 10_000 + "b",
    "minus": "segment a = " + "- " * 10_000 + "b",
    "or": "segment a = " + " or ".join(["b > 1"] * 10_000),
    "digits": "segment a = b > 1" + "0" * 1_000_000,
    "open text": 'segment a = b == "' + "x" * 1_000_000,
    "backslashes": 'segment a = b == "' + "\\" * 1_000_000 + '"',
    "one word": "x" * 1_000_000,
    "comment": "#" * 1_000_000,
    "line ends": "\r\n" * 200_000,
    "nonsense": "@? \n" * 250_000,
    "groups of digits": "segment a = 1" + " 000" * 200_000,
    "arrows": "=>" * 500_000,
    "quotes": "“" * 1_000_000,
    "commas": "," * 1_000_000,
    "directions": "\u202e" * 300_000,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_a_megabyte_of_one_thing_has_an_answer_soon(text: str) -> None:
    started = time.perf_counter()
    source = Source("some.flow", text)
    tree, found = parse(source)
    said = render_text(found, {source.path: source})
    dump(tree)
    assert time.perf_counter() - started < 20
    assert len(found) <= 101
    assert len(said) < 50_000
