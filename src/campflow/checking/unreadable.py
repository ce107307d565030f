"""A line that cannot be read is one mistake: what follows only from it is not told again."""

import re
from collections.abc import Iterable, Iterator

from campflow.checking.texts import Texts
from campflow.diagnostics.diagnostic import Diagnostic

#: Codes that say "nothing declares this": the unreadable line may have been the declaration.
_ABSENCES = frozenset({"unknown-name", "unknown-field", "missing-clause", "missing-address", "moved-loop"})


def told_once(unread: Iterable[Diagnostic], found: Iterable[Diagnostic], texts: Texts) -> Iterator[Diagnostic]:
    """The findings without those on an unreadable line, and those about the absence of a name or a clause
    that stands on one."""
    unread = tuple(unread)
    lines = {(diagnostic.span.path, diagnostic.span.line) for diagnostic in unread}
    words = {word for diagnostic in unread for word in texts.words_of_line(diagnostic.span)}
    for diagnostic in found:
        absent = diagnostic.code in _ABSENCES and _sought(diagnostic, texts) & words
        if not absent and (diagnostic.span.path, diagnostic.span.line) not in lines:
            yield diagnostic


def _sought(diagnostic: Diagnostic, texts: Texts) -> set[str]:
    """The name or the clause whose absence is told."""
    match diagnostic.code:
        case "missing-clause" | "missing-address":
            return set(re.findall(r"`(\w+)", diagnostic.hint or ""))
        case "unknown-field":
            return set(re.findall(r"`(?:\w+\.)?(\w+)", diagnostic.message))
        case _:
            return set(re.findall(r"\w+", texts.written(diagnostic.span)))
