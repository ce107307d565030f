"""Instants as people write and read them: `2026-03-01 09:00` on a zone's clock."""

import datetime as dt
import re

from campflow.model.calendar import to_instant, to_local
from campflow.model.constants import local_milliseconds

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 -- a local time: its zone is a parameter here
_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?")


def shown(at: int, zone: str, *, seconds: bool = False) -> str:
    """What the zone's calendar and clock show at an instant; the minutes, or the seconds too."""
    local = _EPOCH + dt.timedelta(milliseconds=to_local(zone, at))
    return local.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def iso(at: int) -> str:
    """An instant for machines: `2026-03-01T08:00:00.000Z`."""
    return (_EPOCH + dt.timedelta(milliseconds=at)).isoformat(timespec="milliseconds") + "Z"


def parse_time(text: str, zone: str) -> int:
    """The instant that a text says: local time of the zone, or with an offset of its own (`…T08:00:00Z`, `…+02:00`).

    Raises ValueError with what to write for one that says none.
    """
    text = text.strip()
    try:
        moment = dt.datetime.fromisoformat(text)
        if moment.tzinfo is None and not _WRITTEN.fullmatch(text):
            raise ValueError(text)
        local = local_milliseconds(moment.replace(tzinfo=None))
    except (ValueError, OverflowError):
        raise ValueError(f"`{text}` is not a time: write for example 2026-03-01 09:00, or 2026-03-01") from None
    offset = moment.utcoffset()
    return to_instant(zone, local) if offset is None else local - offset // dt.timedelta(milliseconds=1)
