"""Texts that stand: today's `.flow` files, and for campaigns that wait or are broken the texts in force.

The database keeps every text that was ever in force, so a campaign goes on when its file has errors or is gone. What
`campflow run` puts into force by itself, and what waits for `campflow apply`, is decided here.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace

from sqlalchemy import inspect, select

from campflow.checking.tree import find
from campflow.checking.vocabulary import ContentFile, ContentIndex, Vocabulary
from campflow.diagnostics.source import Source, Span
from campflow.engine import versions
from campflow.engine.changes import CampaignChange
from campflow.engine.changing import Texts, foresee
from campflow.engine.deploy import Recall
from campflow.engine.versions import Version
from campflow.errors import DeployError, FlowError
from campflow.language import syntax
from campflow.model.people import Contact
from campflow.project import Project
from campflow.sql.program import CampaignProgram
from campflow.storage.database import Database
from campflow.storage.tables import Tables, tables


@dataclass(frozen=True, slots=True)
class InForce:
    """What the database has in force: the contact type and events as a text, and the live versions by campaign."""

    ground: str = ""
    newest: Mapping[str, Version] = field(default_factory=dict)
    kept: tuple[Version, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """The project with the texts that are to run. `waiting` are campaigns that run another text than that of their
    file, or do not run yet, with the reason."""

    project: Project
    waiting: Mapping[str, str] = field(default_factory=dict)


def in_force(project: Project) -> InForce:
    """Empty where there is no database, or nothing was ever put into force."""
    if not project.database_exists:
        return InForce()
    bare = tables(Contact((), None), ())
    with closing(Database(project.database_url, bare)) as database, database.reader() as connection:
        there = inspect(connection)
        if not there.has_table(bare.campaign_version.name):
            return InForce()
        setting = bare.setting.c
        ground = connection.scalar(select(setting.value).where(setting.name == versions.GROUND))
        live = versions.live(connection, bare)
    newest = {each.campaign: each for each in live if each.in_force}
    return InForce(ground or "", newest, tuple(each for each in live if not each.in_force))


def history(project: Project, campaign: str | None) -> tuple[Version, ...]:
    """Every text that was ever put into force, of one campaign or of all, the oldest first."""
    if not project.database_exists:
        return ()
    bare = tables(Contact((), None), ())
    with closing(Database(project.database_url, bare)) as database, database.reader() as connection:
        known = inspect(connection).has_table(bare.campaign_version.name)
        return versions.history(connection, bare, campaign) if known else ()


# --- texts put together -------------------------------------------------------------------------------------------


def today(project: Project, instead: Mapping[str, Version], without: Collection[str] = ()) -> Project:
    """Today's files with these texts in place of their campaigns, and without some campaigns altogether.

    A segment that such a text reads stays as it was then, for everyone who reads it. Tests of these campaigns are left
    out: they speak of another text.
    """
    if not instead and not without:
        return project
    names = {*instead, *without}
    segments = {name: text for each in instead.values() for name, text in each.text.segments.items()}
    spans: list[Span] = []
    for file in project.checked.files:
        for node in file.declarations:
            match node:
                case syntax.CampaignDeclaration(name) if name.text in names:
                    spans.append(node.span)
                case syntax.SegmentDeclaration(name=name) if name.text in segments:
                    spans.append(node.span)
                case syntax.TestDeclaration(campaign=name) if name.text in names:
                    spans.append(node.span)
    sources = [
        _blanked(source, [span for span in spans if span.path == path]) for path, source in project.sources.items()
    ]
    return project.of([*sources, *_texts(instead.values(), segments)])


def deployed(project: Project, force: InForce, instead: Mapping[str, Version] | None = None) -> Project:
    """Nothing but what the database has in force; `instead` are other texts of some campaigns."""
    shown = {**force.newest, **(instead or {})}
    segments: dict[str, str] = {}
    for each in sorted(shown.values(), key=lambda version: version.version_id):
        segments |= each.text.segments
    ground = Source("contact and events in force", force.ground)
    return project.of([ground, *_texts(shown.values(), segments)])


def _texts(shown: Collection[Version], segments: Mapping[str, str]) -> Iterator[Source]:
    """Each text on the lines on which it stood."""
    for each in shown:
        path = f"{each.text.path} ({each.campaign}, version {each.number})"
        yield Source(path, "\n" * (each.text.line - 1) + each.text.text + "\n")
    if segments:
        yield Source("segments in force", "\n".join(segments.values()) + "\n")


def _blanked(source: Source, spans: Collection[Span]) -> Source:
    """The text with nothing at the spans; all other places stay where they are."""
    if not spans:
        return source
    lines = source.text.split("\n")
    for span in spans:
        for number in range(span.line - 1, min(span.end_line, len(lines))):
            line = lines[number]
            start = span.column - 1 if number == span.line - 1 else 0
            end = span.end_column - 1 if number == span.end_line - 1 else len(line)
            lines[number] = line[:start] + " " * (end - start) + line[end:]
    return Source(source.path, "\n".join(lines))


# --- from texts to programs ---------------------------------------------------------------------------------------


def texts(project: Project, drawn: Tables | None = None) -> Texts:
    """The project's program, and how to read the texts that it keeps. Raises FlowError."""
    made = drawn or project.tables
    sources = {path: source.text for path, source in project.sources.items()}
    return Texts(project.program(made), sources, _recall(project, made), made)


def before(project: Project, force: InForce) -> Texts | None:
    """What is in force as the database has it, whatever the files say by now; None where it cannot be read any more.

    Content that is gone, or wrong by now, is forgiven: nothing is sent by it.
    """
    if not force.newest:
        return None
    old = deployed(project, force)
    old = project.of(tuple(old.sources.values()), _forgiving(old))
    return texts(old) if old.checked.flow is not None else None


def _forgiving(project: Project) -> Vocabulary:
    words = project.vocabulary
    sends = {
        (s.channel.text, s.message.text) for file in project.checked.files for s in find(file.declarations, syntax.Send)
    }
    there = [replace(each, template_fields=(), problems=()) for each in words.content.files]
    known = {(each.channel, each.message) for each in there}
    absent = [ContentFile(f"content/{name}.{channel}.txt", name, channel) for channel, name in sorted(sends - known)]
    return replace(words, content=ContentIndex((*there, *absent)))


def _recall(project: Project, drawn: Tables) -> Recall:
    """Kept texts are read among today's: the contact type, events, segments and other campaigns are as they are now."""
    known: dict[int, CampaignProgram] = {}

    def recall(version: Version) -> CampaignProgram:
        if version.version_id not in known:
            known[version.version_id] = _recalled(project, drawn, version)
        return known[version.version_id]

    return recall


def _recalled(project: Project, drawn: Tables, version: Version) -> CampaignProgram:
    written = {
        node.name.text for file in project.checked.files for node in find(file.declarations, syntax.SegmentDeclaration)
    }
    own = {name: text for name, text in version.text.segments.items() if name not in written}
    among = today(project, {version.campaign: replace(version, text=replace(version.text, segments=own))})
    if among.checked.flow is None:
        first = next(each for each in among.checked.diagnostics if each.severity == "error")
        raise DeployError(f"{first.message} (line {first.span.line} of {first.span.path})")
    program = among.program(drawn, {version.campaign})
    return next(each for each in program.campaigns if each.plan.name == version.campaign)


# --- what differs -------------------------------------------------------------------------------------------------


def hashes(project: Project) -> dict[str, str]:
    """The hash of each campaign as it is written. Raises FlowError."""
    flow = project.flow.flow
    sources = {path: source.text for path, source in project.sources.items()}
    return {each.name: versions.text_of(each, flow.segments, sources).hash for each in flow.campaigns}


def differing(project: Project, force: InForce) -> dict[str, str]:
    """Campaigns that the files say otherwise than the database: `new`, `changed`, `gone`, or `broken` files."""
    if project.checked.flow is None:
        broken = set(_broken(project))
        return {name: "broken" for name in force.newest if name in broken or not broken}
    found = hashes(project)
    told = {name: "new" if name not in force.newest else "changed" for name in found}
    same = {name for name, digest in found.items() if name in force.newest and force.newest[name].hash == digest}
    gone = dict.fromkeys((name for name in force.newest if name not in found), "gone")
    return {name: what for name, what in {**told, **gone}.items() if name not in same}


def with_readers(project: Project, force: InForce, names: Collection[str]) -> tuple[dict[str, Version], set[str]]:
    """The texts in force of these campaigns and of all that read a segment that has to stay as it is for their sake;
    and the new campaigns that read one, which have to wait."""
    instead = {name: force.newest[name] for name in names if name in force.newest}
    waits = {name for name in names if name not in force.newest}
    flow = project.flow.flow
    sources = {path: source.text for path, source in project.sources.items()}
    read = {each.name: versions.text_of(each, flow.segments, sources).segments for each in flow.campaigns}
    while True:
        held = {name: text for each in instead.values() for name, text in each.text.segments.items()}
        more = {
            name
            for name, mine in read.items()
            if name not in instead and name not in waits
            and any(held.get(segment, text) != text for segment, text in mine.items())
        }  # fmt: skip
        if not more:
            return instead, waits
        instead |= {name: force.newest[name] for name in more if name in force.newest}
        waits |= {name for name in more if name not in force.newest}


# --- what may run -------------------------------------------------------------------------------------------------


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
        left = [name for name, what in differing(chosen, force).items() if what != "new"]
        more = _must_wait(chosen, force, now) if left or force.kept else {}
        if not more.keys() - waiting.keys():
            return Standing(chosen, reasons)
        waiting |= more


#: Why a campaign waits.
ERRORS = "its file has errors, so the text in force goes on: `campflow check`"
SEGMENT = "it reads a segment that another campaign waits with: `campflow plan`"
TOGETHER = "the campaigns in force do not fit the files any more: `campflow plan`"
ROLLED_BACK = "this text was rolled back: `campflow apply` puts it into force again"


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
        elif (
            version is not None and version.withdraws is not None and each.hash == _hash_of(project, version.withdraws)
        ):
            found[each.name] = ROLLED_BACK
    return found


def _effect(change: CampaignChange) -> str:
    if change.what == "gone":
        return f"its text is gone from the files with {change.people:,} people inside"
    touched = sum(group.people for stage in change.stages for group in stage.groups if not group.stays)
    return f"its new text would touch {touched:,} of the {change.people:,} people inside at once"


def _hash_of(project: Project, version_id: int) -> str | None:
    bare = tables(Contact((), None), ())
    v = bare.campaign_version.c
    with closing(Database(project.database_url, bare)) as database, database.reader() as connection:
        return connection.scalar(select(v.hash).where(v.version_id == version_id))


def _without_broken(project: Project, force: InForce, now: int) -> Standing:
    """The files have errors: the campaigns that have them run on as they were; if that does not do, all of them."""
    broken = set(_broken(project))
    if broken:
        instead = {name: force.newest[name] for name in broken if name in force.newest}
        chosen = today(project, instead, broken - instead.keys())
        same = chosen.checked.flow is not None and not (differing(chosen, force).keys() & instead.keys())
        if same:
            further = standing(chosen, force, now)
            return replace(further, waiting={**further.waiting, **dict.fromkeys(sorted(broken), ERRORS)})
    chosen = deployed(project, force)
    if chosen.checked.flow is None:
        raise FlowError(project.checked.diagnostics, project.sources)
    return Standing(chosen, dict.fromkeys(force.newest, ERRORS))


def _broken(project: Project) -> Iterator[str]:
    """The campaigns in which all errors stand; none where one stands elsewhere."""
    found = []
    for each in project.checked.diagnostics:
        if each.severity != "error":
            continue
        home = next((name for name, span in _homes(project) if _covers(span, each.span)), None)
        if home is None:
            return
        found.append(home)
    yield from dict.fromkeys(found)


def _homes(project: Project) -> Iterator[tuple[str, Span]]:
    for file in project.checked.files:
        for node in file.declarations:
            match node:
                case syntax.CampaignDeclaration(name) | syntax.TestDeclaration(campaign=name):
                    yield name.text, node.span


def _covers(outer: Span, inner: Span) -> bool:
    start, end = (inner.line, inner.column), (outer.end_line, outer.end_column)
    return outer.path == inner.path and (outer.line, outer.column) <= start <= end
