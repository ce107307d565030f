"""Places of campflow and places of an editor are one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, Range

from campflow.diagnostics.source import Span
from campflow.editor.places import Places

TEXTS = st.lists(st.sampled_from(["a", "é", "🎉", "\ud800", " ", "\n", "\r\n", "\r", "\u2028", "\ufeff"])).map("".join)


@given(TEXTS, st.sampled_from(["utf-8", "utf-16", "utf-32"]), st.data())
def test_each_offset_is_found_again(text: str, encoding: str, data: st.DataObject) -> None:
    places = Places(text, encoding)
    offset = data.draw(st.integers(1 if text.startswith("\ufeff") else 0, len(text)))
    assert places.offset(*places.line_and_column(offset)) == offset
    if text[offset - 1 : offset + 1] != "\r\n":  # between the two is no place of an editor
        assert places.offset_of(places.position(offset)) == offset


def test_a_place_counts_what_the_encoding_counts() -> None:
    span = Span("a.flow", 2, 4, 2, 5)
    for encoding, start in (("utf-8", 6), ("utf-16", 3), ("utf-32", 2)):
        found = Places("first\n🎉é x\n", encoding).range(Span("a.flow", 2, 3, 2, 4))
        assert found.start == Position(1, start)
    assert Places("first\r\n🎉é x\r\n").range(span) == Range(Position(1, 4), Position(1, 5))


@pytest.mark.parametrize("place", [Position(0, 99), Position(99, 0), Position(99, 99)])
def test_a_place_past_the_end_is_the_end(place: Position) -> None:
    assert Places("abc").offset_of(place) == 3


def test_a_place_inside_of_a_character_is_before_it() -> None:
    assert Places("a🎉b").offset_of(Position(0, 2)) == 1


def test_a_lone_carriage_return_ends_a_line_of_the_editor_only() -> None:
    places = Places("a\rb\nc")
    assert places.range(Span("a.flow", 1, 3, 1, 4)).start == Position(1, 0)
    assert places.range(Span("a.flow", 2, 1, 2, 2)).start == Position(2, 0)
