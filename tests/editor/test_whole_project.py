"""Every name of a project is known, is proposed where it stands, and can be renamed without changing a meaning."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.editor.project import FILES, write_project

from campflow.checking.tree import find
from campflow.diagnostics.source import Source
from campflow.editor.completion import complete
from campflow.editor.cursor import cursor
from campflow.editor.desk import Desk, Order
from campflow.editor.index import Occurrence
from campflow.editor.rename import CannotRename, rename, written
from campflow.editor.view import View
from campflow.language import syntax
from campflow.language.mistakes.scene import words
from campflow.language.parser import tokens
from campflow.project import Project

ROOT = Path(__file__).parents[2]

#: Names that a place has no business proposing: they are new there, or belong to one test.
NEW = {"test", "person"}


@pytest.fixture(scope="module", params=["example", "sample"])
def view(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> View:
    """The example project of the README, and the one of these tests."""
    root = ROOT / "flows" if request.param == "example" else write_project(tmp_path_factory.mktemp("whole"))
    return Desk(root, "utf-16").view(Order({}, 0, 0))


def test_every_name_is_known(view: View) -> None:
    """But for the choices of a field, options of a `send`, and `now`."""
    for file in view.files:
        places = {each.span for each in view.index.in_file(file.path)}
        types = find(file.declarations, syntax.TypeName)
        others = {choice.span for each in types for choice in each.choices}
        others |= {each.name.span for send in find(file.declarations, syntax.Send) for each in send.options}
        missed = [name for name in find(file.declarations, syntax.Name) if name.span not in places | others]
        assert [name for name in missed if name.text != "now"] == []


def test_what_is_written_is_proposed_where_it_is_written(view: View) -> None:
    for path in view.parsed:
        text, places = view.texts[path], view.places(path)
        for each in view.index.in_file(path):
            symbol = each.symbols[0]
            offset = places.offset(each.span.line, each.span.column)
            in_template = text.rfind("{{", 0, offset) > text.rfind("}}", 0, offset)
            if not each.declares and symbol.kind not in NEW and not in_template:
                labels = proposed(view, text, offset)
                assert symbol.name in labels, f"{path}:{each.span.line}: {symbol}"
        for kind, word, line, column in tokens(Source(path, text)):
            if word in words([kind]):
                assert word in proposed(view, text, places.offset(line, column)), f"{path}:{line}: {word}"


def proposed(view: View, text: str, offset: int) -> set[str]:
    at = cursor(text, offset)
    return {each.label for each in complete(view, at)} if at else set()


def test_everything_can_be_renamed_and_stays_right(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    desk = Desk(root, "utf-16")
    view = desk.view(Order({}, 0, 0))
    refused = set()
    for path in (*view.parsed, *view.texts):
        for each in view.index.in_file(path):
            try:
                texts = renamed(desk, view, each)
            except CannotRename:
                refused.add(str(each.symbols[0]))
                continue
            write(root, texts)
            assert Project.open(root).checked.flow is not None, each
            write(root, view.texts)
    assert refused == {
        "channel `email`", "event `clicked`", "field `email`", "field `language`", "message `welcome`",
        "message `nudge`",
    }  # fmt: skip


def renamed(desk: Desk, view: View, each: Occurrence) -> dict[str, str]:
    offset = view.places(each.span.path).offset(each.span.line, each.span.column)
    new, texts = "quite_new", {}
    for path, places in rename(view, each.span.path, offset, new, desk.tried).items():
        text = view.texts[path]
        for place in reversed(places):
            start = view.places(path).offset(place.span.line, place.span.column)
            end = view.places(path).offset(place.span.end_line, place.span.end_column)
            text = text[:start] + written(new, place) + text[end:]
        texts[path] = text
    return texts


def write(root: Path, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        (root / path).write_text(text, "utf-8")


@settings(max_examples=60)
@given(st.data())
def test_any_place_in_any_text_has_an_answer(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([text for path, text in FILES.items() if path.endswith(".flow")]))
    start, end = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2)))
    text = text[:start] + data.draw(st.text(max_size=5)) + text[end:]
    offset = data.draw(st.integers(0, len(text)))
    at = cursor(text, offset)
    assert at is None or text[:offset].endswith(at.word)
