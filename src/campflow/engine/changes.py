"""What a change of live campaigns does to the people in them, counted."""

from dataclasses import dataclass
from typing import Literal

from campflow.engine.deployed import Deployment

What = Literal["new", "changed", "unchanged", "gone"]
Wait = Literal["same", "earlier", "later"]


@dataclass(frozen=True, slots=True)
class Group:
    """People who were in one stage and fare alike.

    `carried` is where a `moved` line takes them, `moves` where they go at once (None: they leave), `ends` that their
    journey is over then, `wait` when time moves on those who stay, `version` the kept text that goes on for them.
    """

    people: int
    carried: str | None = None
    moved: bool = False
    to: str | None = None
    ends: bool = False
    wait: Wait = "same"
    version: int | None = None

    @property
    def stays(self) -> bool:
        return not self.moved and not self.ends and self.carried is None


@dataclass(frozen=True, slots=True)
class StageChange:
    """Whether the stage was written `before`, and is written `after`."""

    name: str
    before: bool
    after: bool
    people: int
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """Messages that the change plans at once; `expired` ones come too late and are not sent."""

    channel: str
    message: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class CampaignChange:
    """What happens to one campaign and its people. `proposals` are `moved` lines that could be meant.

    `was` and `hash` are those of the text in force and of the new one, empty where there is none. `fails` says why the
    database cannot look at people by a text that stays.
    """

    name: str
    what: What
    reach: Literal["everyone", "newcomers"]
    stages: tuple[StageChange, ...] = ()
    entered: int = 0
    converted: int = 0
    planned: tuple[Planned, ...] = ()
    cancelled: int = 0
    refused: tuple[str, ...] = ()
    proposals: tuple[str, ...] = ()
    was: str = ""
    hash: str = ""
    fails: str = ""

    @property
    def people(self) -> int:
        """How many are inside."""
        return sum(stage.people for stage in self.stages)

    @property
    def destructive(self) -> bool:
        """Whether it does to people inside what putting the old text back would not undo."""
        if self.what == "gone":
            return self.people > 0
        touched = any(not group.stays for stage in self.stages for group in stage.groups)
        return self.what == "changed" and bool(touched or self.planned or self.cancelled or self.converted)


@dataclass(frozen=True, slots=True)
class Changes:
    campaigns: tuple[CampaignChange, ...]
    deployment: Deployment

    @property
    def any(self) -> bool:
        return any(each.what != "unchanged" for each in self.campaigns)

    @property
    def refused(self) -> bool:
        return any(each.refused for each in self.campaigns)

    @property
    def destructive(self) -> bool:
        return any(each.destructive for each in self.campaigns)
