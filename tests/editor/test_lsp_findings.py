"""Findings appear while somebody types, in every file that they concern, under the right characters."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.editor.editor import Editor, editing
from tests.editor.project import write_project


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """One server for all tests here; each works in a project of its own."""
    watching = {"didChangeWatchedFiles": {"dynamicRegistration": True}}
    with editing(tmp_path_factory.mktemp("nowhere"), workspace=watching) as editor:
        yield editor


@pytest.fixture
def editor(server: Editor, tmp_path: Path) -> Editor:
    server.turn_to(write_project(tmp_path))
    return server


def test_a_change_in_one_file_is_told_in_the_files_that_need_it(editor: Editor) -> None:
    editor.open("people.flow")
    editor.change("people.flow", "event signup", "event sign_up")
    (finding,) = editor.errors("onboarding.flow", "unknown-name")
    assert editor.underlined("onboarding.flow", finding["range"]) == "signup"
    assert "did you mean `sign_up`?" in finding["message"]
    assert finding["source"] == "campflow"
    editor.change("people.flow", "event sign_up", "event signup")
    editor.errors("onboarding.flow")


def test_what_is_typed_counts_until_it_is_closed_and_the_disk_after_that(editor: Editor) -> None:
    editor.open("onboarding.flow")
    editor.change("onboarding.flow", "after 4 days -> lost", "after 4 days -> lots")
    editor.errors("onboarding.flow", "unknown-name")
    editor.close("onboarding.flow")
    editor.errors("onboarding.flow")


def test_places_are_counted_as_the_editor_counts_them(tmp_path: Path) -> None:
    """An emoji is one character, two UTF-16 code units and four bytes."""
    line = 'segment s = first_name == "🎉é🎉" and plann == "pro"\n'
    expected = {"utf-16": line.index("plann") + 2, "utf-8": len(line[: line.index("plann")].encode())}
    for encoding, character in expected.items():
        offered = {"general": {"positionEncodings": [encoding]}} if encoding == "utf-8" else {}
        with editing(write_project(tmp_path), **offered) as editor:
            assert editor.server["capabilities"]["positionEncoding"] == encoding
            editor.open("new.flow", line)
            (finding,) = editor.errors("new.flow", "unknown-name")
            assert finding["range"]["start"] == {"line": 0, "character": character}


def test_a_byte_order_mark_and_line_ends_of_windows_move_nothing(editor: Editor) -> None:
    editor.open("new.flow", '\ufeffsegment a = plann == "pro"\r\nsegment b = skore > 1\r\n')
    first, second = editor.errors("new.flow", "unknown-name", "unknown-name")
    assert editor.underlined("new.flow", first["range"]) == "plann"
    assert editor.underlined("new.flow", second["range"]) == "skore"


def test_a_second_declaration_points_at_the_first(editor: Editor) -> None:
    editor.open("zz.flow", "event signup\n")
    (finding,) = editor.errors("zz.flow", "duplicate-name")
    (related,) = finding["relatedInformation"]
    assert editor.located([related["location"]])[0][0] == "people.flow"


def test_a_content_file_is_checked_as_it_is_typed(editor: Editor) -> None:
    editor.open("content/nudge.email.md")
    editor.change("content/nudge.email.md", "{{ plan }}", "{{ plann }}")
    (finding,) = editor.errors("content/nudge.email.md", "unknown-field")
    assert editor.underlined("content/nudge.email.md", finding["range"]) == "plann"
    editor.change("content/nudge.email.md", "{{ plann }}", "{{ plann ")
    editor.errors("content/nudge.email.md", "bad-template")
    editor.change("content/nudge.email.md", "{{ plann ", "{{ plan }}")
    editor.errors("content/nudge.email.md")


def test_a_file_that_comes_from_elsewhere_is_seen_when_the_editor_says_so(editor: Editor) -> None:
    editor.open("onboarding.flow")
    editor.change("onboarding.flow", "send email nudge\n", "send email reminder\n")
    editor.errors("onboarding.flow", "missing-content")
    assert editor.asked[0]["params"]["registrations"][0]["method"] == "workspace/didChangeWatchedFiles"
    (editor.folder / "content" / "reminder.email.md").write_text("---\nsubject: Hello\n---\nHello.\n", "utf-8")
    uri = editor.uri("content/reminder.email.md")
    editor.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 1}]})
    editor.errors("onboarding.flow")


def test_settings_that_cannot_be_read_are_told_at_their_line_until_they_are_saved_right(editor: Editor) -> None:
    good = (editor.folder / "campflow.toml").read_text("utf-8")
    (editor.folder / "campflow.toml").write_text(good.replace("Europe/Paris", "Europe/Pariss"), "utf-8")
    editor.open("campflow.toml")
    editor.open("onboarding.flow")
    (finding,) = editor.errors("campflow.toml", "settings")
    assert editor.underlined("campflow.toml", finding["range"]) == 'timezone = "Europe/Pariss"'
    editor.errors("onboarding.flow")
    editor.type("campflow.toml", good)
    editor.save("campflow.toml")
    editor.errors("campflow.toml")
    editor.change("onboarding.flow", "after 4 days -> lost", "after 4 days -> lots")
    editor.errors("onboarding.flow", "unknown-name")


def test_a_file_outside_of_any_project_is_read_but_not_resolved(server: Editor, tmp_path: Path) -> None:
    server.turn_to(tmp_path)
    server.open("alone.flow", 'segment a = nobody_declares_this == "x"\nsegment b = \n')
    (finding,) = server.errors("alone.flow", "syntax")
    assert finding["range"]["start"]["line"] == 1


def test_a_folder_becomes_a_project_when_it_gets_its_settings(server: Editor, tmp_path: Path) -> None:
    server.turn_to(tmp_path)
    server.open("alone.flow", "segment a = skore > 1\n")
    server.errors("alone.flow")
    (tmp_path / "campflow.toml").write_text("", "utf-8")
    uri = server.uri("campflow.toml")
    server.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 1}]})
    server.errors("alone.flow", "unknown-name")
