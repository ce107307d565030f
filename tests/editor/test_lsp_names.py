"""Hover, definition, references, outline and layout: what a name is, and where it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.editor.editor import Editor, editing
from tests.editor.project import write_project

from campflow.cli.main import main


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with editing(write_project(tmp_path_factory.mktemp("names"))) as editor:
        for path in ("onboarding.flow", "people.flow", "tests.flow"):
            editor.open(path)
        yield editor


def said(editor: Editor, path: str, before: str, after: str = "") -> str:
    answer = editor.request("textDocument/hover", editor.place(path, before, after))
    return str(answer["contents"]["value"]) if answer else ""


def defined(editor: Editor, path: str, before: str, after: str = "") -> list[tuple[str, str]]:
    return editor.located(editor.request("textDocument/definition", editor.place(path, before, after)))


def test_hover_says_the_type_of_a_field(editor: Editor) -> None:
    assert "plan  one of trial, pro, enterprise" in said(editor, "onboarding.flow", "audience  pl")
    assert "first_name  text?" in said(editor, "people.flow", "first_na")
    assert "Field of the event `purchase`" in said(editor, "onboarding.flow", "where amou")


def test_hover_says_what_an_event_a_segment_and_a_word_are(editor: Editor) -> None:
    assert "sku  text" in said(editor, "onboarding.flow", "convert   on purch")
    assert "Built in" in said(editor, "onboarding.flow", "on clic")
    assert "sum(purchase.amount, last 365 days) >= 1_000 EUR" in said(editor, "onboarding.flow", "in segment vi")
    assert "on EVENT -> STAGE" in said(editor, "onboarding.flow", "    o", "n clicked")


def test_hover_fills_the_subject_of_a_message_for_somebody_made_up(editor: Editor) -> None:
    plain = said(editor, "onboarding.flow", "send email welc")
    assert "> Welcome, Ada" in plain
    assert "content/fr/welcome.email.md" in plain
    assert "> Come back, Ada" in said(editor, "onboarding.flow", "send email nud", "ge {")
    assert "> Still there?" in said(editor, "onboarding.flow", "send email nud", "ge\n")


def test_hover_counts_people_once_there_is_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_project(tmp_path)
    (root / "campflow.toml").write_text('clock = "manual"\n' + (root / "campflow.toml").read_text("utf-8"), "utf-8")
    with editing(root) as editor:
        editor.open("onboarding.flow")
        assert "Hello" in said(editor, "onboarding.flow", "stage welc")
        assert "here now" not in said(editor, "onboarding.flow", "stage welc")
        assert not (root / "campflow.db").exists()
        _two_people_sign_up(root, monkeypatch)
        assert "2 people here now" in said(editor, "onboarding.flow", "stage welc")
        assert "0 people ended here" in said(editor, "onboarding.flow", "final cust")
        assert "2 people inside" in said(editor, "onboarding.flow", "campaign onb")


def _two_people_sign_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = "email,plan,country\n" + "".join(f"{name}@example.com,trial,FR\n" for name in ("ada", "bo"))
    events = "contact,at\n" + "".join(f"{name}@example.com,2026-12-03T10:00:00Z\n" for name in ("ada", "bo"))
    (root / "people.csv").write_text(people, "utf-8")
    (root / "events.csv").write_text(events, "utf-8")
    monkeypatch.chdir(root)
    for words in (
        ["tick", "--now", "2026-12-02T00:00:00Z"],
        ["people", "import", "people.csv"],
        ["events", "import", "events.csv", "--event", "signup"],
        ["tick", "--now", "2026-12-03T11:00:00Z"],
    ):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0


def test_definition_leads_to_another_file(editor: Editor) -> None:
    assert defined(editor, "onboarding.flow", "in segment vi") == [("people.flow", "vip")]
    assert defined(editor, "onboarding.flow", "worth am") == [("people.flow", "amount")]
    assert defined(editor, "tests.flow", "expect ada in eng") == [("onboarding.flow", "engaged")]
    assert defined(editor, "tests.flow", "expect ad", "a in") == [("tests.flow", "ada")]


def test_definition_of_a_message_is_its_content(editor: Editor) -> None:
    files = ["content/welcome.email.md", "content/fr/welcome.email.md"]
    assert [path for path, _ in defined(editor, "onboarding.flow", "send email welc")] == files
    assert [path for path, _ in defined(editor, "onboarding.flow", "on clicked welc")] == files


def test_definition_from_a_template_leads_to_the_field(editor: Editor) -> None:
    assert defined(editor, "content/welcome.email.md", "entry.pa") == [("people.flow", "page")]
    assert defined(editor, "content/welcome.email.md", "contact.pl") == [("people.flow", "plan")]


def test_references_are_all_places_in_flows_tests_and_templates(editor: Editor) -> None:
    place: dict[str, Any] = editor.place("people.flow", "  plan")
    found = editor.request("textDocument/references", place | {"context": {"includeDeclaration": True}})
    assert editor.located(found) == [
        ("content/nudge.email.md", "plan"),
        ("content/welcome.email.md", "plan"),
        ("onboarding.flow", "plan"),
        ("people.flow", "plan"),
        ("tests.flow", "plan"),
    ]
    uses = editor.request("textDocument/references", place | {"context": {"includeDeclaration": False}})
    assert ("people.flow", "plan") not in editor.located(uses)


def test_stages_of_one_name_in_two_campaigns_are_two_things(editor: Editor) -> None:
    editor.open("other.flow", "campaign other {\n  stage lost {\n    after 1 day -> lost\n  }\n}\n")
    place = editor.place("other.flow", "stage lo")
    found = editor.request("textDocument/references", place | {"context": {"includeDeclaration": True}})
    named = editor.located(found)
    editor.close("other.flow")
    assert named == [("other.flow", "lost")] * 2


def test_the_outline_holds_what_is_declared(editor: Editor) -> None:
    document = {"textDocument": {"uri": editor.uri("onboarding.flow")}}
    (campaign,) = editor.request("textDocument/documentSymbol", document)
    assert (campaign["name"], campaign["detail"]) == ("onboarding", "Trial onboarding")
    assert [each["name"] for each in campaign["children"]] == ["welcome", "engaged", "nudge", "customer", "lost"]
    assert editor.underlined("onboarding.flow", campaign["selectionRange"]) == "onboarding"
    assert editor.underlined("onboarding.flow", campaign["children"][3]["range"]) == "final customer"


def test_formatting_gives_the_canonical_layout(editor: Editor) -> None:
    document = {"uri": editor.uri("messy.flow")}
    options = {"tabSize": 4, "insertSpaces": True}
    editor.open("messy.flow", "event   a {\n    x    text\n}\n")
    (edit,) = editor.request("textDocument/formatting", {"textDocument": document, "options": options})
    assert edit["newText"] == "event a {\n  x  text\n}\n"
    editor.type("messy.flow", edit["newText"])
    assert editor.request("textDocument/formatting", {"textDocument": document, "options": options}) == []
    editor.type("messy.flow", "event a {\n  x => y\n")
    assert editor.request("textDocument/formatting", {"textDocument": document, "options": options}) == []
    editor.close("messy.flow")
