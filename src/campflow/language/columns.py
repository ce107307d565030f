"""What the lines of a block have in common: the second column of clauses and fields, arrows, comments at line ends."""

from collections.abc import Callable, Sequence

from campflow.language.layout import LIMIT, flat
from campflow.language.outline import Item, Statement

WIDEST = 60
"""Columns. A way out with more before its arrow, or a line with more before its comment, does not move the others."""

_Runs = list[list[int]]
"""Items that are aligned with each other, by their place in the block."""


def second_columns(items: Sequence[Item], declaration: str) -> list[int]:
    """For each item the width of its run's first column, 0 where it has none; `declaration` is the kind of the block.

    `moved` lines have one where they stand among other clauses.
    """
    if declaration not in ("CAMPAIGN", "CONTACT", "EVENT"):
        return [0] * len(items)
    widths = _widths(items, _first_word)
    runs = [run for run in _runs_of(items, widths) if any(_first_kind(items[place]) != "MOVED" for place in run)]
    return _largest(runs, widths)


def arrow_columns(items: Sequence[Item]) -> list[int]:
    """For each way out and each `moved` the width before the arrow in its run, 0 where the arrow is not aligned."""
    widths = _widths(items, _before_arrow)
    return _largest(_runs_of(items, widths, WIDEST), widths)


def comment_columns(lines: Sequence[str | None], ends: Sequence[bool], widest: int) -> list[int]:
    """For each line with a comment behind it the width it has to be brought to; `ends` tells where no run goes on.

    None stands for what has no comment, or more lines than one.
    """
    widths = [0 if line is None else len(line) for line in lines]
    return _largest(_runs(widths, [end or not width for end, width in zip(ends, widths, strict=True)], widest), widths)


def _first_kind(item: Item) -> str:
    return item.words[0].kind if isinstance(item, Statement) else ""


def _first_word(statement: Statement) -> int:
    return 0 if statement.words[0].kind in ("STAGE", "FINAL") else len(statement.words[0].text)


def _before_arrow(statement: Statement) -> int:
    """A conversion's arrow stands where it falls; so does one in a statement that a comment breaks."""
    words = statement.words
    if len(words) < 3 or words[-2].kind != "ARROW" or words[0].kind == "CONVERT" or any(word.remarks for word in words):
        return 0
    return len(flat(words[:-2]))


def _widths(items: Sequence[Item], width_of: Callable[[Statement], int]) -> list[int]:
    return [width_of(item) if isinstance(item, Statement) else 0 for item in items]


def _runs_of(items: Sequence[Item], widths: Sequence[int], widest: int = LIMIT) -> _Runs:
    """An empty line ends a run, and so does a statement of another kind; a comment between the lines does not."""
    ends = [item.spaced or (isinstance(item, Statement) and not widths[place]) for place, item in enumerate(items)]
    return _runs(widths, ends, widest)


def _runs(widths: Sequence[int], ends: Sequence[bool], widest: int) -> _Runs:
    runs: _Runs = [[]]
    for place, (width, end) in enumerate(zip(widths, ends, strict=True)):
        if end:
            runs.append([])
        if 0 < width <= widest:
            runs[-1].append(place)
    return [run for run in runs if run]


def _largest(runs: _Runs, widths: Sequence[int]) -> list[int]:
    """The largest width of its run for each item in one."""
    common = [0] * len(widths)
    for run in runs:
        largest = max(widths[place] for place in run)
        for place in run:
            common[place] = largest
    return common
