"""Many random cases, evenly spread, each with a number; the one that fails is shrunk.

Hypothesis, left to itself, tries variations of what it tried before, and small cases first. Here every case is drawn
afresh from the bytes of a seeded generator, so that 300 cases are 300 different ones, and the same ones in every run.
"""

from collections.abc import Callable
from itertools import count
from random import Random
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.strategies import SearchStrategy
from tests import shares

T = TypeVar("T")

#: As many random bytes as the largest case takes.
BYTES = 8_000


def for_many(cases: SearchStrategy[T], check: Callable[[T], int], wanted: int, first: int = 0) -> int:
    """Check that many cases from number `first` on; what `check` assumes not to be does not count.

    `check` says how many cases it has looked at; where the time of a bounded run is over, fewer are. Returns the number
    after the last.
    """
    done = 0

    @settings(
        database=InMemoryExampleDatabase(),
        phases=[Phase.reuse, Phase.shrink],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def test(case: T) -> None:
        nonlocal done
        done += check(case)

    for number in count(first):
        if done >= wanted or not shares.goes_on():
            shares.play(done)
            return number
        try:
            test.hypothesis.fuzz_one_input(Random(number).randbytes(BYTES))  # type: ignore[attr-defined]
        except Exception as error:
            error.add_note(f"case number {number}; not yet shrunk")
            test()  # Hypothesis has kept the case: this shrinks and shows it.
            raise
    raise AssertionError("unreachable")
