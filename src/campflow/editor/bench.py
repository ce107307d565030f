"""What is open in the editor, project by project."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pygls.uris import to_fs_path

from campflow.content.files import FOLDER
from campflow.editor.desk import Desk, Order
from campflow.errors import ProjectError
from campflow.settings import FILE, find_root


@dataclass(frozen=True, slots=True)
class Document:
    """A text that the editor holds. `uri` is what the editor calls it, `version` counts its changes."""

    uri: str
    text: str
    version: int | None


@dataclass(slots=True)
class Bench:
    """One project with the documents of it that are open, by path, and how often it has changed (see Order)."""

    desk: Desk
    documents: dict[str, Document] = field(default_factory=dict)
    changes: int = 0
    settled: int = 0
    #: The files that the editor was told findings of.
    told: set[str] = field(default_factory=set)
    #: When the next check begins, and the last one that did.
    timer: asyncio.TimerHandle | None = None
    check: asyncio.Task[None] | None = None

    def order(self) -> Order:
        texts = {path: document.text for path, document in self.documents.items() if path != FILE}
        return Order(texts, self.changes, self.settled)

    def put(self, path: str, document: Document | None) -> None:
        """A document was opened or changed; None: closed."""
        before = self.documents.get(path)
        if document is None:
            self.documents.pop(path, None)
        else:
            self.documents[path] = document
        if before is None or document is None or before.text != document.text:
            self.touch(path)

    def touch(self, path: str) -> None:
        """A file of the project has changed, here or on disk."""
        self.changes += 1
        self.settled += path == FILE or path.startswith(f"{FOLDER}/")

    def uri(self, path: str) -> str:
        document = self.documents.get(path)
        return document.uri if document else (self.desk.root / path).as_uri()


class Benches:
    """All projects that something is open of."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._benches: dict[tuple[Path, bool], Bench] = {}

    def __iter__(self) -> Iterator[Bench]:
        return iter(self._benches.values())

    def find(self, uri: str) -> tuple[Bench, str] | None:
        """The project that a document belongs to, and its path in it; None for what is no business of ours."""
        name = to_fs_path(uri)
        if name is None:
            return None
        file = Path(name).resolve()
        try:
            root, loose = find_root(file.parent), False
        except ProjectError:
            root, loose = file.parent, True
        bench = self._benches.get((root, loose)) or Bench(Desk(root, self._encoding, loose))
        path = file.relative_to(root).as_posix()
        if not bench.desk.belongs(path):
            return None
        self._benches[root, loose] = bench
        return bench, path

    def sort_anew(self) -> set[str]:
        """A campflow.toml has come or gone: every document goes where it now belongs.

        Gives the files that the editor was told findings of, which may belong nowhere any more.
        """
        documents = [document for bench in self for document in bench.documents.values()]
        told = {bench.uri(path) for bench in self for path in bench.told}
        self._benches.clear()
        for document in documents:
            if found := self.find(document.uri):
                found[0].put(found[1], document)
        return told
