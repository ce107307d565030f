"""The canonical layout. formats/*.flow is what people write, *.formatted.flow beside it what it becomes.

To write one anew: `campflow fmt - < case.flow > case.formatted.flow`, and read it.
"""

import time
from pathlib import Path

import pytest
from tests.language.shapes import mistakes_in

from campflow.diagnostics.source import Source
from campflow.language.formatter import format_text

CASES = sorted(case for case in Path(__file__).with_name("formats").glob("*.flow") if ".formatted" not in case.name)


def formatted(text: str) -> str:
    result = format_text(Source("some.flow", text))
    assert isinstance(result, str)
    return result


def in_stage(lines: str) -> str:
    """Statements of a stage, formatted and without their indentation."""
    head, tail = "campaign c {\n  stage s {\n", "  }\n}\n"
    result = formatted(f"{head}{lines}\n{tail}")
    assert result.startswith(head)
    assert result.endswith(tail)
    return "\n".join(line.removeprefix("    ") for line in result.removeprefix(head).removesuffix(tail).splitlines())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_what_people_write_becomes_the_one_layout(case: Path) -> None:
    expected = case.with_name(f"{case.stem}.formatted.flow").read_text("utf-8")
    assert formatted(case.read_text("utf-8")) == expected
    assert formatted(expected) == expected


@pytest.mark.parametrize("folder", ["flows", "docs/language"])
def test_our_own_files_have_it(folder: str) -> None:
    files = list((Path(__file__).parents[2] / folder).glob("*.flow"))
    assert files
    for file in files:
        assert formatted(file.read_text("utf-8")) == file.read_text("utf-8"), file.name


def test_a_file_with_mistakes_is_left_to_its_author() -> None:
    text = "event signup\ncampaign c {\n  audience plan = 3\n  holdout 120%\n}\n"
    result = format_text(Source("some.flow", text))
    assert not isinstance(result, str)
    assert list(result) == mistakes_in(text)
    assert {one.span.line for one in result} == {3, 4}


@pytest.mark.parametrize("text", ["", "\n", "  \r\n\t\n", "\ufeff"])
def test_nothing_stays_nothing(text: str) -> None:
    assert formatted(text) == ""


def test_line_ends_and_the_byte_order_mark() -> None:
    assert (
        formatted("\ufeff# ours\r\nevent signup\r\n\r\n\r\nevent left_us") == "# ours\nevent signup\n\nevent left_us\n"
    )


@pytest.mark.parametrize(
    ("written", "spelt"),
    [
        ("after 1 days -> a", "after 1 day -> a"),
        ("after 01 days -> a", "after 01 day -> a"),
        ("after 1_0 day  1\tminutes -> a", "after 1_0 days 1 minute -> a"),
        ("at 9:00->a", "at 09:00 -> a"),
        ("on 2026-12-24   9:00->a", "on 2026-12-24 09:00 -> a"),
        ("when did x at least 1 times in   last 1 days -> a", "when did x at least 1 time in last 1 day -> a"),
        ("set a = 1_000.50   EUR", "set a = 1_000.50 EUR"),
        ("set a = 007", "set a = 007"),
        ('set a = "x\ty \\"z\\""', 'set a = "x\\ty \\"z\\""'),
        ("set a=- 5- -b*-( c- - - 3 )", "set a = -5 - -b * -(c - - -3)"),
        ("set a = count (x,last 3 day)-sum( x . y )", "set a = count(x, last 3 days) - sum(x.y)"),
        ("send email a{discount - 5,code(3)}at 9:00", "send email a { discount -5, code (3) } at 09:00"),
        ('when a not in("x" ,"y")and not(b or c)->a', 'when a not in ("x", "y") and not (b or c) -> a'),
    ],
)  # fmt: skip
def test_spelling(written: str, spelt: str) -> None:
    assert in_stage(written) == spelt


def test_arrows_of_a_run_stand_below_each_other() -> None:
    lines = ["on clicked a -> b", "# the patient", "after 10 days if x -> b", "else -> b"]
    assert in_stage("\n".join(lines)).split("\n") == [
        "on clicked a       -> b",
        "# the patient",
        "after 10 days if x -> b",
        "else               -> b",
    ]
    for between in ("\n", "sync a\n"):
        assert "on clicked a -> b\n" in in_stage(f"{lines[0]}\n{between}{lines[2]}")


def test_a_long_way_out_does_not_push_the_other_arrows() -> None:
    long = f'when url contains "{"x" * 50}" -> b'
    assert in_stage(f"on a -> b\n{long}\nafter 3 days -> b") == f"on a         -> b\n{long}\nafter 3 days -> b"


def test_moved_lines_are_clauses_among_clauses() -> None:
    text = 'campaign c {\nowner "a"\nmoved a -> b\n\nmoved abc -> b\nmoved b -> c\n}'
    assert formatted(text).split("\n")[1:-2] == [
        '  owner  "a"',
        "  moved  a -> b",
        "",
        "  moved abc -> b",
        "  moved b   -> c",
    ]  # fmt: skip


def test_a_block_on_one_line_stays_there_up_to_100_columns() -> None:
    fits = '  stage s { send email a { subject "?" }, after 1 day -> b }'
    fits = fits.replace("?", "?" * (101 - len(fits)))
    assert formatted(f"campaign c {{\n{fits}\n}}") == f"campaign c {{\n{fits}\n}}\n"
    longer = fits.replace("?", "??", 1)
    assert formatted(f"campaign c {{\n{longer}\n}}").split("\n")[1:5] == [
        "  stage s {",
        longer.replace("  stage s {", "   ").partition(", after")[0],
        "    after 1 day -> b",
        "  }",
    ]


@pytest.mark.parametrize("operator", ["and", "or", "+"])
def test_a_condition_of_100_columns_stays_on_its_line(operator: str) -> None:
    fits = f'segment a = (x == "?") {operator} y'
    fits = fits.replace("?", "?" * (101 - len(fits)))
    assert formatted(fits) == f"{fits}\n"
    longer = fits.replace("y", "yy")
    assert formatted(longer) == longer.replace("= ", "=\n  ", 1) + "\n"
    much_longer = fits.replace("?", "????", 4)
    assert formatted(much_longer) == much_longer.replace("= ", "=\n  ", 1).replace(" y", "\n  y") + "\n"


def test_comments_go_on_standing_beside_what_they_are_about() -> None:
    text = "event a {# opens\n\n\n# above\nx text,# of x\ny text # of y\n\n\n# below\n\n}#closes\n# last"
    assert formatted(text).split("\n") == [
        "event a {  # opens",
        "  # above",
        "  x  text  # of x",
        "  y  text  # of y",
        "",
        "  # below",
        "}  #closes",
        "# last",
        "",
    ]


@pytest.mark.parametrize(
    ("written", "spelt"),
    [
        ("contact {\n  plan one of a, b, # once more\n  x text\n}\n",
         "contact {\n  plan  one of a, b  # once more\n  x     text\n}\n"),
        ("campaign c {\n  limit 1 email per day, # at most 5\n  2 sms per day\n}\n",
         "campaign c {\n  limit  1 email per day,  # at most 5\n         2 sms per day\n}\n"),
        ("campaign c {\n  enter on signup, # not once\n  leave on gone\n}\n",
         "campaign c {\n  enter  on signup  # not once\n  leave  on gone\n}\n"),
    ],
)  # fmt: skip
def test_the_last_word_of_a_comment_behind_a_comma_is_no_word_of_the_statement(written: str, spelt: str) -> None:
    assert formatted(written) == formatted(spelt) == spelt


def test_a_megabyte_takes_no_more_than_seconds() -> None:
    ways = 'on clicked a where url contains "x" if score > 10 -> b # why\n' * 14_000
    many = "segment s = country in (" + '"FR", ' * 20_000 + '"CH")\n'
    started = time.perf_counter()
    assert formatted(f"campaign c {{\nstage s {{\n{ways}}}\n}}\n{many}").count("# why") == 14_000
    assert time.perf_counter() - started < 60
