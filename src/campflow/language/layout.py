"""One statement on as many lines as it needs: broken after operators and commas, the loosest first, and inside ( )."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from campflow.language.spelling import COMMAS, Word

LIMIT = 100
"""Columns. A line is longer only where it has no place to break at, or for a comment."""

STEP = 2
"""Columns of one indentation."""

_ASSIGNMENT = frozenset({"EQUAL"})
_COMPARISON = frozenset({"COMPARE"})
_SUM = frozenset({"PLUS", "MINUS"})
_LOOSEST_FIRST = (_ASSIGNMENT, COMMAS, frozenset({"OR"}), frozenset({"AND"}))
_TIGHTER = (_COMPARISON, _SUM, frozenset({"STAR", "SLASH"}))
_WORTH_OPENING = 20
"""Columns: brackets around less are not broken open, it would gain nothing."""


@dataclass(frozen=True)
class Group:
    """A part in round brackets, as one."""

    opening: Word
    inside: "Sequence[Atom]"
    closing: Word

    @property
    def glued(self) -> bool:
        return self.opening.glued

    @cached_property
    def width(self) -> int:
        return 2 + width(self.inside)

    @cached_property
    def remarked(self) -> bool:
        """Whether a comment stands inside."""
        return bool(self.opening.remarks) or any(_remarked(atom) for atom in self.inside)


Atom: TypeAlias = Word | Group


def flat(words: Sequence[Word]) -> str:
    """The words on one line."""
    return "".join(word.text if word.glued or not index else f" {word.text}" for index, word in enumerate(words))


def lay_out(words: Sequence[Word], start: str, base: int, further: int) -> list[str]:
    """The lines of a statement whose first line begins with `start`, which ends at or after column `base`.

    Lines that go on are indented by `further`; a bracket that closes on a line of its own stands at `base`.
    """
    page = _Page(start, further)
    _Layout(page).lay(grouped(words), base, further, 0)
    return page.finished()


def grouped(words: Sequence[Word]) -> list[Atom]:
    """The words with each pair of round brackets as one group."""
    levels: list[list[Atom]] = [[]]
    opened: list[Word] = []
    for word in words:
        if word.kind == "LPAR":
            opened.append(word)
            levels.append([])
        elif word.kind == "RPAR":
            inside = levels.pop()
            levels[-1].append(Group(opened.pop(), inside, word))
        else:
            levels[-1].append(word)
    return levels[0]


def width(atoms: Sequence[Atom]) -> int:
    """Columns of the atoms on one line, without a blank before the first."""
    blanks = sum(not atom.glued for atom in atoms[1:])
    return blanks + sum(len(atom.text) if isinstance(atom, Word) else atom.width for atom in atoms)


def _remarked(atom: Atom) -> bool:
    if isinstance(atom, Word):
        return bool(atom.remarks)
    return atom.remarked or bool(atom.closing.remarks)


def _breaks_inside(atoms: Sequence[Atom]) -> bool:
    """Whether a comment forces a new line before the last of the atoms ends."""
    last = atoms[-1]
    return (isinstance(last, Group) and last.remarked) or any(_remarked(atom) for atom in atoms[:-1])


class _Layout:
    """Writes atoms on a page, and finds where to go to a new line."""

    def __init__(self, page: "_Page") -> None:
        self._page = page

    def lay(self, atoms: Sequence[Atom], base: int, further: int, tail: int) -> None:
        """Writes the atoms, with room for `tail` columns behind them. The present line is indented by `base`."""
        if not atoms:
            return
        if self._fits(atoms, tail):
            self._write(atoms, further)
            return
        loose = _LOOSEST_FIRST if any(_is(atom, _COMPARISON) for atom in atoms) else (*_LOOSEST_FIRST, _SUM)
        broken = (
            self._split(atoms, loose, base, further, tail)
            or self._open(atoms, base, further, tail)
            or self._split(atoms, _TIGHTER, base, further, tail)
        )
        if not broken:
            self._write(atoms, further)

    def _fits(self, atoms: Sequence[Atom], tail: int) -> bool:
        """Whether they have room on the present line, with `tail` columns behind them, and no comment breaks them."""
        return not _breaks_inside(atoms) and self._page.column_of(atoms[0]) + width(atoms) + tail <= LIMIT

    def _write(self, atoms: Sequence[Atom], further: int) -> None:
        """On the present line, if no comment ends it."""
        for atom in atoms:
            if isinstance(atom, Word):
                self._page.write(atom, further)
            else:
                self._page.write(atom.opening, further)
                self._write(atom.inside, further)
                self._page.write(atom.closing, further)

    def _split(
        self, atoms: Sequence[Atom], classes: Sequence[frozenset[str]], base: int, further: int, tail: int
    ) -> bool:
        """Breaks after the loosest of the operators. False where there is none."""
        for kinds in classes:
            pieces = _pieces(atoms, kinds)
            if len(pieces) > 1:
                self._lay_pieces(pieces, kinds, base, further, tail)
                return True
        return False

    def _lay_pieces(
        self, pieces: Sequence[Sequence[Atom]], kinds: frozenset[str], base: int, further: int, tail: int
    ) -> None:
        """A line for each, but as many as fit on one for what commas separate."""
        deeper = further if kinds is _ASSIGNMENT else further + STEP
        full = False
        for index, piece in enumerate(pieces):
            room = tail if index == len(pieces) - 1 else 0
            if index and (full or kinds is not COMMAS or not self._fits(piece, room)):
                self._page.new_line(further)
            full = not self._fits(piece, room) or _remarked(piece[-1])
            self.lay(piece, base if index == 0 else further, deeper, room)

    def _open(self, atoms: Sequence[Atom], base: int, further: int, tail: int) -> bool:
        """Puts the inside of the brackets that hold most on lines of its own. False where none hold much."""
        groups = [(atom.remarked, atom.width, -index) for index, atom in enumerate(atoms) if isinstance(atom, Group)]
        remarked, columns, place = max(groups, default=(False, 0, 0))
        group = atoms[-place]
        if not isinstance(group, Group) or not group.inside or (columns < _WORTH_OPENING and not remarked):
            return False
        self.lay(atoms[:-place], base, further, 1)
        self._page.write(group.opening, base + STEP)
        self._page.new_line(base + STEP)
        self.lay(group.inside, base + STEP, base + STEP, 0)
        self._page.end_remarks(base + STEP)
        self._page.new_line(base)
        self._page.write(group.closing, further)
        self.lay(atoms[1 - place :], base, further, tail)
        return True


def _is(atom: Atom, kinds: frozenset[str]) -> bool:
    return isinstance(atom, Word) and atom.kind in kinds


def _pieces(atoms: Sequence[Atom], kinds: frozenset[str]) -> list[Sequence[Atom]]:
    """The atoms, cut after each word of these kinds."""
    cuts = [index + 1 for index, atom in enumerate(atoms[:-1]) if _is(atom, kinds)]
    return [atoms[start:end] for start, end in zip([0, *cuts], [*cuts, len(atoms)], strict=True)]


class _Page:
    """Lines while they are written; a new one begins when its first word comes."""

    def __init__(self, start: str, indent: int) -> None:
        self._lines: list[str] = []
        self._parts = [start]
        self._bare = True
        self._broken = False
        self._indent = indent
        self._own_lines: list[str] = []
        self._width = len(start)

    def column_of(self, atom: Atom) -> int:
        """Where it would stand."""
        if self._broken:
            return self._indent
        return self._width if self._bare or atom.glued else self._width + 1

    def write(self, word: Word, further: int) -> None:
        """The word; after a comment the next one stands on a new line, indented by `further`."""
        if self._broken:
            self._begin_line()
        text = word.text if word.glued or self._bare else f" {word.text}"
        self._bare = False
        self._parts.append(text)
        self._width += len(text)
        for remark in word.remarks:
            if remark.own_line or self._broken:
                self._own_lines.append(remark.text)
            else:
                self._parts.append(f"  {remark.text}")
            self.new_line(further)

    def new_line(self, indent: int) -> None:
        """What comes next stands on a new line. Of several in a row the last one counts."""
        self._broken, self._indent = True, indent

    def end_remarks(self, indent: int) -> None:
        """Writes the comments that have lines of their own now, not where the next word is going to stand."""
        if self._own_lines:
            *before, last = (" " * indent + text for text in self._own_lines)
            self._lines += ["".join(self._parts), *before]
            self._parts, self._own_lines = [last], []

    def finished(self) -> list[str]:
        return [*self._lines, "".join(self._parts)]

    def _begin_line(self) -> None:
        indent = " " * self._indent
        self._lines.append("".join(self._parts))
        self._lines.extend(indent + text for text in self._own_lines)
        self._own_lines = []
        self._parts = [indent]
        self._width = self._indent
        self._bare, self._broken = True, False
