"""One project in the editor: its settings and files as they lie on disk, under the texts that somebody is editing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from campflow.checking.vocabulary import ContentFile, ContentIndex, Vocabulary
from campflow.content.files import FOLDER
from campflow.content.inspect import inspect_content
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source, Span
from campflow.editor.view import Looking, View
from campflow.errors import ProjectError
from campflow.flow_files import SKIPPED, read_flows
from campflow.project import Project
from campflow.settings import FILE


@dataclass(frozen=True, slots=True)
class Order:
    """What a view is asked for: the texts being edited, by path, and how often the project has changed so far.

    `settled` counts the changes of its settings and content, `changes` all of them.
    """

    unsaved: Mapping[str, str]
    changes: int
    settled: int


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the `.flow` files stand on. Without a project, `vocabulary` is the last good one."""

    project: Project | None
    vocabulary: Vocabulary
    problems: tuple[Diagnostic, ...] = ()


class Desk:
    """A project below `root`; without a campflow.toml there (`loose`) only the texts being edited are looked at.

    For one thread at a time, but for `latest`: the view that was made last.
    """

    def __init__(self, root: Path, encoding: str, loose: bool = False) -> None:
        self.root, self.loose = root, loose
        self.latest: View | None = None
        self._looking = Looking(encoding)
        self._changes = self._settled = -1
        self._ground = _Ground(None, Vocabulary())
        self._sources: tuple[Source, ...] = ()

    def belongs(self, path: str) -> bool:
        """Whether an editor's text with this path, relative to the root, is a part of the project."""
        *folders, name = path.split("/")
        if self.loose:
            return name.endswith(".flow")
        if path == FILE or (folders and folders[0] == FOLDER):
            return True
        hidden = any(part.startswith(".") for part in (*folders, name))
        return name.endswith(".flow") and not hidden and not SKIPPED.intersection(folders)

    def view(self, order: Order) -> View:
        """The project with these texts; the same view again where nothing has changed."""
        if self.latest is None or self._changes != order.changes:
            if self._settled != order.settled:
                self._ground, self._settled = self._stand(order.unsaved), order.settled
            self._sources, unreadable = self._read(order.unsaved)
            self.latest = self._looking.look(
                self.root,
                self._ground.project,
                self._ground.vocabulary,
                self._sources,
                lambda file: self._content_text(file, order.unsaved),
                (*self._ground.problems, *unreadable),
            )
            self._changes = order.changes
        return self.latest

    def tried(self, view: View, texts: Mapping[str, str]) -> View:
        """The last view as it would be if these texts were other ones. Nothing is kept of it."""
        ground = self._ground
        content = _content(ground.project, {**view.texts, **texts}) if ground.project else ContentIndex()
        return self._looking.aside().look(
            self.root,
            ground.project,
            replace(ground.vocabulary, content=content),
            [Source(source.path, texts.get(source.path, source.text)) for source in self._sources],
            lambda file: texts.get(file.path, view.texts[file.path]),
        )

    # --- what lies on disk --------------------------------------------------------------------------------------

    def _stand(self, unsaved: Mapping[str, str]) -> _Ground:
        if self.loose:
            return _Ground(None, Vocabulary())
        try:
            project = Project.open(self.root)
            vocabulary = project.vocabulary
            if any(path.startswith(f"{FOLDER}/") for path in unsaved):
                vocabulary = replace(vocabulary, content=_content(project, unsaved))
        except ProjectError as error:
            return _Ground(None, self._ground.vocabulary, tuple(_in_settings(error)))
        return _Ground(project, vocabulary)

    def _read(self, unsaved: Mapping[str, str]) -> tuple[tuple[Source, ...], tuple[Diagnostic, ...]]:
        """The `.flow` files, and why some of them cannot be read."""
        found: dict[str, str] = {}
        problems: list[Diagnostic] = []
        if not self.loose:
            try:
                found.update((source.path, source.text) for source in read_flows(self.root))
            except ProjectError as error:
                problems += _in_settings(error)
        found.update((path, text) for path, text in unsaved.items() if path.endswith(".flow"))
        return tuple(Source(path, found[path]) for path in sorted(found)), tuple(problems)

    def _content_text(self, file: ContentFile, unsaved: Mapping[str, str]) -> str:
        """The text of a content file; empty where it cannot be read (its `problems` say so)."""
        if file.path in unsaved:
            return unsaved[file.path]
        try:
            return (self.root / file.path).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return ""


def _content(project: Project, texts: Mapping[str, str]) -> ContentIndex:
    plain = {path: text.removeprefix("\ufeff").replace("\r\n", "\n") for path, text in texts.items()}
    return inspect_content(project.root, project.plugins.channels, plain, project.filters)


def _in_settings(error: ProjectError) -> Iterator[Diagnostic]:
    """What keeps the project from being opened, at its line of campflow.toml where it names one."""
    for line in str(error).splitlines():
        place = re.match(rf"{re.escape(FILE)}:(\d+): ", line)
        number = int(place[1]) if place else 1
        text = line[place.end() :] if place else line
        yield Diagnostic("settings", text, Span(FILE, number, 1, number, 1_000))
