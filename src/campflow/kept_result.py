"""What `campflow check` said the last time, in `.campflow/cache/result.json` of the project.

It is said again as long as nothing has changed. Then nothing of the language is imported, which takes longer than to
look at a file.
"""

import datetime as dt
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from campflow.checking.vocabulary import Vocabulary
from campflow.checking.written import written
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.packing import packed, unpacked
from campflow.diagnostics.source import Source
from campflow.keeping import Keeping


class KeptResult:
    """All findings in these texts, with what they may name and do not declare, on this day."""

    def __init__(self, root: Path, sources: Sequence[Source], vocabulary: Vocabulary, today: dt.date) -> None:
        self._kept = Keeping(root, "result.json")
        texts = [(source.path, sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest()) for source in sources]
        everything = f"{today}\n{texts}\n{written(vocabulary)}"
        self._mark = sha256(everything.encode("utf-8", "surrogatepass")).hexdigest()

    def read(self) -> tuple[Diagnostic, ...] | None:
        """None where something has changed, or nothing was kept."""
        kept = self._kept.read()
        if kept.get("of") != self._mark:
            return None
        try:
            return tuple(unpacked(path, found) for path, found in kept["found"])
        except (TypeError, ValueError, LookupError):
            return None

    def write(self, found: Sequence[Diagnostic]) -> None:
        """Findings that speak of two files are not kept: they are looked for again."""
        if all(label.span.path == each.span.path for each in found for label in each.labels):
            self._kept.write({"of": self._mark, "found": [[each.span.path, packed(each)] for each in found]})
