"""Which texts a command wants to have in force: today's files, a part of them, or an earlier text."""

import re
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from campflow.errors import CampflowError, ProjectError

if TYPE_CHECKING:
    from campflow.engine.changes import Changes
    from campflow.engine.changing import Texts
    from campflow.engine.versions import Version
    from campflow.in_force import InForce
    from campflow.project import Project

_MOVED = re.compile(r"\s*([a-z]\w*)\s*->\s*([a-z]\w*)\s*")


class Wanted:
    """The texts that are to be in force, beside those that are.

    `path` is the part of the project they come from, empty for all of it; `withdraws` are the versions that they take
    back, by campaign; `how` is the command that puts them into force.
    """

    def __init__(
        self, project: "Project", chosen: "Project", force: "InForce", how: str, path: str = "",
        withdraws: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        from campflow.in_force import before, texts

        self.project, self.chosen, self.force, self.how, self.path = project, chosen, force, how, path
        self.withdraws: Mapping[str, int] = withdraws or {}
        self.texts: Texts = texts(chosen)
        self.before: Texts | None = before(project, force)

    def foreseen(self) -> "Changes":
        """What putting them into force would do; on an empty database in memory where the project has none yet."""
        from campflow.engine.changing import foresee
        from campflow.running import now_of
        from campflow.storage.database import Database

        project = self.project
        url = project.database_url if project.database_exists else "sqlite://"
        now = now_of(project)
        with closing(Database(url, self.texts.tables)) as database:
            return foresee(database, self.before, self.texts, project.settings.timezone, now, self.withdraws)

    def meanings(self) -> dict[str, list[str]]:
        """What the texts say otherwise than those in force, by campaign; nothing where those cannot be read."""
        from campflow.checking.differences import Difference, Version, differences, report
        from campflow.checking.texts import Texts
        from campflow.in_force import readable

        old = readable(self.project, self.force)
        if old is None:
            return {}
        both = [Version(each.flow.flow, each.checked.files, Texts(each.sources)) for each in (old, self.chosen)]
        found: dict[str, list[Difference]] = {}
        for each in differences(*both):
            if each.place and each.place[0].startswith("campaign "):
                found.setdefault(each.place[0].removeprefix("campaign "), []).append(each)
        currencies = (old.flow.flow.currency, self.chosen.flow.flow.currency)
        return {name: list(report(mine, *currencies))[1:] for name, mine in found.items()}


def of_files(project: "Project", path: Path) -> Wanted:
    """Today's files; of a file or folder only its campaigns, the rest as it is in force."""
    from campflow.in_force import in_force, today, with_readers

    force = in_force(project)
    only = _inside(project, path)
    if only is None:
        return Wanted(project, project, force, "campflow apply")
    flow = project.flow.flow
    outside = [each.name for each in flow.campaigns if not _is_in(each.span.path, only)]
    gone = [
        name
        for name, version in force.newest.items()
        if flow.campaign(name) is None and not _is_in(version.text.file, only)
    ]
    instead, without = with_readers(project, force, [*outside, *gone])
    return Wanted(project, today(project, instead, without), force, "campflow apply", only)


def _inside(project: "Project", path: Path) -> str | None:
    """The path within the project; None for all of it."""
    real = path.resolve()
    if real == project.root.resolve():
        return None
    if not real.is_relative_to(project.root.resolve()):
        raise ProjectError(f"{path} is not in the project in {project.root}: name a file or folder of it")
    return real.relative_to(project.root.resolve()).as_posix()


def _is_in(path: str, only: str) -> bool:
    return path == only or path.startswith(f"{only}/")


def earlier(project: "Project", campaign: str, to: int | None, moved: Collection[str]) -> Wanted:
    """An earlier text of one campaign; all others, and the segments, stay as they are in force.

    `moved` are lines to put into the text, `OLD -> NEW`, for people in stages that it does not have.
    """
    from campflow.in_force import deployed, in_force, today

    force = in_force(project)
    newest = force.newest.get(campaign)
    version = _chosen(project, campaign, newest, to)
    others = {**({} if newest is None else newest.text.segments)}
    for each in force.newest.values():
        others |= each.text.segments if each.campaign != campaign else {}
    segments = {name: others.get(name, text) for name, text in version.text.segments.items()}
    text = _with_lines(version.text.text, [_moved_line(each) for each in moved])
    version = replace(version, text=replace(version.text, text=text, segments=segments))
    chosen = deployed(project, force, {campaign: version})
    if project.checked.flow is not None:
        instead = {**force.newest, campaign: version}
        new = [each.name for each in project.flow.flow.campaigns if each.name not in instead]
        among = today(project, instead, new)
        chosen = among if among.checked.flow is not None else chosen
    withdraws = {} if newest is None else {campaign: newest.version_id}
    return Wanted(project, chosen, force, f"campflow rollback {campaign} … --yes", withdraws=withdraws)


def _chosen(project: "Project", campaign: str, newest: "Version | None", to: int | None) -> "Version":
    from campflow.diagnostics.diagnostic import did_you_mean
    from campflow.in_force import history

    found = history(project, campaign)
    if not found:
        question = did_you_mean(campaign, {each.campaign for each in history(project, None)})
        hint = f": {question}" if question else ""
        raise ProjectError(f"no text of a campaign `{campaign}` was ever put into force{hint}")
    if to is not None:
        return numbered(found, campaign, to)
    taken_back = {each.withdraws for each in found}
    hashes = set() if newest is None else {newest.hash}
    hashes |= {each.hash for each in found if each.version_id in taken_back}
    before = [each for each in found if not each.withdrawn and each.hash not in hashes]
    if not before:
        raise CampflowError(f"campaign `{campaign}` has no earlier text: `campflow versions {campaign}` lists them")
    return before[-1]


def _moved_line(written: str) -> str:
    found = _MOVED.fullmatch(written)
    if found is None:
        raise ProjectError(f'--moved "{written}": write it as "OLD -> NEW", with the names of two stages')
    return f"moved {found[1]} -> {found[2]}"


def _with_lines(text: str, lines: Collection[str]) -> str:
    """The declaration with these lines before its closing brace."""
    if not lines:
        return text
    inner = text[: text.rindex("}")].rstrip()
    return inner + "".join(f"\n  {line}" for line in lines) + "\n}"


def numbered(found: "tuple[Version, ...]", campaign: str, number: int) -> "Version":
    wanted = next((each for each in found if each.number == number), None)
    if wanted is None:
        raise ProjectError(f"campaign `{campaign}` has no version {number}: `campflow versions {campaign}` lists them")
    if wanted.withdrawn:
        raise ProjectError(f"version {number} of `{campaign}` has no text: it took the campaign out of force")
    return wanted
