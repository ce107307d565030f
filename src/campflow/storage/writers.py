"""The kinds of writers, and who of them waits for whom.

SQLite has one writer at a time, and nothing here matters to it. On PostgreSQL writers work side by side. Rows are kept
apart by row locks and leases; three locks keep apart what rows cannot. All of them end with their transaction:

    project  all share it but who must be alone: putting a text into force, erasing a person, changing tables
    outbox   who hands over shares it; who releases, leases or cancels messages has it alone. A release counts the
             messages of a contact over all campaigns, and a lease is a range of ids, not a mark on each message:
             neither is a fact about single rows that could be locked. And nobody cancels what is being handed over
    told     who adds contacts, events or changes has it, and a tick begins when nobody does. Their numbers come from
             sequences, so a later number may be seen before an earlier one: a tick that looked up to the later one
             would pass over the earlier for good
"""

from dataclasses import dataclass
from typing import Literal

Hold = Literal["no", "shared", "alone"]


@dataclass(frozen=True, slots=True)
class Writer:
    """What a transaction holds of each lock. Those who wait always do so in the order project, outbox, told.

    With `snapshot` all its statements see the database as it was when it began, with every contact, event and change
    up to the last one that it sees. Where rows were changed meanwhile, it ends in a CollisionError.
    """

    project: Hold = "shared"
    outbox: Hold = "no"
    told: Hold = "no"
    snapshot: bool = False


#: Nobody else writes. What says nothing else is this.
ALONE = Writer("alone")
#: Writes to rows that it has leased, or leases them row by row.
HOLDER = Writer()
#: Adds contacts, events or changes.
TELLER = Writer(told="alone")


def holder(tells: bool, follows: bool = False) -> Writer:
    """Writes to rows that it has leased; `tells` if it adds events about them, `follows` if it reads those it added."""
    return Writer(told="alone" if follows else "shared" if tells else "no")


def releaser(tells: bool) -> Writer:
    """Decides which messages may go, or takes a batch of them; `tells` if it adds events about them."""
    return Writer(outbox="alone", told="shared" if tells else "no")


def handing_over(tells: bool, follows: bool = False) -> Writer:
    """Commits that messages are about to be given to a provider; `tells` if it adds events about others, `follows` if
    it reads those it added."""
    return Writer(outbox="shared", told="alone" if follows else "shared" if tells else "no")


def mover(tells: bool, cancels: bool) -> Writer:
    """A chunk of a tick. One that `tells` keeps others from telling until it ends: it must know all that was told
    before its own events, which have later numbers."""
    return Writer(outbox="alone" if cancels else "no", told="alone" if tells else "no", snapshot=True)
