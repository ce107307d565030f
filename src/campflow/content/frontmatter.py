"""The head of a content file: YAML between two lines of `---`, and where each key stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source, Span

#: More is not a head but an attack on the reader of it (characters).
LIMIT = 65_536

_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Document:
    """A content file in its two halves.

    `body_line` is the line of the file at which `body` begins. `option_spans` are the keys; `value_spans` the values,
    so that a mistake inside one can be shown at its place. Keys are written with `_`, whatever the file has.
    """

    front_matter: Mapping[str, object]
    body: str
    body_line: int = 1
    option_spans: Mapping[str, Span] = field(default_factory=dict)
    value_spans: Mapping[str, Span] = field(default_factory=dict)
    problems: tuple[Diagnostic, ...] = ()


def split(source: Source) -> Document:
    """Part the head from the body. What is wrong with the head is in `problems`; the body is there all the same."""
    lines = source.text.split("\n")
    if lines[0].rstrip() != "---":
        return Document({}, source.text)
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        opening = Span(source.path, 1, 1, 1, 4)
        return Document({}, "", len(lines) + 1, problems=(_bad("the front matter has no end", opening, _NO_END),))
    head, body, body_line = "\n".join(lines[1:end]), "\n".join(lines[end + 1 :]), end + 2
    try:
        values, keys, places = _read(head, source.path)
    except _Mistake as mistake:
        span, hint = mistake.span, mistake.hint
        if "{" in source.line(span.line).partition(":")[2].lstrip()[:1]:
            hint = 'put quotes around a value that begins with a brace: subject: "{{ first_name }}, hello"'
        return Document({}, body, body_line, problems=(_bad(mistake.text, span, hint),))
    return Document(values, body, body_line, keys, places)


_NO_END = "write a line of `---` below it"


def _bad(text: str, span: Span, hint: str | None = None) -> Diagnostic:
    return Diagnostic("bad-template", text, span, hint)


class _Mistake(Exception):
    def __init__(self, text: str, span: Span, hint: str | None = None) -> None:
        super().__init__(text)
        self.text, self.span, self.hint = text, span, hint


class _Loader(yaml.SafeLoader):
    """YAML without anchors: a few lines of them unfold to gigabytes, and a head has no use for them."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs leave its parser untyped
        if getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not read here", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


def _read(head: str, path: str) -> tuple[dict[str, object], dict[str, Span], dict[str, Span]]:
    whole = Span(path, 1, 1, 1, 4)
    if len(head) > LIMIT:
        raise _Mistake(f"the front matter is longer than {LIMIT:,} characters", whole, "move the text into the body")
    try:
        loader = _Loader(head)
        node = loader.get_single_node()
        if node is None:
            return {}, {}, {}
        if not isinstance(node, yaml.MappingNode):
            raise _Mistake("the front matter is not a list of `key: value` lines", _span(node, path))
        return _pairs(loader, node, path)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        span = Span(path, mark.line + 2, mark.column + 1, mark.line + 2, mark.column + 2) if mark else whole
        raise _Mistake(f"the front matter is not YAML: {error.problem or error.context}", span) from error
    except yaml.YAMLError as error:
        raise _Mistake(f"the front matter is not YAML: {str(error).splitlines()[0]}", whole) from error
    except RecursionError as error:
        raise _Mistake("the front matter is nested too deeply", whole) from error


def _pairs(
    loader: _Loader, node: yaml.MappingNode, path: str
) -> tuple[dict[str, object], dict[str, Span], dict[str, Span]]:
    values: dict[str, object] = {}
    keys: dict[str, Span] = {}
    places: dict[str, Span] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise _Mistake("a key of the front matter is not a word", _span(key_node, path))
        key = key_node.value.replace("-", "_")
        if key in values:
            raise _Mistake(f"`{key}` stands twice in the front matter", _span(key_node, path))
        values[key] = _value(loader, value_node, path)
        keys[key], places[key] = _span(key_node, path), _span(value_node, path)
    return values, keys, places


def _value(loader: _Loader, node: yaml.Node, path: str) -> object:
    """A text, number, yes/no, nothing, or a list of those, or of `key: value` pairs of those. Dates and times stay the
    texts they were written as."""
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:timestamp":
        return node.value
    if isinstance(node, yaml.ScalarNode | yaml.SequenceNode):
        try:
            value = loader.construct_object(node, deep=True)
        except ValueError as error:
            raise _Mistake(f"the value cannot be read: {error}", _span(node, path)) from error
        if isinstance(value, _PLAIN) or (isinstance(value, list) and all(map(_is_item, value))):
            return value
    raise _Mistake("a value of the front matter is a text, a number, yes, no, or a list", _span(node, path))


def _is_item(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and isinstance(each, _PLAIN) for key, each in value.items())
    return isinstance(value, _PLAIN)


def _span(node: yaml.Node, path: str) -> Span:
    """Lines of YAML count from 0 and begin below the first `---`."""
    start, end = node.start_mark, node.end_mark
    return Span(path, start.line + 2, start.column + 1, end.line + 2, end.column + 1)
