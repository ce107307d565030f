"""The library: which file a person gets, and how it is filled."""

from pathlib import Path

import pytest
from tests.content.folders import CHANNELS, project

from campflow.content.rendering import Library
from campflow.errors import ContentError

VALUES = {"first_name": "Zoé", "email": "zoe@a.example"}
FILES = {
    "hi.email.md": (
        '---\nsubject: "Hello {{ first_name }}"\npreheader: plain\ntransactional: yes\n---\nDear {{ first_name }}'
    ),
    "fr/hi.email.md": '---\nsubject: "Bonjour {{ first_name }}"\n---\nCher {{ first_name }}',
    "fr-ch/hi.email.md": "Adieu",
}


@pytest.mark.parametrize(
    ("language", "subject", "text", "variant"),
    [
        (None, "Hello Zoé", "Dear Zoé", None),
        ("de", "Hello Zoé", "Dear Zoé", None),
        ("fr", "Bonjour Zoé", "Cher Zoé", "fr"),
        ("fr-BE", "Bonjour Zoé", "Cher Zoé", "fr"),
        ("fr_CH", "Hello Zoé", "Adieu", "fr-ch"),
        ("", "Hello Zoé", "Dear Zoé", None),
    ],
)
def test_a_person_gets_the_nearest_language(
    tmp_path: Path, language: str | None, subject: str, text: str, variant: str | None
) -> None:
    rendered = Library(project(tmp_path, FILES), CHANNELS).render("email", "hi", language, VALUES, {})
    assert (rendered.options["subject"], rendered.parts["text"], rendered.language) == (subject, text, variant)
    assert rendered.options["preheader"] == "plain"  # of the plain file, where the variant has none
    assert rendered.options["transactional"] is True


def test_what_the_send_statement_says_goes_over_both_and_is_filled(tmp_path: Path) -> None:
    library = Library(project(tmp_path, FILES), CHANNELS)
    rendered = library.render("email", "hi", "fr", VALUES, {"subject": "{{ first_name }}, still there?"})
    assert rendered.options["subject"] == "Zoé, still there?"


def test_a_subject_of_two_lines_is_refused(tmp_path: Path) -> None:
    library = Library(project(tmp_path, FILES), CHANNELS)
    with pytest.raises(ContentError, match="`subject` must be one line"):
        library.render("email", "hi", None, {"first_name": "Zoé\r\nBcc: all@a.example"}, {})


def test_parts_called_html_are_escaped(tmp_path: Path) -> None:
    rendered = Library(project(tmp_path, FILES), CHANNELS).render("email", "hi", None, {"first_name": "<b>"}, {})
    assert rendered.parts == {"text": "Dear <b>", "html": "<p>Dear &lt;b&gt;</p>"}


@pytest.mark.parametrize(
    ("name", "language", "reason"),
    [
        ("nothing", None, "there is no file for email nothing"),
        ("only", "de", "exists only in fr"),
        ("broken", None, "content/broken.email.md"),
        ("head", None, "content/head.email.md"),
        ("boom", None, "cannot be made ready"),
    ],
)
def test_a_message_that_cannot_be_rendered_says_which_file(
    tmp_path: Path, name: str, language: str | None, reason: str
) -> None:
    files = {
        "fr/only.email.md": "x",
        "broken.email.md": "{% if %}",
        "head.email.md": "---\n[\n---\n",
        "boom.email.md": "<boom",
    }
    library = Library(project(tmp_path, files), CHANNELS)
    for _ in range(2):  # and says the same again
        with pytest.raises(ContentError, match=reason):
            library.render("email", name, language, VALUES, {})
