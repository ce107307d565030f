"""Checking a project for the second time: only the files are looked at in which something new can be found.

A file is looked at with the outlines of the others (`checking/outlines.py`), and what was found in it holds until it or
its surroundings change (`checking/surroundings.py`). Pure: who calls it keeps what is to be remembered.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

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


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was found in a file that could be read, and the mark of what it was found in."""

    outline: Outline
    mark: str
    found: tuple[Diagnostic, ...]


def check_again(
    sources: Sequence[Source],
    vocabulary: Vocabulary,
    remembered: Mapping[str, Remembered],
    read: Reader = parse,
    today: dt.date | None = None,
) -> tuple[tuple[Diagnostic, ...], dict[str, Remembered]]:
    """What `check_sources` finds, and what to remember for the next time.

    `remembered` are files by their paths, whose texts are still the same.
    """
    parsed = {source.path: read(source) for source in sources if source.path not in remembered}
    unread = tuple(diagnostic for _, mistakes in parsed.values() for diagnostic in mistakes)
    texts = Texts({source.path: source for source in sources})
    outlines = {
        source.path: remembered[source.path].outline
        if source.path in remembered
        else outline(parsed[source.path][0], source)
        for source in sources
    }
    words = {word for diagnostic in unread for word in texts.words_of_line(diagnostic.span)}
    digests = {source.path: digest_of(source) for source in sources}
    around = Surroundings(outlines, digests, vocabulary, words, today)

    kept = {
        path: known for path, known in remembered.items() if known.mark == around.mark(known.outline, not known.found)
    }
    stale = outlines.keys() - kept.keys()
    whole = {*stale, *(path for each in stale for path in around.tested_by(outlines[each]))}
    files = [
        (parsed.get(source.path) or read(source))[0] if source.path in whole else outlines[source.path].file
        for source in sources
    ]
    _, seen = look(files, unread, texts, vocabulary, today, outlines.keys() - whole)
    fresh = [each for each in seen if each.span.path not in kept]
    found = [*fresh, *(each for known in kept.values() for each in known.found)]

    broken = {path for path, (_, mistakes) in parsed.items() if mistakes}
    for path in stale - broken:
        mine = tuple(each for each in fresh if each.span.path == path)
        if all(label.span.path == path for each in mine for label in each.labels):
            kept[path] = Remembered(outlines[path], around.mark(outlines[path], not mine), mine)
    return tuple(in_order((*unread, *told_once(unread, found, texts)))), kept


def digest_of(source: Source) -> str:
    return sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest()
