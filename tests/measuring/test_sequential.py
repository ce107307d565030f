"""The always-valid test of splits: it finds what is there, and is not fooled by being asked every day."""

from random import Random

import pytest

from campflow.measuring.sequential import Tally, always_valid_p, winner


def test_a_large_difference_is_found() -> None:
    assert winner([Tally(1000, 100), Tally(1000, 200)], 0.95) == 1
    assert winner([Tally(1000, 200), Tally(1000, 100), Tally(1000, 90)], 0.95) == 0


def test_the_best_must_be_better_than_every_other_arm() -> None:
    assert winner([Tally(1000, 200), Tally(1000, 195), Tally(1000, 90)], 0.95) is None


@pytest.mark.parametrize(
    "tallies", [[Tally(0, 0), Tally(0, 0)], [Tally(10, 10), Tally(0, 0)], [Tally(1, 1), Tally(1, 0)]]
)
def test_a_few_people_decide_nothing(tallies: list[Tally]) -> None:
    assert winner(tallies, 0.95) is None


def test_it_is_the_formula_of_the_paper() -> None:
    """Johari et al. 2015, eq. 3, worked out by hand: rates 0.5 and 0.6 of 500 each."""
    p = always_valid_p(Tally(500, 250), Tally(500, 300))
    assert p == pytest.approx(0.04826, abs=0.0001)
    assert always_valid_p(Tally(500, 300), Tally(500, 250)) == pytest.approx(p)


def test_equal_arms_that_are_read_every_day_are_seldom_told_apart() -> None:
    """Fixed-sample tests would be wrong in about one of four of such months; this one in fewer than one of twenty."""
    chance, wrong, months = Random(7), 0, 600
    for _ in range(months):
        one = other = Tally(0, 0)
        for _ in range(30):
            one, other = (
                Tally(each.people + 40, each.successes + sum(chance.random() < 0.1 for _ in range(40)))
                for each in (one, other)
            )
            if winner([one, other], 0.95) is not None:
                wrong += 1
                break
    assert wrong / months < 0.05
