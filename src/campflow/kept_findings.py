"""What `campflow check` found the last time, in `.campflow/cache/findings.json` of the project.

It holds, for each file without a mistake in it, the digest of its text, its outline, and its findings with the mark of
what they were found in. Like the trees beside it, it begins with the digest of what follows: one that is damaged, or
that another campflow made, is no more than missing.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from campflow.checking.outlines import Outline
from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.diagnostics.source import Source, Span
from campflow.kept_trees import FOLDER, make_folder
from campflow.language.packing import packed, unpacked
from campflow.rechecking import Remembered, digest_of

NAME = "findings.json"


class KeptFindings:
    """Those of one project. What is read, and what is written at the end, is for and of `check_again`."""

    def __init__(self, root: Path) -> None:
        self._file = root / FOLDER / NAME
        self._maker = maker()

    def read(self, sources: Iterable[Source]) -> dict[str, Remembered]:
        """What is known of those of the texts that are still the same."""
        try:
            digest, _, written = self._file.read_bytes().partition(b"\n")
            if digest != sha256(self._maker + written).hexdigest().encode():
                return {}
            found = json.loads(written)
            same = (source for source in sources if found.get(source.path, [""])[0] == digest_of(source))
            return {source.path: _remembered(source.path, *found[source.path][1:]) for source in same}
        except (OSError, ValueError, TypeError, LookupError):
            return {}

    def write(self, sources: Iterable[Source], remembered: Mapping[str, Remembered]) -> None:
        """Whole or not at all; a folder that cannot be written to keeps nothing."""
        known = {
            each.path: [digest_of(each), *_written(remembered[each.path])]
            for each in sources
            if each.path in remembered
        }
        written = json.dumps(known, separators=(",", ":")).encode()
        with contextlib.suppress(OSError):
            make_folder(self._file.parent)
            fresh = self._file.with_name(f"{NAME}.{os.getpid()}")
            fresh.write_bytes(sha256(self._maker + written).hexdigest().encode() + b"\n" + written)
            fresh.replace(self._file)


def maker() -> bytes:
    """A digest of the campflow that runs: its version, and its files for who works on it."""
    home = Path(__file__).parent
    made = sha256()
    for folder in ("checking", "diagnostics", "language", "model", "content"):
        for file in sorted((home / folder).rglob("*.py")):
            known = file.stat()
            made.update(f"{file.relative_to(home)} {known.st_size} {known.st_mtime_ns}\n".encode())
    return made.digest()


def _written(known: Remembered) -> list[Any]:
    outline = known.outline
    words = " ".join(sorted(outline.words))
    found = [_packed(each) for each in known.found]
    return [packed(outline.file), outline.facts, words, sorted(outline.tested), outline.declares, known.mark, found]


def _remembered(
    path: str, tree: Any, facts: Any, words: str, tested: list[str], declares: bool, mark: str, found: list[Any]
) -> Remembered:
    named = frozenset(words.split(" "))
    outline = Outline(unpacked(tree, path), tuple(map(tuple, facts)), named, frozenset(tested), declares)
    return Remembered(outline, mark, tuple(_unpacked(path, *each) for each in found))


def _packed(one: Diagnostic) -> list[Any]:
    """Its places are in its own file, else it would not be remembered."""
    labels = [[_place(label.span), label.text] for label in one.labels]
    return [one.code, one.message, _place(one.span), one.hint, labels, one.severity]


def _unpacked(path: str, code: str, message: str, place: Any, hint: str, labels: Any, severity: Any) -> Diagnostic:
    explained = tuple(Label(Span(path, *each), text) for each, text in labels)
    return Diagnostic(code, message, Span(path, *place), hint, explained, severity)


def _place(span: Span) -> list[int]:
    return [span.line, span.column, span.end_line, span.end_column]
