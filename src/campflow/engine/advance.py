"""A tick: everybody who is due moves on. `advance` is a function of the database and `now`, nothing else.

A tick goes from campaign to campaign. Of each the work is cut into chunks, each one transaction (`engine/chunks.py`),
and a chunk goes round after round until nobody moves any more (`engine/rounds.py`).

One process at a time moves the people of a campaign, and of those whose order in a tick may matter to it
(`engine/turns.py`).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from campflow.engine import looks
from campflow.engine.chunks import Share, Sizes
from campflow.engine.deployed import Deployment
from campflow.engine.rounds import Counts
from campflow.engine.scores import refresh_scores
from campflow.engine.splits import decide, readings
from campflow.engine.turns import Busy, TurnLost, Turns
from campflow.sql.program import CampaignProgram, Program
from campflow.storage.bulk import count_again
from campflow.storage.database import Database
from campflow.storage.writers import HOLDER

#: Contacts, events or journeys looked at in one transaction: long enough to be fast, short enough to let others write.
CHUNK = 50_000

#: Journeys that wait together from which on they are found by a run.
TOGETHER = 1_000

#: Moves and messages of a tick from which on PostgreSQL counts anew what the tables hold.
MANY = 20_000


@dataclass(slots=True)
class Advance(Counts):
    """What a tick did: journeys begun, moves (entries included), messages planned, conversions.

    `busy` campaigns were left to another process that was moving their people, `lost` ones were taken over by another.
    """

    busy: int = 0
    lost: int = 0

    def __bool__(self) -> bool:
        return any((self.entered, self.moved, self.planned, self.converted))


def advance(
    database: Database,
    program: Program,
    deployment: Deployment,
    now: int,
    *,
    chunk: int = CHUNK,
    together: int = TOGETHER,
    alone: bool = False,
) -> Advance:
    """Move everybody whom the events, fields and the clock up to `now` (milliseconds) move.

    Campaigns come in the order in which they need each other, and again while one has told another something new. How
    many are looked at in one transaction (`chunk`), and how many who wait `together` are worth a run, changes the time
    that it takes and nothing else. Who is `alone` at the database, from its beginning to its end, leaves no campaign to
    a process that is in the midst of a tick.
    """
    tick = _Tick(database, program, deployment, Sizes(chunk, together), alone=alone)
    with database.reader() as connection:
        midnights = readings(connection, database.tables, program, deployment.campaigns, now)
    try:
        for midnight, deciding in midnights.items():  # a split may be decided then, before anybody goes farther
            tick.stop_at(midnight)
            tick.move_all(midnight)
            for campaign in deciding:
                tick.decide(campaign, midnight)
        tick.move_all(now)
    finally:
        tick.turns.give_back()
    if tick.done.moved + tick.done.planned >= MANY:
        _count_again(database)
    return tick.done


def look_inside(
    database: Database, program: Program, deployment: Deployment, campaigns: Collection[str], now: int
) -> Advance:
    """Look at everyone inside these campaigns, whether they are due or not: their text has changed.

    For who is alone at the database, as who changes a text is.
    """
    tick = _Tick(database, program, deployment, Sizes(CHUNK, TOGETHER), alone=True)
    try:
        for campaign in program.campaigns:
            if campaign.plan.name in campaigns:
                tick.share(campaign, now).look_inside()
    finally:
        tick.turns.give_back()
    return tick.done


def _count_again(database: Database) -> None:
    """Whoever asks next, the release first of all, is planned for by what the tables hold now."""
    t = database.tables
    with database.transaction(HOLDER) as connection:
        count_again(connection, t.journey, t.move, t.message)


class _Tick:
    """What the shares of all campaigns have in common."""

    def __init__(
        self, database: Database, program: Program, deployment: Deployment, sizes: Sizes, *, alone: bool
    ) -> None:
        self.database, self.program, self.deployment, self.sizes = database, program, deployment, sizes
        self.turns, self.done = Turns(database, alone=alone), Advance()

    def share(self, campaign: CampaignProgram, now: int) -> Share:
        deployed = self.deployment.campaigns[campaign.plan.name]
        return Share(self.database, campaign, deployed, now, self.sizes, self.turns, self.done)

    def stop_at(self, midnight: int) -> None:
        with self.database.transaction() as connection:
            looks.stop_at(connection, self.database.tables, midnight)

    def move_all(self, now: int) -> None:
        """Campaign by campaign, and again while one has told another something new."""
        tells = self._may_tell()
        refresh_scores(self.database, self.program, now)
        while True:
            before = self._told(now) if tells else None
            for campaign in self.program.campaigns:
                self._unless_others_do(campaign, self.share(campaign, now).move)
            if not tells or self._told(now) == before:
                return

    def decide(self, campaign: CampaignProgram, midnight: int) -> None:
        """Decide the splits of a campaign that can be decided at this midnight."""
        self._unless_others_do(campaign, lambda: self._decide(campaign, midnight))

    def _decide(self, campaign: CampaignProgram, midnight: int) -> None:
        deployed = self.deployment.campaigns[campaign.plan.name]
        with self.database.transaction(HOLDER) as connection:
            fence = self.turns.take(connection, deployed.turn)
            decide(connection, self.database.tables, campaign, deployed, midnight)
        self.turns.keep(deployed.turn, fence)

    def _unless_others_do(self, campaign: CampaignProgram, work: Callable[[], None]) -> None:
        """Leave a campaign alone that another process is at."""
        if self.deployment.campaigns[campaign.plan.name].turn in self.turns.others:
            return
        try:
            work()
        except Busy:
            self.done.busy += 1
        except TurnLost:
            self.done.lost += 1

    def _told(self, now: int) -> tuple[int, int]:
        with self.database.reader() as connection:
            return looks.told(connection, self.database.tables, now)

    def _may_tell(self) -> bool:
        """Whether any text in force adds events or changes."""
        kept = (
            text.program
            for campaign in self.program.campaigns
            for text in self.deployment.campaigns[campaign.plan.name].kept
        )
        return any(each.tells for each in (*self.program.campaigns, *kept))
