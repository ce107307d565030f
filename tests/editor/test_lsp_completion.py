"""What is proposed where: names of the right kind, and the words that can stand there."""

from collections.abc import Iterator

import pytest
from tests.editor.editor import Editor, editing
from tests.editor.project import write_project

NEW = """\
campaign winback "Win back" {
  audience plan == "trial"
  enter    on purchase, once
  stage first {
    HERE
  }
  final gone
}

"""


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with editing(write_project(tmp_path_factory.mktemp("completion"))) as editor:
        editor.open("new.flow", NEW.replace("HERE\n", "\n"))
        editor.told("new.flow", lambda _: True)
        yield editor


def proposed(editor: Editor, text: str) -> list[str]:
    """What is proposed at the | in a text."""
    editor.type("new.flow", text.replace("|", "", 1))
    before, after = text.split("|", 1)
    return editor.proposals("new.flow", before, after)


def in_stage(editor: Editor, statement: str) -> list[str]:
    return proposed(editor, NEW.replace("HERE", statement))


def test_stages_of_the_campaign_follow_an_arrow(editor: Editor) -> None:
    assert in_stage(editor, "on clicked nudge -> |") == ["first", "gone"]
    assert in_stage(editor, "after 3 days -> fi|") == ["first", "gone"]


def test_channels_then_messages_follow_send(editor: Editor) -> None:
    assert "email" in in_stage(editor, "send |")
    assert in_stage(editor, "send email |") == ["nudge", "welcome"]


def test_events_then_what_they_are_about_follow_on(editor: Editor) -> None:
    found = in_stage(editor, "on |")
    assert {"signup", "purchase", "clicked"} <= set(found)
    assert {"nudge", "welcome", "where", "if"} <= set(in_stage(editor, "on clicked |"))
    assert "nudge" not in in_stage(editor, "on purchase |")


def test_the_events_own_fields_come_first_in_its_where(editor: Editor) -> None:
    found = in_stage(editor, "on purchase where |")
    assert found[:2] == ["amount", "sku"]
    assert {"plan", "contact", "entry", "now", "count", "did", "not"} <= set(found)
    after_it = in_stage(editor, "on purchase where amount > 5 EUR if |")
    assert "plan" in after_it
    assert "sku" not in after_it


def test_fields_follow_their_owner_and_a_point(editor: Editor) -> None:
    assert "first_name" in in_stage(editor, "when contact.|")
    assert in_stage(editor, "when entry.|") == ["amount", "sku"]
    assert in_stage(editor, "when sum(purchase.|") == ["amount", "sku"]


def test_choices_stand_where_a_text_is_compared_with_their_field(editor: Editor) -> None:
    assert in_stage(editor, "when plan == |")[:3] == ['"trial"', '"pro"', '"enterprise"']
    assert in_stage(editor, 'when contact.plan in ("trial", |')[:3] == ['"trial"', '"pro"', '"enterprise"']
    assert in_stage(editor, 'when plan == "t|" -> gone') == ["trial", "pro", "enterprise"]
    assert in_stage(editor, 'when first_name == "|"') == []


def test_words_stand_where_the_grammar_lets_them(editor: Editor) -> None:
    assert set(in_stage(editor, "|")) == {
        "send", "set", "emit", "notify", "sync", "do", "on", "after", "at", "when", "else", "split",
    }  # fmt: skip
    assert set(proposed(editor, NEW + "|")) == {"contact", "event", "segment", "campaign", "test"}
    assert {"audience", "enter", "stage", "goal"} <= set(proposed(editor, NEW.replace("  final", "  |\n  final")))
    assert set(in_stage(editor, "when plan is |")) == {"missing", "set"}
    assert {"days", "hours"} <= set(in_stage(editor, "after 3 |"))


def test_set_wants_a_field_and_emit_a_declared_event(editor: Editor) -> None:
    assert in_stage(editor, "set |") == ["email", "first_name", "language", "country", "plan", "score"]
    assert in_stage(editor, "emit |") == ["signup", "purchase"]
    assert in_stage(editor, "emit purchase { |") == ["amount", "sku"]
    assert {"subject", "expires"} <= set(in_stage(editor, "send email nudge { |"))


def test_segments_and_types(editor: Editor) -> None:
    assert in_stage(editor, "when in segment |") == ["vip", "asleep"]
    assert {"text", "money", "one", "list"} <= set(proposed(editor, "event e {\n  amount |\n}\n"))


def test_a_test_knows_its_people_and_its_campaign(editor: Editor) -> None:
    test = 'test "t" of onboarding {\n  contact ada { email "a@b.example" }\n  contact bo { }\n  |\n}\n'

    def at(step: str) -> list[str]:
        return proposed(editor, test.replace("|", f"{step}|"))

    assert {"ada", "bo", "expect", "after"} <= set(proposed(editor, test))
    assert {"signup", "clicked"} <= set(at("ada "))
    assert at("expect ada in ") == ["welcome", "engaged", "nudge", "customer", "lost"]
    assert at("expect ada sent email ") == ["welcome", "nudge"]
    assert {"onboarding", "winback"} >= set(proposed(editor, 'test "t" of |')) != set()


def test_nothing_is_proposed_in_comments_titles_and_for_new_names(editor: Editor) -> None:
    assert in_stage(editor, "# send |") == []
    assert proposed(editor, 'campaign x "about |" {\n}\n') == []
    assert proposed(editor, "segment |") == []


def test_a_mistake_elsewhere_does_not_matter(editor: Editor) -> None:
    broken = NEW.replace('plan == "trial"', "plan === ((").replace("HERE", "send email nudge\n    after 2 days -> |")
    assert proposed(editor, broken) == ["first", "gone"]


def test_a_statement_may_go_on_over_lines(editor: Editor) -> None:
    found = in_stage(editor, 'when plan == "pro" and  # a reason\n      |')
    assert "score" in found
    assert "send" not in found
