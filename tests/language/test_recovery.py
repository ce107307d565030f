"""One wrong line does not hide the next, and what is right stays in the tree."""

from tests.language.shapes import mistakes_in, shape

from campflow.diagnostics.source import Source
from campflow.language import syntax
from campflow.language.parser import parse

FIVE = """\
contact {
  email email
  plan  one of trial, pro
  score nummber
}
event signup
evnt purchase { amount money }
campaign trial {
  audience plan = "trial"
  enter on signup, once
  holdout 5
  stage welcome {
    send email welcome
    on clicked welcome => engaged
    after 3 days -> lost
  }
  final engaged
  final lost
}
"""


def campaign_of(text: str) -> syntax.CampaignDeclaration:
    tree, _ = parse(Source("some.flow", text))
    return next(one for one in tree.declarations if isinstance(one, syntax.CampaignDeclaration))


def stages_of(text: str) -> list[str]:
    return [item.name.text for item in campaign_of(text).items if isinstance(item, syntax.Stage)]


def lines_of(text: str) -> list[int]:
    return [one.span.line for one in mistakes_in(text)]


def test_five_mistakes_are_five_diagnostics() -> None:
    assert lines_of(FIVE) == [4, 7, 9, 11, 14]
    assert {(one.code, one.severity) for one in mistakes_in(FIVE)} == {("syntax", "error")}


def test_the_tree_of_five_mistakes_is_what_was_meant() -> None:
    right = FIVE.replace("nummber", "number").replace("evnt", "event").replace("plan =", "plan ==")
    right = right.replace("holdout 5", "holdout 5%").replace("=>", "->")
    meant, none = parse(Source("some.flow", right))
    found, _ = parse(Source("some.flow", FIVE))
    assert none == ()
    assert [type(one) for one in found.declarations] == [type(one) for one in meant.declarations]
    audience, enter, holdout, welcome, *_ = campaign_of(FIVE).items
    assert isinstance(audience, syntax.Audience)
    assert shape(audience.condition) == '(plan == "trial")'
    assert [type(one).__name__ for one in (enter, holdout)] == ["Enter", "Holdout"]
    assert isinstance(welcome, syntax.Stage)
    assert [type(item).__name__ for item in welcome.items] == ["Send", "WayOut", "WayOut"]


def test_a_line_that_makes_no_sense_is_left_out_and_nothing_else() -> None:
    text = (
        "campaign c {\n  audience a ? b\n  enter on x\n  stage s {\n    send\n    after 1 day -> t\n  }\n  final t\n}"
    )
    assert lines_of(text) == [2, 5]
    assert stages_of(text) == ["s", "t"]
    kept = campaign_of(text).items[-2]
    assert isinstance(kept, syntax.Stage)
    assert [type(item).__name__ for item in kept.items] == ["WayOut"]


def test_what_was_whole_before_the_wrong_word_is_kept() -> None:
    text = "campaign c {\n  stage s {\n    send email welcome please\n    after 1 day -> t\n  }\n}"
    assert lines_of(text) == [3]
    stage = campaign_of(text).items[0]
    assert isinstance(stage, syntax.Stage)
    assert [type(item).__name__ for item in stage.items] == ["Send", "WayOut"]


def test_a_block_with_a_wrong_beginning_is_read_inside() -> None:
    text = "campaign c {\n  stage 5 {\n    sendd email x\n  }\n  stage good {\n    aftr 1 day -> t\n  }\n}"
    assert lines_of(text) == [2, 3, 6]
    assert stages_of(text) == ["good"]


def test_a_block_of_no_known_kind_is_passed_over_whole() -> None:
    text = "pipeline x {\n  one {\n    two }\n  three\n}\nevent signup"
    tree, _ = parse(Source("some.flow", text))
    assert lines_of(text) == [1]
    assert len(tree.declarations) == 1


def test_a_block_that_is_not_closed_ends_before_the_next_of_its_kind() -> None:
    text = "campaign c {\n  stage a {\n    after 1 day -> b\n  stage b {\n    after 1 day -> c\n  final c\n}\nevent x"
    assert lines_of(text) == [4, 6]
    assert stages_of(text) == ["a", "b", "c"]


def test_a_campaign_that_is_not_closed_ends_before_the_next_declaration() -> None:
    text = "campaign c {\n  stage a {\n    after 1 day -> b\n  }\n\nsegment s = a > 1\nevent x"
    tree, found = parse(Source("some.flow", text))
    assert [one.span.line for one in found] == [6]
    assert [type(one).__name__ for one in tree.declarations] == [
        "CampaignDeclaration", "SegmentDeclaration", "EventDeclaration",
    ]  # fmt: skip


def test_a_brace_too_many_is_one_mistake() -> None:
    text = "campaign c {\n  stage a {\n    after 1 day -> b\n  }\n}\n  final b\n  final d\n}\nevent x"
    assert lines_of(text) == [6]


def test_a_bracket_that_is_not_closed_ends_with_the_statement() -> None:
    text = "campaign c {\n  audience (a and\n    (b or c\n  enter on signup\n  stage s {\n    after 1 day -> s\n  }\n}"
    assert lines_of(text) == [4]
    assert stages_of(text) == ["s"]


def test_a_mistake_inside_a_list_of_many_lines_is_one_mistake() -> None:
    text = 'segment a = country in (\n  "FR",\n  ?,\n  "CH",\n)\nevent x\nevnt y'
    assert lines_of(text) == [3, 7]


def test_the_end_of_the_file_closes_what_is_open() -> None:
    text = "campaign c {\n  enter on signup\n  stage s {\n    after 1 day -> s\n    after"
    assert lines_of(text) == [3, 5]
    assert stages_of(text) == ["s"]


def test_a_mistake_on_one_line_leaves_the_items_behind_the_comma() -> None:
    text = "contact { email ?, score number, plan text }"
    tree, found = parse(Source("some.flow", text))
    assert len(found) == 1
    (contact,) = tree.declarations
    assert isinstance(contact, syntax.ContactDeclaration)
    assert [field.name.text for field in contact.fields] == ["score", "plan"]


def test_after_a_hundred_mistakes_the_rest_is_not_read() -> None:
    found = mistakes_in("nonsense here\n" * 5_000 + "event signup")
    assert len(found) == 101
    assert found[-1].message == "too many mistakes: the rest of this file was not read"


def test_diagnostics_come_in_the_order_of_the_text() -> None:
    places = [(one.span.line, one.span.column) for one in mistakes_in(FIVE.replace("email email", "email emial"))]
    assert places == sorted(places)
    assert len(places) == 6
