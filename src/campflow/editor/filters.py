"""Filters of templates, `{{ first_name | upper }}`: proposed behind the `|`, explained under the pointer."""

import inspect
import re
from collections.abc import Iterator

from jinja2.filters import FILTERS
from lsprotocol.types import CompletionItem, CompletionItemKind

from campflow.content.filters import PLAIN
from campflow.editor.proposing import item
from campflow.editor.view import View

#: A value or a statement of a template that is not closed yet, up to here.
_INSIDE = re.compile(r"\{[{%](?:(?![}%]\}).)*\Z", re.DOTALL)
_BEHIND_PIPE = re.compile(r"\|[ \t]*(?:[^\W\d]\w*)?\Z")
_USED = re.compile(r"\|[ \t]*([^\W\d]\w*)")

#: Characters before a place in which its `{{` is looked for.
_NEAR = 2_000


def can_follow(before: str) -> bool:
    """Whether what comes next in a template, behind this text, is the name of a filter."""
    near = before[-_NEAR:]
    inside = _INSIDE.search(near)
    return inside is not None and _BEHIND_PIPE.search(inside[0]) is not None


def proposals(view: View) -> Iterator[CompletionItem]:
    """All that a template of this project can use, those of its plugins among them."""
    for name in sorted({*PLAIN, *view.names.vocabulary.filters}):
        yield item(name, CompletionItemKind.Function, _about(view, name))


def explained(view: View, text: str, offset: int) -> str:
    """Markdown about the filter whose name stands at an offset of a text; empty where there is none."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    for used in _USED.finditer(text, start, len(text) if end < 0 else end):
        if used.start(1) <= offset <= used.end(1) and can_follow(text[: used.start(1)]):
            name = used[1]
            if name in PLAIN or name in view.names.vocabulary.filters:
                return f"```jinja\n{{{{ … | {name} }}}}\n```\n{_about(view, name)}".rstrip()
    return ""


def _about(view: View, name: str) -> str:
    """What it does: as its plugin says; of templates' own, the first sentence of what its code says."""
    if name in view.names.vocabulary.filters:
        return view.names.vocabulary.filters[name].about
    said = inspect.getdoc(PLAIN[name]) or inspect.getdoc(FILTERS.get(name)) or ""
    return " ".join(said.split("\n\n")[0].split()).partition(". ")[0].rstrip(".").replace("``", "`")
