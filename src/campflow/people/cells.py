"""Columns of cells, read at once where they are as plain as nearly all are.

Nothing here decides what is right. A cell that is not plain is left to the readers of single cells (`fields`, `values`,
`addresses`), and where those refuse it, its place goes into `odd`: its row is then read by itself, which says why.
A plain cell is read as they would read it.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from typing import TypeGuard

from campflow.model.constants import Stored
from campflow.model.people import ValueType
from campflow.people.addresses import email
from campflow.people.fields import LONGEST_KEY, name_of
from campflow.people.values import (
    LONGEST_TEXT,
    REPEATED,
    Conventions,
    instant_of,
    is_missing,
    read_text,
    read_time,
    reader,
)
from campflow.people.wording import BadCell, BadValue

#: None where a cell says nothing.
Cells = Sequence[object]

#: Values of a column, None where its cell says nothing or is odd.
Values = Sequence[Stored]

#: The values of cells that are all texts; None where some of them must be read one by one.
_AtOnce = Callable[[Sequence[str]], Values | None]

_REMEMBERED = 10_000


def said(cells: Cells) -> Cells:
    """The cells of a source with None where they say nothing."""
    if str not in set(map(type, cells)):
        return cells
    if _are_texts(cells) and "" not in cells and not any(map(str.isspace, cells)):
        return cells
    return [None if is_missing(cell) else cell for cell in cells]


def _are_texts(cells: Cells) -> TypeGuard[Sequence[str]]:
    return set(map(type, cells)) == {str}


def _are_moments(cells: Cells) -> TypeGuard[Sequence[dt.datetime]]:
    return set(map(type, cells)) == {dt.datetime}


def mark_missing(values: Cells, odd: set[int]) -> None:
    """What must be there and is not is odd."""
    if None in values:
        odd.update(place for place, value in enumerate(values) if value is None)


def read_names(cells: Cells, column: str, odd: set[int]) -> Sequence[str | None]:
    """The keys or ids that a column holds."""
    values = _of_texts(cells, _names)
    if values is None:
        values = _one_by_one(cells, lambda cell: name_of(cell, column), odd)
    return values  # type: ignore[return-value]  # both give names


def read_emails(cells: Cells, odd: set[int]) -> Values:
    """The e-mail addresses that a column holds."""
    values = _of_texts(cells, _emails)
    return _one_by_one(cells, lambda cell: email(read_text(cell).strip()), odd) if values is None else values


def column_reader(of: ValueType, conventions: Conventions) -> Callable[[Cells, set[int]], Values]:
    """What reads a column of a field."""
    read = reader(of, conventions)
    at_once = _at_once(of, conventions, read)
    of_floats = _repeated(read) if of.kind in REPEATED else None

    def read_column(cells: Cells, odd: set[int]) -> Values:
        values = None
        if of_floats is not None and set(map(type, cells)) == {float}:
            values = of_floats(cells)
        elif at_once is not None:
            values = _of_texts(cells, at_once)
        return _one_by_one(cells, read, odd) if values is None else values

    return read_column


def read_times(cells: Cells, zone: str, odd: set[int]) -> Values:
    """The instants that a column holds, in milliseconds."""
    if _are_moments(cells):
        return [instant_of(moment, zone) for moment in cells]
    values = _of_texts(cells, lambda texts: _times(texts, zone))
    return _one_by_one(cells, lambda cell: read_time(cell, zone), odd) if values is None else values


# --- whole columns of texts ------------------------------------------------------------------------------------


def _of_texts(cells: Cells, at_once: _AtOnce) -> Values | None:
    """Whatever is there must be a text."""
    if _are_texts(cells):
        return at_once(cells)
    there = [cell is not None for cell in cells]
    texts = list(compress(cells, there))
    if not _are_texts(texts):
        return None
    dense = at_once(texts)
    if dense is None:
        return None
    values = iter(dense)
    return [next(values) if is_there else None for is_there in there]


def _at_once(of: ValueType, conventions: Conventions, read: Callable[[object], Stored]) -> _AtOnce | None:
    if of.kind == "text":
        return _texts
    if of.kind == "email":
        return _emails
    if of.kind == "time":
        return lambda texts: _times(texts, conventions.zone)
    return _repeated(read) if of.kind in REPEATED else None


def _texts(texts: Sequence[str]) -> Values | None:
    return texts if _plain(texts, LONGEST_TEXT) else None


def _names(texts: Sequence[str]) -> Values | None:
    return list(map(str.strip, texts)) if _plain(texts, LONGEST_KEY) else None


def _plain(texts: Sequence[str], longest: int) -> bool:
    whole = "".join(texts)
    return whole.isascii() and "\0" not in whole and max(map(len, texts)) <= longest


def _repeated(read: Callable[[object], Stored]) -> Callable[[Cells], Values | None]:
    """A reader that remembers, for kinds of which a file has the same few values again and again. All its cells are
    texts, or all are floats: 1, 1.0 and True are the same to a dictionary, and are not to every field."""
    known: dict[object, Stored] = {}

    def read_all(cells: Cells) -> Values | None:
        new: Iterable[object] = set(cells).difference(known)
        if len(known) > _REMEMBERED:
            known.clear()
            new = set(cells)
        try:
            for cell in new:
                known[cell] = read(cell)
        except BadValue:
            return None
        return list(map(known.__getitem__, cells))

    return read_all


#: Part of what `addresses.email` gives back as it is: in small letters, and short enough by its place below. The
#: endings that nobody's address has are longer than three letters.
_PLAIN_EMAIL = re.compile(r"[a-z0-9]++(?:[._+-][a-z0-9]++)*+@(?:[a-z0-9]++(?:-[a-z0-9]++)*+\.)++[a-z]{2,3}").fullmatch
_SHORT = 60


def _emails(texts: Sequence[str]) -> Values | None:
    if max(map(len, texts)) > _SHORT:
        return None
    try:
        return [text if _PLAIN_EMAIL(text) else email(text.strip()) for text in texts]
    except BadValue:
        return None


#: Lines of times that `fromisoformat` reads as `read_time` would.
_PLAIN_TIMES = re.compile(
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?+(?:Z|[+-][0-9]{2}:[0-9]{2})?+)?+\n)++"
).fullmatch


def _times(texts: Sequence[str], zone: str) -> Values | None:
    if not _PLAIN_TIMES("\n".join([*texts, ""])):
        return None
    try:
        return [instant_of(moment, zone) for moment in map(dt.datetime.fromisoformat, texts)]
    except ValueError:
        return None


# --- cell by cell ----------------------------------------------------------------------------------------------


def _one_by_one(cells: Cells, read: Callable[[object], Stored], odd: set[int]) -> Values:
    values: list[Stored] = []
    for place, cell in enumerate(cells):
        value: Stored = None
        if cell is not None:
            try:
                value = read(cell)
            except (BadCell, BadValue):
                odd.add(place)
        values.append(value)
    return values
