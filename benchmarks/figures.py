"""The common shape of benchmarks: each makes rows, which are shown as a table, or as JSON lines with `--json`."""

import argparse
import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of campflow, and what stands beside it in the same unit, both medians of `rounds` runs made in turn.

    `what` says which figure, with its size and database; `than` what stands beside it; `goal` what the ratio (ours
    through beside) should be, in words.
    """

    what: str
    unit: str
    ours: float
    beside: float | None = None
    than: str = ""
    goal: str = ""
    rounds: int = 3

    @property
    def ratio(self) -> float | None:
        return self.ours / self.beside if self.beside else None


def of(
    what: str, unit: str, ours: Sequence[float], beside: Sequence[float] = (), than: str = "", goal: str = ""
) -> Row:
    """The row of these runs: their medians."""
    bare = statistics.median(beside) if beside else None
    return Row(what, unit, statistics.median(ours), bare, than, goal, len(ours))


def parser(text: str | None, rounds: int = 3) -> argparse.ArgumentParser:
    """The options that every benchmark has; it adds its own."""
    made = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rounds", type=int, default=rounds, help="runs of each side, made in turn; medians are shown")
    made.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    return made


def show(title: str, rows: Iterable[Row], as_json: bool) -> None:
    """Print each row as soon as it is known."""
    if not as_json:
        print(title)
    for row in rows:
        line = json.dumps({"title": title} | asdict(row) | {"ratio": row.ratio}) if as_json else _line(row)
        print(line, flush=True)


def number(value: float) -> str:
    """Four figures are enough of anything."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _line(row: Row) -> str:
    text = f"{row.what:<44} {number(row.ours):>9} {row.unit:<11}"
    if row.beside is None:
        return text.rstrip()
    goal = f"  ({row.goal})" if row.goal else ""
    return f"{text} {row.than} {number(row.beside):>9}   ratio {row.ratio:.2f}{goal}"
