"""Whose turn it is to move a campaign's people: a lease, so that the ticks of one campaign never overlap.

Campaigns that tell each other something share one turn, that of the first of them (`Deployed.turn`): somebody who comes
second would else move the one before the other has told it.

It is taken with the first chunk that has something to do, asked for in every chunk, and given back when the tick ends.
A chunk holds the campaign's row from its beginning to its commit, so the turn cannot change hands in between. Whose
turn has run out, by the database's clock, or whose process is gone, is fenced off: its next chunk is refused. So is
whoever is between two chunks when another text is put into force.
"""

from contextlib import suppress

from sqlalchemy import ColumnElement, Connection, Row, select, update

from campflow.engine import owners
from campflow.engine.owners import this_process
from campflow.errors import StoreError
from campflow.storage.database import Database, database_now
from campflow.storage.writers import HOLDER

#: How long a turn lasts after each chunk, in seconds. A chunk itself may take longer.
SECONDS = 60.0

#: The turns that ticks of this process have just now: database, campaign, fence. Those of ticks that failed, and could
#: not give them back, are not among them.
_at_work: set[tuple[str, int, int]] = set()


class Busy(Exception):
    """Another process is moving the campaign's people."""


class TurnLost(Exception):
    """Another process has taken the turn over: nothing more of this tick is written."""


class Turns:
    """The turns that one tick has, each by its fence.

    With `alone`, turns that others have are taken over: nobody else writes before this transaction ends.
    """

    def __init__(self, database: Database, seconds: float = SECONDS, *, alone: bool = False) -> None:
        self._database, self._seconds, self._alone, self._owner = database, seconds, alone, this_process()
        self._url = str(database.url)
        self._fences: dict[int, int] = {}
        self._tried: set[tuple[str, int, int]] = set()
        #: Campaigns that others are moving, or have taken over, by their ids: this tick leaves them alone to its end.
        self.others: set[int] = set()

    def take(self, connection: Connection, campaign_id: int) -> int:
        """Take the turn, or hold on to it, within a transaction. Returns the fence, to be kept after the commit.

        Raises Busy and TurnLost.
        """
        c = self._database.tables.campaign
        clock = database_now(connection)
        until = {"tick_until": clock + round(self._seconds * 1000)}
        fence = self._fences.get(campaign_id)
        if fence is not None:
            if connection.execute(update(c).where(*self._mine(campaign_id, fence)).values(until)).rowcount != 1:
                self.others.add(campaign_id)
                raise TurnLost(f"campaign {campaign_id} was taken over by another process")
            return fence
        turn = select(c.c.tick_owner, c.c.tick_until, c.c.tick_fence).where(c.c.campaign_id == campaign_id)
        row = connection.execute(turn.with_for_update(skip_locked=True)).one_or_none()
        if row is None or (not self._alone and self._has_it(campaign_id, row, clock)):
            self.others.add(campaign_id)
            raise Busy(f"another process is at campaign {campaign_id}")
        fence = int(row.tick_fence) + 1
        self._tried.add((self._url, campaign_id, fence))
        _at_work.update(self._tried)  # before the commit, after which others see it
        taken = until | {"tick_owner": self._owner, "tick_fence": fence}
        connection.execute(update(c).where(c.c.campaign_id == campaign_id).values(taken))
        return fence

    def keep(self, campaign_id: int, fence: int) -> None:
        """The transaction in which the turn was taken is committed."""
        self._fences[campaign_id] = fence

    def give_back(self) -> None:
        """Let others have their turns; those that were lost stay theirs. Where that fails, they run out."""
        _at_work.difference_update(self._tried)
        if not self._fences:
            return
        c = self._database.tables.campaign
        with suppress(StoreError), self._database.transaction(HOLDER) as connection:
            for campaign_id, fence in sorted(self._fences.items()):
                mine = update(c).where(*self._mine(campaign_id, fence))
                connection.execute(mine.values(tick_owner=None, tick_until=None))
        self._fences.clear()

    def _has_it(self, campaign_id: int, row: Row[str | None, int | None, int], clock: int) -> bool:
        """Whether somebody is at it who may still write."""
        if row.tick_until is None or row.tick_until <= clock or owners.is_gone(row.tick_owner):
            return False
        return row.tick_owner != self._owner or (self._url, campaign_id, row.tick_fence) in _at_work

    def _mine(self, campaign_id: int, fence: int) -> tuple[ColumnElement[bool], ...]:
        c = self._database.tables.campaign.c
        return c.campaign_id == campaign_id, c.tick_fence == fence
