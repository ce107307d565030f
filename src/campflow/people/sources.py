"""The built-in sources: CSV and JSON lines. A bad record is a value in the stream; the rest goes on."""

import csv
import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from typing import BinaryIO

from campflow.errors import CampflowError
from campflow.hooks.contracts import BadRow, Row, SourcePlugin
from campflow.people.records import Records

#: A line, and a record of several lines, may be this long: an unclosed quote must not swallow a whole file.
LONGEST_LINE = 1_000_000
MOST_LINES = 1_000

#: So many lines of a CSV file are read at once; no more than a record may have, and not many to be read again.
_TOGETHER, _TOGETHER_BYTES = 500, 250_000

#: How much of a bad record is kept for the rejects file.
_KEPT = 10_000
_TOO_LONG = f"the line is longer than {LONGEST_LINE:,} bytes"
_NOT_UTF8 = "is not UTF-8 text: save the file as UTF-8"


def bounded_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream. Of a line that is too long only the beginning, which is too long as well."""
    for line in iter(partial(stream.readline, LONGEST_LINE + 1), b""):
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE + 1)
            if not line:
                return


# --- CSV -------------------------------------------------------------------------------------------------------


class CsvSource:
    """Comma, semicolon or tab separated values with a header line; quoting as in RFC 4180."""

    suffixes: tuple[str, ...] = (".csv", ".tsv")

    def rows(self, lines: Iterable[bytes]) -> Iterator[Row | BadRow]:
        for found in self.records(lines):
            if isinstance(found, Records):
                yield from map(found.row, range(len(found.lines)))
            else:
                yield found

    def records(self, lines: Iterable[bytes]) -> Iterator[Records | Row | BadRow]:
        """Records together where nothing is wrong with any line of them, else one by one."""
        feed = _Feed(iter(lines))
        first = feed.peek()
        if first is None:
            return
        delimiter = _delimiter(first)
        one_by_one = _records(feed, csv.reader(feed, delimiter=delimiter, strict=True))
        header = next(one_by_one)
        if isinstance(header, BadRow):
            raise CampflowError(f"the header line cannot be read: {header.reason}")
        names = _column_names(header[1])
        while feed.fill():
            together = _together(names, feed, delimiter)
            if together is not None:
                yield together
                continue
            for record in one_by_one:
                yield record if isinstance(record, BadRow) else _row(names, record, feed)
                if not feed.waiting:
                    break


class _RecordTooLong(Exception):
    pass


@dataclass(slots=True)
class _Feed:
    """Texts of lines for csv.reader, which remembers those of the present record so that they can be read again.

    Bytes that are no UTF-8 become lone surrogates, so that only the cell they stand in is bad.
    """

    lines: Iterator[bytes]
    waiting: deque[bytes] = field(default_factory=deque)
    record: list[str] = field(default_factory=list)
    number: int = 0
    size: int = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = self.waiting.popleft() if self.waiting else next(self.lines)
        line = raw.decode("utf-8", "surrogateescape")
        self.record.append(line)
        self.size += len(line)
        if self.size > LONGEST_LINE or len(self.record) > MOST_LINES:
            raise _RecordTooLong
        return line

    def peek(self) -> str | None:
        """The first line, which stays to be read."""
        for line in self.lines:
            self.waiting.append(line.removeprefix(b"\xef\xbb\xbf"))
            return self.waiting[0].decode("utf-8", "surrogateescape")
        return None

    def fill(self) -> bool:
        """Let some lines wait, unless some do; whether there are any."""
        if not self.waiting:
            size = 0
            for line in self.lines:
                self.waiting.append(line)
                size += len(line)
                if size >= _TOGETHER_BYTES or len(self.waiting) >= _TOGETHER:
                    break
        return bool(self.waiting)

    def take_all(self) -> None:
        """The lines that wait were read."""
        self.begin()
        self.number += len(self.waiting)
        self.waiting.clear()

    def begin(self) -> None:
        """The record before was good, or its first line is given up: a new one begins."""
        self.number += len(self.record)
        self.record.clear()
        self.size = 0

    def raw(self) -> str:
        """The beginning of the present record as it stands in the file."""
        text = "".join(self.record)[:_KEPT].rstrip("\r\n")
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def give_up(self) -> str:
        """Read all but the first line of the present record again; the first one, given back, is the bad one."""
        self.waiting.extendleft(line.encode("utf-8", "surrogateescape") for line in reversed(self.record[1:]))
        del self.record[1:]
        return self.raw()


def _together(names: list[str], feed: _Feed, delimiter: str) -> Records | None:
    """The records of all lines that wait, where each line is a whole one of as many cells as there are names."""
    data = b"".join(feed.waiting)
    if len(data) > LONGEST_LINE:  # one of them may be too long
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    reader = csv.reader(StringIO(text, newline="\n"), delimiter=delimiter, strict=True)
    try:
        cells = list(reader)
    except csv.Error:
        return None
    if len(cells) != len(feed.waiting) or set(map(len, cells)) != {len(names)}:
        return None
    feed.begin()
    begun = feed.number + 1
    feed.take_all()
    return Records(tuple(names), list(range(begun, begun + len(cells))), [*cells])


#: The line on which it begins, and its cells.
_Record = tuple[int, list[str]]


def _records(feed: _Feed, reader: Iterator[list[str]]) -> Iterator[_Record | BadRow]:
    while True:
        feed.begin()
        line = feed.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _RecordTooLong:
            quote = f"a quote is not closed within {MOST_LINES:,} lines" if len(feed.record) > 1 else _TOO_LONG
            yield BadRow(line, "", quote, feed.give_up())
        except csv.Error as error:
            yield BadRow(line, "", _csv_reason(str(error)), feed.give_up())
        else:
            if cells:
                yield line, cells


def _row(names: list[str], record: _Record, feed: _Feed) -> Row | BadRow:
    line, cells = record
    if len(cells) > len(names) and not any(cells[len(names) :]):
        cells = cells[: len(names)]  # spreadsheets like to add empty cells
    if len(cells) != len(names):
        return BadRow(line, "", f"has {len(cells)} cells, the header has {len(names)}", feed.give_up())
    values = dict(zip(names, cells, strict=True))
    # One look at the whole record is cheaper than one at each cell.
    if not "".join(feed.record).isascii():
        for name, cell in values.items():
            if not _is_unicode(cell):
                return BadRow(line, name, _NOT_UTF8, feed.raw())
    return Row(line, values)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _csv_reason(error: str) -> str:
    if "unexpected end of data" in error:
        return "a quote is not closed"
    if "new-line character" in error:
        return "has a carriage return in the middle: end lines with a line feed"
    if "expected after" in error:
        return 'has a quote in the middle of a quoted cell: write it twice ("")'
    if "field limit" in error:
        return f"a cell is longer than {csv.field_size_limit():,} characters, or a quote is not closed"
    return f"is not CSV: {error}"


def _delimiter(header: str) -> str:
    """The separator that the header line has most of outside quotes."""
    outside = "".join(header.split('"')[::2])
    return max(",;\t", key=outside.count)


def _column_names(cells: list[str]) -> list[str]:
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, 1)]
    for name in names:
        if not _is_unicode(name):
            raise CampflowError(f"the header line {_NOT_UTF8}")
        if names.count(name) > 1:
            raise CampflowError(f"two columns are named `{name}`: give one of them another name")
    return names


# --- JSON lines ------------------------------------------------------------------------------------------------


class JsonLinesSource:
    """One JSON object a line."""

    suffixes: tuple[str, ...] = (".jsonl", ".ndjson", ".json")

    def rows(self, lines: Iterable[bytes]) -> Iterator[Row | BadRow]:
        for number, line in enumerate(lines, 1):
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if text.strip():
                yield _json_row(number, text)


def _json_row(number: int, line: bytes) -> Row | BadRow:
    raw = line[:_KEPT].decode("utf-8", "replace").rstrip("\r\n")
    if len(line) > LONGEST_LINE:
        return BadRow(number, "", _TOO_LONG, raw)
    try:
        value = json.loads(line.decode(), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return BadRow(number, f"character {error.colno}", f"is not JSON: {error.msg}", raw)
    except UnicodeDecodeError as error:
        return BadRow(number, f"character {error.start + 1}", _NOT_UTF8, raw)
    except RecursionError:
        return BadRow(number, "", "is JSON nested too deeply", raw)
    except ValueError as error:
        return BadRow(number, "", str(error), raw)
    if not isinstance(value, dict):
        return BadRow(number, "", 'is not a JSON object: write {"email": "ada@acme.example"}', raw)
    return Row(number, value)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number that can be counted with")


CSV = SourcePlugin("csv", CsvSource())
JSON_LINES = SourcePlugin("jsonl", JsonLinesSource())
