"""What `campflow run` puts into force by itself, what waits for `campflow apply`, and what runs on as it was."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace

from campflow.checking.broken import broken
from campflow.engine.changes import CampaignChange
from campflow.engine.changing import foresee
from campflow.engine.versions import Version
from campflow.errors import CampflowError, FlowError
from campflow.in_force import InForce, before, deployed, differing, history, texts, today, with_readers
from campflow.planning.planner import functions
from campflow.project import Project
from campflow.storage.database import Database

#: Why a campaign waits.
ERRORS = "its file has errors, so the text in force goes on: `campflow check`"
SEGMENT = "it reads a segment that another campaign waits with: `campflow plan`"
TOGETHER = "the campaigns in force do not fit the files any more: `campflow plan`"
ROLLED_BACK = "this text was rolled back: `campflow apply` puts it into force again"


@dataclass(frozen=True, slots=True)
class Standing:
    """The project with the texts that are to run. `waiting` are campaigns that run another text than that of their
    file, or do not run yet, with the reason."""

    project: Project
    waiting: Mapping[str, str] = field(default_factory=dict)


def standing(project: Project, force: InForce, now: int) -> Standing:
    """What `campflow run` runs: today's files but for what is wrong in them, and what waits for `campflow apply`.

    Raises FlowError where the files have errors and nothing is in force yet.
    """
    if not force.newest:
        project.flow  # noqa: B018 -- raises what is wrong
        return Standing(project)
    if project.checked.flow is None:
        return _without_broken(project, force, now)
    waiting: dict[str, str] = {}
    while True:
        instead, waits = with_readers(project, force, waiting)
        chosen = today(project, instead, waits)
        reasons = {name: waiting.get(name, SEGMENT) for name in (*instead, *waits)}
        if chosen.checked.flow is None:
            everything = dict.fromkeys(differing(project, force), TOGETHER)
            return Standing(deployed(project, force), {**everything, **waiting})
        differs = differing(chosen, force)
        # What is new does nothing to anyone inside; the database may refuse what its plugins' functions make.
        campaigns = {each.name: each for each in chosen.flow.flow.campaigns}
        left = [name for name, what in differs.items() if what != "new" or any(functions(campaigns[name]))]
        unreadable = _unreadable(chosen, force)
        if unreadable is None:
            everything = dict.fromkeys(differing(project, force), TOGETHER)
            return Standing(deployed(project, force), {**everything, **waiting})
        reasons |= unreadable
        more = _must_wait(chosen, force, now) if left else {}
        if not more.keys() - waiting.keys():
            return Standing(chosen, reasons)
        waiting |= more


def _must_wait(project: Project, force: InForce, now: int) -> dict[str, str]:
    wanted = texts(project)
    with closing(Database(project.database_url, wanted.tables)) as database:
        changes = foresee(database, before(project, force), wanted, project.settings.timezone, now)
    found = {}
    for each in changes.campaigns:
        version = force.newest.get(each.name)
        if each.refused:
            found[each.name] = f"{each.refused[0]}: `campflow plan`"
        elif each.destructive:
            found[each.name] = f"{_effect(each)}: `campflow plan` shows it, `campflow apply` does it"
        elif version is not None and each.hash in _taken_back(project, version):
            found[each.name] = ROLLED_BACK
    return found


def _unreadable(project: Project, force: InForce) -> dict[str, str] | None:
    """Campaigns that keep a text whose content is gone; None where one cannot be read at all among these texts."""
    if not force.kept:
        return {}
    found = {}
    strict, forgiving = texts(project), texts(project, forgiving=True)
    for version in force.kept:
        try:
            strict.recall(version)
        except CampflowError as error:
            found[version.campaign] = (
                f"people inside go on with version {version.number}, which lacks something: {error}"
            )
            try:
                forgiving.recall(version)
            except CampflowError:
                return None
    return found


def _taken_back(project: Project, version: Version) -> set[str]:
    """The hash of the text that was rolled back to this version."""
    return {each.hash for each in history(project, version.campaign) if each.version_id == version.withdraws}


def _effect(change: CampaignChange) -> str:
    if change.what == "gone":
        return f"its text is gone from the files with {change.people:,} people inside"
    touched = sum(group.people for stage in change.stages for group in stage.groups if not group.stays)
    return f"its new text would touch {touched:,} of the {change.people:,} people inside at once"


def _without_broken(project: Project, force: InForce, now: int) -> Standing:
    """The files have errors: the campaigns that have them run on as they were; if that does not do, all of them."""
    names = set(broken(project.checked.files, project.checked.diagnostics))
    if names:
        instead = {name: force.newest[name] for name in names if name in force.newest}
        chosen = today(project, instead, names - instead.keys())
        same = chosen.checked.flow is not None and not (differing(chosen, force).keys() & instead.keys())
        if same:
            further = standing(chosen, force, now)
            return replace(further, waiting={**further.waiting, **dict.fromkeys(sorted(names), ERRORS)})
    chosen = deployed(project, force)
    if chosen.checked.flow is None:
        raise FlowError(project.checked.diagnostics, project.sources)
    return Standing(chosen, dict.fromkeys(force.newest, ERRORS))
