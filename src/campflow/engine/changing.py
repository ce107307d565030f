"""Changing live campaigns: other texts are put into force, in one transaction, and what that does to people is counted.

To plan a change is to make it and to undo it: so what is foretold and what is done come from the same statements. First
everybody is brought up to now by the texts in force; what was due before now is not the change's doing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from campflow.checking.differences.renames import renamed
from campflow.engine import versions
from campflow.engine.advance import advance, look_inside
from campflow.engine.carrying import stranded
from campflow.engine.changes import CampaignChange, Changes, Group, StageChange, What
from campflow.engine.crowd import Before, Came
from campflow.engine.deploy import Recall, deploy
from campflow.engine.deployed import Deployment
from campflow.engine.versions import Version
from campflow.errors import CampflowError, FunctionError, OutdatedError
from campflow.model.flow import Campaign
from campflow.sql.dialects import NEVER
from campflow.sql.program import CampaignProgram, Program
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import Tables


@dataclass(frozen=True, slots=True)
class Texts:
    """Campaigns that are in force, or are to be: their program, the texts by path, how kept texts become programs.

    `tables` are those that these texts declare.
    """

    program: Program
    sources: Mapping[str, str]
    recall: Recall
    tables: Tables


class _Undo(Exception):
    """Ends a transaction that is to leave nothing behind."""


def foresee(
    database: Database,
    before: Texts | None,
    wanted: Texts,
    zone: str,
    now: int,
    withdraws: Mapping[str, int] | None = None,
) -> Changes:
    """What a change would do; nothing of it stays, not even a column. `zone` is the project's."""
    found: list[Changes] = []
    try:
        with database.transaction() as connection:
            install(database.held(connection, wanted.tables), zone)
            found.append(change(connection, database, before, wanted, "", now, withdraws))
            raise _Undo
    except _Undo:
        return found[0]


def change(
    connection: Connection,
    database: Database,
    before: Texts | None,
    wanted: Texts,
    author: str,
    now: int,
    withdraws: Mapping[str, int] | None = None,
) -> Changes:
    """Put the wanted texts into force instead of those `before`, in the transaction that `connection` is in.

    What is refused is left as it is. Without `before` (a text in force can no longer be read) nobody is brought up to
    now first.
    """
    return _Change(connection, database, before, wanted, author, now, withdraws or {}).make()


@dataclass(slots=True)
class _Change:
    connection: Connection
    outer: Database
    before: Texts | None
    wanted: Texts
    author: str
    now: int
    withdraws: Mapping[str, int]
    refused: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    fails: dict[str, str] = field(default_factory=dict)
    #: The versions by their ids that a plugin's function fails for, with or without the change.
    failing: set[int] = field(default_factory=set)

    @property
    def tables(self) -> Tables:
        return self.wanted.tables

    def make(self) -> Changes:
        self._catch_up()
        live = versions.live(self.connection, self.tables)
        in_force = {each.campaign: each for each in live if each.in_force}
        hashes = {
            each.plan.name: versions.text_of(
                each.plan.campaign, self.wanted.program.plan.segments, self.wanted.sources
            ).hash
            for each in self.wanted.program.campaigns
        }
        kinds: dict[str, What] = {
            name: "new" if name not in in_force else "unchanged" if in_force[name].hash == digest else "changed"
            for name, digest in hashes.items()
        }
        kinds |= dict.fromkeys((name for name in in_force if name not in hashes), "gone")
        self._refuse(kinds, live)
        deployment, came = self._done(kinds)
        told = tuple(
            self._told(name, what, in_force.get(name), hashes.get(name, ""), came.get(name, Came.to_nothing()))
            for name, what in kinds.items()
        )
        return Changes(told, deployment)

    def _catch_up(self) -> None:
        if self.before is None:
            return
        old, database = self.before, self.outer.held(self.connection, self.before.tables)
        deployment = deploy(database, old.program, sources=old.sources, author="", now=self.now, recall=old.recall)
        if any(each.is_new for each in deployment.campaigns.values()):
            raise OutdatedError("another process has just put other texts into force: look at the plan again")
        # Whoever is in one that fails goes on from where they are, by whatever text comes.
        failed = self._advance(database, old.program, deployment, {each.plan.name for each in old.program.campaigns})
        self.failing = {error.version for error in failed.values()}

    # --- what cannot be done ------------------------------------------------------------------------------------

    def _refuse(self, kinds: Mapping[str, What], live: Sequence[Version]) -> None:
        campaigns = {each.plan.name: each for each in self.wanted.program.campaigns}
        for version in live:
            program = campaigns.get(version.campaign)
            if program is None:
                continue
            newcomers = program.plan.campaign.edits == "newcomers"
            stays = kinds[version.campaign] == "unchanged" and not version.in_force
            if stays or (kinds[version.campaign] == "changed" and newcomers):
                self._refuse_unreadable(version)
            elif kinds[version.campaign] == "changed" and version.in_force:
                self._refuse_stranded(version, program)

    def _refuse_unreadable(self, version: Version) -> None:
        try:
            self.wanted.recall(version)
        except CampflowError as error:
            reason = (
                f"people inside go on with version {version.number}, which can no longer be read: {error}; "
                "write again what it needs, or let the text take them over: `edits reach everyone`"
            )
            self.refused[version.campaign].append(reason)

    def _refuse_stranded(self, version: Version, program: CampaignProgram) -> None:
        found = stranded(self.connection, self.tables, program.plan, version.campaign_id, (0, NEVER))
        for stage, count in found:
            people = "1 person is" if count == 1 else f"{count:,} people are"
            self.refused[version.campaign].append(
                f"there is no stage `{stage}` any more, and {people} in it: say where they go, `moved {stage} -> STAGE`"
            )

    # --- doing it -----------------------------------------------------------------------------------------------

    def _done(self, kinds: Mapping[str, What]) -> tuple[Deployment, Mapping[str, Came]]:
        """What it came to, without the texts that the database cannot look at people by: begun anew for each."""
        while True:
            try:
                with self.connection.begin_nested(), Before.now(self.connection, self.tables) as people:
                    return self._put(kinds, people), people.came()
            except FunctionError as error:
                self.refused[error.campaign].append(str(error))

    def _put(self, kinds: Mapping[str, What], people: Before) -> Deployment:
        database = self.outer.held(self.connection, self.tables)
        left = tuple(each for each in self.wanted.program.campaigns if each.plan.name not in self.refused)
        program = replace(self.wanted.program, campaigns=left)
        for name, what in kinds.items():
            if what == "gone":
                versions.withdraw(self.connection, self.tables, name, self.author, self.now)
        deployment = deploy(
            database, program, sources=self.wanted.sources, author=self.author, now=self.now,
            recall=self.wanted.recall, withdraws=self.withdraws,
        )  # fmt: skip
        people.carried()
        changed = {name for name, what in kinds.items() if what == "changed"}
        look_inside(database, program, deployment, changed, self.now)
        # No text that fails comes into force; one that is in force keeps no other one from that.
        unchanged = {name for name, what in kinds.items() if what == "unchanged"}
        failed = self._advance(database, program, deployment, unchanged)
        self.fails = {name: str(error) for name, error in failed.items()}
        return deployment

    def _advance(
        self, database: Database, program: Program, deployment: Deployment, may_fail: Collection[str]
    ) -> dict[str, FunctionError]:
        """Up to now; where a campaign that `may_fail` does by a plugin's function, the others one by one. Says why.

        A text that is kept may fail if it did so before: the new one beside it is no worse, and goes on when it is
        mended.
        """
        fails: dict[str, FunctionError] = {}
        try:
            advance(database, program, deployment, self.now, alone=True)
        except FunctionError:
            for each in program.campaigns:
                try:
                    advance(database, replace(program, campaigns=(each,)), deployment, self.now, alone=True)
                except FunctionError as error:
                    if each.plan.name not in may_fail:
                        if error.version not in self.failing:
                            raise
                        self._try_without_kept(database, each, deployment)
                    fails[each.plan.name] = error
        return fails

    def _try_without_kept(self, database: Database, program: CampaignProgram, deployment: Deployment) -> None:
        """Raises FunctionError where the newest text fails by itself, for who enters by it."""
        deployed = replace(deployment.campaigns[program.plan.name], kept=())
        alone = replace(deployment, campaigns={program.plan.name: deployed})
        with suppress(_Undo), self.connection.begin_nested():
            advance(database, replace(self.wanted.program, campaigns=(program,)), alone, self.now, alone=True)
            raise _Undo

    # --- what it came to ----------------------------------------------------------------------------------------

    def _told(self, name: str, what: What, version: Version | None, digest: str, came: Came) -> CampaignChange:
        new = next((e.plan.campaign for e in self.wanted.program.campaigns if e.plan.name == name), None)
        old_programs = self.before.program.campaigns if self.before is not None else ()
        old = next((each.plan.campaign for each in old_programs if each.plan.name == name), None)
        return CampaignChange(
            name=name,
            what=what,
            reach=new.edits if new is not None else "everyone",
            stages=tuple(_stages(old, new, came.groups)),
            entered=came.entered,
            converted=came.converted,
            planned=came.planned,
            cancelled=came.cancelled,
            refused=tuple(self.refused.get(name, ())),
            proposals=tuple(_proposals(old, new)) if what == "changed" and old is not None and new is not None else (),
            was=version.hash if version is not None else "",
            hash=digest,
            fails=self.fails.get(name, ""),
        )


def _stages(old: Campaign | None, new: Campaign | None, groups: Mapping[str, Sequence[Group]]) -> Iterator[StageChange]:
    """Those of the new text in its order, then those that are gone."""
    before = [stage.name for stage in old.stages] if old is not None else list(groups)
    after = [stage.name for stage in new.stages] if new is not None else []
    for name in dict.fromkeys((*after, *before, *groups)):
        there = tuple(groups.get(name, ()))
        yield StageChange(name, name in before, name in after, sum(group.people for group in there), there)


def _proposals(old: Campaign, new: Campaign) -> Iterator[str]:
    """Lines that could be meant: for a stage that went and one like it that came."""
    said = {line.old for line in new.moves}
    for was, is_now in renamed(old, new):
        if was.name not in said:
            yield f"moved {was.name} -> {is_now.name}"
