"""Syntax trees kept from one `campflow check` to the next, in `.campflow/cache` of the project.

A file of the cache is named after the text it is the tree of, and after the campflow that made it. It is JSON, and it
begins with the digest of what follows, so a damaged one is seen and made anew. What lies there is as trustworthy as the
folder it lies in, so only `check` reads it: what plans and runs campaigns reads their texts.
"""

import contextlib
import os
import re
from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source
from campflow.keeping import FOLDER, make_folder
from campflow.language.packing import SHAPE, pack, unpack
from campflow.language.parser import parse
from campflow.language.syntax import FlowFile
from campflow.language.tables import grammar_text

#: Nothing is kept of a text that is read sooner than its tree could be found.
SHORTEST = 500

_NAME = re.compile(r"[0-9a-f]{64}\.json")


class KeptTrees:
    """The trees of one project. `read` is for `check_sources`; `tidy` lets go of those of other texts."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER
        self._maker = sha256(f"{version('campflow')}\n{grammar_text()}\n{SHAPE}".encode()).digest()

    def read(self, source: Source) -> tuple[FlowFile, tuple[Diagnostic, ...]]:
        """What `parse` gives. Only trees of texts without a mistake are kept."""
        if len(source.text) < SHORTEST:
            return parse(source)
        name = self._name(source)
        tree = self._kept(name, source.path)
        if tree is None:
            tree, mistakes = parse(source)
            if mistakes:
                return tree, mistakes
            self._keep(name, pack(tree))
        return tree, ()

    def tidy(self, sources: Iterable[Source]) -> None:
        """Drops all but the trees of these texts: the cache is never larger than the trees of the project."""
        wanted = {self._name(source) for source in sources}
        with contextlib.suppress(OSError):
            for file in self._folder.iterdir():
                if _NAME.fullmatch(file.name) and file.name not in wanted and not self._folder.is_symlink():
                    file.unlink()

    def _name(self, source: Source) -> str:
        return sha256(self._maker + source.text.encode("utf-8", "surrogatepass")).hexdigest() + ".json"

    def _kept(self, name: str, path: str) -> FlowFile | None:
        try:
            digest, _, written = (self._folder / name).read_bytes().partition(b"\n")
            if digest != sha256(written).hexdigest().encode():
                return None
            return unpack(written, path)
        except (OSError, ValueError):
            return None

    def _keep(self, name: str, written: str) -> None:
        """Whole or not at all; a folder that cannot be written to holds no cache."""
        with contextlib.suppress(OSError):
            make_folder(self._folder)
            fresh = self._folder / f"{name}.{os.getpid()}"
            fresh.write_text(f"{sha256(written.encode()).hexdigest()}\n{written}", "utf-8")
            fresh.replace(self._folder / name)
