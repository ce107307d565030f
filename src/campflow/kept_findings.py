"""What `campflow check` found the last time, in `.campflow/cache/findings.json` of the project: for each file without a
mistake in it the digest of its text, its outline, and its findings with the mark of what they were found in."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from campflow.checking.outlines import Outline
from campflow.diagnostics.packing import packed as packed_finding
from campflow.diagnostics.packing import unpacked as unpacked_finding
from campflow.diagnostics.source import Source
from campflow.keeping import Keeping
from campflow.language.packing import packed, unpacked
from campflow.rechecking import Remembered, digest_of


class KeptFindings:
    """Those of one project. What is read, and what is written at the end, is for and of `check_again`."""

    def __init__(self, root: Path) -> None:
        self._kept = Keeping(root, "findings.json")
        self._found: dict[str, tuple[Remembered, list[Any]]] = {}

    def read(self, sources: Iterable[Source]) -> dict[str, Remembered]:
        """What is known of those of the texts that are still the same."""
        found = self._kept.read()
        try:
            same = [each.path for each in sources if found.get(each.path, [""])[0] == digest_of(each)]
            self._found = {path: (_remembered(path, *found[path][1:]), found[path]) for path in same}
        except (ValueError, TypeError, LookupError):
            self._found = {}
        return {path: known for path, (known, _) in self._found.items()}

    def write(self, sources: Iterable[Source], remembered: Mapping[str, Remembered]) -> None:
        known = ((source, remembered[source.path]) for source in sources if source.path in remembered)
        self._kept.write({source.path: self._entry(source, each) for source, each in known})

    def _entry(self, source: Source, known: Remembered) -> list[Any]:
        """As it was read, where it was."""
        before, entry = self._found.get(source.path, (None, []))
        return entry if before is known else [digest_of(source), *_written(known)]


def _written(known: Remembered) -> list[Any]:
    outline = known.outline
    words = " ".join(sorted(outline.words))
    found = [packed_finding(each) for each in known.found]
    return [packed(outline.file), outline.facts, words, sorted(outline.tested), outline.declares, known.mark, found]


def _remembered(
    path: str, tree: Any, facts: Any, words: str, tested: list[str], declares: bool, mark: str, found: list[Any]
) -> Remembered:
    named = frozenset(words.split())
    outline = Outline(unpacked(tree, path), tuple(map(tuple, facts)), named, frozenset(tested), declares)
    return Remembered(outline, mark, tuple(unpacked_finding(path, each) for each in found))
