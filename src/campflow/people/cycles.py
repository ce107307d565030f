"""Many values at once, among which Python need not look for cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

#: New objects after which Python looks for cycles meanwhile.
_SELDOM = 200_000

_lock = Lock()
_usual: list[tuple[int, int, int]] = []


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
