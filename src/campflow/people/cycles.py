"""How often Python looks for cycles: seldom where values are many, and form none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

#: New objects after which Python looks for cycles meanwhile.
_SELDOM = 200_000

#: The same in a process that lives long. A batch of messages makes tens of thousands, and lets go of nearly all.
_LONG_LIVED = 50_000

_lock = Lock()
_usual: list[tuple[int, int, int]] = []


def settle_in() -> None:
    """Of a process that has loaded what it works with: that stays to the end, and is not looked through again and
    again, which took a tenth of a large tick's time. Nor is what comes and goes with each batch: half of the time in
    which receipts were made went into that."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_LONG_LIVED, *gc.get_threshold()[1:])


@contextmanager
def without_looking_for_cycles() -> Iterator[None]:
    """The values of a batch form no cycles. Python would look for some in them hundreds of times: a third of the time
    of an import went into that.

    Several threads may be within at a time; the last to leave sets things back.
    """
    with _lock:
        _usual.append(_usual[0] if _usual else gc.get_threshold())
        gc.set_threshold(max(_SELDOM, _usual[0][0]), *_usual[0][1:])
    try:
        yield
    finally:
        with _lock:
            usual = _usual.pop()
            if not _usual:
                gc.set_threshold(*usual)
