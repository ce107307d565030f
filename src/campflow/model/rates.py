"""How fast something may go: `14 per second`."""

import re

_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_RATE = re.compile(rf"(\d{{1,9}}(?:\.\d{{1,6}})?) per ({'|'.join(_SECONDS)})")


def parse_rate(text: str) -> float:
    """So many a second. Raises ValueError that says what to write."""
    match = _RATE.fullmatch(" ".join(text.split()))
    if match is None or float(match[1]) <= 0:
        raise ValueError(f"`{text[:40]}` is not a rate: write a number and a time, as in `14 per second`")
    return float(match[1]) / _SECONDS[match[2]]
