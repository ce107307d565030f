"""The head of a content file."""

from campflow.content.frontmatter import Document, split
from campflow.diagnostics.source import Source


def document(text: str) -> Document:
    return split(Source("content/a.email.md", text))


def test_a_head_is_parted_from_the_body_and_each_key_has_its_place() -> None:
    parted = document('---\nsubject: "Hi {{ name }}"\nreply-to: a@b.example\n---\nBody\n')
    assert parted.front_matter == {"subject": "Hi {{ name }}", "reply_to": "a@b.example"}
    assert parted.body == "Body\n"
    assert parted.body_line == 5
    assert (parted.option_spans["subject"].line, parted.option_spans["subject"].column) == (2, 1)
    assert (parted.value_spans["reply_to"].line, parted.value_spans["reply_to"].column) == (3, 11)


def test_a_file_without_a_head_is_all_body() -> None:
    assert document("Hello\n---\nworld").body == "Hello\n---\nworld"


def test_dates_and_times_stay_what_was_written() -> None:
    assert document("---\nsubject: 2026-12-01\n---\n").front_matter == {"subject": "2026-12-01"}


def test_a_head_without_an_end_is_one_problem() -> None:
    (problem,) = document("---\nsubject: Hi\n").problems
    assert problem.code == "bad-template"
    assert problem.hint == "write a line of `---` below it"


def test_an_unquoted_brace_says_to_write_quotes() -> None:
    (problem,) = document("---\npreheader: x\nsubject: {{ first_name }}, hello\n---\nBody").problems
    assert problem.span.line == 3
    assert problem.hint is not None
    assert 'subject: "{{ first_name }}, hello"' in problem.hint


def test_a_doubled_key_is_shown_where_it_stands_again() -> None:
    (problem,) = document("---\nsubject: a\nsubject: b\n---\n").problems
    assert (problem.message, problem.span.line) == ("`subject` stands twice in the front matter", 3)


def test_a_head_that_unfolds_to_gigabytes_is_refused() -> None:
    laughs = "\n".join(
        ["a: &a [x, x]"] + [f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    )
    (problem,) = document(f"---\n{laughs}\n---\nBody").problems
    assert "anchors and aliases" in problem.message


def test_hostile_heads_are_problems_not_crashes() -> None:
    for head in (
        "x: " + "[" * 5_000,
        "x: !!python/object/apply:os.system [id]",
        "x: y" * 30_000,
        "? [a]: b",
        "- a",
        "x: \t\x07",
        "a: {b: {c: d}}",
    ):
        parted = document(f"---\n{head}\n---\nBody")
        assert [problem.code for problem in parted.problems] == ["bad-template"], head[:20]
        assert parted.body == "Body"
