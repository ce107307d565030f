"""A project as it stands in the editor at one moment: texts, trees, names, and where each name is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar

from campflow.checking.collecting import collect
from campflow.checking.names import Names
from campflow.checking.texts import Texts
from campflow.checking.tree import find
from campflow.checking.vocabulary import ContentFile, Vocabulary
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source, Span
from campflow.editor.index import Index, Occurrence
from campflow.editor.indexing import Known, known, occurrences
from campflow.editor.places import Places
from campflow.editor.templates import entries, template_occurrences, written_occurrences
from campflow.language import syntax
from campflow.language.parser import parse
from campflow.project import Project

T = TypeVar("T")


@dataclass(frozen=True)
class View:
    """`project` is None for a file that lies in none, or where its settings cannot be read.

    `texts` are those of the `.flow` and of the content files, by path; `parsed` what was read of the former.
    `problems` are what is wrong with the settings, and files that cannot be read.
    """

    root: Path
    project: Project | None
    texts: Mapping[str, str]
    parsed: Mapping[str, "Parsed"]
    names: Names
    index: Index
    encoding: str
    problems: tuple[Diagnostic, ...] = ()
    _places: dict[str, Places] = field(default_factory=dict)

    @property
    def files(self) -> tuple[syntax.FlowFile, ...]:
        return tuple(file for file, _ in self.parsed.values())

    @property
    def unread(self) -> tuple[Diagnostic, ...]:
        """The syntax mistakes."""
        return tuple(mistake for _, mistakes in self.parsed.values() for mistake in mistakes)

    def places(self, path: str) -> Places:
        """The places of one text; of the empty text where it is not known."""
        if path not in self._places:
            self._places[path] = Places(self.texts.get(path, ""), self.encoding)
        return self._places[path]

    def written(self, span: Span) -> str:
        return self.places(span.path).written(span)

    def file(self, path: str) -> syntax.FlowFile | None:
        return self.parsed[path][0] if path in self.parsed else None

    def all(self, kind: type[T]) -> Iterator[T]:
        """All constructs of a kind, of all files."""
        for file in self.files:
            yield from find(file.declarations, kind)


Parsed: TypeAlias = tuple[syntax.FlowFile, tuple[Diagnostic, ...]]


class Looking:
    """Makes views, and keeps from one to the next what did not change: syntax trees, and the names in a file."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._trees: dict[str, tuple[str, Parsed]] = {}
        self._found: dict[str, tuple[syntax.FlowFile, object, tuple[Occurrence, ...]]] = {}

    def read(self, source: Source) -> Parsed:
        """`parse`, once for each text of a file."""
        kept = self._trees.get(source.path)
        if kept is None or kept[0] != source.text:
            kept = self._trees[source.path] = source.text, parse(source)
        return kept[1]

    def aside(self) -> "Looking":
        """One for a view of which nothing is to be kept."""
        other = Looking(self._encoding)
        other._trees, other._found = self._trees.copy(), self._found.copy()
        return other

    def look(
        self,
        root: Path,
        project: Project | None,
        vocabulary: Vocabulary,
        sources: Iterable[Source],
        content_text: Callable[[ContentFile], str],
        problems: tuple[Diagnostic, ...] = (),
    ) -> View:
        texts = {source.path: source for source in sources}
        parsed = {path: self.read(source) for path, source in texts.items()}
        files = tuple(file for file, _ in parsed.values())
        names, _ = collect(files, vocabulary, Texts(texts))
        content = {file.path: content_text(file) for file in vocabulary.content.files}
        about = known(files, names)
        return View(
            root,
            project,
            texts={path: source.text for path, source in texts.items()} | content,
            parsed=parsed,
            names=names,
            index=Index(
                [*self._in_flows(files, about), *_in_texts(files, texts, about), *_in_content(content, files, about)]
            ),
            encoding=self._encoding,
            problems=problems,
        )

    def _in_flows(self, files: Iterable[syntax.FlowFile], about: Known) -> Iterator[Occurrence]:
        fingerprint = about.fingerprint
        for file in files:
            kept = self._found.get(file.path)
            if kept is None or kept[0] is not file or kept[1] != fingerprint:
                kept = self._found[file.path] = file, fingerprint, occurrences(file, about)
            yield from kept[2]


def _in_texts(files: Iterable[syntax.FlowFile], texts: Mapping[str, Source], about: Known) -> Iterator[Occurrence]:
    for file in files:
        yield from written_occurrences(file, texts[file.path].text, about)


def _in_content(content: Mapping[str, str], files: Iterable[syntax.FlowFile], about: Known) -> Iterator[Occurrence]:
    entered_by = entries(files, about)
    for file in about.names.vocabulary.content.files:
        plain = content[file.path].removeprefix("\ufeff").replace("\r\n", "\n")
        yield from template_occurrences(file, plain, about, entered_by)
