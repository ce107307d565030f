"""What front matter says of consent and limits, for the checker and for who puts campaigns into force."""

from pathlib import Path

import pytest
from tests.content.folders import CHANNELS, project

from campflow.content.inspect import inspect_content


def head(line: str) -> str:
    return f"---\nsubject: Hi\n{line}\n---\nDear reader"


def test_the_content_index_knows_purpose_and_transactional_of_a_message(tmp_path: Path) -> None:
    files = {
        "news.email.md": head("purpose: newsletter"),
        "fr/news.email.md": "Chers lecteurs",
        "fr/receipt.email.md": head("transactional: yes"),
        "receipt.email.md": head("transactional: yes\npurpose: contract"),
        "plain.email.md": "Hi",
    }
    index = inspect_content(project(tmp_path, files), CHANNELS)
    assert [file.problems for file in index.files] == [()] * 5
    names = ("news", "receipt", "plain", "nothing")
    assert [index.purpose("email", name) for name in names] == ["newsletter", "contract", None, None]
    assert [index.is_transactional("email", name) for name in names] == [False, True, False, False]


@pytest.mark.parametrize(
    ("line", "place", "said"),
    [
        ("transactional: maybe", (3, 16, 21), "`transactional` is yes or no"),
        ('transactional: "yes"', (3, 16, 21), "`transactional` is yes or no"),
        ("purpose: Weekly News", (3, 10, 21), "`purpose` is a name"),
        ("purpose: [a, b]", (3, 10, 16), "`purpose` is a name"),
        ("purpose:", (3, 1, 8), "`purpose` is a name"),
    ],
)
def test_a_wrong_value_is_shown_where_it_stands(
    tmp_path: Path, line: str, place: tuple[int, int, int], said: str
) -> None:
    index = inspect_content(project(tmp_path, {"news.email.md": head(line)}), CHANNELS)
    (problem,) = index.files[0].problems
    assert problem.code == "bad-template"
    assert problem.message.startswith(said)
    assert problem.hint is not None
    assert problem.hint.startswith("write ")
    assert (problem.span.line, problem.span.column, problem.span.end_column) == place


def test_a_language_cannot_ask_for_another_consent_than_the_plain_file(tmp_path: Path) -> None:
    files = {"news.email.md": head("purpose: news"), "fr/news.email.md": head("purpose: infos\ntransactional: yes")}
    found = {file.path: file.problems for file in inspect_content(project(tmp_path, files), CHANNELS).files}
    assert not found["content/news.email.md"]
    purpose, transactional = found["content/fr/news.email.md"]
    assert purpose.message.startswith("`purpose` is the same in all languages of a message")
    assert purpose.hint == "write it in `content/news.email.md` and take it out here"
    assert (purpose.span.line, purpose.labels[0].span.path) == (3, "content/news.email.md")
    assert (transactional.span.line, transactional.labels) == (4, ())
