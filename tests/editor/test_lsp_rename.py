"""Renaming changes every place at once, and is refused where a name would then mean something else."""

from collections.abc import Iterator

import pytest
from tests.editor.editor import Editor, Refused, editing
from tests.editor.project import write_project


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with editing(write_project(tmp_path_factory.mktemp("rename"))) as editor:
        editor.open("onboarding.flow")
        yield editor


def renamed(editor: Editor, new: str, path: str, before: str, after: str = "") -> dict[str, str]:
    edit = editor.request("textDocument/rename", editor.place(path, before, after) | {"newName": new})
    return editor.applied(edit)


def refusal(editor: Editor, new: str, path: str, before: str, after: str = "") -> str:
    with pytest.raises(Refused) as refused:
        renamed(editor, new, path, before, after)
    return str(refused.value)


def test_a_stage_is_renamed_in_its_campaign_and_its_tests(editor: Editor) -> None:
    texts = renamed(editor, "keen", "onboarding.flow", "stage enga")
    assert set(texts) == {"onboarding.flow", "tests.flow"}
    assert "on clicked welcome -> keen" in texts["onboarding.flow"]
    assert "stage keen {" in texts["onboarding.flow"]
    assert "expect ada in keen" in texts["tests.flow"]
    assert "engaged" not in texts["onboarding.flow"]


def test_a_stage_is_no_message_of_the_same_name(editor: Editor) -> None:
    texts = renamed(editor, "hello", "onboarding.flow", "stage welc")
    assert "stage hello" in texts["onboarding.flow"]
    assert "send email welcome" in texts["onboarding.flow"]
    assert "on clicked welcome" in texts["onboarding.flow"]


def test_a_field_is_renamed_in_conditions_tests_and_templates(editor: Editor) -> None:
    texts = renamed(editor, "tier", "people.flow", "  plan")
    assert 'audience  tier == "trial"' in texts["onboarding.flow"]
    assert 'tier "trial"' in texts["tests.flow"]
    assert "Your plan: {{ tier }}." in texts["content/nudge.email.md"]
    assert "{{ contact.tier }}" in texts["content/welcome.email.md"]


def test_a_field_of_the_entering_event_is_renamed_in_templates(editor: Editor) -> None:
    texts = renamed(editor, "landing", "people.flow", "  page")
    assert "{{ entry.landing }}" in texts["content/welcome.email.md"]
    assert 'signup { landing "/start" }' in texts["tests.flow"]


def test_events_segments_campaigns_and_tests_are_renamed(editor: Editor) -> None:
    event = renamed(editor, "bought", "people.flow", "event purch")
    assert "sum(bought.amount, last 365 days)" in event["people.flow"]
    assert "last(bought)" in event["people.flow"]
    assert "convert   on bought where" in event["onboarding.flow"]
    segment = renamed(editor, "best", "onboarding.flow", "in segment vi")
    assert 'segment best "Best customers"' in segment["people.flow"]
    assert "in segment best and now" in segment["people.flow"]
    assert "when in segment best" in segment["onboarding.flow"]
    campaign = renamed(editor, "trial", "onboarding.flow", "campaign onb")
    assert 'test "a click engages" of trial {' in campaign["tests.flow"]
    test = renamed(editor, 'so "called"', "tests.flow", 'test "a cl')
    assert test["tests.flow"].startswith('test "so \\"called\\"" of onboarding {')


def test_what_the_editor_holds_is_renamed_not_what_the_disk_has(editor: Editor) -> None:
    editor.change("onboarding.flow", "after 4 days -> lost", "after 4 days -> engaged")
    texts = renamed(editor, "keen", "onboarding.flow", "stage enga")
    editor.change("onboarding.flow", "after 4 days -> engaged", "after 4 days -> lost")
    assert "after 4 days -> keen" in texts["onboarding.flow"]


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("Not A Name", "is no name: write small letters, digits and _, a letter first, for example `not_a_name`"),
        ("", "is no name"),
        ("nudge", "there is a stage `nudge` already"),
    ],
)
def test_a_bad_or_taken_name_is_refused(editor: Editor, new: str, why: str) -> None:
    assert why in refusal(editor, new, "onboarding.flow", "stage enga")


def test_a_name_that_would_change_a_meaning_is_refused(editor: Editor) -> None:
    """`score >= 0` in the `where` of a purchase would mean the purchase's amount."""
    assert "would mean something else in onboarding.flow" in refusal(editor, "sku", "people.flow", "  score")
    assert "would mean something else" in refusal(editor, "now", "people.flow", "  score")


def test_names_that_something_else_stands_on_are_refused(editor: Editor) -> None:
    assert "is where the channel `email` writes to" in refusal(editor, "address", "people.flow", "  emai", "l    ")
    assert "rename content/welcome.email.* instead" in refusal(editor, "hi", "onboarding.flow", "send email welc")
    assert "is built in" in refusal(editor, "hit", "onboarding.flow", "on clic")
    assert "comes from a plugin" in refusal(editor, "post", "onboarding.flow", "    send em", "ail welcome")


def test_a_line_that_cannot_be_read_may_hold_the_name(editor: Editor) -> None:
    editor.change("onboarding.flow", "after 4 days -> lost", "after 4 daze -> engaged")
    why = refusal(editor, "keen", "onboarding.flow", "stage enga")
    editor.change("onboarding.flow", "after 4 daze -> engaged", "after 4 days -> lost")
    assert "onboarding.flow, line 22 cannot be read and may mean `engaged`" in why


def test_the_editor_is_told_beforehand_what_can_be_renamed(editor: Editor) -> None:
    place = editor.place("onboarding.flow", "on clicked welcome -> enga")
    found = editor.request("textDocument/prepareRename", place)
    assert found["placeholder"] == "engaged"
    assert editor.underlined("onboarding.flow", found["range"]) == "engaged"
    with pytest.raises(Refused, match="no name here"):
        editor.request("textDocument/prepareRename", editor.place("onboarding.flow", "after 3 da"))
