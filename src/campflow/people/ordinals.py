"""Ids for events whose source gives none."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from hashlib import blake2b

from campflow.people.happenings import Happening


class Ordinals:
    """Gives ids to events that came without: what they say, and which of the equal ones in this import they are.

    So two equal purchases of one file are two, and the same file read again adds nothing. What was seen lies in a
    temporary file of SQLite's own, gone when closed: memory does not grow with the import.
    """

    def __init__(self) -> None:
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("PRAGMA journal_mode=OFF")
        self._seen.execute("PRAGMA cache_size=-16384")
        self._seen.execute("CREATE TABLE seen (digest INTEGER PRIMARY KEY, times INTEGER NOT NULL)")
        self._seen.execute("BEGIN")

    def name(self, happenings: Sequence[Happening]) -> None:
        """Fill in `event_id` where there is none; contacts must have been found."""
        nameless = [(row, _digest(row)) for row in happenings if row.event_id is None]
        # Counted by half of it. Two that share a half only get other numbers, the same ones each time.
        halves = [int.from_bytes(digest[:8], "big", signed=True) for _, digest in nameless]
        times = self._times_seen(halves)
        for (row, digest), half in zip(nameless, halves, strict=True):
            times[half] = times.get(half, 0) + 1
            row.event_id = f"{digest.hex()}.{times[half]}"
        self._seen.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", sorted(times.items()))

    def _times_seen(self, digests: Collection[int]) -> dict[int, int]:
        asked = json.dumps(list(digests))
        query = "SELECT digest, times FROM json_each(?) CROSS JOIN seen ON digest = value"
        return dict(self._seen.execute(query, (asked,)).fetchall())

    def close(self) -> None:
        self._seen.close()


def _digest(row: Happening) -> bytes:
    said = (row.contact_id, row.name, row.at, row.about, row.given)
    return blake2b(repr(said).encode(), digest_size=16).digest()
