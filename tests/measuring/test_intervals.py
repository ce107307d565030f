"""The interval of a share against published values, and at its ends."""

import pytest

from campflow.measuring.intervals import Interval, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_as_published(successes: int, trials: int, low: float, high: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3."""
    found = wilson(successes, trials)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_who_counts_nothing_knows_nothing() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)


def test_all_is_the_mirror_of_none() -> None:
    none, everybody = wilson(0, 40), wilson(40, 40)
    assert (none.low, everybody.high) == (0.0, 1.0)
    assert everybody.low == pytest.approx(1 - none.high)


def test_more_confidence_is_wider() -> None:
    narrow, wide = wilson(30, 100, 0.9), wilson(30, 100, 0.99)
    assert wide.low < narrow.low < 0.3 < narrow.high < wide.high


@pytest.mark.parametrize(("successes", "trials"), [(3, 2), (-1, 5)])
def test_counts_that_cannot_be(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(successes, trials)
