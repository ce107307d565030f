"""Diagnostics as people, programs and GitHub get them."""

import json
import re

import pytest

from campflow.diagnostics.catalogue import TITLES, severity
from campflow.diagnostics.diagnostic import Diagnostic, Label, did_you_mean
from campflow.diagnostics.render import in_order, render_github, render_json, render_text
from campflow.diagnostics.source import Source, Span

TEXT = """\
campaign trial {
  stage welcome {
    on clicked welcome -> engagd
  }
  final engaged
}
"""
SOURCES = {"trial.flow": Source("trial.flow", TEXT)}
UNKNOWN = Diagnostic(
    "unknown-name", "there is no stage `engagd`", Span("trial.flow", 3, 27, 3, 33), "did you mean `engaged`?"
)


def text_of(source: str, span: tuple[int, int, int, int], message: str = "wrong", hint: str | None = None) -> str:
    found = Diagnostic("syntax", message, Span("some.flow", *span), hint)
    return render_text([found], {"some.flow": Source("some.flow", source)})


def test_a_finding_shows_its_line_underlined_and_what_to_write() -> None:
    assert render_text([UNKNOWN], SOURCES) == (
        "error[unknown-name]: there is no stage `engagd`\n"
        " --> trial.flow:3:27\n"
        "  |\n"
        "3 |     on clicked welcome -> engagd\n"
        "  |                           ^^^^^^\n"
        "  = hint: did you mean `engaged`?\n"
    )


def test_labels_stand_in_the_order_of_the_file() -> None:
    labels = (Label(Span("trial.flow", 5, 9, 5, 16), "this one"), Label(Span("trial.flow", 1, 10, 1, 15), "in here"))
    found = Diagnostic("unused", "an odd thing", Span("trial.flow", 3, 5, 3, 7), None, labels, "warning")
    assert render_text([found], SOURCES) == (
        "warning[unused]: an odd thing\n"
        " --> trial.flow:3:5\n"
        "  |\n"
        "1 | campaign trial {\n"
        "  |          ----- in here\n"
        "...\n"
        "3 |     on clicked welcome -> engagd\n"
        "  |     ^^\n"
        "...\n"
        "5 |   final engaged\n"
        "  |         ------- this one\n"
    )


def test_a_label_in_another_file_names_that_file() -> None:
    label = Label(Span("people.flow", 1, 7, 1, 13), "the first one")
    found = Diagnostic("duplicate-name", "two of them", Span("trial.flow", 1, 10, 1, 15), None, (label,))
    said = render_text([found], SOURCES | {"people.flow": Source("people.flow", "event signup")})
    assert said.endswith(" ::: people.flow:1:7\n  |\n1 | event signup\n  |       ------ the first one\n")


def test_two_marks_on_one_line_share_it() -> None:
    label = Label(Span("trial.flow", 3, 16, 3, 23), "sent here")
    said = render_text([Diagnostic("syntax", "wrong", Span("trial.flow", 3, 27, 3, 33), None, (label,))], SOURCES)
    assert said.count("on clicked welcome -> engagd") == 1
    assert "  |                ------- sent here\n" in said


def test_line_numbers_of_any_width_line_up() -> None:
    said = text_of("\n" * 99 + "event", (100, 1, 100, 6))
    assert said == "error[syntax]: wrong\n   --> some.flow:100:1\n    |\n100 | event\n    | ^^^^^\n"


def test_a_file_that_is_not_at_hand_is_named_only() -> None:
    found = Diagnostic("bad-template", "wrong", Span("content/a.email.md", 3, 1, 3, 5), "mend it")
    assert render_text([found], {}) == "error[bad-template]: wrong\n --> content/a.email.md:3:1\n  = hint: mend it\n"


def test_tabs_and_wide_characters_are_underlined_where_they_stand() -> None:
    assert text_of("\tstage 日本 x", (1, 11, 1, 12)).endswith("1 |     stage 日本 x\n  |                ^\n")
    assert text_of("stage 日本 x", (1, 7, 1, 9)).endswith("1 | stage 日本 x\n  |       ^^^^\n")
    assert text_of("e\u0301 x", (1, 4, 1, 5)).endswith("1 | e\u0301 x\n  |   ^\n")


@pytest.mark.parametrize("character", ["\x1b", "\0", "\x07", "\r", "\x9b", "\u202e", "\u200b", "\u2028", "\ud800"])
def test_what_drives_a_terminal_is_not_repeated(character: str) -> None:
    said = text_of(f"a{character}[31m b", (1, 1, 1, 2), f"no {character}", f"not {character}")
    assert character not in said
    assert "a\ufffd[31m b" in said


def test_a_long_line_is_cut_around_the_place() -> None:
    said = text_of("x" * 5_000 + " here " + "y" * 5_000, (1, 5_002, 1, 5_006))
    line, mark = said.splitlines()[3:5]
    assert len(line) < 140
    start = mark.index("^")
    assert line[start : start + 4] == "here"
    assert mark.strip("| ") == "^^^^"


def test_a_mark_as_long_as_a_long_line_is_cut_too() -> None:
    assert max(map(len, text_of("x" * 5_000, (1, 1, 1, 5_001)).splitlines())) < 140


def test_a_place_over_several_lines_is_underlined_to_the_end_of_the_first() -> None:
    assert text_of("stage a {\n}", (1, 1, 2, 2)).endswith("1 | stage a {\n  | ^^^^^^^^^\n")


def test_a_place_behind_the_end_of_a_line_has_a_mark() -> None:
    assert text_of("event", (1, 6, 1, 6)).endswith("1 | event\n  |      ^\n")
    assert text_of("event\n", (2, 1, 2, 1)).endswith("2 |\n  | ^\n")


def test_a_byte_order_mark_and_line_ends_of_windows_are_not_shown() -> None:
    assert text_of("\ufeffevent a\r\nevent b\r\n", (1, 7, 1, 8)).endswith("1 | event a\n  |       ^\n")


def test_messages_of_several_lines_are_indented() -> None:
    said = text_of("event", (1, 1, 1, 6), "first\nsecond", "this\nor that")
    assert "error[syntax]: first\n    second\n" in said
    assert said.endswith("  = hint: this\n          or that\n")


def test_colour_adds_nothing_but_colour() -> None:
    coloured = render_text([UNKNOWN], SOURCES, color=True)
    assert coloured.startswith("\033[31;1merror[unknown-name]\033[0m")
    assert re.sub("\033\\[[0-9;]*m", "", coloured) == render_text([UNKNOWN], SOURCES)


def test_findings_are_in_the_order_of_file_line_and_column() -> None:
    places = [("b.flow", 1, 1), ("a.flow", 2, 1), ("a.flow", 1, 9), ("a.flow", 1, 2)]
    found = [Diagnostic("syntax", "x", Span(path, line, column, line, column + 1)) for path, line, column in places]
    assert [(one.span.path, one.span.line, one.span.column) for one in in_order(found)] == sorted(places)
    assert [one["file"] for one in json.loads(render_json(found))] == ["a.flow", "a.flow", "a.flow", "b.flow"]


def test_nothing_found_is_an_empty_answer() -> None:
    assert render_text([], {}) == ""
    assert json.loads(render_json([])) == []
    assert render_github([]) == ""


def test_json_has_exactly_these_keys() -> None:
    assert json.loads(render_json([UNKNOWN])) == [
        {
            "code": "unknown-name",
            "severity": "error",
            "message": "there is no stage `engagd`",
            "hint": "did you mean `engaged`?",
            "file": "trial.flow",
            "line": 3,
            "column": 27,
            "end_line": 3,
            "end_column": 33,
        }
    ]


def test_json_is_plain_even_where_the_text_is_not() -> None:
    render_json([Diagnostic("syntax", "\ud800 \x1b é", Span("some.flow", 1, 1, 1, 2))]).encode("ascii")


def test_github_gets_workflow_commands() -> None:
    assert render_github([UNKNOWN]) == (
        "::error file=trial.flow,line=3,col=27,endLine=3,endColumn=33,title=unknown-name"
        "::there is no stage `engagd`%0Ahint: did you mean `engaged`?\n"
    )


def test_what_github_reads_as_a_sign_is_escaped() -> None:
    found = Diagnostic("unused", "100%\r\nof it", Span("a,b:c%.flow", 1, 1, 1, 2), severity="warning")
    said = render_github([found])
    assert said.startswith("::warning file=a%2Cb%3Ac%25.flow,line=1,")
    assert said.endswith("::100%25\ufffd%0Aof it\n")
    assert said.count("\n") == 1


def test_every_code_has_a_title_and_a_severity() -> None:
    assert len(TITLES) == 28
    assert all(title and not title.endswith(".") for title in TITLES.values())
    assert {code for code in TITLES if severity(code) == "warning"} == {
        "always-true", "limit-starves", "overdue-run", "silent-conversion", "dead-way-out", "overlapping-tests",
        "content-lint", "unused",
    }  # fmt: skip


def test_the_nearest_name_is_offered_and_nothing_far() -> None:
    assert did_you_mean("engagd", ["engaged", "lost"]) == "did you mean `engaged`?"
    assert did_you_mean("zzz", ["engaged", "lost"]) is None
