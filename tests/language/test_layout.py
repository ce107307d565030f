"""Where a line ends a statement, where it goes on, and what means nothing: blanks, comments, a byte order mark."""

import pytest
from tests.language.shapes import clause, declaration, expression, mistakes_in, read, shape

from campflow.diagnostics.source import Source
from campflow.language.parser import comments, parse, tokens


@pytest.mark.parametrize(
    "text",
    [
        "a and\nb",
        "a and # why\n\n  # and why not\n b",
        "a\tand\r\nb",
        "(a\nand\nb)",
        "(\na and b\n)",
    ],
)
def test_a_line_goes_on_after_an_operator_and_in_brackets(text: str) -> None:
    assert shape(expression(text)) == "(a and b)"


@pytest.mark.parametrize("operator", ["and", "or", "==", "<", "+", "-", "*", "/"])
def test_a_line_goes_on_after_each_operator(operator: str) -> None:
    assert shape(expression(f"a {operator}\nb")) == f"(a {operator} b)"


def test_a_line_that_begins_with_an_operator_does_not_belong_to_the_one_before() -> None:
    assert [one.span.line for one in mistakes_in("segment some = a\n  and b")] == [2]


def test_a_list_goes_on_after_a_comma_and_in_its_brackets() -> None:
    assert shape(expression('country in (\n  "FR",\n  "CH" # neighbours\n)')) == '(country in "FR", "CH")'
    assert len(clause("limit 1 email per day,\n  3 messages per week").rules) == 2
    assert clause("enter on signup, # twice is too often\n  once").reentry.rule == "once"
    assert len(declaration("contact {\n  plan one of trial,\n    pro,\n    enterprise\n}").fields[0].type.choices) == 3


def test_a_segment_may_begin_on_the_line_after_its_sign() -> None:
    assert shape(declaration("segment some =\n  a and b").condition) == "(a and b)"


def test_items_of_a_block_stand_on_lines_or_between_commas() -> None:
    lines = declaration("event e {\n\n  a text\n  # a comment\n  b text\n}")
    commas = declaration("event e { a text, b text }")
    mixed = declaration("event e { a text,\n  b text,\n}")
    assert [[field.name.text for field in one.fields] for one in (lines, commas, mixed)] == [["a", "b"]] * 3


def test_the_end_of_a_file_needs_no_line_end() -> None:
    assert len(read("event a\nevent b").declarations) == 2


@pytest.mark.parametrize("text", ["", "\n", "\n\n# nothing here\n", "\ufeff", "\ufeff\r\n", "  \t ", "# only this"])
def test_an_empty_file_is_a_file(text: str) -> None:
    assert read(text).declarations == ()


def test_a_byte_order_mark_moves_nothing() -> None:
    with_mark, _ = parse(Source("some.flow", "\ufeffevent signup"))
    without, _ = parse(Source("some.flow", "event signup"))
    assert with_mark == without


def test_line_ends_of_windows_and_tabs_change_nothing() -> None:
    text = 'campaign some {\n  stage a {\n    send email b {\n      subject "x"\n    }\n  }\n}\n'
    windows = text.replace("\n", "\r\n").replace("  ", "\t")
    assert [item.name.text for item in declaration(windows).items] == ["a"]


def test_a_hash_in_a_text_begins_no_comment() -> None:
    assert shape(expression('a == "# 1" # one')) == '(a == "# 1")'


def test_comments_can_be_found() -> None:
    text = '# top\nevent a # behind "it"\nsegment b = c == "no # comment \\" # here" # yes\n'
    assert comments(Source("some.flow", text)) == [(1, 1, "# top"), (2, 9, '# behind "it"'), (3, 43, "# yes")]


def test_tokens_come_with_their_places() -> None:
    assert tokens(Source("some.flow", "event a\n\nsegment b = (c\n> 1)\n")) == [
        ("EVENT", "event", 1, 1),
        ("NAME", "a", 1, 7),
        ("_NL", "\n\n", 1, 8),
        ("SEGMENT", "segment", 3, 1),
        ("NAME", "b", 3, 9),
        ("EQUAL", "=", 3, 11),
        ("LPAR", "(", 3, 13),
        ("NAME", "c", 3, 14),
        ("COMPARE", ">", 4, 1),
        ("NUMBER", "1", 4, 3),
        ("RPAR", ")", 4, 4),
        ("_NL", "\n", 4, 5),
    ]


def test_tokens_of_a_wrong_file_are_listed_too() -> None:
    kinds = [kind for kind, *_ in tokens(Source("some.flow", "event a => b"))]
    assert kinds[:3] == ["EVENT", "NAME", "FOREIGN_ARROW"]
