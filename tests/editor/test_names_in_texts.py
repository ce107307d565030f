"""Names that stand where no name is written by itself: in the text of a notify, in an option, in a goal."""

from pathlib import Path

from campflow.checking.vocabulary import Vocabulary
from campflow.diagnostics.source import Source
from campflow.editor.index import Symbol
from campflow.editor.view import Looking

TEXT = """\
contact {
  email email
  plan  text
}
event signup { page text }
campaign spring {
  audience email is set
  enter    on signup
  convert  buys on signup within 3 days
  goal     buys >= 5%
  goal     cost per buys <= 40 EUR
  stage hello {
    notify sales "{% if plan %}{{ contact.plan }}{% endif %} of {{ entry.page }}"
    do tag { label "plan {{ plan }}" }
    after 1 day -> done
  }
  final done
}
"""


def places(symbol: Symbol) -> list[tuple[int, str]]:
    """Line and what stands there, for each occurrence of the symbol."""
    view = Looking("utf-16").look(Path(), None, Vocabulary(), [Source("a.flow", TEXT)], lambda file: "")
    found = [each.span for each in view.index.in_file("a.flow") if symbol in each.symbols]
    return [(span.line, view.written(span)) for span in found]


def test_fields_are_found_in_texts() -> None:
    assert places(Symbol("field", "plan")) == [(3, "plan"), (13, "plan"), (13, "plan"), (14, "plan")]
    assert places(Symbol("field", "page", "signup")) == [(5, "page"), (13, "page")]


def test_conversions_are_found_in_goals() -> None:
    assert places(Symbol("conversion", "buys", "spring")) == [(9, "buys"), (10, "buys"), (11, "buys")]
