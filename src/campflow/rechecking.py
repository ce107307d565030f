"""Checking a project for the second time: only the files are looked at in which something new can be found.

A file is looked at with the outlines of the others (`checking/outlines.py`), and what was found in it holds until it or
its surroundings change (`checking/surroundings.py`). Pure: who calls it keeps what is to be remembered.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeAlias

from campflow.checking.outlines import Outline, outline
from campflow.checking.surroundings import Surroundings
from campflow.checking.texts import Texts
from campflow.checking.unreadable import told_once
from campflow.checking.vocabulary import Vocabulary
from campflow.compiler import Reader, look
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.render import in_order
from campflow.diagnostics.source import Source
from campflow.language.parser import parse
from campflow.language.syntax import FlowFile


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was found in a file that could be read, and the mark of what it was found in."""

    outline: Outline
    mark: str
    found: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What the reading of a file means to the others: its outline, and what could not be read."""

    outline: Outline
    mistakes: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a share: the findings in its files, and what to remember of those of them that were looked at;
    `kept` is what still holds of files that were not. `unread` is of all files."""

    unread: tuple[Diagnostic, ...]
    fresh: tuple[Diagnostic, ...]
    looked_at: Mapping[str, Remembered]
    kept: Mapping[str, Remembered]


@dataclass
class Share:
    """Some of the files of a project, `mine`, to be read and looked at. All shares together are the whole project."""

    sources: Sequence[Source]
    mine: Collection[str]
    vocabulary: Vocabulary
    remembered: Mapping[str, Remembered]
    reader: Reader
    today: dt.date | None
    _parsed: dict[str, tuple[FlowFile, tuple[Diagnostic, ...]]] = field(default_factory=dict)

    def read(self) -> dict[str, Read]:
        """Those of its files that nothing is remembered of."""
        new = [each for each in self.sources if each.path in self.mine and each.path not in self.remembered]
        self._parsed = {source.path: self.reader(source) for source in new}
        return {
            source.path: Read(outline(self._parsed[source.path][0], source), self._parsed[source.path][1])
            for source in new
        }

    def look(self, read: Mapping[str, Read]) -> Seen:
        """At those of its files in which something new can be found. `read` is what all shares have read."""
        texts = Texts({source.path: source for source in self.sources})
        unread = tuple(
            mistake for source in self.sources if source.path in read for mistake in read[source.path].mistakes
        )
        words = {word for diagnostic in unread for word in texts.words_of_line(diagnostic.span)}
        outlines = {
            source.path: (read[source.path] if source.path in read else self.remembered[source.path]).outline
            for source in self.sources
        }
        digests = {source.path: digest_of(source) for source in self.sources}
        around = Surroundings(outlines, digests, self.vocabulary, words, self.today)
        kept = {
            path: known
            for path, known in self.remembered.items()
            if known.mark == around.mark(known.outline, not known.found)
        }
        stale = (outlines.keys() - kept.keys()) & set(self.mine)
        whole = {*stale, *(path for each in stale for path in around.tested_by(outlines[each]))}
        files = [self._tree(each) if each.path in whole else outlines[each.path].file for each in self.sources]
        _, found = look(files, unread, texts, self.vocabulary, self.today, outlines.keys() - whole)
        fresh = tuple(each for each in found if each.span.path in stale or each.span.path not in outlines)
        looked_at = {}
        for path in stale:
            mine = tuple(each for each in fresh if each.span.path == path)
            sound = path not in read or not read[path].mistakes
            if sound and all(label.span.path == path for each in mine for label in each.labels):
                looked_at[path] = Remembered(outlines[path], around.mark(outlines[path], not mine), mine)
        return Seen(unread, fresh, looked_at, kept)

    def _tree(self, source: Source) -> FlowFile:
        if source.path not in self._parsed:
            self._parsed[source.path] = self.reader(source)
        return self._parsed[source.path][0]


#: Has all shares read and looked at.
Work: TypeAlias = Callable[[Sequence[Share]], Sequence[Seen]]


def one_after_the_other(shares: Sequence[Share]) -> list[Seen]:
    read = {path: each for share in shares for path, each in share.read().items()}
    return [share.look(read) for share in shares]


def check_again(
    sources: Sequence[Source],
    vocabulary: Vocabulary,
    remembered: Mapping[str, Remembered],
    read: Reader = parse,
    today: dt.date | None = None,
    work: Work = one_after_the_other,
    shares: int = 1,
) -> tuple[tuple[Diagnostic, ...], dict[str, Remembered]]:
    """What `check_sources` finds, and what to remember for the next time.

    `remembered` are files by their paths, whose texts are still the same. The files are dealt out in so many `shares`.
    """
    paths = sorted((source.path for source in sources), key=lambda path: path in remembered)
    dealt = [frozenset(paths[each::shares]) for each in range(shares)]
    seen = work([Share(sources, mine, vocabulary, remembered, read, today) for mine in dealt])
    first = seen[0]
    found = [
        *first.fresh,
        *(each for one, mine in zip(seen[1:], dealt[1:], strict=True) for each in one.fresh if each.span.path in mine),
        *(each for known in first.kept.values() for each in known.found),
    ]
    told = told_once(first.unread, found, Texts({source.path: source for source in sources}))
    known = {path: each for one in seen for path, each in one.looked_at.items()}
    return tuple(in_order((*first.unread, *told))), {**first.kept, **known}


def digest_of(source: Source) -> str:
    return sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest()
