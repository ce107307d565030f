"""What deploying gives: the ids by which the statements of a campaign know its rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from campflow.sql.program import CampaignProgram


@dataclass(frozen=True, slots=True)
class Kept:
    """An earlier text that stays in force for who entered under it; nobody enters by it. `number` is its version's."""

    program: CampaignProgram
    ids: Mapping[str, int]
    number: int


@dataclass(frozen=True, slots=True)
class Deployed:
    """One campaign in force: the ids that its statements take as parameters.

    Entries count from `start` to before `end` (milliseconds). `is_new` says that this text was not in force before.
    `decides` is false where nothing is left to chance, as in tests: no split is ever decided then. `turn`
    is the campaign whose turn it is when this one's is: the first of its circle, since the order within a circle
    matters to who is in it.
    """

    name: str
    ids: Mapping[str, int]
    start: int
    end: int
    is_new: bool
    decides: bool = True
    kept: tuple[Kept, ...] = ()
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Deployment:
    """`newest` is the version deployed last, of any campaign: a later one is another process's."""

    campaigns: Mapping[str, Deployed]
    newest: int = 0
