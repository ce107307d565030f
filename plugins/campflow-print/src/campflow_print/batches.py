"""A batch on disk: a folder with the pages and a manifest. Both are there, or neither."""

import csv
import io
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from campflow.spreadsheet import CsvTable
from campflow_print.ledger import Ledger, Printed

PAGES, MANIFEST = "letters.pdf", "manifest.csv"

#: Folders of processes that died while they wrote begin like this; after an hour nobody writes there.
_DRAFT, _STALE = ".draft-", 3_600.0


@dataclass(frozen=True, slots=True)
class Line:
    """One letter in the manifest."""

    key: str
    contact: str
    message: str
    campaign: str
    first_page: int
    pages: int
    address: Sequence[str]
    target: str | None


_COLUMNS = ("letter", "first_page", "pages", "contact", "campaign", "message", "address", "key", "code")


def keep(folder: Path, name: str, pdf: bytes, lines: Sequence[Line], known: Ledger) -> dict[str, Printed]:
    """Put a batch into the folder and the ledger. A crash leaves no half of it: a folder is renamed into its place."""
    printed = {line.key: Printed(name, place, line.target) for place, line in enumerate(lines, 1)}
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder))
    try:
        draft.chmod(0o750)
        _write(draft / PAGES, pdf)
        _write(draft / MANIFEST, _manifest(lines))
        _flush(draft)
        if not (folder / name).exists():
            draft.rename(folder / name)
        _flush(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    known.add(name, printed)
    return printed


def recover(folder: Path, known: Ledger) -> None:
    """Write into the ledger what a process put in place before it died, and throw away what it did not."""
    for path in folder.iterdir():
        if path.name.startswith(_DRAFT):
            if time.time() - path.stat().st_mtime > _STALE:
                shutil.rmtree(path, ignore_errors=True)
        elif (path / MANIFEST).is_file() and not known.knows(path.name):
            known.add(path.name, dict(_read(path)))


def _read(batch: Path) -> Iterator[tuple[str, Printed]]:
    with (batch / MANIFEST).open(encoding="utf-8-sig", newline="") as file:
        for place, row in enumerate(csv.DictReader(file), 1):
            yield row["key"], Printed(batch.name, place, row["code"] or None)


def _manifest(lines: Sequence[Line]) -> bytes:
    """CSV with a byte order mark, as the spreadsheets of printers want it."""
    buffer = io.StringIO()
    table = CsvTable(buffer)
    table.row(_COLUMNS)
    for place, line in enumerate(lines, 1):
        table.row((
            place, line.first_page, line.pages, line.contact, line.campaign, line.message, ", ".join(line.address),
            line.key, line.target,
        ))  # fmt: skip
    return buffer.getvalue().encode("utf-8-sig")


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    """What was renamed or made in a folder is on the disk when this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
