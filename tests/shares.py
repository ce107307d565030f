"""How much is played of what could go on for hours: generated cases, places to die at, kills, power cuts, mutations.

An ordinary run plays a small share, always the same one. CAMPFLOW_TEST_LONG=1 plays all of it, which takes hours.
CAMPFLOW_TEST_LONG=minutes:15 plays the tests that are marked `long`, and no others, for about that long: each has the
same part of the time, and begins elsewhere every day (`tests/bounded.py`). CAMPFLOW_TEST_FIRST=N begins at number N.
"""

import os
import re
import time
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

_SAID = os.environ.get("CAMPFLOW_TEST_LONG") or "0"
_MINUTES = re.fullmatch(r"minutes:(\d+)", _SAID)
if _SAID not in ("0", "1") and _MINUTES is None:
    raise ValueError(f"CAMPFLOW_TEST_LONG={_SAID}: write 1, or for example minutes:15")

#: For how long a share of everything is played; None where nobody said so.
MINUTES = int(_MINUTES[1]) if _MINUTES else None
#: Whether there is more than the ordinary share.
LONG = _SAID != "0"
#: The number of the first generated case, another one every day. All processes have the same one.
FIRST = int(os.environ.setdefault("CAMPFLOW_TEST_FIRST", str(int(time.time() // 86_400) * 1_000 if MINUTES else 0)))


def share(ordinary: int, whole: int) -> int:
    """How many of something are to be played, by a test that ends where `goes_on` says so."""
    return whole if LONG else ordinary


def fixed(ordinary: int, whole: int) -> int:
    """The same, by a test that cannot be ended: in a run of some minutes no more than usual, but others."""
    return whole if LONG and MINUTES is None else ordinary


def some(ordinary: Sequence[T], whole: Sequence[T]) -> list[T]:
    """Which of the things that can be listed are to be played."""
    if MINUTES is None:
        return list(whole if LONG else ordinary)
    start = Random(FIRST).randrange(len(whole)) if whole else 0
    return [*whole[start:], *whole[:start]]


#: Until when the test at hand may begin another case (by `time.monotonic`), and how many it has played.
_until, _played = float("inf"), 0


def begin(seconds: float) -> None:
    """A test begins that has so much time."""
    global _until, _played
    _until, _played = time.monotonic() + seconds, 0


def goes_on() -> bool:
    """Whether the test at hand may begin another case; where nothing is bounded, always."""
    return time.monotonic() < _until


def play(cases: int) -> None:
    """The test at hand has played them."""
    global _played
    _played += cases


def played() -> int:
    return _played
