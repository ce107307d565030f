"""What the checker learns of a content folder."""

from pathlib import Path

import pytest
from tests.content.folders import CHANNELS, project

from campflow.content.inspect import inspect_content
from campflow.content.rendering import Library
from campflow.errors import ContentError


def test_messages_and_their_languages_are_found_and_other_files_let_be(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        {
            "welcome.email.md": "Hi",
            "fr/welcome.email.md": "Salut",
            "pt_BR/welcome.email.md": "Oi",
            "demo.page.html": "<form>",
            "logo.png": b"\x89",
            "images/a.email.md": "not a language",
            ".hidden.email.md": "",
        },
    )
    index = inspect_content(folder, CHANNELS)
    assert [(file.path, file.message, file.channel, file.language) for file in index.files] == [
        ("content/demo.page.html", "demo", "page", None),
        ("content/fr/welcome.email.md", "welcome", "email", "fr"),
        ("content/pt_BR/welcome.email.md", "welcome", "email", "pt-br"),
        ("content/welcome.email.md", "welcome", "email", None),
    ]
    assert not any(file.problems for file in index.files)


def test_a_project_without_content_has_none(tmp_path: Path) -> None:
    assert inspect_content(tmp_path, CHANNELS).files == ()


def test_fields_are_found_where_they_stand_in_the_file(tmp_path: Path) -> None:
    text = (
        '---\nsubject: "email: {{ email }} \\"{{ plan|upper }}\\""\n---\n'
        "Dear email,\n"
        "{% set n = 3 %}{% for tag in tags if tag != word %}{{ tag }}{{ n }}{{ loop.index }}{% endfor %}\n"
        "{{ contact.first_name.upper() }} {{ entry['cart_id'] }} "
        "{% if contact . plan is defined %}{{\n  score }}{% endif %}\n"
    )
    (file,) = inspect_content(project(tmp_path, {"a.email.md": text}), CHANNELS).files
    assert file.problems == ()
    lines = text.split("\n")
    places = {
        field.name: (field.span.line, lines[field.span.line - 1][field.span.column - 1 : field.span.end_column - 1])
        for field in file.template_fields
    }
    assert places == {
        "email": (2, "email"),
        "plan": (2, "plan"),
        "tags": (5, "tags"),
        "word": (5, "word"),
        "contact.first_name": (6, "contact.first_name"),
        "entry.cart_id": (6, "entry['cart_id']"),
        "contact.plan": (6, "contact . plan"),
        "score": (7, "score"),
    }
    email = next(field for field in file.template_fields if field.name == "email")
    assert email.span.column == text.split("\n")[1].index("{{ email") + 4  # not the word before the braces


def test_what_a_macro_calls_its_own_is_not_read_from_outside(tmp_path: Path) -> None:
    text = (
        "{% macro line(item, size=score) %}{{ item }}{{ size }}{{ country }}{% endmacro %}{{ line(plan) }}"
        "{% with x = email %}{{ x }}{% endwith %}{% call line(1) %}{{ caller }}{% endcall %}"
        "{% set block %}{{ phone }}{% endset %}{{ block }}{{ range(3) }}{{ item }}"
    )
    (file,) = inspect_content(project(tmp_path, {"a.email.md": text}), CHANNELS).files
    assert {field.name for field in file.template_fields} == {"score", "country", "plan", "email", "phone", "item"}


def test_a_template_mistake_is_shown_on_its_own_line_of_the_file(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        {
            "a.email.md": "---\nsubject: Hi\n---\nHello\n\n  {% if plan %}\nBye\n{% endfi %}\n",
            "b.email.md": '---\nsubject: "{{ oops"\n---\nBody of {{ email }}\n',
            "c.email.md": "---\nsubject: [\n---\n{{ email }}{% endif %}",
            "d.email.docx": "x",
            "e.email.md": b"\xff\xfe",
            "f.email.md": "Hello\n<boom\n",
            "g.email.md": "fine {{ score }}",
        },
    )
    found = {file.path: file for file in inspect_content(folder, CHANNELS).files}
    places = {path: [(p.code, p.span.line) for p in file.problems] for path, file in found.items()}
    assert places == {
        "content/a.email.md": [("bad-template", 8)],
        "content/b.email.md": [("bad-template", 2)],
        "content/c.email.md": [("bad-template", 2), ("bad-template", 4)],
        "content/d.email.docx": [("bad-template", 1)],
        "content/e.email.md": [("bad-template", 1)],
        "content/f.email.md": [("bad-template", 1)],
        "content/g.email.md": [],
    }
    assert [field.name for field in found["content/b.email.md"].template_fields] == ["email"]


def test_two_files_of_one_message_are_told_apart_by_nobody(tmp_path: Path) -> None:
    index = inspect_content(project(tmp_path, {"a.email.md": "x", "a.email.txt": "y", "fr/a.email.txt": "z"}), CHANNELS)
    assert [[p.code for p in file.problems] for file in index.files] == [[], ["duplicate-name"], []]
    assert index.files[1].problems[0].labels[0].span.path == "content/a.email.md"


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = project(tmp_path, {"a.email.md": "x"})
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    (folder / "content" / "b.email.md").symlink_to(outside)
    assert [file.message for file in inspect_content(folder, CHANNELS).files] == ["a"]
    with pytest.raises(ContentError, match="there is no file for email b"):
        Library(folder, CHANNELS).render("email", "b", None, {}, {})
